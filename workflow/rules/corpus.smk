rule fetch:
    input:
        templates="src/crisisflow/corpus/sample_templates.yaml",
    output:
        tweets="data/raw/tweets.parquet",
        gold="data/raw/gold.parquet",
        manifest="data/raw/manifest.json",
    log:
        "logs/fetch.log",
    benchmark:
        "logs/benchmarks/fetch.tsv"
    params:
        code=code("corpus.fetch"),
        source=section("corpus.source"),
        events=option("events", "corpus.events"),
        sample=section("corpus.sample"),
    message:
        "Reading the source {params.source}"
    shell:
        "crisisflow fetch --source={params.source:q} {params.events} --sample {params.sample:q}"
        " --out {output.tweets} --gold {output.gold} --manifest {output.manifest} 2>&1 | tee {log} >&2"


# Read for the studies that ask for them; no rule of this chapter needs one. A set is a row: DVC has a stage for each.
rule public_set:
    output:
        posts="data/public_sets/{row}/posts.parquet",
        manifest="data/public_sets/{row}/manifest.json",
    log:
        "logs/public_set-{row}.log",
    benchmark:
        "logs/benchmarks/public_set-{row}.tsv"
    params:
        axes=over(row="corpus.public_sets"),
        code=code("corpus.public_set"),
        texts_of=texts_of("corpus.public_sets"),
        files=section("corpus.public_sets.{row}"),
    message:
        "Reading the public set {wildcards.row}"
    shell:
        "crisisflow public_set {wildcards.row} {params.files:q} --out {output.posts} --manifest {output.manifest} 2>&1 | tee {log} >&2"


rule repair:
    input:
        raw=rules.fetch.output.tweets,
    output:
        tweets="data/corpus/repaired.parquet",
        counts=committed("data/corpus/repair.json"),
    log:
        "logs/repair.log",
    benchmark:
        "logs/benchmarks/repair.tsv"
    params:
        code=code("corpus.repair"),
        repair=section("corpus.repair"),
    message:
        "Repairing the texts"
    shell:
        "crisisflow repair --raw {input.raw} --params {params.repair:q}"
        " --out {output.tweets} --counts {output.counts} 2>&1 | tee {log} >&2"


rule subset:
    input:
        repaired=rules.repair.output.tweets,
    output:
        tweets="data/corpus/tweets.parquet",
        statistics=committed("data/corpus/statistics.json"),
    log:
        "logs/subset.log",
    benchmark:
        "logs/benchmarks/subset.tsv"
    params:
        code=code("corpus.subset"),
        size=section("corpus.size"),
        split=section("corpus.split"),
        seed=section("corpus.seed"),
    message:
        "Drawing and splitting the corpus"
    shell:
        "crisisflow subset --repaired {input.repaired} --size {params.size:q} --split {params.split:q}"
        " --seed {params.seed} --out {output.tweets} --statistics {output.statistics} 2>&1 | tee {log} >&2"
