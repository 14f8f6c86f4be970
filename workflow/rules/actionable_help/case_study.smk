# Who asks and who offers: places, months and resources.
# The sets that say of which resources their texts speak, each once.
HELP_SPOKEN = list(
    dict.fromkeys([*PARAMS["actionable_help"]["resources"]["learns_from"], *HELP_GOLD])
)


rule help_mentions:
    input:
        lexicons=lexicons("spacy") + lexicons("ruler") + lexicons("regex"),
        pool=rules.help_pool.output.tweets,
    output:
        "data/actionable_help/mentions.parquet",
    log:
        "logs/help_mentions.log",
    benchmark:
        "logs/benchmarks/help_mentions.tsv"
    params:
        code=code("studies.actionable_help.mentions"),
        annotation=section("annotation"),
    message:
        "Finding the places that tweets name"
    shell:
        "crisisflow actionable_help mentions --pool {input.pool} --annotation {params.annotation:q} --out {output} 2>&1 | tee {log} >&2"


rule help_find_resources:
    input:
        lexicon="src/crisisflow/studies/actionable_help/resources.yaml",
        pool=rules.help_pool.output.tweets,
        truth=rules.help_generated.output.truth,
        posts=expand(rules.help_read_set.output.posts, row=HELP_SPOKEN),
    output:
        tweets="data/actionable_help/resources.parquet",
        scores=report(
            "results/actionable_help/resource_scores.json",
            caption="../../report/actionable_help/resource_scores.rst",
            category="Case study",
        ),
    log:
        "logs/help_find_resources.log",
    benchmark:
        "logs/benchmarks/help_find_resources.tsv"
    params:
        code=code("studies.actionable_help.find_resources"),
        resources=section("actionable_help.resources"),
        texts=section("actionable_help.texts"),
        sets=json.dumps(HELP_SPOKEN),
        gold=rules.help_label.params.gold,
        posts=lambda wildcards, input: options(posts=input.posts),
    message:
        "Finding the resources that tweets name"
    shell:
        "crisisflow actionable_help find_resources --pool {input.pool} --truth {input.truth} --sets {params.sets:q}"
        " {params.posts} --gold {params.gold:q} --params {params.resources:q} --texts {params.texts:q}"
        " --out {output.tweets} --scores {output.scores} 2>&1 | tee {log} >&2"


rule help_classify:
    input:
        pool=rules.help_pool.output.tweets,
        scores=rules.help_score.output.scores,
        encoders=every(rules.help_encoder.output[0]),
        configs=every(rules.help_finetune.output.config),
        weights=every(rules.help_finetune.output.weights),
    output:
        "data/actionable_help/predicted.parquet",
    log:
        "logs/help_classify.log",
    benchmark:
        "logs/benchmarks/help_classify.tsv"
    params:
        code=code("studies.actionable_help.classify"),
        # To DVC the files of all rows are one folder: which of them are read stands here.
        rows=section("actionable_help.rows"),
        tasks=section("actionable_help.tasks"),
        seeds=section("actionable_help.seeds"),
    message:
        "Labelling all tweets of the pool by the best row"
    shell:
        "crisisflow actionable_help classify --pool {input.pool} --scores {input.scores}"
        " $(printf -- ' --configs %s' {input.configs}) $(printf -- ' --weights %s' {input.weights})"
        " $(printf -- ' --encoders %s' {input.encoders}) --out {output} 2>&1 | tee {log} >&2"


