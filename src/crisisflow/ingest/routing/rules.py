"""rules.yaml: which incidents are told to whom, what is told, and when again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from crisisflow.ingest.routing.conditions import When
from crisisflow.ingest.typed_yaml import Duration, read
from crisisflow.params import Name, Section

Told = Literal[
    "place",
    "time",
    "type",
    "class",
    "dead",
    "injured",
    "missing",
    "displaced",
    "services_needed",
    "organisations",
    "languages",
    "posts",
]
TOLD: tuple[Told, ...] = get_args(Told)
NUMBERS = ("dead", "injured", "missing", "displaced")
Priority = Literal["urgent", "high", "normal", "low"]


class To(Section):
    """An agency by its id, or the agencies of a kind: all of them, or the one whose area holds the incident's place."""

    agency: Name | None = None
    kind: Name | None = None
    covering: Literal["place"] | None = None

    @model_validator(mode="after")
    def _one(self) -> "To":
        if (self.agency is None) == (self.kind is None):
            raise ValueError("either agency or kind is needed")
        if self.covering and not self.kind:
            raise ValueError("covering is for a kind")
        return self


class Rule(Section):
    """A rule.

    `wait` gathers what belongs together before the first alert; `repeat` is the least time between two alerts while the
    incident is open and something changed; without an acknowledgement after `acknowledge`, `escalate` is told too.
    """

    id: Name
    when: When
    to: To
    tell: Annotated[tuple[Told, ...], Field(min_length=1)]
    priority: Priority
    wait: Duration = 0
    repeat: Duration | None = None
    acknowledge: Duration | None = None
    escalate: To | None = None

    @model_validator(mode="after")
    def _both(self) -> "Rule":
        if (self.acknowledge is None) != (self.escalate is None):
            raise ValueError("acknowledge and escalate are needed together")
        return self


class Rules(Section):
    """All rules in order. An agency has one alert of an incident: the first rule that names it makes it."""

    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]


def read_rules(path: Path) -> Sequence[Rule]:
    """Read them; `crisisflow.ingest.routing.configuration` checks the names in them."""
    return read(path, Rules).rules
