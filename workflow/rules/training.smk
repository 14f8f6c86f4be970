rule train:
    input:
        aligned=rules.bio.output.tweets,
    output:
        model="results/rows/{row}/seed{seed}/model.safetensors",
        config="results/rows/{row}/seed{seed}/config.json",
        history="results/rows/{row}/seed{seed}/history.csv",
        predictions="results/rows/{row}/seed{seed}/predictions.parquet",
    log:
        "logs/train-{row}-{seed}.log",
    benchmark:
        "logs/benchmarks/train-{row}-{seed}.tsv"
    # An accelerator takes one row at a time.
    threads:
        PARAMS["training"]["threads"]
        if PARAMS["training"]["device"] == "cpu"
        else workflow.cores
    params:
        code=code("training.train"),
        row=section("rows.{row}"),
        training=section("training"),
        model=section("model"),
        alignment=section("alignment"),
        checkpoint=lambda wildcards: f"results/checkpoints/{wildcards.row}/seed{wildcards.seed}",
    message:
        "Training row {wildcards.row} with seed {wildcards.seed}"
    shell:
        "crisisflow train --name {wildcards.row} --seed {wildcards.seed} --aligned {input.aligned}"
        " --row {params.row:q} --training {params.training:q} --model {params.model:q}"
        " --alignment {params.alignment:q} --checkpoint {params.checkpoint} --out {output.model}"
        " --config {output.config} --history {output.history} --predictions {output.predictions} 2>&1 | tee {log} >&2"
