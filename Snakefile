from snakemake.utils import min_version

min_version("9.27")


# Checks params.yaml before anything else may fail on it, and defines section, sources and every_run.
include: "workflow/rules/common.smk"


refuse_config_overrides(config)


report: "workflow/report/workflow.rst"


include: "workflow/rules/corpus.smk"
include: "workflow/rules/annotation.smk"
include: "workflow/rules/quality.smk"
include: "workflow/rules/alignment.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/generalisation.smk"


rule all:
    default_target: True
    input:
        # All of them, not the report alone: Snakemake does not miss an artifact that nobody asks for, so that a failed
        # step with an old report behind it would pass as done.
        rules.fetch.output,
        rules.repair.output,
        rules.subset.output,
        rules.spacy_stage.output,
        rules.ruler_stage.output,
        rules.regex_stage.output,
        rules.resolve.output,
        rules.quality.output,
        rules.source_report.output,
        expand(rules.bio.output, row=PARAMS["humaid_ner"]["rows"]),
        expand(
            rules.train.output,
            row=PARAMS["humaid_ner"]["rows"],
            seed=PARAMS["humaid_ner"]["seeds"],
        ),
        expand(
            rules.evaluate.output,
            row=PARAMS["humaid_ner"]["rows"],
            seed=PARAMS["humaid_ner"]["seeds"],
        ),
        expand(rules.floor.output, seed=PARAMS["humaid_ner"]["seeds"]),
        rules.bootstrap.output,
        rules.learning_curve.output,
        rules.leave_one_event_out.output,
        rules.against_gold.output,
        rules.tables.output,
        rules.confident_errors.output,
        rules.figures.output,
        rules.cards.output,
        rules.report.output,
    # Without one Snakemake lists all the inputs.
    message:
        "Everything is made"


onstart:
    refuse_touch(workflow.touch)


# DVC records what ran; when DVC itself started this run, it does so by its own means.
onsuccess:
    shell(f"crisisflow record --shards {len(gather.shards('{scatteritem}'))}")
    timed = ran_here(
        benchmarks(workflow.rules, scatteritem=gather.shards("{scatteritem}"))
    )
    if timed and "DVC_STAGE" not in os.environ:
        shell(f"crisisflow costs {options(benchmark=timed)} || true")
