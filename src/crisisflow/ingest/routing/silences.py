"""silences.yaml: what is not told until a time, by whom and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from crisisflow.ingest.incident import Incident, Time
from crisisflow.ingest.typed_yaml import fault, read
from crisisflow.params import Line, Name, Section, Text
from crisisflow.places.names import key


class Silence(Section):
    """Silences alerts of a rule, to an agency, or about a place; all that is given must fit."""

    rule: Name | None = None
    agency: Name | None = None
    place: Text | None = None
    until: Time
    by: Line
    reason: Line

    @model_validator(mode="after")
    def _of_something(self) -> "Silence":
        if not (self.rule or self.agency or self.place):
            raise ValueError("rule, agency or place is needed; a silence of everything is not possible")
        return self

    def fits(self, rule: str, agency: str, incident: Incident, at: datetime) -> bool:
        """Whether it silences an alert at a time."""
        return (
            at < self.until
            and self.rule in (None, rule)
            and self.agency in (None, agency)
            and (self.place is None or (incident.place is not None and key(self.place) in incident.place.keys))
        )


class Silences(Section):
    """All of them."""

    silences: Annotated[tuple[Silence, ...], Field()] = ()


def read_silences(path: Path, rules: Sequence[str], agencies: Mapping[str, object]) -> Sequence[Silence]:
    """Read and check; no file is no silence.

    Raises:
        CrisisflowError: it does not fit, or names an unknown rule or agency.
    """
    if not path.exists():
        return ()
    found = read(path, Silences).silences
    for number, own in enumerate(found):
        for field, known in (("rule", rules), ("agency", agencies)):
            name = getattr(own, field)
            if name is not None and name not in known:
                raise fault(path, ["silences", number, field], f"there is no {field} {name}")
    return found
