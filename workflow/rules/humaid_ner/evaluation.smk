from crisisflow.reporting.places import names_in
from crisisflow.studies.humaid_ner.sections import SECTIONS

TABLES, FIGURES = (names_in(folder, SECTIONS) for folder in ("tables", "figures"))


rule evaluate:
    input:
        predictions=rules.train.output.predictions,
        config=rules.train.output.config,
    output:
        "results/humaid_ner/rows/{row}/seed{seed}/metrics.json",
    log:
        "logs/evaluate-{row}-{seed}.log",
    benchmark:
        "logs/benchmarks/evaluate-{row}-{seed}.tsv"
    params:
        axes=rules.train.params.axes,
        code=code("studies.humaid_ner.evaluate"),
    message:
        "Scoring row {wildcards.row} with seed {wildcards.seed}"
    shell:
        "crisisflow humaid_ner evaluate --predictions {input.predictions} --config {input.config} --out {output} 2>&1 | tee {log} >&2"


rule floor:
    input:
        tweets=rules.subset.output.tweets,
    output:
        predictions="results/humaid_ner/floor/seed{seed}/predictions.parquet",
        scores="results/humaid_ner/floor/seed{seed}/metrics.json",
    log:
        "logs/floor-{seed}.log",
    benchmark:
        "logs/benchmarks/floor-{seed}.tsv"
    params:
        axes=over(seed="humaid_ner.seeds"),
        code=code("studies.humaid_ner.floor"),
        size=section("humaid_ner.training.tweets"),
    message:
        "Training and scoring the floor with seed {wildcards.seed}"
    shell:
        "crisisflow humaid_ner floor --tweets {input.tweets} --size {params.size:q} --seed {wildcards.seed}"
        " --predictions {output.predictions} --out {output.scores} 2>&1 | tee {log} >&2"


rule bootstrap:
    input:
        rows=every(rules.train.output.predictions),
        floor=every(rules.floor.output.predictions),
    output:
        "results/humaid_ner/differences.json",
    log:
        "logs/bootstrap.log",
    benchmark:
        "logs/benchmarks/bootstrap.tsv"
    params:
        code=code("studies.humaid_ner.bootstrap"),
        # To DVC the files of all rows are one folder: which of them are read stands here.
        rows=section("humaid_ner.rows"),
        seeds=section("humaid_ner.seeds"),
    message:
        "Comparing the rows on resampled tweets"
    shell:
        "crisisflow humaid_ner bootstrap $(printf -- ' --predictions %s' {input.rows} {input.floor}) --out {output} 2>&1 | tee {log} >&2"


rule against_gold:
    input:
        # The rules are run on gold tweets that are in no corpus.
        lexicons=lexicons("spacy") + lexicons("ruler") + lexicons("regex"),
        repaired=rules.repair.output.tweets,
        generated=rules.fetch.output.gold,
        reference=rules.quality.input.reference,
        tweets=rules.subset.output.tweets,
        resolved=rules.resolve.output.spans,
        weights=every(rules.train.output.model),
        configs=every(rules.train.output.config),
    output:
        "results/humaid_ner/against_gold.csv",
    log:
        "logs/against_gold.log",
    benchmark:
        "logs/benchmarks/against_gold.tsv"
    params:
        code=code("studies.humaid_ner.against_gold"),
        rows=section("humaid_ner.rows"),
        seeds=section("humaid_ner.seeds"),
        size=section("humaid_ner.training.tweets"),
        annotation=section("annotation"),
        folder=lambda wildcards, input: Path(input.reference[0]).parent,
    message:
        "Scoring the rows against gold spans"
    shell:
        "crisisflow humaid_ner against_gold --rows {params.rows:q} --seeds {params.seeds:q} --size {params.size:q}"
        " --annotation {params.annotation:q} --repaired {input.repaired} --generated {input.generated}"
        " --reference {params.folder} --tweets {input.tweets}"
        " --resolved {input.resolved} $(printf -- ' --weights %s' {input.weights}) --out {output} 2>&1 | tee {log} >&2"


