from snakemake.utils import min_version

min_version("9.27")


# Checks params.yaml before anything else may fail on it, and defines section, sources and every_run.
include: "workflow/rules/common.smk"


configfile: "params.yaml"


refuse_config_overrides(config, PARAMS)


report: "workflow/report/workflow.rst"


include: "workflow/rules/corpus.smk"
include: "workflow/rules/annotation.smk"
include: "workflow/rules/alignment.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"


rule all:
    default_target: True
    input:
        rules.report.output,


# DVC records what ran; when DVC itself started this run, it does so by its own means.
onsuccess:
    shell("crisisflow record")
