from crisisflow.reporting.places import names_in
from crisisflow.studies.difficult_negatives.sections import (
    SECTIONS as NEGATIVES_SECTIONS,
)

NEGATIVES_TABLES, NEGATIVES_FIGURES = (
    names_in(folder, NEGATIVES_SECTIONS) for folder in ("tables", "figures")
)


# What the study shows: the paper beside this run.
rule negatives_tables:
    input:
        paper=sorted(
            map(
                str,
                Path("src/crisisflow/studies/difficult_negatives/paper").glob("*.csv"),
            )
        ),
        positives=rules.negatives_collection.output.counts,
        urban=rules.negatives_urban.output.report,
        pool=rules.negatives_pool.output.counts,
        style=rules.negatives_style.output.style,
        fit=rules.negatives_mine_bands.output.fit,
        datasets=rules.negatives_datasets.output.counts,
        scores=rules.negatives_score.output.scores,
        gate=rules.negatives_gate.output,
        joint=rules.negatives_joint.output,
        row_style=rules.negatives_for_rows.output.style,
    output:
        captions="results/difficult_negatives/tables/captions.json",
        markdown=expand(
            "results/difficult_negatives/tables/{table}.md", table=NEGATIVES_TABLES
        ),
        csv=[
            report(
                f"results/difficult_negatives/tables/{table}.csv",
                caption="../../report/difficult_negatives/tables.rst",
                category="Tables",
                labels={"table": table},
            )
            for table in NEGATIVES_TABLES
        ],
        latex=expand(
            "results/difficult_negatives/tables/{table}.tex", table=NEGATIVES_TABLES
        ),
    log:
        "logs/negatives_tables.log",
    benchmark:
        "logs/benchmarks/negatives_tables.tsv"
    params:
        code=code("studies.difficult_negatives.tables"),
        preset=section("preset"),
        settings=section("difficult_negatives"),
        folder=lambda wildcards, output: Path(output.captions).parent,
    message:
        "Making the tables of the study difficult_negatives"
    shell:
        "crisisflow difficult_negatives tables --preset {params.preset:q} --params {params.settings:q}"
        " --positives {input.positives} --urban {input.urban} --pool {input.pool} --style {input.style} --fit {input.fit}"
        " --datasets {input.datasets} --scores {input.scores} --gate {input.gate} --joint {input.joint} --row-style {input.row_style} --folder {params.folder} 2>&1 | tee {log} >&2"


rule negatives_headline:
    input:
        scores=rules.negatives_score.output.scores,
        gate=rules.negatives_gate.output,
    output:
        headline="results/difficult_negatives/headline.json",
    log:
        "logs/negatives_headline.log",
    benchmark:
        "logs/benchmarks/negatives_headline.tsv"
    params:
        code=code("studies.difficult_negatives.headline"),
        source=section("difficult_negatives.pool.source"),
    message:
        "Putting the paper's number beside ours"
    shell:
        "crisisflow difficult_negatives headline --scores {input.scores} --gate {input.gate} --source {params.source:q}"
        " --out {output} 2>&1 | tee {log} >&2"


rule negatives_figures:
    input:
        paper=rules.negatives_tables.input.paper,
        fit=rules.negatives_mine_bands.output.fit,
        positives=rules.negatives_collection.output.positives,
        embeddings=rules.negatives_mine_bands.output.embeddings,
        scores=rules.negatives_score.output.scores,
    output:
        captions="results/difficult_negatives/figures/captions.json",
        svg=[
            report(
                f"results/difficult_negatives/figures/{figure}.svg",
                caption="../../report/difficult_negatives/figures.rst",
                category="Figures",
                labels={"figure": figure},
            )
            for figure in NEGATIVES_FIGURES
        ],
        csv=expand(
            "results/difficult_negatives/figures/{figure}.csv",
            figure=NEGATIVES_FIGURES,
        ),
    log:
        "logs/negatives_figures.log",
    benchmark:
        "logs/benchmarks/negatives_figures.tsv"
    params:
        code=code("studies.difficult_negatives.figures"),
        preset=section("preset"),
        settings=section("difficult_negatives"),
        folder=lambda wildcards, output: Path(output.captions).parent,
    message:
        "Drawing the figures of the study difficult_negatives"
    shell:
        "crisisflow difficult_negatives figures --preset {params.preset:q} --params {params.settings:q} --fit {input.fit}"
        " --positives {input.positives} --embeddings {input.embeddings} --scores {input.scores} --folder {params.folder} 2>&1 | tee {log} >&2"


rule negatives_report:
    input:
        templates=[
            "src/crisisflow/studies/difficult_negatives/report.html.jinja",
            "src/crisisflow/reporting/report_page.html.jinja",
            "src/crisisflow/reporting/report_parts.html.jinja",
            "src/crisisflow/reporting/exhibits.html.jinja",
            "src/crisisflow/reporting/page.css",
        ],
        fit=rules.negatives_mine_bands.output.fit,
        scores=rules.negatives_score.output.scores,
        gate=rules.negatives_gate.output,
        tables=rules.negatives_tables.output.csv,
        tables_captions=rules.negatives_tables.output.captions,
        figures=rules.negatives_figures.output.svg,
        figures_captions=rules.negatives_figures.output.captions,
        ledger="docs/studies/difficult_negatives.md",
        citation="CITATION.cff",
    output:
        report(
            "results/difficult_negatives/report.html",
            caption="../../report/difficult_negatives/report.rst",
            category="Report",
        ),
    log:
        "logs/negatives_report.log",
    benchmark:
        "logs/benchmarks/negatives_report.tsv"
    params:
        code=code("studies.difficult_negatives.report"),
        settings=sections("preset", "difficult_negatives"),
        # Not an output: it differs from run to run.
        provenance="results/difficult_negatives/provenance.html",
        # No inputs: they differ from run to run, and those of jobs that did not run here are absent.
        benchmarks=lambda wildcards: options(
            benchmarks=benchmarks(
                (
                    rule
                    for rule in rules_of(workflow.rules, "difficult_negatives")
                    if rule.name != "negatives_report"
                ),
                scatteritem=gather.shards("{scatteritem}"),
            )
        ),
    message:
        "Writing the report of the study difficult_negatives"
    shell:
        "crisisflow difficult_negatives report --params {params.settings:q} --fit {input.fit} --scores {input.scores}"
        " --gate {input.gate} --tables {input.tables_captions} --figures {input.figures_captions}"
        " --ledger {input.ledger} --citation {input.citation} {params.benchmarks} --out {output}"
        " --provenance-out {params.provenance} 2>&1 | tee {log} >&2"


rule difficult_negatives:
    input:
        expected(workflow.rules, "difficult_negatives"),
    message:
        "The study difficult_negatives is made"
