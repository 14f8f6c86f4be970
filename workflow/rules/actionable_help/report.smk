from crisisflow.reporting.places import names_in
from crisisflow.studies.actionable_help.sections import SECTIONS as HELP_SECTIONS

HELP_TABLES, HELP_FIGURES = (
    names_in(folder, HELP_SECTIONS) for folder in ("tables", "figures")
)


# What the study shows: the paper beside this run.
rule help_tables:
    input:
        paper=sorted(
            map(
                str, Path("src/crisisflow/studies/actionable_help/paper").glob("*.csv")
            )
        ),
        agreement=rules.help_agree.output.statistics,
        label_scores=rules.help_score_labels.output[0],
        counted=every(rules.help_task.output.counted),
        scores=rules.help_score.output.scores,
        minis=every(rules.help_distil.output.metrics),
        task_minis=every(rules.help_distil_task.output.scores),
        joint=rules.help_score_joint.output.scores,
        ratios=rules.help_ratios.output[0],
        resources=rules.help_find_resources.output.scores,
        unseen=rules.help_unseen_event.output.scores,
    output:
        captions="results/actionable_help/tables/captions.json",
        markdown=expand("results/actionable_help/tables/{table}.md", table=HELP_TABLES),
        csv=[
            report(
                f"results/actionable_help/tables/{table}.csv",
                caption="../../report/actionable_help/tables.rst",
                category="Tables",
                labels={"table": table},
            )
            for table in HELP_TABLES
        ],
        latex=expand("results/actionable_help/tables/{table}.tex", table=HELP_TABLES),
    log:
        "logs/help_tables.log",
    benchmark:
        "logs/benchmarks/help_tables.tsv"
    params:
        code=code("studies.actionable_help.tables"),
        preset=section("preset"),
        settings=section("actionable_help"),
        folder=lambda wildcards, output: Path(output.captions).parent,
    message:
        "Making the tables of the study actionable_help"
    shell:
        "crisisflow actionable_help tables --preset {params.preset:q} --params {params.settings:q}"
        " --agreement {input.agreement} --label-scores {input.label_scores}"
        " $(printf -- ' --statistics %s' {input.counted}) --scores {input.scores}"
        " $(printf -- ' --minis %s' {input.minis}) $(printf -- ' --task-minis %s' {input.task_minis})"
        " --joint {input.joint} --ratios {input.ratios} --resources {input.resources}"
        " --unseen {input.unseen} --folder {params.folder} 2>&1 | tee {log} >&2"


rule help_headline:
    input:
        paper="src/crisisflow/studies/actionable_help/paper/table1.csv",
        scores=rules.help_score.output.scores,
    output:
        headline="results/actionable_help/headline.json",
    log:
        "logs/help_headline.log",
    benchmark:
        "logs/benchmarks/help_headline.tsv"
    params:
        code=code("studies.actionable_help.headline"),
        sets=section("actionable_help.pool.sets"),
    message:
        "Putting the paper's number beside ours"
    shell:
        "crisisflow actionable_help headline --scores {input.scores} --sets {params.sets:q} --out {output} 2>&1 | tee {log} >&2"


rule help_figures:
    input:
        agreement=rules.help_agree.output.statistics,
        label_scores=rules.help_score_labels.output[0],
        scores=rules.help_score.output.scores,
        configs=every(rules.help_finetune.output.config),
        curves=every(rules.help_distil.output.losses),
        probes=every(rules.help_distil.output.probe),
        ratios=rules.help_ratios.output[0],
    output:
        captions="results/actionable_help/figures/captions.json",
        svg=[
            report(
                f"results/actionable_help/figures/{figure}.svg",
                caption="../../report/actionable_help/figures.rst",
                category="Figures",
                labels={"figure": figure},
            )
            for figure in HELP_FIGURES
        ],
        csv=expand("results/actionable_help/figures/{figure}.csv", figure=HELP_FIGURES),
    log:
        "logs/help_figures.log",
    benchmark:
        "logs/benchmarks/help_figures.tsv"
    params:
        code=code("studies.actionable_help.figures"),
        rows=lambda wildcards: json.dumps(
            [
                *PARAMS["actionable_help"]["rows"],
                *PARAMS["actionable_help"]["others"],
            ]
        ),
        # To DVC the files of all rows, tasks and seeds are one folder: which of them are read stands here.
        tasks=section("actionable_help.tasks"),
        seeds=section("actionable_help.seeds"),
        shapes=section("actionable_help.minis.shapes"),
        folder=lambda wildcards, output: Path(output.captions).parent,
    message:
        "Drawing the figures of the study actionable_help"
    shell:
        "crisisflow actionable_help figures --rows {params.rows:q} --agreement {input.agreement}"
        " --label-scores {input.label_scores} --scores {input.scores} $(printf -- ' --configs %s' {input.configs})"
        " $(printf -- ' --curves %s' {input.curves}) $(printf -- ' --probes %s' {input.probes}) --ratios {input.ratios} --folder {params.folder} 2>&1 | tee {log} >&2"


rule help_report:
    input:
        templates=[
            "src/crisisflow/studies/actionable_help/report.html.jinja",
            "src/crisisflow/reporting/report_page.html.jinja",
            "src/crisisflow/reporting/report_parts.html.jinja",
            "src/crisisflow/reporting/exhibits.html.jinja",
            "src/crisisflow/reporting/page.css",
        ],
        paper=rules.help_tables.input.paper,
        scores=rules.help_score.output.scores,
        agreement=rules.help_agree.output.statistics,
        tables=rules.help_tables.output.csv,
        tables_captions=rules.help_tables.output.captions,
        figures=rules.help_figures.output.svg,
        figures_captions=rules.help_figures.output.captions,
        ledger="docs/studies/actionable_help.md",
        citation="CITATION.cff",
    output:
        report(
            "results/actionable_help/report.html",
            caption="../../report/actionable_help/report.rst",
            category="Report",
        ),
    log:
        "logs/help_report.log",
    benchmark:
        "logs/benchmarks/help_report.tsv"
    params:
        code=code("studies.actionable_help.report"),
        settings=sections("preset", "actionable_help"),
        # Not an output: it differs from run to run.
        provenance="results/actionable_help/provenance.html",
        # No inputs: they differ from run to run, and those of jobs that did not run here are absent.
        benchmarks=lambda wildcards: options(
            benchmarks=benchmarks(
                (
                    rule
                    for rule in rules_of(workflow.rules, "actionable_help")
                    if rule.name != "help_report"
                ),
                scatteritem=gather.shards("{scatteritem}"),
            )
        ),
    message:
        "Writing the report of the study actionable_help"
    shell:
        "crisisflow actionable_help report --params {params.settings:q} --scores {input.scores}"
        " --agreement {input.agreement} --tables {input.tables_captions} --figures {input.figures_captions}"
        " --ledger {input.ledger} --citation {input.citation} {params.benchmarks} --out {output}"
        " --provenance-out {params.provenance} 2>&1 | tee {log} >&2"
