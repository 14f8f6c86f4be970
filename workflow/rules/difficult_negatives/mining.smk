# Crisis tweets, ordinary tweets, and which of these are similar to those.
# The paper's urban types. Empty where no class has an event of them.
rule negatives_urban:
    input:
        types="src/crisisflow/studies/difficult_negatives/urban_types.yaml",
        reference=expand(
            "data/reference/urban/{name}.csv", name=["tweets", "passes", "spans"]
        ),
    output:
        tweets="data/difficult_negatives/urban.parquet",
        spans="data/difficult_negatives/urban_spans.parquet",
        report="results/difficult_negatives/urban.json",
    log:
        "logs/negatives_urban.log",
    benchmark:
        "logs/benchmarks/negatives_urban.tsv"
    params:
        code=code("studies.difficult_negatives.urban"),
        sets=section("difficult_negatives.urban"),
        classes=section("difficult_negatives.collection.classes"),
        folder=lambda wildcards, input: Path(input.reference[0]).parent,
    message:
        "Reading crisis tweets of the urban types"
    shell:
        "crisisflow difficult_negatives urban --sets {params.sets:q} --classes {params.classes:q} --reference {params.folder}"
        " --out {output.tweets} --spans {output.spans} --report {output.report} 2>&1 | tee {log} >&2"


rule negatives_pool:
    input:
        templates="src/crisisflow/studies/difficult_negatives/generated_templates.yaml",
        tweets=rules.subset.output.tweets,
        urban=rules.negatives_urban.output.tweets,
    output:
        tweets="data/difficult_negatives/pool.parquet",
        counts=report(
            committed("data/difficult_negatives/pool.json"),
            caption="../../report/difficult_negatives/pool.rst",
            category="Data",
        ),
    log:
        "logs/negatives_pool.log",
    benchmark:
        "logs/benchmarks/negatives_pool.tsv"
    params:
        code=code("studies.difficult_negatives.pool"),
        pool=section("difficult_negatives.pool"),
        steps=section("difficult_negatives.normalise"),
    message:
        "Collecting ordinary tweets"
    shell:
        "crisisflow difficult_negatives pool --tweets {input.tweets} --urban {input.urban} --params {params.pool:q} --steps {params.steps:q}"
        " --out {output.tweets} --counts {output.counts} 2>&1 | tee {log} >&2"


rule negatives_collection:
    input:
        tweets=rules.subset.output.tweets,
        spans=rules.resolve.output.spans,
        urban=rules.negatives_urban.output.tweets,
        urban_spans=rules.negatives_urban.output.spans,
    output:
        positives="data/difficult_negatives/positives.parquet",
        counts=committed("data/difficult_negatives/collection.json"),
    log:
        "logs/negatives_collection.log",
    benchmark:
        "logs/benchmarks/negatives_collection.tsv"
    params:
        code=code("studies.difficult_negatives.collection"),
        collection=section("difficult_negatives.collection"),
        steps=section("difficult_negatives.normalise"),
    message:
        "Drawing crisis tweets"
    shell:
        "crisisflow difficult_negatives collection --tweets {input.tweets} --spans {input.spans} --urban {input.urban} --urban-spans {input.urban_spans}"
        " --params {params.collection:q} --steps {params.steps:q} --out {output.positives} --counts {output.counts} 2>&1 | tee {log} >&2"


rule negatives_gold:
    input:
        repaired=rules.repair.output.tweets,
        generated=rules.fetch.output.gold,
        reference=rules.quality.input.reference,
        positives=rules.negatives_collection.output.positives,
    output:
        "data/difficult_negatives/gold.parquet",
    log:
        "logs/negatives_gold.log",
    benchmark:
        "logs/benchmarks/negatives_gold.tsv"
    params:
        code=code("studies.difficult_negatives.gold"),
        quality=section("annotation.quality"),
        classes=section("difficult_negatives.collection.classes"),
        steps=section("difficult_negatives.normalise"),
        folder=lambda wildcards, input: Path(input.reference[0]).parent,
    message:
        "Collecting tweets of unseen events with gold spans"
    shell:
        "crisisflow difficult_negatives gold --repaired {input.repaired} --generated {input.generated}"
        " --reference {params.folder} --quality {params.quality:q} --positives {input.positives}"
        " --classes {params.classes:q} --steps {params.steps:q} --out {output} 2>&1 | tee {log} >&2"


