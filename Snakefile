from snakemake.utils import min_version

min_version("9.27")


# Checks params.yaml before anything else may fail on it, and defines what the rules use.
include: "workflow/rules/common.smk"


refuse_config_overrides(config)


report: "workflow/report/workflow.rst"


include: "workflow/rules/corpus.smk"
include: "workflow/rules/annotation.smk"
include: "workflow/rules/humaid_ner/alignment.smk"
include: "workflow/rules/humaid_ner/training.smk"
include: "workflow/rules/humaid_ner/evaluation.smk"
include: "workflow/rules/humaid_ner/generalisation.smk"
include: "workflow/rules/difficult_negatives/mining.smk"
include: "workflow/rules/difficult_negatives/tagging.smk"
include: "workflow/rules/difficult_negatives/joint.smk"
include: "workflow/rules/difficult_negatives/report.smk"
include: "workflow/rules/actionable_help/pool.smk"
include: "workflow/rules/actionable_help/labels.smk"
include: "workflow/rules/actionable_help/tasks.smk"
include: "workflow/rules/actionable_help/minis.smk"
include: "workflow/rules/actionable_help/rows.smk"
include: "workflow/rules/actionable_help/task_minis.smk"
include: "workflow/rules/actionable_help/joint_minis.smk"
include: "workflow/rules/actionable_help/case_study.smk"
include: "workflow/rules/actionable_help/report.smk"
include: "workflow/rules/actionable_help/target.smk"
include: "workflow/rules/analytics/topics.smk"
include: "workflow/rules/analytics/clusters.smk"
include: "workflow/rules/analytics/scores.smk"
include: "workflow/rules/analytics/classify.smk"
include: "workflow/rules/analytics/report.smk"
include: "workflow/rules/analytics/target.smk"
include: "workflow/rules/gnom/study.smk"
include: "workflow/rules/gnom/report.smk"
# Behind all rules, since it reads them.
include: "workflow/rules/dvc_stages.smk"


rule all:
    default_target: True
    input:
        # All of them, not the reports alone: Snakemake does not miss an artifact that nobody asks for, so that a failed
        # step with an old report behind it would pass as done.
        expected(workflow.rules),
    # Without one Snakemake lists all the inputs.
    message:
        "Everything is made"


onstart:
    refuse_touch(workflow.touch)
    refuse_sharing(workflow.rules)
    refuse_old_stages(workflow.rules)


# DVC records what ran; when DVC itself started this run, it does so by its own means.
onsuccess:
    shell(f"crisisflow record --shards {len(gather.shards('{scatteritem}'))}")
    timed = ran_here(
        benchmarks(workflow.rules, scatteritem=gather.shards("{scatteritem}"))
    )
    # No artifact of a rule: it lists the studies that are there, and is made anew when one of them is.
    if index_is_old(named(workflow.rules, "headline")):
        shell("crisisflow index")
    if timed and "DVC_STAGE" not in os.environ:
        shell(f"crisisflow costs {options(benchmark=timed)} || true")
