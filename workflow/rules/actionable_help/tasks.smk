# The tasks: labelled texts, split.
# The generated set is always among the sets, so that to DVC there is a folder of them.
HELP_SETS = [
    "generated",
    *sorted(
        {task["set"] for task in PARAMS["actionable_help"]["tasks"].values()}
        - {"agreed", "corpus", "generated"}
    ),
]
# The task that this study labels.
HELP_BUILT = next(
    name
    for name, task in PARAMS["actionable_help"]["tasks"].items()
    if task["kind"] == "built"
)
HELP_TASK = "data/actionable_help/tasks/{task}"


rule help_task:
    input:
        agreed=rules.help_agree.output.tweets,
        pool=rules.help_pool.output.tweets,
        tweets=rules.subset.output.tweets,
        resolved=rules.resolve.output.spans,
        posts=expand(rules.help_read_set.output.posts, row=HELP_SETS),
        manifests=expand(rules.help_read_set.output.manifest, row=HELP_SETS),
    output:
        tweets=f"{HELP_TASK}/tweets.parquet",
        counted=f"{HELP_TASK}/counts.json",
    log:
        "logs/help_task-{task}.log",
    benchmark:
        "logs/benchmarks/help_task-{task}.tsv"
    params:
        axes=over(task="actionable_help.tasks"),
        code=code("studies.actionable_help.task"),
        texts_of=texts_of("actionable_help.sets"),
        task=section("actionable_help.tasks.{task}"),
        splits=section("actionable_help.splits"),
        texts=section("actionable_help.texts"),
    message:
        "Splitting the task {wildcards.task}"
    shell:
        "crisisflow actionable_help task --name {wildcards.task} --task {params.task:q} --splits {params.splits:q}"
        " --texts {params.texts:q} --agreed {input.agreed} --pool {input.pool} --tweets {input.tweets}"
        " --resolved {input.resolved} $(printf -- ' --posts %s' {input.posts})"
        " $(printf -- ' --manifests %s' {input.manifests}) --out {output.tweets} --statistics {output.counted} 2>&1 | tee {log} >&2"
