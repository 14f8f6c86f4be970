# The list of all studies, each by the output that its rules call `headline`.
rule index:
    input:
        templates=[
            "src/crisisflow/reporting/index.html.jinja",
            "src/crisisflow/reporting/page.css",
        ],
        headlines=named(workflow.rules, "headline"),
    output:
        "results/index.html",
    log:
        "logs/index.log",
    benchmark:
        "logs/benchmarks/index.tsv"
    params:
        code=code("reporting.index"),
    message:
        "Listing the studies"
    shell:
        "crisisflow index $(printf -- ' --headlines %s' {input.headlines}) --out {output} 2>&1 | tee {log} >&2"
