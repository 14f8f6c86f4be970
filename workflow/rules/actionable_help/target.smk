# Included behind all other rules of the study.
rule actionable_help:
    input:
        expected(workflow.rules, "actionable_help"),
    message:
        "The study actionable_help is made"
