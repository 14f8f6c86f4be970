# The sets that the study reads: our own templates, and those that params.yaml names.
HELP_GENERATED = ["generated", "generated_unlabelled", "generated_control"]


rule help_generated:
    input:
        templates="src/crisisflow/studies/actionable_help/generated_templates.yaml",
    output:
        posts=expand(
            "data/actionable_help/sets/{set}/posts.parquet", set=HELP_GENERATED
        ),
        manifests=expand(
            "data/actionable_help/sets/{set}/manifest.json", set=HELP_GENERATED
        ),
        truth="data/actionable_help/sets/generated/truth.parquet",
    log:
        "logs/help_generated.log",
    benchmark:
        "logs/benchmarks/help_generated.tsv"
    params:
        code=code("studies.actionable_help.generated"),
        generated=section("actionable_help.generated"),
    message:
        "Generating tweets with known labels"
    shell:
        "crisisflow actionable_help generated --params {params.generated:q} $(printf -- ' --posts %s' {output.posts})"
        " $(printf -- ' --manifests %s' {output.manifests}) --truth {output.truth} 2>&1 | tee {log} >&2"


# A set is a row: DVC has a stage for each. They lie beside the generated set, so that to DVC the sets are one folder.
rule help_read_set:
    output:
        posts="data/actionable_help/sets/{row}/posts.parquet",
        manifest="data/actionable_help/sets/{row}/manifest.json",
    log:
        "logs/help_read_set-{row}.log",
    benchmark:
        "logs/benchmarks/help_read_set-{row}.tsv"
    params:
        axes=over(row="actionable_help.sets"),
        code=code("studies.actionable_help.read_set"),
        texts_of=texts_of("actionable_help.sets"),
        set=section("actionable_help.sets.{row}"),
    message:
        "Reading the set {wildcards.row}"
    shell:
        "crisisflow actionable_help read_set --name {wildcards.row} --params {params.set:q} --posts {output.posts}"
        " --manifest {output.manifest} 2>&1 | tee {log} >&2"


ruleorder: help_generated > help_read_set


rule help_pool:
    input:
        months="src/crisisflow/corpus/event_months.yaml",
        posts=expand(
            rules.help_read_set.output.posts,
            row=PARAMS["actionable_help"]["pool"]["sets"],
        ),
        manifests=expand(
            rules.help_read_set.output.manifest,
            row=PARAMS["actionable_help"]["pool"]["sets"],
        ),
    output:
        tweets="data/actionable_help/pool.parquet",
        counts=report(
            committed("data/actionable_help/pool.json"),
            caption="../../report/actionable_help/pool.rst",
            category="Data",
        ),
    log:
        "logs/help_pool.log",
    benchmark:
        "logs/benchmarks/help_pool.tsv"
    params:
        code=code("studies.actionable_help.pool"),
        texts_of=texts_of("actionable_help.sets"),
        pool=section("actionable_help.pool"),
        texts=section("actionable_help.texts"),
    message:
        "Collecting the tweets to be labelled"
    shell:
        "crisisflow actionable_help pool $(printf -- ' --posts %s' {input.posts})"
        " $(printf -- ' --manifests %s' {input.manifests}) --params {params.pool:q} --texts {params.texts:q}"
        " --out {output.tweets} --counts {output.counts} 2>&1 | tee {log} >&2"
