# The mini models: their texts and subwords, what their teacher says of the texts, and the distillation of each.
HELP_MINI = "results/actionable_help/minis/{row}"
# All but the shared corpus, which is read as it is.
MINI_SETS = [
    name for name in PARAMS["actionable_help"]["minis"]["corpus"] if name != "corpus"
]


rule help_mini_corpus:
    input:
        tweets=rules.subset.output.tweets,
        source=rules.fetch.output.manifest,
        posts=expand(rules.help_read_set.output.posts, row=MINI_SETS),
        manifests=expand(rules.help_read_set.output.manifest, row=MINI_SETS),
        tasks=every(rules.help_task.output.tweets),
    output:
        texts="data/actionable_help/minis/corpus.parquet",
        counts=committed("data/actionable_help/minis/corpus.json"),
    log:
        "logs/help_mini_corpus.log",
    benchmark:
        "logs/benchmarks/help_mini_corpus.tsv"
    params:
        code=code("studies.actionable_help.mini_corpus"),
        sets=section("actionable_help.minis.corpus"),
        size=section("actionable_help.minis.size"),
        held_out=section("actionable_help.minis.held_out"),
        seed=section("actionable_help.minis.seed"),
        texts=section("actionable_help.texts"),
        files=lambda wildcards, input: options(
            posts=input.posts, manifests=input.manifests, tasks=input.tasks
        ),
    message:
        "Collecting the texts of the mini models"
    shell:
        "crisisflow actionable_help mini_corpus --sets {params.sets:q} --size {params.size:q} --texts {params.texts:q}"
        " --held-out {params.held_out} --seed {params.seed} --tweets {input.tweets} --source {input.source}"
        " {params.files} --out {output.texts} --counts {output.counts} 2>&1 | tee {log} >&2"


rule help_vocabulary:
    input:
        corpus=rules.help_mini_corpus.output.texts,
    output:
        tokenizer="data/actionable_help/minis/vocabulary/tokenizer.json",
        config="data/actionable_help/minis/vocabulary/tokenizer_config.json",
        subwords="data/actionable_help/minis/vocabulary/subwords.json",
    log:
        "logs/help_vocabulary.log",
    benchmark:
        "logs/benchmarks/help_vocabulary.tsv"
    params:
        code=code("studies.actionable_help.vocabulary"),
        teacher=section("actionable_help.minis.teacher"),
        vocabulary=section("actionable_help.minis.vocabulary"),
        positions=section("actionable_help.minis.positions"),
        folder=lambda wildcards, output: Path(output.tokenizer).parent,
    message:
        "Learning the subwords of the mini models"
    shell:
        "crisisflow actionable_help vocabulary --corpus {input.corpus} --teacher={params.teacher:q}"
        " --vocabulary {params.vocabulary:q} --positions {params.positions} --tokenizer {params.folder}"
        " --subwords {output.subwords} 2>&1 | tee {log} >&2"


rule help_teach:
    input:
        corpus=rules.help_mini_corpus.output.texts,
    output:
        "data/actionable_help/minis/teacher.safetensors",
    log:
        "logs/help_teach.log",
    benchmark:
        "logs/benchmarks/help_teach.tsv"
    threads: PARAMS["compute"]["threads"] if PARAMS["compute"]["device"] == "cpu" else workflow.cores
    resources:
        gpu=1 if PARAMS["compute"]["device"] == "cuda" else None,
    params:
        code=code("studies.actionable_help.teach"),
        teacher=section("actionable_help.minis.teacher"),
        max_length=section("actionable_help.minis.max_length"),
        compute=section("compute"),
        # No output: a killed run goes on from there.
        checkpoint="data/actionable_help/minis/parts",
    message:
        "Embedding the texts of the mini models by their teacher"
    shell:
        "crisisflow actionable_help teach --corpus {input.corpus} --teacher={params.teacher:q}"
        " --max-length {params.max_length} --compute {params.compute:q} --checkpoint {params.checkpoint}"
        " --out {output} 2>&1 | tee {log} >&2"


rule help_distil:
    input:
        corpus=rules.help_mini_corpus.output.texts,
        counts=rules.help_mini_corpus.output.counts,
        embeddings=rules.help_teach.output[0],
        tokenizer=rules.help_vocabulary.output.tokenizer,
        tokenizer_config=rules.help_vocabulary.output.config,
        tweets=expand(rules.help_task.output.tweets, task=HELP_BUILT),
        counted=expand(rules.help_task.output.counted, task=HELP_BUILT),
    output:
        weights=f"{HELP_MINI}/model.safetensors",
        config=f"{HELP_MINI}/config.json",
        tokenizer=f"{HELP_MINI}/tokenizer.json",
        tokenizer_config=f"{HELP_MINI}/tokenizer_config.json",
        card=f"{HELP_MINI}/README.md",
        epochs=f"{HELP_MINI}/epochs.csv",
        losses=f"{HELP_MINI}/losses.csv",
        probe=f"{HELP_MINI}/probe.csv",
        metrics=committed(f"{HELP_MINI}/metrics.json"),
    log:
        text="logs/help_distil-{row}.log",
        # Not an output: it differs from run to run.
        speed="logs/help_distil-{row}-speed.csv",
    benchmark:
        "logs/benchmarks/help_distil-{row}.tsv"
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
        axes=over(row="actionable_help.minis.shapes"),
        code=code("studies.actionable_help.distil"),
        shape=section("actionable_help.minis.shapes.{row}"),
        # To DVC the files of all tasks are one folder: which of them is read stands here.
        tasks=section("actionable_help.tasks"),
        teacher=section("actionable_help.minis.teacher"),
        minis=sections(
            "projection",
            "updates",
            "start",
            "epochs",
            "batch_size",
            "learning_rate",
            "warmup_steps",
            "dropout",
            "max_length",
            "positions",
            "precision",
            "seed",
            of="actionable_help.minis",
        ),
        compute=section("compute"),
        vocabulary=lambda wildcards, input: Path(input.tokenizer).parent,
        folder=lambda wildcards, output: Path(output.weights).parent,
        checkpoint=lambda wildcards: f"results/actionable_help/checkpoints/minis/{wildcards.row}",
    message:
        "Distilling the mini {wildcards.row}"
    shell:
        "crisisflow actionable_help distil --name {wildcards.row} --corpus {input.corpus} --counts {input.counts}"
        " --embeddings {input.embeddings} --vocabulary {params.vocabulary} --tweets {input.tweets}"
        " --statistics {input.counted} --teacher={params.teacher:q}"
        " --shape {params.shape:q} --minis {params.minis:q} --compute {params.compute:q}"
        " --checkpoint {params.checkpoint} --out {params.folder} --speed {log.speed} 2>&1 | tee {log.text} >&2"
