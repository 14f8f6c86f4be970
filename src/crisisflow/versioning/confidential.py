"""Confidential texts: what holds texts of a set that may not be passed on stays out of DVC's remotes.

A rule whose outputs hold texts of sets says so (`texts_of`). Where one of the sets is confidential, dvc.yaml has the
outputs with `push: false`. DVC takes no variable there, so who names such a set writes dvc.yaml anew
(dvcyaml.refuse_sharing).
"""

from collections.abc import Callable
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING, Any

from crisisflow.corpus.sources.sets import SETS
from crisisflow.versioning.rule_helpers import load_params

if TYPE_CHECKING:
    from snakemake.rules import Rule


def texts_of(path: str) -> Callable[[Any], str]:
    """A rule's parameter: its outputs hold texts of the sets at `path` of params.yaml (dots between keys).

    A set there is a mapping with its `terms`, or the folder of the public set of its name. To Snakemake the parameter
    is an empty text.
    """

    def nothing(wildcards: Any) -> str:
        return ""

    nothing.texts_of = path
    return nothing


def confidential_sets(path: str) -> list[str]:
    """The confidential ones of the sets at a path of params.yaml."""
    sets = reduce(getitem, path.split("."), load_params())
    return [
        name
        for name, own in sets.items()
        if (own["terms"] == "confidential" if isinstance(own, dict) else SETS[name].confidential)
    ]


def is_confidential(rule: "Rule") -> bool:
    """Whether the outputs of a rule hold texts that may not be passed on."""
    return any(confidential_sets(value.texts_of) for value in rule.params if hasattr(value, "texts_of"))
