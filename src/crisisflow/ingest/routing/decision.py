"""Whom an incident is told to: a pure function of its facts, the configuration and the time."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from crisisflow.ingest.incident import Incident
from crisisflow.ingest.routing.conditions import Outcome, evaluate
from crisisflow.ingest.routing.configuration import Routing, covering
from crisisflow.ingest.routing.rules import Rule, To
from crisisflow.ingest.routing.silences import Silence


class Verdict(NamedTuple):
    """What became of a rule; `agencies` are those whom it tells if it fired, before hours and silences."""

    rule: Rule
    outcome: Outcome
    agencies: tuple[str, ...]


class Notice(NamedTuple):
    """That an agency is to be told.

    `why` says so where it is told for another, `instead_of`, or because none covers the place.
    """

    agency: str
    rule: Rule
    also: tuple[str, ...]  # ids of later rules that would tell it too
    why: str | None
    instead_of: str | None
    silence: Silence | None


class Decision(NamedTuple):
    """All rules in order, and one notice for each agency."""

    verdicts: Sequence[Verdict]
    notices: Sequence[Notice]


def decide(routing: Routing, incident: Incident, at: datetime) -> Decision:
    """Evaluate all rules on an incident at a time."""
    verdicts: list[Verdict] = []
    notices: dict[str, Notice] = {}
    for rule, condition in zip(routing.rules, routing.conditions, strict=True):
        outcome = evaluate(condition, incident)
        asked = told(routing, rule.to, incident) if outcome.holds else ()
        verdicts.append(Verdict(rule, outcome, asked))
        if not outcome.holds:
            continue
        for agency, why, instead_of in addressed(routing, asked, rule.to, at):
            if known := notices.get(agency):
                notices[agency] = known._replace(also=(*known.also, rule.id))
                continue
            silence = next((own for own in routing.silences if own.fits(rule.id, agency, incident, at)), None)
            notices[agency] = Notice(agency, rule, (), why, instead_of, silence)
    return Decision(verdicts, list(notices.values()))


def told(routing: Routing, to: To, incident: Incident) -> tuple[str, ...]:
    """The agencies that `to` means for an incident; none where none covers its place, or it has none."""
    if to.agency:
        return (to.agency,)
    kind = str(to.kind)
    if not to.covering:
        return tuple(routing.directory.of_kind(kind))
    found = covering(routing.directory, kind, incident.place) if incident.place else None
    return (found,) if found else ()


def addressed(routing: Routing, asked: Sequence[str], to: To, at: datetime) -> list[tuple[str, str | None, str | None]]:
    """Who is told at a time for the asked agencies, why where it is another, and instead of which.

    The desk is told where none was found.
    """
    if not asked:
        return [(routing.directory.content.desk, f"no {to.kind} covers the place of this incident", None)]
    names = routing.directory.content.agencies
    found = []
    for agency in asked:
        reached = routing.directory.reached(agency, at)
        if reached == agency:
            found.append((agency, None, None))
        else:
            found.append((reached, f"{names[agency].name} is not reached at this hour", agency))
    return found
