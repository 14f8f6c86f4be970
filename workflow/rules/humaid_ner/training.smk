rule train:
    input:
        aligned=rules.bio.output.tweets,
        negatives=rules.bio.output.negatives,
    output:
        model="results/humaid_ner/rows/{row}/seed{seed}/model.safetensors",
        config="results/humaid_ner/rows/{row}/seed{seed}/config.json",
        history="results/humaid_ner/histories/{row}/seed{seed}/history.csv",
        scores="results/humaid_ner/rows/{row}/seed{seed}/scores.csv",
        gradients="results/humaid_ner/rows/{row}/seed{seed}/gradients.csv",
        predictions="results/humaid_ner/rows/{row}/seed{seed}/predictions.parquet",
    log:
        text="logs/train-{row}-{seed}.log",
        # Not an output: it differs from run to run.
        speed="logs/train-{row}-{seed}-speed.csv",
    benchmark:
        "logs/benchmarks/train-{row}-{seed}.tsv"
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
        axes=over(row="humaid_ner.rows", seed="humaid_ner.seeds"),
        code=code("studies.humaid_ner.train"),
        # Of trainings beside the rows, what they are.
        beside="",
        row=section("humaid_ner.rows.{row}"),
        training=section("humaid_ner.training"),
        model=section("humaid_ner.model"),
        alignment=section("humaid_ner.alignment"),
        compute=section("compute"),
        checkpoint=lambda wildcards: f"results/humaid_ner/checkpoints/{wildcards.row}/seed{wildcards.seed}",
    message:
        "Training row {wildcards.row} with seed {wildcards.seed}"
    shell:
        "crisisflow humaid_ner train --name {wildcards.row} --seed {wildcards.seed} --aligned {input.aligned} --negatives {input.negatives}"
        " --row {params.row:q} --training {params.training:q} --model {params.model:q}"
        " --alignment {params.alignment:q} --compute {params.compute:q} --checkpoint {params.checkpoint} --out {output.model}"
        " --config {output.config} --history {output.history} --scores {output.scores}"
        " --gradients {output.gradients} --predictions {output.predictions} --speed {log.speed} {params.beside} 2>&1 | tee {log.text} >&2"
