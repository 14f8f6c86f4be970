from crisisflow.reporting.places import names_in
from crisisflow.studies.gnom.files import STATISTICS
from crisisflow.studies.gnom.sections import SECTIONS as GNOM_SECTIONS

GNOM_TABLES, GNOM_FIGURES = (
    names_in(folder, GNOM_SECTIONS) for folder in ("tables", "figures")
)


# What the study shows: the paper beside this run.
rule gnom_score:
    input:
        predictions=every(rules.gnom_train_row.output.predictions)
        + every(rules.gnom_train_row_plain.output.predictions)
        + every_named(rules.gnom_others.output, "predictions.parquet"),
    output:
        scores="results/gnom/scores.json",
        metrics=committed("results/gnom/metrics.json"),
    log:
        "logs/gnom_score.log",
    benchmark:
        "logs/benchmarks/gnom_score.tsv"
    params:
        code=code("studies.gnom.score"),
        # To DVC the files of all rows are one folder: which of them are read stands here.
        settings=section("gnom"),
    message:
        "Scoring all rows on all settings"
    shell:
        "crisisflow gnom score $(printf -- ' --predictions %s' {input.predictions}) --params {params.settings:q}"
        " --out {output.scores} --metrics {output.metrics} 2>&1 | tee {log} >&2"


rule gnom_tables:
    input:
        paper=sorted(map(str, Path("src/crisisflow/studies/gnom/paper").glob("*.csv"))),
        glossary="src/crisisflow/studies/gnom/glossary.yaml",
        scores=rules.gnom_score.output.scores,
        sets=every(rules.gnom_read_set.output.manifest),
        overlaps=every(rules.gnom_overlap.output.found),
        readings=every(rules.gnom_readings.output[0]),
        graphs=every_named(rules.gnom_graph.output, STATISTICS),
        trainings=every(rules.gnom_train_row.output.training)
        + every(rules.gnom_train_row_plain.output.training)
        + every_named(rules.gnom_others.output, "training.json"),
        words=every(rules.gnom_train_row.output.words),
        attention=every(rules.gnom_train_row.output.attention),
    output:
        captions="results/gnom/tables/captions.json",
        markdown=expand("results/gnom/tables/{table}.md", table=GNOM_TABLES),
        csv=[
            report(
                f"results/gnom/tables/{table}.csv",
                caption="../../report/gnom/tables.rst",
                category="Tables",
                labels={"table": table},
            )
            for table in GNOM_TABLES
        ],
        latex=expand("results/gnom/tables/{table}.tex", table=GNOM_TABLES),
    log:
        "logs/gnom_tables.log",
    benchmark:
        "logs/benchmarks/gnom_tables.tsv"
    params:
        code=code("studies.gnom.tables"),
        preset=section("preset"),
        settings=section("gnom"),
        folder=lambda wildcards, output: Path(output.captions).parent,
    message:
        "Making the tables of the study gnom"
    shell:
        "crisisflow gnom tables --preset {params.preset:q} --params {params.settings:q} --scores {input.scores}"
        " $(printf -- ' --sets %s' {input.sets}) $(printf -- ' --overlaps %s' {input.overlaps})"
        " $(printf -- ' --readings %s' {input.readings}) $(printf -- ' --statistics %s' {input.graphs})"
        " $(printf -- ' --trainings %s' {input.trainings}) $(printf -- ' --words %s' {input.words})"
        " $(printf -- ' --attention %s' {input.attention}) --folder {params.folder} 2>&1 | tee {log} >&2"


rule gnom_headline:
    input:
        paper=rules.gnom_tables.input.paper,
        scores=rules.gnom_score.output.scores,
    output:
        headline="results/gnom/headline.json",
    log:
        "logs/gnom_headline.log",
    benchmark:
        "logs/benchmarks/gnom_headline.tsv"
    params:
        code=code("studies.gnom.headline"),
        settings=section("gnom"),
    message:
        "Putting the paper's number beside ours"
    shell:
        "crisisflow gnom headline --scores {input.scores} --params {params.settings:q} --out {output} 2>&1 | tee {log} >&2"


rule gnom_figures:
    input:
        paper=rules.gnom_tables.input.paper,
        glossary=rules.gnom_tables.input.glossary,
        scores=rules.gnom_score.output.scores,
        words=rules.gnom_tables.input.words,
        attention=rules.gnom_tables.input.attention,
    output:
        captions="results/gnom/figures/captions.json",
        svg=[
            report(
                f"results/gnom/figures/{figure}.svg",
                caption="../../report/gnom/figures.rst",
                category="Figures",
                labels={"figure": figure},
            )
            for figure in GNOM_FIGURES
        ],
        csv=expand("results/gnom/figures/{figure}.csv", figure=GNOM_FIGURES),
    log:
        "logs/gnom_figures.log",
    benchmark:
        "logs/benchmarks/gnom_figures.tsv"
    params:
        code=code("studies.gnom.figures"),
        preset=section("preset"),
        settings=section("gnom"),
        folder=lambda wildcards, output: Path(output.captions).parent,
    message:
        "Drawing the figures of the study gnom"
    shell:
        "crisisflow gnom figures --preset {params.preset:q} --params {params.settings:q} --scores {input.scores}"
        " $(printf -- ' --words %s' {input.words}) $(printf -- ' --attention %s' {input.attention})"
        " --folder {params.folder} 2>&1 | tee {log} >&2"


rule gnom_report:
    input:
        templates=[
            "src/crisisflow/studies/gnom/report.html.jinja",
            "src/crisisflow/reporting/report_page.html.jinja",
            "src/crisisflow/reporting/report_parts.html.jinja",
            "src/crisisflow/reporting/exhibits.html.jinja",
            "src/crisisflow/reporting/page.css",
        ],
        scores=rules.gnom_score.output.scores,
        tables=rules.gnom_tables.output.csv,
        tables_captions=rules.gnom_tables.output.captions,
        figures=rules.gnom_figures.output.svg,
        figures_captions=rules.gnom_figures.output.captions,
        ledger="docs/studies/gnom.md",
        citation="CITATION.cff",
    output:
        report(
            "results/gnom/report.html",
            caption="../../report/gnom/report.rst",
            category="Report",
        ),
    log:
        "logs/gnom_report.log",
    benchmark:
        "logs/benchmarks/gnom_report.tsv"
    params:
        code=code("studies.gnom.report"),
        settings=sections("preset", "gnom"),
        # Not an output: it differs from run to run.
        provenance="results/gnom/provenance.html",
        # No inputs: they differ from run to run, and those of jobs that did not run here are absent.
        benchmarks=lambda wildcards: options(
            benchmarks=benchmarks(
                (
                    rule
                    for rule in rules_of(workflow.rules, "gnom")
                    if rule.name != "gnom_report"
                ),
                scatteritem=gather.shards("{scatteritem}"),
            )
        ),
    message:
        "Writing the report of the study gnom"
    shell:
        "crisisflow gnom report --params {params.settings:q} --scores {input.scores}"
        " --tables {input.tables_captions} --figures {input.figures_captions}"
        " --ledger {input.ledger} --citation {input.citation} {params.benchmarks} --out {output}"
        " --provenance-out {params.provenance} 2>&1 | tee {log} >&2"


rule gnom:
    input:
        expected(workflow.rules, "gnom"),
    message:
        "The study gnom is made"
