from crisisflow.reporting.places import names_in
from crisisflow.studies.actionable_help.sections import SECTIONS

HELP_TABLES = names_in("tables", SECTIONS)


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
        " --folder {params.folder} 2>&1 | tee {log} >&2"


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
