# The paper's tables that a run can fill; Table 2 is the taxonomy.
TABLES = ["table1", "table3", "table5"]


rule evaluate:
    input:
        predictions=rules.train.output.predictions,
        config=rules.train.output.config,
    output:
        "results/rows/{row}/seed{seed}/metrics.json",
    log:
        "logs/evaluate-{row}-{seed}.log",
    benchmark:
        "logs/benchmarks/evaluate-{row}-{seed}.tsv"
    params:
        code=code("evaluation.evaluate"),
    message:
        "Scoring row {wildcards.row} with seed {wildcards.seed}"
    shell:
        "crisisflow evaluate --predictions {input.predictions} --config {input.config} --out {output} 2>&1 | tee {log} >&2"


rule tables:
    input:
        tweets=rules.subset.output.tweets,
        resolved=rules.resolve.output.spans,
        manifest=rules.fetch.output.manifest,
        metrics=every_run("results/rows/{row}/seed{seed}/metrics.json"),
    output:
        metrics="results/metrics.json",
        markdown=expand("results/tables/{table}.md", table=TABLES),
        csv=report(
            expand("results/tables/{table}.csv", table=TABLES),
            caption="../report/tables.rst",
            category="Tables",
        ),
        latex=expand("results/tables/{table}.tex", table=TABLES),
    log:
        "logs/tables.log",
    benchmark:
        "logs/benchmarks/tables.tsv"
    params:
        code=code("evaluation.tables"),
        preset=section("preset"),
        rows=section("rows"),
        seeds=section("seeds"),
        folder=lambda wildcards, output: Path(output.markdown[0]).parent,
    message:
        "Making Tables 1, 3 and 5"
    shell:
        "crisisflow tables --preset {params.preset} --rows {params.rows:q} --seeds {params.seeds:q}"
        " --tweets {input.tweets} --resolved {input.resolved} --manifest {input.manifest}"
        " $(printf -- ' --metrics %s' {input.metrics}) --folder {params.folder} --out {output.metrics} 2>&1 | tee {log} >&2"


rule report:
    input:
        template="src/crisisflow/evaluation/report.html.jinja",
        manifest=rules.fetch.output.manifest,
        repair=rules.repair.output.counts,
        corpus=rules.subset.output.statistics,
        annotation=rules.resolve.output.statistics,
        metrics=rules.tables.output.metrics,
        tables=rules.tables.output.csv,
    output:
        "results/report.html",
    log:
        "logs/report.log",
    benchmark:
        "logs/benchmarks/report.tsv"
    params:
        code=code("evaluation.report"),
        preset=section("preset"),
    message:
        "Writing the report"
    shell:
        "crisisflow report --preset {params.preset} --manifest {input.manifest} --repair {input.repair}"
        " --corpus {input.corpus} --annotation {input.annotation} --metrics {input.metrics}"
        " $(printf -- ' --table %s' {input.tables}) --out {output} 2>&1 | tee {log} >&2"
