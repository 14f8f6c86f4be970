# Joint minis: entities and classes, learnt from a trained row of the leading study.
HELP_JOINT = "results/actionable_help/joint/rows/{row}/seed{seed}"


rule help_joint_teacher:
    input:
        # Which row teaches stands in the metrics, or in params.yaml.
        metrics=rules.tables.output.metrics,
        weights=every(rules.train.output.model),
        configs=every(rules.train.output.config),
        predictions=every(rules.train.output.predictions),
        tweets=rules.subset.output.tweets,
        resolved=rules.resolve.output.spans,
        corpus=rules.help_mini_corpus.output.texts,
        posts=rules.help_mini_corpus.input.posts,
        manifests=rules.help_mini_corpus.input.manifests,
    output:
        texts="data/actionable_help/joint/texts.parquet",
        said="data/actionable_help/joint/teacher.safetensors",
        chosen="data/actionable_help/joint/teacher.json",
    log:
        "logs/help_joint_teacher.log",
    benchmark:
        "logs/benchmarks/help_joint_teacher.tsv"
    threads: PARAMS["compute"]["threads"] if PARAMS["compute"]["device"] == "cpu" else workflow.cores
    resources:
        gpu=1 if PARAMS["compute"]["device"] == "cuda" else None,
    params:
        code=code("studies.actionable_help.joint_teacher"),
        teacher=section("actionable_help.joint.teacher"),
        size=section("actionable_help.joint.tweets"),
        unlabelled=section("actionable_help.joint.unlabelled"),
        compute=section("compute"),
        # To DVC the files of all rows are one folder: which of them are read stands here.
        rows=section("humaid_ner.rows"),
        seeds=section("humaid_ner.seeds"),
        files=lambda wildcards, input: options(
            weights=input.weights,
            configs=input.configs,
            predictions=input.predictions,
            posts=input.posts,
            manifests=input.manifests,
        ),
        # No output: a killed run goes on from there.
        checkpoint="data/actionable_help/joint/parts",
    message:
        "Asking a row of the leading study about the texts of the joint minis"
    shell:
        "crisisflow actionable_help joint_teacher --teacher {params.teacher} --metrics {input.metrics}"
        " --tweets {input.tweets} --resolved {input.resolved} --corpus {input.corpus} {params.files}"
        " --size {params.size:q} --unlabelled-size {params.unlabelled:q} --compute {params.compute:q}"
        " --checkpoint {params.checkpoint} --texts {output.texts} --out {output.said} --chosen {output.chosen}"
        " 2>&1 | tee {log} >&2"


rule help_distil_joint:
    input:
        texts=rules.help_joint_teacher.output.texts,
        teacher=rules.help_joint_teacher.output.said,
        mini=rules.help_distil.output.weights,
        config=rules.help_distil.output.config,
        tokenizer=rules.help_distil.output.tokenizer,
        tokenizer_config=rules.help_distil.output.tokenizer_config,
    output:
        weights=f"{HELP_JOINT}/model.safetensors",
        config=f"{HELP_JOINT}/config.json",
        tokenizer=f"{HELP_JOINT}/tokenizer.json",
        tokenizer_config=f"{HELP_JOINT}/tokenizer_config.json",
        predictions=f"{HELP_JOINT}/predictions.parquet",
        scores=f"{HELP_JOINT}/metrics.json",
        epochs=f"{HELP_JOINT}/history.csv",
    log:
        text="logs/help_distil_joint-{row}-{seed}.log",
        # Not an output: it differs from run to run.
        speed="logs/help_distil_joint-{row}-{seed}-speed.csv",
    benchmark:
        "logs/benchmarks/help_distil_joint-{row}-{seed}.tsv"
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
        axes=over(row="actionable_help.joint.shapes", seed="actionable_help.seeds"),
        code=code("studies.actionable_help.distil_joint"),
        joint=sections(
            "temperature",
            "soft_weight",
            "weighting",
            "epochs",
            "batch_size",
            "learning_rate",
            "warmup_steps",
            of="actionable_help.joint",
        ),
        compute=section("compute"),
        minis=lambda wildcards, input: Path(input.mini).parent,
        folder=lambda wildcards, output: Path(output.weights).parent,
        checkpoint=lambda wildcards: "results/actionable_help/checkpoints/joint/{row}/seed{seed}".format(
            **wildcards
        ),
    message:
        "Distilling the joint mini {wildcards.row} with seed {wildcards.seed}"
    shell:
        "crisisflow actionable_help distil_joint --name {wildcards.row} --seed {wildcards.seed} --joint {params.joint:q}"
        " --compute {params.compute:q} --texts {input.texts} --teacher {input.teacher} --mini {params.minis}"
        " --checkpoint {params.checkpoint} --out {params.folder} --history {output.epochs} --speed {log.speed}"
        " 2>&1 | tee {log.text} >&2"


rule help_score_joint:
    input:
        every(rules.help_distil_joint.output.scores),
    output:
        scores="results/actionable_help/joint/scores.json",
        metrics=committed("results/actionable_help/joint/metrics.json"),
    log:
        "logs/help_score_joint.log",
    benchmark:
        "logs/benchmarks/help_score_joint.tsv"
    params:
        code=code("studies.actionable_help.score_joint"),
        shapes=section("actionable_help.joint.shapes"),
        # To DVC the files of all minis and seeds are one folder: which of them are read stands here.
        seeds=section("actionable_help.seeds"),
    message:
        "Putting the joint minis beside their teacher"
    shell:
        "crisisflow actionable_help score_joint --rows {params.shapes:q} $(printf -- ' --metrics %s' {input})"
        " --out {output.scores} --headline {output.metrics} 2>&1 | tee {log} >&2"
