rule spacy_stage:
    message:
        "Annotating, stage 1: spaCy"
    input:
        code=sources("annotation.spacy_stage"),
        tweets=rules.subset.output.tweets,
    output:
        "data/annotations/spacy.parquet",
    params:
        spacy=section("annotation.spacy"),
    log:
        "logs/spacy_stage.log",
    benchmark:
        "logs/benchmarks/spacy_stage.tsv"
    threads: 8
    shell:
        "crisisflow spacy_stage --tweets {input.tweets} --params {params.spacy:q} --processes {threads}"
        " --out {output} 2>&1 | tee {log}"


rule ruler_stage:
    message:
        "Annotating, stage 2: EntityRuler patterns"
    input:
        code=sources("annotation.ruler_stage"),
        lexicons=lexicons("ruler"),
        tweets=rules.subset.output.tweets,
    output:
        "data/annotations/ruler.parquet",
    params:
        ruler=section("annotation.ruler"),
    log:
        "logs/ruler_stage.log",
    benchmark:
        "logs/benchmarks/ruler_stage.tsv"
    shell:
        "crisisflow ruler_stage --tweets {input.tweets} --params {params.ruler:q} --out {output} 2>&1 | tee {log}"


rule regex_stage:
    message:
        "Annotating, stage 3: regular expressions"
    input:
        code=sources("annotation.regex_stage"),
        lexicons=lexicons("regex"),
        tweets=rules.subset.output.tweets,
    output:
        "data/annotations/regex.parquet",
    params:
        regex=section("annotation.regex"),
    log:
        "logs/regex_stage.log",
    benchmark:
        "logs/benchmarks/regex_stage.tsv"
    shell:
        "crisisflow regex_stage --tweets {input.tweets} --params {params.regex:q} --out {output} 2>&1 | tee {log}"


rule resolve:
    message:
        "Resolving overlaps"
    input:
        code=sources("annotation.resolve"),
        spacy=rules.spacy_stage.output,
        ruler=rules.ruler_stage.output,
        regex=rules.regex_stage.output,
    output:
        spans="data/annotations/resolved.parquet",
        conflicts="data/annotations/conflicts.parquet",
        statistics="data/annotations/statistics.json",
    params:
        resolve=section("annotation.resolve"),
    log:
        "logs/resolve.log",
    benchmark:
        "logs/benchmarks/resolve.tsv"
    shell:
        "crisisflow resolve --stage {input.spacy} --stage {input.ruler} --stage {input.regex}"
        " --params {params.resolve:q} --out {output.spans} --conflicts {output.conflicts}"
        " --statistics {output.statistics} 2>&1 | tee {log}"
