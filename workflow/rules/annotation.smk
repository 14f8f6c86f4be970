# The parts that stage 1 computes side by side, one thread each: the bytes are the same for any number of them. Another
# number (--set-scatter shards=7) is best said in a profile: Snakemake takes it for other inputs, and runs again.
scattergather:
    shards=2,


rule spacy_shard:
    input:
        # Its names are checked against the ruler's gazetteer, its numbers against how stage 3 reads them.
        lexicons=lexicons("spacy")
        + lexicons("ruler")
        + lexicons("regex", "numerals", "fragments"),
        tweets=rules.subset.output.tweets,
    output:
        temp("data/annotations/shards/spacy-{scatteritem}.parquet"),
    log:
        "logs/spacy_shard-{scatteritem}.log",
    benchmark:
        "logs/benchmarks/spacy_shard-{scatteritem}.tsv"
    params:
        code=code("annotation.spacy_shard"),
        spacy=section("annotation.spacy"),
    message:
        "Annotating, stage 1: spaCy, shard {wildcards.scatteritem}"
    shell:
        "crisisflow spacy_shard --tweets {input.tweets} --shard {wildcards.scatteritem} --params {params.spacy:q}"
        " --out {output} 2>&1 | tee {log} >&2"


# Gathers the shards. They are gone after the run, so this rule notices for itself that the tweets, the lexicons, the code
# or the values are others: hence the same inputs and parameters twice.
rule spacy_stage:
    input:
        lexicons=rules.spacy_shard.input.lexicons,
        tweets=rules.subset.output.tweets,
        shards=gather.shards(rules.spacy_shard.output),
    output:
        "data/annotations/spacy.parquet",
    log:
        "logs/spacy_stage.log",
    benchmark:
        "logs/benchmarks/spacy_stage.tsv"
    params:
        code=rules.spacy_shard.params.code,
        spacy=rules.spacy_shard.params.spacy,
    message:
        "Annotating, stage 1: joining the shards"
    shell:
        "crisisflow spacy_stage $(printf -- ' --shards %s' {input.shards}) --out {output} 2>&1 | tee {log} >&2"


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
        statistics=committed("data/annotations/statistics.json"),
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
        "crisisflow resolve --stages {input.spacy} --stages {input.ruler} --stages {input.regex}"
        " --params {params.resolve:q} --out {output.spans} --conflicts {output.conflicts}"
        " --statistics {output.statistics} 2>&1 | tee {log} >&2"


rule quality:
    input:
        lexicons=lexicons("spacy") + lexicons("ruler") + lexicons("regex"),
        repaired=rules.repair.output.tweets,
        generated=rules.fetch.output.gold,
        reference=["data/reference/tweets.csv", "data/reference/spans.csv"],
    output:
        scores="results/annotation/scores.csv",
        patterns="results/annotation/patterns.csv",
        errors="results/annotation/errors.parquet",
        metrics=committed("results/annotation/quality.json"),
    log:
        "logs/quality.log",
    benchmark:
        "logs/benchmarks/quality.tsv"
    params:
        code=code("annotation.quality"),
        annotation=section("annotation"),
        folder=lambda wildcards, input: Path(input.reference[0]).parent,
    message:
        "Scoring the annotation against gold spans"
    shell:
        "crisisflow quality --repaired {input.repaired} --generated {input.generated} --reference {params.folder}"
        " --params {params.annotation:q} --scores {output.scores} --patterns {output.patterns}"
        " --errors {output.errors} --metrics {output.metrics} 2>&1 | tee {log} >&2"


rule source_report:
    input:
        # They list the dropped patterns.
        lexicons=lexicons("ruler") + lexicons("regex"),
        tweets=rules.subset.output.tweets,
        stages=[
            rules.spacy_stage.output,
            rules.ruler_stage.output,
            rules.regex_stage.output,
        ],
        resolved=rules.resolve.output.spans,
        conflicts=rules.resolve.output.conflicts,
        quality=rules.quality.output.patterns,
    output:
        report="results/annotation/sources.md",
        sources=report(
            "results/annotation/sources.csv",
            caption="../report/sources.rst",
            category="Annotation",
        ),
        patterns=report(
            "results/annotation/sources_patterns.csv",
            caption="../report/patterns.rst",
            category="Annotation",
        ),
        figure=report(
            "results/annotation/sources.svg",
            caption="../report/sources.rst",
            category="Annotation",
        ),
    log:
        "logs/source_report.log",
    benchmark:
        "logs/benchmarks/source_report.tsv"
    params:
        code=code("annotation.source_report"),
        ruler=section("annotation.ruler"),
        regex=section("annotation.regex"),
    message:
        "Reporting what each annotation stage brings"
    shell:
        "crisisflow source_report --tweets {input.tweets} $(printf -- ' --stages %s' {input.stages})"
        " --resolved {input.resolved} --conflicts {input.conflicts} --quality {input.quality}"
        " --ruler {params.ruler:q} --regex {params.regex:q} --sources {output.sources} --report {output.report}"
        " --patterns {output.patterns} --svg {output.figure} 2>&1 | tee {log} >&2"
