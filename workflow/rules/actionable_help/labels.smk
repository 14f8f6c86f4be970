import json

# Labels of the pool. A labeller is a row: DVC has a stage for each.
HELP_LABELLERS = "src/crisisflow/studies/actionable_help/labellers"
# The sets whose labels professionals reviewed: labelled and scored, and in no pool.
HELP_GOLD = [
    name
    for name, own in PARAMS["actionable_help"]["sets"].items()
    if own["reader"] == "disaster_response"
]
# And those from which a labeller learns, each once.
HELP_LABELLED = list(
    dict.fromkeys(
        [
            name
            for own in PARAMS["actionable_help"]["labellers"].values()
            for name in own.get("learns_from", [])
        ]
        + HELP_GOLD
    )
)


rule help_label:
    input:
        data=sorted(map(str, Path(HELP_LABELLERS).rglob("*.yaml"))),
        pool=rules.help_pool.output.tweets,
        posts=expand(rules.help_read_set.output.posts, row=HELP_LABELLED),
    output:
        "data/actionable_help/labels/{row}.parquet",
    log:
        "logs/help_label-{row}.log",
    benchmark:
        "logs/benchmarks/help_label-{row}.tsv"
    params:
        axes=over(row="actionable_help.labellers"),
        code=code("studies.actionable_help.label"),
        labeller=section("actionable_help.labellers.{row}"),
        texts=section("actionable_help.texts"),
        sets=json.dumps(HELP_LABELLED),
        gold=json.dumps(HELP_GOLD),
        posts=lambda wildcards, input: options(posts=input.posts),
        # No output: a killed run goes on from there.
        answers="data/actionable_help/answers/{row}.sqlite",
    message:
        "Labelling the pool by {wildcards.row}"
    shell:
        "crisisflow actionable_help label --pool {input.pool} --labeller {wildcards.row} --params {params.labeller:q}"
        " --sets {params.sets:q} {params.posts} --gold {params.gold:q} --texts {params.texts:q}"
        " --answers {params.answers}"
        " --out {output} 2>&1 | tee {log} >&2"


rule help_agree:
    input:
        pool=rules.help_pool.output.tweets,
        labels=every(
            rules.help_label.output[0], row="actionable_help.agreement.labellers"
        ),
    output:
        tweets="data/actionable_help/agreed.parquet",
        statistics=report(
            committed("data/actionable_help/agreement.json"),
            caption="../../report/actionable_help/agreement.rst",
            category="Data",
        ),
    log:
        "logs/help_agree.log",
    benchmark:
        "logs/benchmarks/help_agree.tsv"
    params:
        code=code("studies.actionable_help.agree"),
        labellers=section("actionable_help.agreement.labellers"),
        at_least=section("actionable_help.agreement.at_least"),
    message:
        "Comparing the labellers"
    shell:
        "crisisflow actionable_help agree --pool {input.pool} $(printf -- ' --labels %s' {input.labels})"
        " --labellers {params.labellers:q} --at-least {params.at_least:q} --out {output.tweets}"
        " --statistics {output.statistics} 2>&1 | tee {log} >&2"


rule help_sheet:
    input:
        definitions=f"{HELP_LABELLERS}/definitions.yaml",
        pool=rules.help_pool.output.tweets,
        agreed=rules.help_agree.output.tweets,
    output:
        sample="data/actionable_help/sheet/sample.csv",
        tasks="data/actionable_help/sheet/tasks.json",
        config="data/actionable_help/sheet/config.xml",
        facts="data/actionable_help/sheet/sheet.json",
    log:
        "logs/help_sheet.log",
    benchmark:
        "logs/benchmarks/help_sheet.tsv"
    params:
        code=code("studies.actionable_help.sheet"),
        texts_of=texts_of("actionable_help.sets"),
        validation=section("actionable_help.validation"),
        sets=section("actionable_help.sets"),
    message:
        "Drawing the tweets that people label"
    shell:
        "crisisflow actionable_help sheet --pool {input.pool} --agreed {input.agreed} --params {params.validation:q}"
        " --sets {params.sets:q} --sample {output.sample} --tasks {output.tasks} --config {output.config} --facts {output.facts}"
        " 2>&1 | tee {log} >&2"


rule help_score_labels:
    input:
        references=sorted(
            map(
                str,
                Path("src/crisisflow/studies/actionable_help").glob("reference/*.csv"),
            )
        ),
        pool=rules.help_pool.output.tweets,
        labels=rules.help_agree.input.labels,
        sample=rules.help_sheet.output.sample,
        generated=rules.help_generated.output.posts[0],
        gold=expand(rules.help_read_set.output.posts, row=HELP_GOLD),
    output:
        report(
            "results/actionable_help/label_scores.json",
            caption="../../report/actionable_help/label_scores.rst",
            category="Labels",
        ),
    log:
        "logs/help_score_labels.log",
    benchmark:
        "logs/benchmarks/help_score_labels.tsv"
    params:
        code=code("studies.actionable_help.score_labels"),
        labellers=rules.help_agree.params.labellers,
        at_least=rules.help_agree.params.at_least,
        texts=section("actionable_help.texts"),
        references=lambda wildcards, input: options(references=input.references),
        gold=rules.help_label.params.gold,
        gold_posts=lambda wildcards, input: options(**{"gold-posts": input.gold}),
    message:
        "Scoring the labellers"
    shell:
        "crisisflow actionable_help score_labels --pool {input.pool} $(printf -- ' --labels %s' {input.labels})"
        " --labellers {params.labellers:q} --at-least {params.at_least:q} --sample {input.sample}"
        " --generated {input.generated} --texts {params.texts:q} {params.references}"
        " --gold {params.gold:q} {params.gold_posts} --out {output}"
        " 2>&1 | tee {log} >&2"