rule help_ratios:
    input:
        references=rules.help_score_labels.input.references,
        pool=rules.help_pool.output.tweets,
        mentions=rules.help_mentions.output[0],
        resources=rules.help_find_resources.output.tweets,
        predicted=rules.help_classify.output[0],
        sample=rules.help_sheet.output.sample,
        generated=rules.help_generated.output.posts[0],
    output:
        report(
            "results/actionable_help/ratios.csv",
            caption="../../report/actionable_help/ratios.rst",
            category="Case study",
        ),
    log:
        "logs/help_ratios.log",
    benchmark:
        "logs/benchmarks/help_ratios.tsv"
    params:
        code=code("studies.actionable_help.ratios"),
        texts=section("actionable_help.texts"),
        ratios=section("actionable_help.ratios"),
        references=rules.help_score_labels.params.references,
    message:
        "Counting requests and offers by place, month and resource"
    shell:
        "crisisflow actionable_help ratios --pool {input.pool} --mentions {input.mentions} --resources {input.resources} --predicted {input.predicted}"
        " --sample {input.sample} --generated {input.generated} --texts {params.texts:q} --params {params.ratios:q}"
        " {params.references} --out {output} 2>&1 | tee {log} >&2"


rule help_match:
    input:
        pool=rules.help_pool.output.tweets,
        mentions=rules.help_mentions.output[0],
        resources=rules.help_find_resources.output.tweets,
        predicted=rules.help_classify.output[0],
        truth=rules.help_generated.output.truth,
    output:
        matches="results/actionable_help/matches.csv",
        metrics=committed("results/actionable_help/matching.json"),
    log:
        "logs/help_match.log",
    benchmark:
        "logs/benchmarks/help_match.tsv"
    params:
        code=code("studies.actionable_help.match"),
        match=section("actionable_help.match"),
        finder=section("actionable_help.ratios.resources"),
    message:
        "Finding the offers that fit each request"
    shell:
        "crisisflow actionable_help match --pool {input.pool} --mentions {input.mentions} --resources {input.resources} --predicted {input.predicted}"
        " --finder {params.finder} --truth {input.truth} --params {params.match:q} --out {output.matches} --metrics {output.metrics} 2>&1 | tee {log} >&2"


# One rule for all of it: with no event named it makes nothing, and then nothing needs to be there.
rule help_unseen_event:
    input:
        references=sorted(
            map(
                str,
                Path("src/crisisflow/studies/actionable_help").glob(
                    "reference/unseen/*.csv"
                ),
            )
        ),
        definitions=rules.help_sheet.input.definitions,
        pool=rules.help_pool.output.tweets,
        labels=rules.help_agree.input.labels,
        posts=rules.help_label.input.posts,
        encoders=every(rules.help_encoder.output[0]),
        generated=rules.help_generated.output.posts[0],
    output:
        sample="data/actionable_help/unseen/sample.csv",
        tasks="data/actionable_help/unseen/tasks.json",
        config="data/actionable_help/unseen/config.xml",
        scores="results/actionable_help/unseen_event.json",
    log:
        "logs/help_unseen_event.log",
    benchmark:
        "logs/benchmarks/help_unseen_event.tsv"
    threads: PARAMS["compute"]["threads"] if PARAMS["compute"]["device"] == "cpu" else workflow.cores
    resources:
        gpu=1 if PARAMS["compute"]["device"] == "cuda" else None,
    params:
        code=code("studies.actionable_help.unseen_event"),
        texts_of=texts_of("actionable_help.sets"),
        settings=sections(
            "unseen_event",
            "texts",
            "sets",
            "labellers",
            "agreement",
            "tasks",
            "splits",
            "rows",
            "finetune",
            "least_support",
            of="actionable_help",
        ),
        compute=section("compute"),
        sets=rules.help_label.params.sets,
        posts=rules.help_label.params.posts,
        references=rules.help_score_labels.params.references,
        # No output: a killed run goes on from there.
        checkpoint="results/actionable_help/checkpoints/unseen",
    message:
        "Training without one event"
    shell:
        "crisisflow actionable_help unseen_event --params {params.settings:q} --compute {params.compute:q}"
        " --pool {input.pool} $(printf -- ' --labels %s' {input.labels}) --sets {params.sets:q} {params.posts}"
        " $(printf -- ' --encoders %s' {input.encoders}) --generated {input.generated} {params.references}"
        " --checkpoint {params.checkpoint} --sample {output.sample} --tasks {output.tasks} --config {output.config}"
        " --scores {output.scores} 2>&1 | tee {log} >&2"
