from crisisflow.reporting.places import names_in
from crisisflow.studies.analytics.sections import SECTIONS as ANALYTICS_SECTIONS

ANALYTICS_TABLES, ANALYTICS_FIGURES = (
    names_in(folder, ANALYTICS_SECTIONS) for folder in ("tables", "figures")
)


# What the study shows: the paper beside this run.
rule analytics_tables:
    input:
        paper=sorted(
            map(str, Path("src/crisisflow/studies/analytics/paper").glob("*.csv"))
        ),
        wordnet=rules.analytics_normalise.input.wordnet,
        posts=every(rules.analytics_posts.output.manifest),
        normalised=every(rules.analytics_normalise.output.counts),
        chosen=every(rules.analytics_choose_k.output.chosen),
        coherences=every(rules.analytics_coherence.output[0]),
        clusters=every(rules.analytics_cluster_scores.output[0]),
        labels=every(rules.analytics_label_scores.output[0]),
        ablation=every(rules.analytics_topic_ablation.output[0]),
        k=every(rules.analytics_choose_k.output.table),
        classes=rules.analytics_classify_scores.output[0],
        # What people said, once they were asked.
        people=list(filter(None, [PARAMS["analytics"]["scores"]["people"]])),
    output:
        captions="results/analytics/tables/captions.json",
        markdown=expand("results/analytics/tables/{table}.md", table=ANALYTICS_TABLES),
        csv=[
            report(
                f"results/analytics/tables/{table}.csv",
                caption="../../report/analytics/tables.rst",
                category="Tables",
                labels={"table": table},
            )
            for table in ANALYTICS_TABLES
        ],
        latex=expand("results/analytics/tables/{table}.tex", table=ANALYTICS_TABLES),
    log:
        "logs/analytics_tables.log",
    benchmark:
        "logs/benchmarks/analytics_tables.tsv"
    params:
        code=code("studies.analytics.tables"),
        preset=section("preset"),
        settings=section("analytics"),
        inputs=inputs_by_params(bool(PARAMS["analytics"]["scores"]["people"])),
        people=option("people", "analytics.scores.people"),
        folder=lambda wildcards, output: Path(output.captions).parent,
        files=lambda wildcards, input: options(
            **{
                name: input[name]
                for name in (
                    "posts",
                    "normalised",
                    "chosen",
                    "coherences",
                    "clusters",
                    "labels",
                    "ablation",
                    "k",
                )
            }
        ),
    message:
        "Making the tables of the study analytics"
    shell:
        "crisisflow analytics tables --preset {params.preset:q} --params {params.settings:q} {params.files}"
        " --classes {input.classes} --folder {params.folder} {params.people} 2>&1 | tee {log} >&2"


rule analytics_figures:
    input:
        paper=rules.analytics_tables.input.paper,
        posts=rules.analytics_tables.input.posts,
        normalised=rules.analytics_tables.input.normalised,
        chosen=rules.analytics_tables.input.chosen,
        coherences=rules.analytics_tables.input.coherences,
        clusters=rules.analytics_tables.input.clusters,
        labels=rules.analytics_tables.input.labels,
        ablation=rules.analytics_tables.input.ablation,
        k=rules.analytics_tables.input.k,
        classes=rules.analytics_classify_scores.output[0],
        tables=every(rules.analytics_posts.output.posts),
        embedded=every(rules.analytics_embed.output[0]),
        clustered=every(rules.analytics_clusters.output[0]),
    output:
        captions="results/analytics/figures/captions.json",
        svg=[
            report(
                f"results/analytics/figures/{figure}.svg",
                caption="../../report/analytics/figures.rst",
                category="Figures",
                labels={"figure": figure},
            )
            for figure in ANALYTICS_FIGURES
        ],
        csv=expand("results/analytics/figures/{figure}.csv", figure=ANALYTICS_FIGURES),
    log:
        "logs/analytics_figures.log",
    benchmark:
        "logs/benchmarks/analytics_figures.tsv"
    params:
        code=code("studies.analytics.figures"),
        preset=section("preset"),
        settings=section("analytics"),
        folder=lambda wildcards, output: Path(output.captions).parent,
        files=lambda wildcards, input: options(
            **{
                name: input[name]
                for name in (
                    "posts",
                    "normalised",
                    "chosen",
                    "coherences",
                    "clusters",
                    "labels",
                    "ablation",
                    "k",
                    "tables",
                    "embedded",
                    "clustered",
                )
            }
        ),
    message:
        "Drawing the figures of the study analytics"
    shell:
        "crisisflow analytics figures --preset {params.preset:q} --params {params.settings:q} {params.files}"
        " --classes {input.classes} --folder {params.folder} 2>&1 | tee {log} >&2"


rule analytics_headline:
    input:
        paper=rules.analytics_tables.input.paper,
        classes=rules.analytics_classify_scores.output[0],
        clusters=every(rules.analytics_cluster_scores.output[0]),
        labels=every(rules.analytics_label_scores.output[0]),
    output:
        headline="results/analytics/headline.json",
        metrics=committed("results/analytics/metrics.json"),
    log:
        "logs/analytics_headline.log",
    benchmark:
        "logs/benchmarks/analytics_headline.tsv"
    params:
        code=code("studies.analytics.headline"),
        settings=section("analytics"),
        files=lambda wildcards, input: options(
            clusters=input.clusters, labels=input.labels
        ),
    message:
        "Putting the paper's number beside ours"
    shell:
        "crisisflow analytics headline --classes {input.classes} {params.files} --params {params.settings:q}"
        " --out {output.headline} --metrics {output.metrics} 2>&1 | tee {log} >&2"


rule analytics_report:
    input:
        templates=[
            "src/crisisflow/studies/analytics/report.html.jinja",
            "src/crisisflow/reporting/report_page.html.jinja",
            "src/crisisflow/reporting/report_parts.html.jinja",
            "src/crisisflow/reporting/exhibits.html.jinja",
            "src/crisisflow/reporting/page.css",
        ],
        headline=rules.analytics_headline.output.headline,
        tables=rules.analytics_tables.output.csv,
        tables_captions=rules.analytics_tables.output.captions,
        figures=rules.analytics_figures.output.svg,
        figures_captions=rules.analytics_figures.output.captions,
        ledger="docs/studies/analytics.md",
        citation="CITATION.cff",
    output:
        report(
            "results/analytics/report.html",
            caption="../../report/analytics/report.rst",
            category="Report",
        ),
    log:
        "logs/analytics_report.log",
    benchmark:
        "logs/benchmarks/analytics_report.tsv"
    params:
        code=code("studies.analytics.report"),
        settings=sections("preset", "analytics"),
        # Not an output: it differs from run to run.
        provenance="results/analytics/provenance.html",
        # No inputs: they differ from run to run, and those of jobs that did not run here are absent.
        benchmarks=lambda wildcards: options(
            benchmarks=benchmarks(
                (
                    rule
                    for rule in rules_of(workflow.rules, "analytics")
                    if rule.name != "analytics_report"
                ),
                scatteritem=gather.shards("{scatteritem}"),
            )
        ),
    message:
        "Writing the report of the study analytics"
    shell:
        "crisisflow analytics report --params {params.settings:q} --headline {input.headline}"
        " --tables {input.tables_captions} --figures {input.figures_captions}"
        " --ledger {input.ledger} --citation {input.citation} {params.benchmarks} --out {output}"
        " --provenance-out {params.provenance} 2>&1 | tee {log} >&2"
