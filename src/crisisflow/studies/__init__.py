"""The studies: each reproduces one paper. A study uses the shared rooms, and no other study."""

from typing import NamedTuple

from crisisflow.studies.humaid_ner import steps as humaid_ner

# By name: where the function is ("package.module:function"), and one line of help.
Steps = dict[str, tuple[str, str]]


class Study(NamedTuple):
    """What a study adds to the command line: its steps, and the module whose `app` has its other commands, if any."""

    title: str
    steps: Steps
    commands: str | None = None


STUDIES = {"humaid_ner": Study(humaid_ner.TITLE, humaid_ner.STEPS, "crisisflow.studies.humaid_ner.commands")}