rule tables:
    input:
        # The examples of the taxonomy.
        templates=rules.fetch.input.templates,
        paper=["presets/paper/shared.yaml", "presets/paper/humaid_ner.yaml"],
        tweets=rules.subset.output.tweets,
        resolved=rules.resolve.output.spans,
        manifest=rules.fetch.output.manifest,
        rows=every(rules.evaluate.output[0]),
        floor=every(rules.floor.output.scores),
        histories=every(rules.train.output.history),
        differences=rules.bootstrap.output,
        against_gold=rules.against_gold.output,
    output:
        metrics=committed("results/humaid_ner/metrics.json"),
        captions="results/humaid_ner/tables/captions.json",
        markdown=expand("results/humaid_ner/tables/{table}.md", table=TABLES),
        csv=[
            report(
                f"results/humaid_ner/tables/{table}.csv",
                caption="../../report/humaid_ner/tables.rst",
                category="Tables",
                labels={"table": table},
            )
            for table in TABLES
        ],
        latex=expand("results/humaid_ner/tables/{table}.tex", table=TABLES),
    log:
        "logs/tables.log",
    benchmark:
        "logs/benchmarks/tables.tsv"
    params:
        code=code("studies.humaid_ner.tables"),
        settings=sections("preset", "corpus", "annotation", "compute", "humaid_ner"),
        folder=lambda wildcards, output: Path(output.captions).parent,
    message:
        "Making the tables"
    shell:
        "crisisflow humaid_ner tables --params {params.settings:q} $(printf -- ' --paper %s' {input.paper})"
        " --tweets {input.tweets} --resolved {input.resolved} --manifest {input.manifest}"
        " $(printf -- ' --metrics %s' {input.rows} {input.floor}) $(printf -- ' --histories %s' {input.histories})"
        " --differences {input.differences} --against-gold {input.against_gold} --folder {params.folder} --out {output.metrics} 2>&1 | tee {log} >&2"


rule headline:
    input:
        metrics=rules.tables.output.metrics,
        manifest=rules.fetch.output.manifest,
    output:
        headline="results/humaid_ner/headline.json",
    log:
        "logs/headline.log",
    benchmark:
        "logs/benchmarks/headline.tsv"
    params:
        code=code("studies.humaid_ner.headline"),
    message:
        "Putting the paper's number beside ours"
    shell:
        "crisisflow humaid_ner headline --metrics {input.metrics} --manifest {input.manifest} --out {output} 2>&1 | tee {log} >&2"


rule confident_errors:
    input:
        metrics=rules.tables.output.metrics,
        tweets=rules.subset.output.tweets,
        manifest=rules.fetch.output.manifest,
        predictions=every(rules.train.output.predictions),
        configs=every(rules.train.output.config),
    output:
        "results/humaid_ner/errors.csv",
    log:
        "logs/confident_errors.log",
    benchmark:
        "logs/benchmarks/confident_errors.tsv"
    params:
        code=code("studies.humaid_ner.confident_errors"),
        # To DVC the files of all rows are one folder: which of them are read stands here.
        rows=section("humaid_ner.rows"),
        seeds=section("humaid_ner.seeds"),
    message:
        "Listing the most confident errors of the chosen row"
    shell:
        "crisisflow humaid_ner confident_errors --metrics {input.metrics} --tweets {input.tweets} --manifest {input.manifest}"
        " $(printf -- ' --predictions %s' {input.predictions}) --out {output} 2>&1 | tee {log} >&2"


rule figures:
    input:
        metrics=every(rules.evaluate.output[0]),
        floor=every(rules.floor.output.scores),
        histories=every(rules.train.output.history),
        gradients=every(rules.train.output.gradients),
        curve="results/humaid_ner/learning_curve.csv",
        unseen="results/humaid_ner/leave_one_event_out.csv",
    output:
        captions="results/humaid_ner/figures/captions.json",
        svg=[
            report(
                f"results/humaid_ner/figures/{figure}.svg",
                caption="../../report/humaid_ner/figures.rst",
                category="Figures",
                labels={"figure": figure},
            )
            for figure in FIGURES
        ],
        csv=expand("results/humaid_ner/figures/{figure}.csv", figure=FIGURES),
    log:
        "logs/figures.log",
    benchmark:
        "logs/benchmarks/figures.tsv"
    params:
        code=code("studies.humaid_ner.figures"),
        rows=section("humaid_ner.rows"),
        seeds=section("humaid_ner.seeds"),
        folder=lambda wildcards, output: Path(output.captions).parent,
    message:
        "Drawing the figures"
    shell:
        "crisisflow humaid_ner figures --rows {params.rows:q} $(printf -- ' --metrics %s' {input.metrics} {input.floor})"
        " $(printf -- ' --histories %s' {input.histories}) $(printf -- ' --gradients %s' {input.gradients})"
        " --learning-curve {input.curve} --unseen {input.unseen} --folder {params.folder} 2>&1 | tee {log} >&2"


