"""Index: one line a study, with its headline number, the paper's, and a link to its report."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from crisisflow.artifacts import read_json, write_json, write_text
from crisisflow.errors import CrisisflowError
from crisisflow.reporting.over_seeds import NOTHING

NUMBERS = ("paper", "ours")


class Headline(NamedTuple):
    """What a study says of itself in one line; its report is results/<study>/report.html.

    Args:
        measure: what the two numbers are. paper, ours: None where there is no such number. note: what to know before
            they are compared; may be empty.
    """

    study: str
    title: str
    measure: str
    paper: float | None
    ours: float | None
    note: str

    @property
    def difference(self) -> float | None:
        """Ours less the paper's."""
        return None if self.paper is None or self.ours is None else self.ours - self.paper


def write_headline(headline: Headline, out: Path) -> None:
    """Write a study's headline.json."""
    write_json(out, headline._asdict())


def read_headline(path: Path) -> Headline:
    """Read a study's headline.json.

    Raises:
        CrisisflowError: it is not there, was written by another version, or a value is of another type.
    """
    found = read_json(path, *Headline._fields)
    if further := found.keys() - {*Headline._fields}:
        names = ", ".join(sorted(further))
        raise CrisisflowError(f"{path} was written by another version: it has {names}; make it again")
    for name, kind in Headline.__annotations__.items():
        expected, kinds = ("number or null", kind | int) if name in NUMBERS else ("text", kind)
        if isinstance(found[name], bool) or not isinstance(found[name], kinds):
            raise CrisisflowError(f"{path}: {name} is {json.dumps(found[name])}, no {expected}; make it again")
    return Headline(**found)


def here() -> list[Path]:
    """The headline.json of each study that has results here, in the order of their names.

    Raises:
        CrisisflowError: there is none.
    """
    found = sorted(Path("results").glob("*/headline.json"))
    if not found:
        raise CrisisflowError("no study has results here; run: make reproduce")
    return found


def run(headlines: Sequence[Path], out: Path) -> None:
    """Write the index of the studies' results, in the order given.

    It is not an artifact: it lists the studies that were run here.

    Args:
        headlines: headline.json of each study.

    Raises:
        CrisisflowError: one of them is not there, or was written by another version.
    """
    environment = Environment(
        loader=PackageLoader("crisisflow.reporting", ""), autoescape=True, trim_blocks=True, undefined=StrictUndefined
    )
    page = environment.get_template("index.html.jinja").render(
        studies=[read_headline(path) for path in headlines], score=_score, signed=_signed
    )
    write_text(out, page)


def lines(headlines: Sequence[Path]) -> list[str]:
    """One line of text a study.

    Raises:
        CrisisflowError: a headline.json is not sound (read_headline).
    """
    return [
        f"{own.study}: {own.measure}: paper {_score(own.paper)}, here {_score(own.ours)} ({_signed(own.difference)})"
        + (f"; {own.note}" if own.note else "")
        for own in map(read_headline, headlines)
    ]


def _score(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f}"


def _signed(value: float | None) -> str:
    return NOTHING if value is None else f"{value:+.3f}".replace("-", "−")
