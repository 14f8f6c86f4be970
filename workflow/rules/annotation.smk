rule spacy_stage:
    input:
        # Its names are checked against the ruler's gazetteer.
        lexicons=lexicons("spacy") + lexicons("ruler"),
        tweets=rules.subset.output.tweets,
    output:
        "data/annotations/spacy.parquet",
    log:
        "logs/spacy_stage.log",
    benchmark:
        "logs/benchmarks/spacy_stage.tsv"
    threads: 8
    params:
        code=code("annotation.spacy_stage"),
        spacy=section("annotation.spacy"),
    message:
        "Annotating, stage 1: spaCy"
    shell:
        "crisisflow spacy_stage --tweets {input.tweets} --params {params.spacy:q} --processes {threads}"
        " --out {output} 2>&1 | tee {log} >&2"


rule ruler_stage:
    input:
        lexicons=lexicons("ruler"),
        tweets=rules.subset.output.tweets,
    output:
        "data/annotations/ruler.parquet",
    log:
        "logs/ruler_stage.log",
    benchmark:
        "logs/benchmarks/ruler_stage.tsv"
    params:
        code=code("annotation.ruler_stage"),
        ruler=section("annotation.ruler"),
    message:
        "Annotating, stage 2: EntityRuler patterns"
    shell:
        "crisisflow ruler_stage --tweets {input.tweets} --params {params.ruler:q} --out {output} 2>&1 | tee {log} >&2"


rule regex_stage:
    input:
        lexicons=lexicons("regex"),
        tweets=rules.subset.output.tweets,
    output:
        "data/annotations/regex.parquet",
    log:
        "logs/regex_stage.log",
    benchmark:
        "logs/benchmarks/regex_stage.tsv"
    params:
        code=code("annotation.regex_stage"),
        regex=section("annotation.regex"),
    message:
        "Annotating, stage 3: regular expressions"
    shell:
        "crisisflow regex_stage --tweets {input.tweets} --params {params.regex:q} --out {output} 2>&1 | tee {log} >&2"


rule resolve:
    input:
        spacy=rules.spacy_stage.output,
        ruler=rules.ruler_stage.output,
        regex=rules.regex_stage.output,
    output:
        spans="data/annotations/resolved.parquet",
        conflicts="data/annotations/conflicts.parquet",
        statistics="data/annotations/statistics.json",
    log:
        "logs/resolve.log",
    benchmark:
        "logs/benchmarks/resolve.tsv"
    params:
        code=code("annotation.resolve"),
        resolve=section("annotation.resolve"),
    message:
        "Resolving overlaps"
    shell:
        "crisisflow resolve --stage {input.spacy} --stage {input.ruler} --stage {input.regex}"
        " --params {params.resolve:q} --out {output.spans} --conflicts {output.conflicts}"
        " --statistics {output.statistics} 2>&1 | tee {log} >&2"