rule negatives_style:
    input:
        positives=rules.negatives_collection.output.positives,
        pool=rules.negatives_pool.output.tweets,
    output:
        style="results/difficult_negatives/style.json",
    log:
        "logs/negatives_style.log",
    benchmark:
        "logs/benchmarks/negatives_style.tsv"
    params:
        code=code("studies.difficult_negatives.style"),
        seed=section("difficult_negatives.collection.seed"),
    message:
        "Measuring what typography tells"
    shell:
        "crisisflow difficult_negatives style --positives {input.positives} --pool {input.pool} --seed {params.seed}"
        " --out {output} 2>&1 | tee {log} >&2"


# For the setting `model`; else it is empty.
rule negatives_mark:
    input:
        positives=rules.negatives_collection.output.positives,
        pool=rules.negatives_pool.output.tweets,
    output:
        "data/difficult_negatives/marked.parquet",
    log:
        "logs/negatives_mark.log",
    benchmark:
        "logs/benchmarks/negatives_mark.tsv"
    threads: PARAMS["difficult_negatives"]["tagging"]["threads"]
    resources:
        gpu=int(PARAMS["difficult_negatives"]["tagging"]["device"] == "cuda") or None,
    params:
        code=code("studies.difficult_negatives.mark"),
        taggers=section("difficult_negatives.taggers"),
        tagging=section("difficult_negatives.tagging"),
        train=section("difficult_negatives.train"),
        further=section("difficult_negatives.further.train"),
        seed=section("difficult_negatives.mining.seed"),
        checkpoint="results/difficult_negatives/checkpoints/first_tagger",
    message:
        "Marking the pool by a first tagger"
    shell:
        "crisisflow difficult_negatives mark --positives {input.positives} --pool {input.pool} --taggers {params.taggers:q}"
        " --tagging {params.tagging:q} --train {params.train:q} --further {params.further:q} --seed {params.seed}"
        " --checkpoint {params.checkpoint} --out {output} 2>&1 | tee {log} >&2"


rule negatives_mine_bands:
    input:
        positives=rules.negatives_collection.output.positives,
        pool=rules.negatives_pool.output.tweets,
        marked=rules.negatives_mark.output,
    output:
        mined="data/difficult_negatives/mined.parquet",
        fit="data/difficult_negatives/fit.json",
        embeddings="data/difficult_negatives/embeddings.parquet",
    log:
        "logs/negatives_mine_bands.log",
    benchmark:
        "logs/benchmarks/negatives_mine_bands.tsv"
    params:
        code=code("studies.difficult_negatives.mine_bands"),
        mining=section("difficult_negatives.mining"),
        train=section("difficult_negatives.train"),
        further=section("difficult_negatives.further.train"),
        test=section("difficult_negatives.test"),
        match_length=section("difficult_negatives.match_length"),
    message:
        "Searching the pool for negatives"
    shell:
        "crisisflow difficult_negatives mine_bands --positives {input.positives} --pool {input.pool} --marked {input.marked}"
        " --params {params.mining:q} --train {params.train:q} --further {params.further:q} --test {params.test:q} --match-length {params.match_length}"
        " --out {output.mined} --fit {output.fit} --embeddings {output.embeddings} 2>&1 | tee {log} >&2"


rule negatives_datasets:
    input:
        positives=rules.negatives_collection.output.positives,
        pool=rules.negatives_pool.output.tweets,
        mined=rules.negatives_mine_bands.output.mined,
        gold=rules.negatives_gold.output,
    output:
        tweets="data/difficult_negatives/datasets.parquet",
        counts=committed("data/difficult_negatives/datasets.json"),
    log:
        "logs/negatives_datasets.log",
    benchmark:
        "logs/benchmarks/negatives_datasets.tsv"
    params:
        code=code("studies.difficult_negatives.datasets"),
        encoder=section("difficult_negatives.mining.encoder"),
        max_length=section("difficult_negatives.tagging.max_length"),
        train=section("difficult_negatives.train"),
        further=section("difficult_negatives.further.train"),
        test=section("difficult_negatives.test"),
        extra_tests=section("difficult_negatives.extra_tests"),
        steps=section("difficult_negatives.normalise"),
        seed=section("difficult_negatives.mining.seed"),
    message:
        "Aligning the tweets of all settings"
    shell:
        "crisisflow difficult_negatives datasets --positives {input.positives} --pool {input.pool} --mined {input.mined} --gold {input.gold}"
        " --encoder {params.encoder:q} --max-length {params.max_length} --train {params.train:q} --further {params.further:q} --test {params.test:q}"
        " --extra-tests {params.extra_tests:q} --steps {params.steps:q} --seed {params.seed}"
        " --out {output.tweets} --counts {output.counts} 2>&1 | tee {log} >&2"
