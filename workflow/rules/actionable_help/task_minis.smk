# Minis that learn one task from its best fine-tuned classifier: the task that this study labels.
HELP_TASK_MINI = "results/actionable_help/task_minis/{row}/{loss}/seed{seed}"


rule help_task_teacher:
    input:
        tweets=expand(rules.help_task.output.tweets, task=HELP_BUILT),
        counted=expand(rules.help_task.output.counted, task=HELP_BUILT),
        scores=expand(
            rules.help_finetune.output.scores,
            row=PARAMS["actionable_help"]["keep_weights"],
            task=HELP_BUILT,
            seed=PARAMS["actionable_help"]["seeds"],
        ),
        configs=expand(
            rules.help_finetune.output.config,
            row=PARAMS["actionable_help"]["keep_weights"],
            task=HELP_BUILT,
            seed=PARAMS["actionable_help"]["seeds"],
        ),
        weights=expand(
            rules.help_finetune.output.weights,
            row=PARAMS["actionable_help"]["keep_weights"],
            task=HELP_BUILT,
            seed=PARAMS["actionable_help"]["seeds"],
        ),
        # As often as a row has seeds: the four lists go together.
        encoders=[
            path
            for row in PARAMS["actionable_help"]["keep_weights"]
            for path in expand(rules.help_encoder.output, row=row)
            for seed in PARAMS["actionable_help"]["seeds"]
        ],
    output:
        probabilities="results/actionable_help/task_teacher/probabilities.parquet",
        chosen="results/actionable_help/task_teacher/teacher.json",
    log:
        "logs/help_task_teacher.log",
    benchmark:
        "logs/benchmarks/help_task_teacher.tsv"
    params:
        code=code("studies.actionable_help.task_teacher"),
        teacher=section("actionable_help.task_distillation.teacher"),
        # To DVC the files of all rows, tasks and seeds are one folder: which of them are read stands here.
        keep_weights=section("actionable_help.keep_weights"),
        tasks=section("actionable_help.tasks"),
        seeds=section("actionable_help.seeds"),
        compute=section("compute"),
    message:
        "Asking the best classifier about the texts of the task {HELP_BUILT}"
    shell:
        "crisisflow actionable_help task_teacher --teacher {params.teacher} --compute {params.compute:q}"
        " --tweets {input.tweets} --statistics {input.counted} $(printf -- ' --metrics %s' {input.scores})"
        " $(printf -- ' --configs %s' {input.configs}) $(printf -- ' --weights %s' {input.weights})"
        " $(printf -- ' --encoders %s' {input.encoders}) --out {output.probabilities} --chosen {output.chosen}"
        " 2>&1 | tee {log} >&2"


rule help_distil_task:
    input:
        tweets=rules.help_task_teacher.input.tweets,
        counted=rules.help_task_teacher.input.counted,
        teacher=rules.help_task_teacher.output.probabilities,
        tokenizer=rules.help_vocabulary.output.tokenizer,
        tokenizer_config=rules.help_vocabulary.output.config,
    output:
        epochs=f"{HELP_TASK_MINI}/history.csv",
        validation=f"{HELP_TASK_MINI}/validation.parquet",
        test=f"{HELP_TASK_MINI}/test.parquet",
        scores=f"{HELP_TASK_MINI}/metrics.json",
    log:
        text="logs/help_distil_task-{row}-{loss}-{seed}.log",
        # Not an output: it differs from run to run.
        speed="logs/help_distil_task-{row}-{loss}-{seed}-speed.csv",
    benchmark:
        "logs/benchmarks/help_distil_task-{row}-{loss}-{seed}.tsv"
    # An accelerator takes one mini at a time.
    threads:
        PARAMS["compute"]["threads"] * PARAMS["compute"]["processes"]
        if PARAMS["compute"]["device"] == "cpu"
        else workflow.cores
    resources:
        gpu=(
            PARAMS["compute"]["processes"]
            if PARAMS["compute"]["device"] == "cuda"
            else None
        ),
    params:
        axes=over(
            row="actionable_help.minis.shapes",
            loss="actionable_help.task_distillation.losses",
            seed="actionable_help.seeds",
        ),
        code=code("studies.actionable_help.distil_task"),
        shape=section("actionable_help.minis.shapes.{row}"),
        positions=section("actionable_help.minis.positions"),
        dropout=section("actionable_help.minis.dropout"),
        distillation=section("actionable_help.task_distillation"),
        finetune=section("actionable_help.finetune"),
        compute=section("compute"),
        least_support=section("actionable_help.least_support"),
        vocabulary=lambda wildcards, input: Path(input.tokenizer).parent,
        checkpoint=lambda wildcards: "results/actionable_help/checkpoints/task_minis/{row}/{loss}/seed{seed}".format(
            **wildcards
        ),
    message:
        "Distilling the task {HELP_BUILT} into {wildcards.row} by {wildcards.loss} labels, seed {wildcards.seed}"
    shell:
        "crisisflow actionable_help distil_task --name {wildcards.row} --loss {wildcards.loss} --seed {wildcards.seed}"
        " --shape {params.shape:q} --positions {params.positions} --dropout {params.dropout}"
        " --distillation {params.distillation:q} --finetune {params.finetune:q} --compute {params.compute:q}"
        " --least-support {params.least_support} --tweets {input.tweets} --statistics {input.counted}"
        " --teacher {input.teacher} --vocabulary {params.vocabulary} --checkpoint {params.checkpoint}"
        " --history {output.epochs} --validation {output.validation} --test {output.test} --metrics {output.scores}"
        " --speed {log.speed} 2>&1 | tee {log.text} >&2"
