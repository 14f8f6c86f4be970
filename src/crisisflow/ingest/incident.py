"""The facts of an incident, as rules read them and alerts tell them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from crisisflow.errors import CrisisflowError
from crisisflow.params import Section
from crisisflow.places.coordinates import Kind
from crisisflow.places.names import key
from crisisflow.validation import explain

State = Literal["open", "acknowledged", "closed"]
STATES: tuple[State, ...] = ("open", "acknowledged", "closed")


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs its zone: 2026-03-01T12:00:00Z")
    return value.astimezone(UTC)


Time = Annotated[datetime, AfterValidator(_utc)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=0)]


class Where(Section):
    """A place; `kind` is None where only coordinates are known."""

    name: str = ""
    kind: Kind | None = None
    country: str = ""
    state: str = ""
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its name and of what it lies in (`crisisflow.places.names.key`)."""
        return frozenset(filter(None, map(key, (self.name, self.state, self.country))))


class Post(Section):
    """A post of an incident.

    `names` are stretches (start, end) of its text that name people or streets, in code points.
    """

    id: str
    text: str
    at: Time | None = None
    names: tuple[tuple[Whole, Whole], ...] = ()


class Incident(Section):
    """What is known of an incident.

    `classes` are shares of its posts, `entities` counts of mentions, `numbers` the least and the largest number that a
    post tells. `examples` are the posts that an alert shows; `posts` and `authors` count all. `acknowledged_by` are
    ids of agencies that took it; the state `acknowledged` says that the desk did.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    watch: str = "manual"
    state: State = "open"
    type: str | None = None
    classes: dict[str, Share] = {}
    entities: dict[str, Whole] = {}
    numbers: dict[str, tuple[Whole, Whole]] = {}
    place: Where | None = None
    languages: tuple[str, ...] = ()
    confidence: Share
    posts: Annotated[int, Field(ge=1)]
    authors: Annotated[int, Field(ge=1)]
    since: Time
    until: Time
    needs: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    examples: tuple[Post, ...] = ()
    verified_by: str | None = None
    acknowledged_by: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "Incident":
        if self.authors > self.posts:
            raise ValueError("authors are more than posts")
        if self.since > self.until:
            raise ValueError("since is later than until")
        for name, (least, most) in self.numbers.items():
            if least > most:
                raise ValueError(f"numbers.{name} is from the larger to the smaller")
        return self

    @property
    def class_(self) -> str | None:
        """The class with the largest share; of equal ones the first by name."""
        return min(self.classes, key=lambda name: (-self.classes[name], name), default=None)


def read_incidents(path: Path) -> list[Incident]:
    """Incidents of a file: a JSON list, or JSON Lines.

    Raises:
        CrisisflowError: it cannot be read, or an entry does not fit; the message names file and entry.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CrisisflowError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    entries: list[tuple[str, object]] = []
    try:
        if text.lstrip().startswith("["):
            entries = [(f"entry {number}", _whole(own)) for number, own in enumerate(json.loads(text), 1)]
        else:
            for number, line in enumerate(text.split("\n"), 1):
                if line.strip():
                    entries.append((f"line {number}", _whole(json.loads(line))))
    except (ValueError, RecursionError) as error:
        raise CrisisflowError(
            f"{path}: not JSON ({error}); write incidents as a list, or as one object a line"
        ) from None
    found = []
    for where, own in entries:
        try:
            found.append(Incident.model_validate(own))
        except ValidationError as error:
            raise CrisisflowError(f"{path}, {where}: {explain(error, Incident)}") from None
    return found


def _whole(value: object) -> object:
    """A value of JSON in which a question mark stands for each lone surrogate, which no store and no receiver takes."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
