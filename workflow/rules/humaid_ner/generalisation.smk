# Trainings beside the rows, which say how far the rows' scores carry: fewer tweets to learn from, and an unseen event.
# Only their predictions are kept. Their lists may be empty, so they are in the folder of the rows, which always exists:
# dvc.yaml names no folder that may be absent.


use rule train as train_fewer with:
    output:
        model=temp(
            "results/humaid_ner/rows/fewer_tweets/{row}/seed{seed}/tweets-{tweets}/model.safetensors"
        ),
        config=temp(
            "results/humaid_ner/rows/fewer_tweets/{row}/seed{seed}/tweets-{tweets}/config.json"
        ),
        history=temp(
            "results/humaid_ner/rows/fewer_tweets/{row}/seed{seed}/tweets-{tweets}/history.csv"
        ),
        scores=temp(
            "results/humaid_ner/rows/fewer_tweets/{row}/seed{seed}/tweets-{tweets}/scores.csv"
        ),
        gradients=temp(
            "results/humaid_ner/rows/fewer_tweets/{row}/seed{seed}/tweets-{tweets}/gradients.csv"
        ),
        predictions="results/humaid_ner/rows/fewer_tweets/{row}/seed{seed}/tweets-{tweets}/predictions.parquet",
    log:
        text="logs/train_fewer-{row}-{tweets}-{seed}.log",
        speed="logs/train_fewer-{row}-{tweets}-{seed}-speed.csv",
    benchmark:
        "logs/benchmarks/train_fewer-{row}-{tweets}-{seed}.tsv"
    params:
        axes=over(
            row="humaid_ner.evaluation.learning_curve.rows",
            tweets="humaid_ner.evaluation.learning_curve.tweets",
            seed="humaid_ner.seeds",
        ),
        beside="--only-tweets {tweets}",
        training=section("humaid_ner.training", tweets="{tweets}"),
        checkpoint=lambda wildcards: "results/humaid_ner/checkpoints/fewer_tweets/{row}/seed{seed}/tweets-{tweets}".format(
            **wildcards
        ),
    message:
        "Training row {wildcards.row} with seed {wildcards.seed} on {wildcards.tweets} tweets"


rule hold_out:
    input:
        tweets=rules.subset.output.tweets,
        aligned=rules.bio.output.tweets,
    output:
        temp("data/humaid_ner/held_out/{row}/{event}.parquet"),
    log:
        "logs/hold_out-{row}.{event}.log",
    benchmark:
        "logs/benchmarks/hold_out-{row}.{event}.tsv"
    params:
        axes=over(
            row="humaid_ner.evaluation.leave_one_event_out.rows",
            event="humaid_ner.evaluation.leave_one_event_out.events",
        ),
        code=code("studies.humaid_ner.hold_out"),
    message:
        "Leaving out {wildcards.event}, row {wildcards.row}"
    shell:
        "crisisflow humaid_ner hold_out --tweets {input.tweets} --aligned {input.aligned} --event {wildcards.event}"
        " --out {output} 2>&1 | tee {log} >&2"


use rule train as train_without with:
    input:
        aligned=rules.hold_out.output,
        negatives=rules.bio.output.negatives,
    output:
        model=temp(
            "results/humaid_ner/rows/unseen_events/{row}/seed{seed}/without-{event}/model.safetensors"
        ),
        config=temp(
            "results/humaid_ner/rows/unseen_events/{row}/seed{seed}/without-{event}/config.json"
        ),
        history=temp(
            "results/humaid_ner/rows/unseen_events/{row}/seed{seed}/without-{event}/history.csv"
        ),
        scores=temp(
            "results/humaid_ner/rows/unseen_events/{row}/seed{seed}/without-{event}/scores.csv"
        ),
        gradients=temp(
            "results/humaid_ner/rows/unseen_events/{row}/seed{seed}/without-{event}/gradients.csv"
        ),
        predictions=temp(
            "results/humaid_ner/rows/unseen_events/{row}/seed{seed}/without-{event}/validation.parquet"
        ),
    log:
        text="logs/train_without-{row}.{event}-{seed}.log",
        speed="logs/train_without-{row}.{event}-{seed}-speed.csv",
    benchmark:
        "logs/benchmarks/train_without-{row}.{event}-{seed}.tsv"
    params:
        axes=over(
            row="humaid_ner.evaluation.leave_one_event_out.rows",
            event="humaid_ner.evaluation.leave_one_event_out.events",
            seed="humaid_ner.seeds",
        ),
        beside="--without-event {event}",
        checkpoint=lambda wildcards: "results/humaid_ner/checkpoints/unseen_events/{row}/seed{seed}/without-{event}".format(
            **wildcards
        ),
    message:
        "Training row {wildcards.row} with seed {wildcards.seed} without {wildcards.event}"


