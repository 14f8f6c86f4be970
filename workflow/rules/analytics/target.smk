# Included behind all other rules of the study.
rule analytics:
    input:
        expected(workflow.rules, "analytics"),
    message:
        "The study analytics is made"