rule cards:
    input:
        templates=[
            "src/crisisflow/studies/humaid_ner/model_card.md.jinja",
            "src/crisisflow/studies/humaid_ner/dataset/card.md.jinja",
        ],
        tweets=rules.subset.output.tweets,
        resolved=rules.resolve.output.spans,
        manifest=rules.fetch.output.manifest,
        corpus=rules.subset.output.statistics,
        quality=rules.quality.output.metrics,
        rows=every(rules.evaluate.output[0]),
        floor=every(rules.floor.output.scores),
        differences=rules.bootstrap.output,
        unseen="results/humaid_ner/leave_one_event_out.csv",
        against_gold=rules.against_gold.output,
    output:
        model=report(
            "results/humaid_ner/model_card.md",
            caption="../../report/humaid_ner/model_card.rst",
            category="Cards",
        ),
        dataset=report(
            "results/humaid_ner/dataset_card.md",
            caption="../../report/humaid_ner/dataset_card.rst",
            category="Cards",
        ),
    log:
        "logs/cards.log",
    benchmark:
        "logs/benchmarks/cards.tsv"
    params:
        code=code("studies.humaid_ner.cards"),
        settings=sections("preset", "corpus", "annotation", "compute", "humaid_ner"),
    message:
        "Writing the model card and the dataset card"
    shell:
        "crisisflow humaid_ner cards --params {params.settings:q} --tweets {input.tweets} --resolved {input.resolved}"
        " --manifest {input.manifest} --corpus {input.corpus} --quality {input.quality}"
        " $(printf -- ' --metrics %s' {input.rows} {input.floor}) --differences {input.differences}"
        " --unseen {input.unseen} --against-gold {input.against_gold} --model {output.model} --dataset {output.dataset} 2>&1 | tee {log} >&2"


rule report:
    input:
        templates=[
            "src/crisisflow/studies/humaid_ner/report.html.jinja",
            "src/crisisflow/reporting/report_page.html.jinja",
            "src/crisisflow/reporting/report_parts.html.jinja",
            "src/crisisflow/reporting/exhibits.html.jinja",
            "src/crisisflow/reporting/page.css",
        ],
        manifest=rules.fetch.output.manifest,
        repair=rules.repair.output.counts,
        corpus=rules.subset.output.statistics,
        annotation=rules.resolve.output.statistics,
        quality=rules.quality.output.metrics,
        metrics=rules.tables.output.metrics,
        tables=rules.tables.output.csv,
        tables_captions=rules.tables.output.captions,
        figures=rules.figures.output.svg,
        figures_captions=rules.figures.output.captions,
        sources=rules.source_report.output.sources,
        stages=rules.source_report.output.figure,
        errors=rules.confident_errors.output,
        final_test="results/humaid_ner/final_test.json",
        ledger="docs/studies/humaid_ner.md",
        citation="CITATION.cff",
    output:
        report(
            "results/humaid_ner/report.html",
            caption="../../report/humaid_ner/report.rst",
            category="Report",
        ),
    log:
        "logs/report.log",
    benchmark:
        "logs/benchmarks/report.tsv"
    params:
        code=code("studies.humaid_ner.report"),
        settings=sections("preset", "corpus", "annotation", "compute", "humaid_ner"),
        # Not an output: it differs from run to run.
        provenance="results/humaid_ner/provenance.html",
        # No inputs: they differ from run to run, and those of jobs that did not run here are absent.
        benchmarks=lambda wildcards: options(
            benchmarks=benchmarks(
                (
                    rule
                    for rule in rules_of(workflow.rules, "humaid_ner")
                    if rule.name != "report"
                ),
                scatteritem=gather.shards("{scatteritem}"),
            )
        ),
    message:
        "Writing the report"
    shell:
        "crisisflow humaid_ner report --params {params.settings:q} --manifest {input.manifest} --repair {input.repair}"
        " --corpus {input.corpus} --annotation {input.annotation} --quality {input.quality} --metrics {input.metrics}"
        " --tables {input.tables_captions} --figures {input.figures_captions} --sources {input.sources}"
        " --stages {input.stages} --errors {input.errors} --final-test {input.final_test} --ledger {input.ledger}"
        " --citation {input.citation} {params.benchmarks} --out {output}"
        " --provenance-out {params.provenance} 2>&1 | tee {log} >&2"
