# Taggers: each row on each setting with each seed; a job has all folds. What a row reads is made once for all of them.
use rule negatives_datasets as negatives_datasets_of_row with:
    output:
        tweets=temp("data/difficult_negatives/aligned/{row}.parquet"),
        counts=temp("data/difficult_negatives/aligned/{row}.json"),
    log:
        "logs/negatives_datasets_of_row-{row}.log",
    benchmark:
        "logs/benchmarks/negatives_datasets_of_row-{row}.tsv"
    params:
        axes=over(row="difficult_negatives.taggers"),
        encoder=section("difficult_negatives.taggers.{row}.embedding"),
    message:
        "Aligning the tweets of all settings for row {wildcards.row}"


rule negatives_word_states:
    input:
        aligned=rules.negatives_datasets_of_row.output.tweets,
    output:
        temp("data/difficult_negatives/word_states/{row}.safetensors"),
    log:
        "logs/negatives_word_states-{row}.log",
    benchmark:
        "logs/benchmarks/negatives_word_states-{row}.tsv"
    threads: PARAMS["difficult_negatives"]["tagging"]["threads"]
    resources:
        gpu=int(PARAMS["difficult_negatives"]["tagging"]["device"] == "cuda") or None,
    params:
        axes=over(row="difficult_negatives.taggers"),
        code=code("studies.difficult_negatives.word_states"),
        row=section("difficult_negatives.taggers.{row}"),
        tagging=section("difficult_negatives.tagging"),
    message:
        "Computing the word states of row {wildcards.row}"
    shell:
        "crisisflow difficult_negatives word_states --name {wildcards.row} --aligned {input.aligned} --row {params.row:q}"
        " --tagging {params.tagging:q} --out {output} 2>&1 | tee {log} >&2"


rule negatives_tag:
    input:
        aligned=rules.negatives_datasets_of_row.output.tweets,
        states=rules.negatives_word_states.output,
    output:
        folds="results/difficult_negatives/rows/{row}/{setting}/seed{seed}/folds.csv",
        predictions="results/difficult_negatives/rows/{row}/{setting}/seed{seed}/predictions.parquet",
        scores="results/difficult_negatives/rows/{row}/{setting}/seed{seed}/metrics.json",
        config="results/difficult_negatives/rows/{row}/{setting}/seed{seed}/config.json",
    log:
        "logs/negatives_tag-{row}-{setting}-{seed}.log",
    benchmark:
        "logs/benchmarks/negatives_tag-{row}-{setting}-{seed}.tsv"
    threads: PARAMS["difficult_negatives"]["tagging"]["threads"]
    resources:
        gpu=int(PARAMS["difficult_negatives"]["tagging"]["device"] == "cuda") or None,
    params:
        axes=over(
            row="difficult_negatives.taggers",
            setting="difficult_negatives.train",
            seed="difficult_negatives.seeds",
        ),
        code=code("studies.difficult_negatives.tag"),
        row=section("difficult_negatives.taggers.{row}"),
        tagging=section("difficult_negatives.tagging"),
        checkpoint=lambda wildcards: "results/difficult_negatives/checkpoints/{row}/{setting}/seed{seed}".format(
            **wildcards
        ),
    message:
        "Training row {wildcards.row} on {wildcards.setting} with seed {wildcards.seed}"
    shell:
        "crisisflow difficult_negatives tag --name {wildcards.row} --setting {wildcards.setting} --seed {wildcards.seed}"
        " --aligned {input.aligned} --states {input.states} --row {params.row:q} --tagging {params.tagging:q}"
        " --checkpoint {params.checkpoint} --folds {output.folds} --predictions {output.predictions}"
        " --metrics {output.scores} --config {output.config} 2>&1 | tee {log} >&2"


rule negatives_score:
    input:
        folds=every(rules.negatives_tag.output.folds),
        predictions=every(rules.negatives_tag.output.predictions),
        positives=rules.negatives_collection.output.positives,
        mined=rules.negatives_mine_bands.output.mined,
    output:
        scores="results/difficult_negatives/scores.json",
        metrics=committed("results/difficult_negatives/metrics.json"),
    log:
        "logs/negatives_score.log",
    benchmark:
        "logs/benchmarks/negatives_score.tsv"
    params:
        code=code("studies.difficult_negatives.score"),
        # To DVC the files of all rows are one folder: which of them are read stands here.
        taggers=section("difficult_negatives.taggers"),
        train=section("difficult_negatives.train"),
        seeds=section("difficult_negatives.seeds"),
    message:
        "Scoring all taggers on all settings"
    shell:
        "crisisflow difficult_negatives score $(printf -- ' --folds %s' {input.folds})"
        " $(printf -- ' --predictions %s' {input.predictions}) --positives {input.positives} --mined {input.mined}"
        " --taggers {params.taggers:q} --train {params.train:q} --out {output.scores} --metrics {output.metrics} 2>&1 | tee {log} >&2"


rule negatives_gate:
    input:
        folds=every(rules.negatives_tag.output.folds),
        predictions=every(rules.negatives_tag.output.predictions),
        positives=rules.negatives_collection.output.positives,
        mined=rules.negatives_mine_bands.output.mined,
        fit=rules.negatives_mine_bands.output.fit,
        embeddings=rules.negatives_mine_bands.output.embeddings,
    output:
        "results/difficult_negatives/gate.json",
    log:
        "logs/negatives_gate.log",
    benchmark:
        "logs/benchmarks/negatives_gate.tsv"
    params:
        code=code("studies.difficult_negatives.gate"),
        # To DVC the files of all rows are one folder: which of them are read stands here.
        taggers=section("difficult_negatives.taggers"),
        train=section("difficult_negatives.train"),
        seeds=section("difficult_negatives.seeds"),
    message:
        "Comparing taggers behind a gate with those that mined negatives trained"
    shell:
        "crisisflow difficult_negatives gate $(printf -- ' --folds %s' {input.folds})"
        " $(printf -- ' --predictions %s' {input.predictions}) --positives {input.positives} --mined {input.mined}"
        " --fit {input.fit} --embeddings {input.embeddings} --taggers {params.taggers:q} --train {params.train:q}"
        " --out {output} 2>&1 | tee {log} >&2"
