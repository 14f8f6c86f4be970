"""The model card of a mini: what it is for, what it was made from, how near it came to its teacher, its limits."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from crisisflow.studies.actionable_help.mini_corpus import OWN
from crisisflow.studies.actionable_help.mini_params import DistillationParams, ShapeParams

TEMPLATE = "mini_card.md.jinja"


def render(
    name: str,
    teacher: str,
    shape: ShapeParams,
    minis: DistillationParams,
    facts: Mapping[str, Any],
    counts: Mapping[str, Any],
) -> str:
    """The card as Markdown.

    Args:
        facts: metrics.json of the mini. counts: of the step mini_corpus.
    """
    environment = Environment(
        loader=PackageLoader("crisisflow.studies.actionable_help", ""),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(TEMPLATE).render(
        name=name,
        teacher=teacher.removeprefix("embedded:"),
        shape=shape,
        minis=minis,
        facts=facts,
        counts=counts,
        generated=all(own["terms"] == OWN for own in counts["sets"].values()),
        own=facts["updates"][minis.updates[0]],
        number="{:,}".format,
    )
