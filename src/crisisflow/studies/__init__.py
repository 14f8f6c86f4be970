"""The studies: each reproduces one paper. A study uses the shared rooms, and no other study.

The whole of params.yaml is composed here: the shared sections, then one section a study, under its name.
"""

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import create_model

from crisisflow import presets
from crisisflow.params import ParamsSection, SharedParams, read_sections
from crisisflow.studies.actionable_help import steps as actionable_help_steps
from crisisflow.studies.actionable_help.params import ActionableHelpParams
from crisisflow.studies.analytics import steps as analytics_steps
from crisisflow.studies.analytics.params import AnalyticsParams
from crisisflow.studies.difficult_negatives import steps as difficult_negatives_steps
from crisisflow.studies.difficult_negatives.params import DifficultNegativesParams
from crisisflow.studies.gnom import steps as gnom_steps
from crisisflow.studies.gnom.params import GnomParams
from crisisflow.studies.humaid_ner import steps as humaid_ner_steps
from crisisflow.studies.humaid_ner.params import HumaidNerParams

# By name: where the function is ("package.module:function"), and one line of help.
Steps = dict[str, tuple[str, str]]


class Study(NamedTuple):
    """What a study adds: to the command line its steps, and the module whose `app` has its other commands, if any; to
    params.yaml the section with its name, and what checks the names in it ("package.module:function"), if anything; to
    the server what opens its model of requests and offers, or of topics, if it has one."""

    title: str
    params: type[ParamsSection]
    steps: Steps
    commands: str | None = None
    absent: str | None = None
    help_model: str | None = None
    topic_model: str | None = None


STUDIES = {
    "humaid_ner": Study(
        humaid_ner_steps.TITLE,
        HumaidNerParams,
        humaid_ner_steps.STEPS,
        "crisisflow.studies.humaid_ner.commands",
        "crisisflow.studies.humaid_ner.named:absent",
    ),
    "difficult_negatives": Study(
        difficult_negatives_steps.TITLE,
        DifficultNegativesParams,
        difficult_negatives_steps.STEPS,
        "crisisflow.studies.difficult_negatives.commands",
        "crisisflow.studies.difficult_negatives.named:absent",
    ),
    "actionable_help": Study(
        actionable_help_steps.TITLE,
        ActionableHelpParams,
        actionable_help_steps.STEPS,
        "crisisflow.studies.actionable_help.commands",
        "crisisflow.studies.actionable_help.named:absent",
        "crisisflow.studies.actionable_help.service:open_help",
    ),
    "analytics": Study(
        analytics_steps.TITLE,
        AnalyticsParams,
        analytics_steps.STEPS,
        "crisisflow.studies.analytics.commands",
        "crisisflow.studies.analytics.named:absent",
        topic_model="crisisflow.studies.analytics.service:open_topics",
    ),
    "gnom": Study(
        gnom_steps.TITLE,
        GnomParams,
        gnom_steps.STEPS,
        "crisisflow.studies.gnom.commands",
        "crisisflow.studies.gnom.named:absent",
    ),
}

LEADING = next(iter(STUDIES))  # meant where no study is named: what `make reproduce` runs, and what is served
SHIPPED = "humaid_mini"  # the model in models/ that is served without a run; of real tweets

Params = create_model(
    "Params",
    __base__=SharedParams,
    __doc__="The whole of params.yaml.",
    **{name: (study.params, ...) for name, study in STUDIES.items()},
)


def read_params(path: Path) -> tuple[Any, dict[str, Any]]:
    """Read and check params.yaml; returns the typed form (Params) and the plain one.

    Raises:
        CrisisflowError: the file is absent, is no YAML mapping, or breaks the schema; the offending key is named.
    """
    return read_sections([path], Params)


def write_preset(name: str, folder: Path, out: Path, study: str | None = None) -> None:
    """Write a preset, or only its section of one study, to `out`: see crisisflow.presets.write.

    Raises:
        CrisisflowError: there is no such preset or study, the result breaks the schema, or edits would be lost.
    """
    presets.write(name, folder, out, list(STUDIES), Params, study)