rule predict_event:
    input:
        weights=rules.train_without.output.model,
        config=rules.train_without.output.config,
        tweets=rules.subset.output.tweets,
        aligned=rules.bio.output.tweets,
    output:
        "results/humaid_ner/rows/unseen_events/{row}/seed{seed}/without-{event}/predictions.parquet",
    log:
        "logs/predict_event-{row}.{event}-{seed}.log",
    benchmark:
        "logs/benchmarks/predict_event-{row}.{event}-{seed}.tsv"
    params:
        axes=rules.train_without.params.axes,
        code=code("studies.humaid_ner.predict_event"),
    message:
        "Predicting {wildcards.event} by row {wildcards.row}, which was trained without it"
    shell:
        "crisisflow humaid_ner predict_event --weights {input.weights} --config {input.config} --tweets {input.tweets}"
        " --aligned {input.aligned} --event {wildcards.event} --out {output} 2>&1 | tee {log} >&2"


# The files of all rows count as input, also of rows that are not asked for: to DVC they are one folder, whatever the
# lists hold.
rule learning_curve:
    input:
        tweets=rules.subset.output.tweets,
        rows=every(rules.evaluate.output[0]),
        fewer=every(rules.train_fewer.output.predictions),
    output:
        "results/humaid_ner/learning_curve.csv",
    log:
        "logs/learning_curve.log",
    benchmark:
        "logs/benchmarks/learning_curve.tsv"
    params:
        code=code("studies.humaid_ner.learning_curve"),
        curve=section("humaid_ner.evaluation.learning_curve"),
        seeds=section("humaid_ner.seeds"),
        files=lambda wildcards, input: options(
            predictions=input.fewer,
            metrics=every(
                rules.evaluate.output[0],
                row="humaid_ner.evaluation.learning_curve.rows",
            ),
        ),
    message:
        "Scoring the rows that were trained on fewer tweets"
    shell:
        "crisisflow humaid_ner learning_curve --tweets {input.tweets} {params.files} --out {output} 2>&1 | tee {log} >&2"


rule leave_one_event_out:
    input:
        tweets=rules.subset.output.tweets,
        rows=every(rules.train.output.predictions),
        unseen=every(rules.predict_event.output[0]),
    output:
        "results/humaid_ner/leave_one_event_out.csv",
    log:
        "logs/leave_one_event_out.log",
    benchmark:
        "logs/benchmarks/leave_one_event_out.tsv"
    params:
        code=code("studies.humaid_ner.leave_one_event_out"),
        events=section("humaid_ner.evaluation.leave_one_event_out"),
        size=section("humaid_ner.training.tweets"),
        seeds=section("humaid_ner.seeds"),
        files=lambda wildcards, input: options(
            seen=every(
                rules.train.output.predictions,
                row="humaid_ner.evaluation.leave_one_event_out.rows",
            ),
            unseen=input.unseen,
        ),
    message:
        "Scoring the rows on events that they have not seen"
    shell:
        "crisisflow humaid_ner leave_one_event_out --tweets {input.tweets} --size {params.size:q} {params.files} --out {output} 2>&1 | tee {log} >&2"


# The last rule of the study names what it makes.
rule humaid_ner:
    input:
        expected(workflow.rules, "humaid_ner"),
    message:
        "The study humaid_ner is made"
