# Who asks and who offers: places, months and resources.
rule help_mentions:
    input:
        lexicons=lexicons("spacy") + lexicons("ruler") + lexicons("regex"),
        resources="src/crisisflow/studies/actionable_help/resources.yaml",
        pool=rules.help_pool.output.tweets,
    output:
        "data/actionable_help/mentions.parquet",
    log:
        "logs/help_mentions.log",
    benchmark:
        "logs/benchmarks/help_mentions.tsv"
    params:
        code=code("studies.actionable_help.mentions"),
        annotation=section("annotation"),
    message:
        "Finding the places and resources that tweets name"
    shell:
        "crisisflow actionable_help mentions --pool {input.pool} --annotation {params.annotation:q} --out {output} 2>&1 | tee {log} >&2"
