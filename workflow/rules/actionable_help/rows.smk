# The rows on each task, and their scores. The files of one task, row and seed have a folder of their own.
HELP_ROW = "results/actionable_help/rows/{row}/{task}/seed{seed}"
HELP_OTHER = "results/actionable_help/others/{row}/{task}/seed{seed}"


rule help_encoder:
    input:
        minis=every(rules.help_distil.output.weights),
        vocabulary=rules.help_vocabulary.output.tokenizer,
    output:
        "data/actionable_help/encoders/{row}.safetensors",
    log:
        "logs/help_encoder-{row}.log",
    benchmark:
        "logs/benchmarks/help_encoder-{row}.tsv"
    params:
        axes=over(row="actionable_help.rows"),
        code=code("studies.actionable_help.encoder"),
        row=section("actionable_help.rows.{row}"),
        shapes=section("actionable_help.minis.shapes"),
        positions=section("actionable_help.minis.positions"),
        dropout=section("actionable_help.minis.dropout"),
        minis=lambda wildcards, input: Path(input.minis[0]).parent.parent,
        vocabulary=lambda wildcards, input: Path(input.vocabulary).parent,
    message:
        "Putting what row {wildcards.row} begins with into one file"
    shell:
        "crisisflow actionable_help encoder --row {params.row:q} --minis {params.minis} --vocabulary {params.vocabulary}"
        " --shapes {params.shapes:q} --positions {params.positions} --dropout {params.dropout} --out {output} 2>&1 | tee {log} >&2"


rule help_finetune:
    input:
        encoder=rules.help_encoder.output[0],
        tweets=rules.help_task.output.tweets,
        counted=rules.help_task.output.counted,
    output:
        epochs=f"{HELP_ROW}/history.csv",
        validation=f"{HELP_ROW}/validation.parquet",
        test=f"{HELP_ROW}/test.parquet",
        scores=f"{HELP_ROW}/metrics.json",
        config=f"{HELP_ROW}/config.json",
        weights=f"{HELP_ROW}/model.safetensors",
    log:
        text="logs/help_finetune-{row}-{task}-{seed}.log",
        # Not an output: it differs from run to run.
        speed="logs/help_finetune-{row}-{task}-{seed}-speed.csv",
    benchmark:
        "logs/benchmarks/help_finetune-{row}-{task}-{seed}.tsv"
    # An accelerator takes one row at a time.
    threads:
        PARAMS["compute"]["threads"] * PARAMS["compute"]["processes"]
        if PARAMS["compute"]["device"] == "cpu"
        else workflow.cores
    # Of a cluster that has them to give; elsewhere nothing counts them.
    resources:
        gpu=(
            PARAMS["compute"]["processes"]
            if PARAMS["compute"]["device"] == "cuda"
            else None
        ),
    params:
        axes=over(
            row="actionable_help.rows",
            task="actionable_help.tasks",
            seed="actionable_help.seeds",
        ),
        code=code("studies.actionable_help.finetune"),
        row=section("actionable_help.rows.{row}"),
        finetune=section("actionable_help.finetune"),
        compute=section("compute"),
        least_support=section("actionable_help.least_support"),
        keep_weights=section("actionable_help.keep_weights"),
        checkpoint=lambda wildcards: "results/actionable_help/checkpoints/{row}/{task}/seed{seed}".format(
            **wildcards
        ),
    message:
        "Fine-tuning row {wildcards.row} on the task {wildcards.task} with seed {wildcards.seed}"
    shell:
        "crisisflow actionable_help finetune --name {wildcards.row} --seed {wildcards.seed} --tweets {input.tweets}"
        " --statistics {input.counted} --encoder {input.encoder} --row {params.row:q} --finetune {params.finetune:q} --compute {params.compute:q}"
        " --least-support {params.least_support} --keep-weights {params.keep_weights:q}"
        " --checkpoint {params.checkpoint} --history {output.epochs} --validation {output.validation}"
        " --test {output.test} --metrics {output.scores} --config {output.config} --weights {output.weights}"
        " --speed {log.speed} 2>&1 | tee {log.text} >&2"


rule help_other:
    input:
        lexicon=f"{HELP_LABELLERS}/lexicons/actionable.yaml",
        tweets=rules.help_task.output.tweets,
        counted=rules.help_task.output.counted,
    output:
        validation=f"{HELP_OTHER}/validation.parquet",
        test=f"{HELP_OTHER}/test.parquet",
        scores=f"{HELP_OTHER}/metrics.json",
    log:
        "logs/help_other-{row}-{task}-{seed}.log",
    benchmark:
        "logs/benchmarks/help_other-{row}-{task}-{seed}.tsv"
    params:
        axes=over(
            row="actionable_help.others",
            task="actionable_help.tasks",
            seed="actionable_help.seeds",
        ),
        code=code("studies.actionable_help.other"),
        encoder=section("actionable_help.minis.teacher"),
        least_support=section("actionable_help.least_support"),
    message:
        "Training row {wildcards.row} on the task {wildcards.task} with seed {wildcards.seed}"
    shell:
        "crisisflow actionable_help other --name {wildcards.row} --seed {wildcards.seed} --tweets {input.tweets}"
        " --statistics {input.counted} --encoder {params.encoder:q} --least-support {params.least_support}"
        " --validation {output.validation} --test {output.test} --metrics {output.scores} 2>&1 | tee {log} >&2"


rule help_score:
    input:
        scores=every(rules.help_finetune.output.scores)
        + every(rules.help_other.output.scores),
        tests=every(rules.help_finetune.output.test)
        + every(rules.help_other.output.test),
        counted=every(rules.help_task.output.counted),
    output:
        scores="results/actionable_help/scores.json",
        metrics=committed("results/actionable_help/metrics.json"),
    log:
        "logs/help_score.log",
    benchmark:
        "logs/benchmarks/help_score.tsv"
    params:
        code=code("studies.actionable_help.score"),
        # To DVC the files of all rows are one folder: which of them are read stands here.
        rows=section("actionable_help.rows"),
        others=section("actionable_help.others"),
        tasks=section("actionable_help.tasks"),
        seeds=section("actionable_help.seeds"),
        baseline=section("actionable_help.baseline"),
    message:
        "Scoring all rows on all tasks"
    shell:
        "crisisflow actionable_help score $(printf -- ' --metrics %s' {input.scores})"
        " $(printf -- ' --tests %s' {input.tests}) $(printf -- ' --statistics %s' {input.counted})"
        " --rows {params.rows:q} --baseline {params.baseline} --out {output.scores} --headline {output.metrics} 2>&1 | tee {log} >&2"
