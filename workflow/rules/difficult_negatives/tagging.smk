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
        beside="",
        checkpoint=lambda wildcards: "results/difficult_negatives/checkpoints/{row}/{setting}/seed{seed}".format(
            **wildcards
        ),
    message:
        "Training row {wildcards.row} on {wildcards.setting} with seed {wildcards.seed}"
    shell:
        "crisisflow difficult_negatives tag --name {wildcards.row} --setting {wildcards.setting} --seed {wildcards.seed}"
        " --aligned {input.aligned} --states {input.states} --row {params.row:q} --tagging {params.tagging:q}"
        " {params.beside} --checkpoint {params.checkpoint} --folds {output.folds} --predictions {output.predictions}"
        " --metrics {output.scores} --config {output.config} 2>&1 | tee {log} >&2"


# Lists of these two may be empty, so they are in the folder of the rows, which always exists: dvc.yaml names no folder
# that may be absent.
use rule negatives_tag as negatives_tag_further with:
    output:
        folds="results/difficult_negatives/rows/further/{row}/{setting}/seed{seed}/folds.csv",
        predictions="results/difficult_negatives/rows/further/{row}/{setting}/seed{seed}/predictions.parquet",
        scores="results/difficult_negatives/rows/further/{row}/{setting}/seed{seed}/metrics.json",
        config="results/difficult_negatives/rows/further/{row}/{setting}/seed{seed}/config.json",
    log:
        "logs/negatives_tag_further-{row}-{setting}-{seed}.log",
    benchmark:
        "logs/benchmarks/negatives_tag_further-{row}-{setting}-{seed}.tsv"
    params:
        axes=over(
            row="difficult_negatives.further.taggers",
            setting="difficult_negatives.further.train",
            seed="difficult_negatives.seeds",
        ),
        checkpoint=lambda wildcards: "results/difficult_negatives/checkpoints/further/{row}/{setting}/seed{seed}".format(
            **wildcards
        ),


use rule negatives_tag as negatives_tag_batch_size with:
    output:
        folds="results/difficult_negatives/rows/batch_sizes/{row}/{batch_size}/{setting}/seed{seed}/folds.csv",
        predictions="results/difficult_negatives/rows/batch_sizes/{row}/{batch_size}/{setting}/seed{seed}/predictions.parquet",
        scores="results/difficult_negatives/rows/batch_sizes/{row}/{batch_size}/{setting}/seed{seed}/metrics.json",
        config="results/difficult_negatives/rows/batch_sizes/{row}/{batch_size}/{setting}/seed{seed}/config.json",
    log:
        "logs/negatives_tag_batch_size-{row}-{batch_size}-{setting}-{seed}.log",
    benchmark:
        "logs/benchmarks/negatives_tag_batch_size-{row}-{batch_size}-{setting}-{seed}.tsv"
    params:
        axes=over(
            row="difficult_negatives.batch_sizes.taggers",
            batch_size="difficult_negatives.batch_sizes.sizes",
            setting="difficult_negatives.batch_sizes.train",
            seed="difficult_negatives.seeds",
        ),
        beside="--batch-size {batch_size}",
        checkpoint=lambda wildcards: "results/difficult_negatives/checkpoints/batch_sizes/{row}/{batch_size}/{setting}/seed{seed}".format(
            **wildcards
        ),
    message:
        "Training row {wildcards.row} on {wildcards.setting} with seed {wildcards.seed} and batch size {wildcards.batch_size}"


# The search of footnote 5. Its output is temporary, so that no target and no stage of DVC asks for it; Snakemake keeps
# what is named: snakemake --cores 1 results/difficult_negatives/grid.csv
rule negatives_grid:
    input:
        aligned=f"data/difficult_negatives/aligned/{PARAMS['difficult_negatives']['grid']['tagger']}.parquet",
        states=f"data/difficult_negatives/word_states/{PARAMS['difficult_negatives']['grid']['tagger']}.safetensors",
    output:
        temp("results/difficult_negatives/grid.csv"),
    log:
        "logs/negatives_grid.log",
    benchmark:
        "logs/benchmarks/negatives_grid.tsv"
    threads: PARAMS["difficult_negatives"]["tagging"]["threads"]
    resources:
        gpu=int(PARAMS["difficult_negatives"]["tagging"]["device"] == "cuda") or None,
    params:
        code=code("studies.difficult_negatives.grid"),
        grid=section("difficult_negatives.grid"),
        taggers=section("difficult_negatives.taggers"),
        tagging=section("difficult_negatives.tagging"),
        seed=section("difficult_negatives.mining.seed"),
        checkpoint="results/difficult_negatives/checkpoints/grid",
    message:
        "Trying learning rates and batch sizes"
    shell:
        "crisisflow difficult_negatives grid --params {params.grid:q} --aligned {input.aligned} --states {input.states}"
        " --taggers {params.taggers:q} --tagging {params.tagging:q} --seed {params.seed}"
        " --checkpoint {params.checkpoint} --out {output} 2>&1 | tee {log} >&2"


rule negatives_score:
    input:
        folds=[
            *every(rules.negatives_tag.output.folds),
            *every(rules.negatives_tag_further.output.folds),
            *every(rules.negatives_tag_batch_size.output.folds),
        ],
        predictions=[
            *every(rules.negatives_tag.output.predictions),
            *every(rules.negatives_tag_further.output.predictions),
            *every(rules.negatives_tag_batch_size.output.predictions),
        ],
        positives=rules.negatives_collection.output.positives,
        mined=rules.negatives_mine_bands.output.mined,
        gold=rules.negatives_gold.output,
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
        further=section("difficult_negatives.further"),
        batch_sizes=section("difficult_negatives.batch_sizes"),
        seeds=section("difficult_negatives.seeds"),
    message:
        "Scoring all taggers on all settings"
    shell:
        "crisisflow difficult_negatives score $(printf -- ' --folds %s' {input.folds})"
        " $(printf -- ' --predictions %s' {input.predictions}) --positives {input.positives} --mined {input.mined} --gold {input.gold}"
        " --taggers {params.taggers:q} --train {params.train:q} --further {params.further:q}"
        " --batch-sizes {params.batch_sizes:q} --out {output.scores} --metrics {output.metrics} 2>&1 | tee {log} >&2"


rule negatives_gate:
    input:
        folds=[
            *every(rules.negatives_tag.output.folds),
            *every(rules.negatives_tag_further.output.folds),
        ],
        predictions=[
            *every(rules.negatives_tag.output.predictions),
            *every(rules.negatives_tag_further.output.predictions),
        ],
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
        further=section("difficult_negatives.further"),
        seeds=section("difficult_negatives.seeds"),
    message:
        "Comparing taggers behind a gate with those that mined negatives trained"
    shell:
        "crisisflow difficult_negatives gate $(printf -- ' --folds %s' {input.folds})"
        " $(printf -- ' --predictions %s' {input.predictions}) --positives {input.positives} --mined {input.mined}"
        " --fit {input.fit} --embeddings {input.embeddings} --taggers {params.taggers:q} --train {params.train:q}"
        " --further {params.further:q} --out {output} 2>&1 | tee {log} >&2"
