# The rows of Table 5. Those of one row, test and seed have a folder of their own.
ANALYTICS_RUN = "results/analytics/rows/{row}/{test}/seed{seed}"


rule analytics_classify:
    input:
        posts=expand(
            rules.analytics_posts.output.posts,
            row=PARAMS["analytics"]["classify"]["corpus"],
        ),
    output:
        predictions=f"{ANALYTICS_RUN}/predictions.parquet",
        training=f"{ANALYTICS_RUN}/training.json",
        epochs=f"{ANALYTICS_RUN}/epochs.csv",
    log:
        text="logs/analytics_classify-{row}-{test}-{seed}.log",
        # Not an output: it differs from run to run.
        speed="logs/analytics_classify-{row}-{test}-{seed}-speed.csv",
    benchmark:
        "logs/benchmarks/analytics_classify-{row}-{test}-{seed}.tsv"
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
            row="analytics.classify.rows",
            test="analytics.classify.tests",
            seed="analytics.classify.seeds",
        ),
        code=code("studies.analytics.classify"),
        row=section("analytics.classify.rows.{row}"),
        corpus=section("analytics.classify.corpus"),
        group=option("group", "analytics.classify.tests.{test}"),
        # To DVC all tests are in the folder of the row.
        tests=section("analytics.classify.tests"),
        test=section("analytics.classify.test"),
        validation=section("analytics.classify.validation"),
        split_seed=section("analytics.classify.seed"),
        compute=section("compute"),
        checkpoint=lambda wildcards: "results/analytics/checkpoints/{row}/{test}/seed{seed}".format(
            **wildcards
        ),
    message:
        "Training the classifier {wildcards.row} for the test {wildcards.test} with seed {wildcards.seed}"
    shell:
        "crisisflow analytics classify --name {wildcards.row} --row {params.row:q} --posts {input.posts}"
        " --corpus {params.corpus} --test-name {wildcards.test} {params.group} --test {params.test}"
        " --validation {params.validation} --split-seed {params.split_seed} --compute {params.compute:q}"
        " --seed {wildcards.seed} --checkpoint {params.checkpoint} --predictions {output.predictions}"
        " --training {output.training} --epochs {output.epochs} --speed {log.speed} 2>&1 | tee {log.text} >&2"


rule analytics_classify_scores:
    input:
        predictions=every(rules.analytics_classify.output.predictions),
        trainings=every(rules.analytics_classify.output.training),
    output:
        "results/analytics/classes.json",
    log:
        "logs/analytics_classify_scores.log",
    benchmark:
        "logs/benchmarks/analytics_classify_scores.tsv"
    params:
        code=code("studies.analytics.classify_scores"),
        classify=section("analytics.classify"),
        resamples=section("analytics.scores.resamples"),
        files=lambda wildcards, input: options(
            predictions=input.predictions, trainings=input.trainings
        ),
    message:
        "Scoring all rows of Table 5"
    shell:
        "crisisflow analytics classify_scores {params.files} --params {params.classify:q}"
        " --resamples {params.resamples} --out {output} 2>&1 | tee {log} >&2"
