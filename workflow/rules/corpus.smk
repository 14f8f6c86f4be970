rule fetch:
    message:
        "Reading the source {params.source}"
    input:
        code=sources("corpus.fetch"),
        templates="src/crisisflow/corpus/sample_templates.yaml",
    output:
        tweets="data/raw/humaid.parquet",
        gold="data/raw/gold.parquet",
        manifest="data/raw/manifest.json",
    params:
        source=section("corpus.source"),
        events=section("corpus.events"),
        sample=section("corpus.sample"),
    log:
        "logs/fetch.log",
    benchmark:
        "logs/benchmarks/fetch.tsv"
    shell:
        "crisisflow fetch --source {params.source:q} --events {params.events:q} --sample {params.sample:q}"
        " --out {output.tweets} --gold {output.gold} --manifest {output.manifest} 2>&1 | tee {log}"


rule repair:
    message:
        "Repairing the texts"
    input:
        code=sources("corpus.repair"),
        raw=rules.fetch.output.tweets,
    output:
        tweets="data/corpus/repaired.parquet",
        counts="data/corpus/repair.json",
    params:
        repair=section("corpus.repair"),
    log:
        "logs/repair.log",
    benchmark:
        "logs/benchmarks/repair.tsv"
    shell:
        "crisisflow repair --raw {input.raw} --params {params.repair:q}"
        " --out {output.tweets} --counts {output.counts} 2>&1 | tee {log}"


rule subset:
    message:
        "Drawing and splitting the corpus"
    input:
        code=sources("corpus.subset"),
        repaired=rules.repair.output.tweets,
    output:
        tweets="data/corpus/tweets.parquet",
        statistics="data/corpus/statistics.json",
    params:
        size=section("corpus.size"),
        split=section("corpus.split"),
        seed=section("corpus.seed"),
    log:
        "logs/subset.log",
    benchmark:
        "logs/benchmarks/subset.tsv"
    shell:
        "crisisflow subset --repaired {input.repaired} --size {params.size:q} --split {params.split:q}"
        " --seed {params.seed} --out {output.tweets} --statistics {output.statistics} 2>&1 | tee {log}"
