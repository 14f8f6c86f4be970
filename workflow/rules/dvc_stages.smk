# What a stage of DVC runs: all of a row, whose seeds and other values params.yaml lists.
for name, files in stage_targets(workflow.rules).items():

    rule:
        name:
            name
        input:
            files,
        message:
            "All of it is made"


if "DVC_STAGE" in os.environ:
    refuse_leftovers(workflow.rules)
