"""Why an incident is told to whom: each rule with the conditions that failed."""

from collections.abc import Iterator
from datetime import datetime

from crisisflow.ingest.incident import Incident
from crisisflow.ingest.routing.conditions import Outcome
from crisisflow.ingest.routing.configuration import Routing
from crisisflow.ingest.routing.decision import decide


def explain(routing: Routing, incident: Incident, at: datetime) -> Iterator[str]:
    """Lines that say which rules fired, which did not and why, and who is told."""
    decision = decide(routing, incident, at)
    yield f"incident {incident.id} ({incident.state})"
    for verdict in decision.verdicts:
        if verdict.outcome.holds:
            told = ", ".join(verdict.agencies) or f"no {verdict.rule.to.kind} covers the place"
            yield f"  {verdict.rule.id}: fired: {told}"
            continue
        yield f"  {verdict.rule.id}: did not fire"
        for failed in verdict.outcome.failed():
            yield from _lines(failed, "    ")
    for notice in decision.notices:
        line = f"  -> {notice.agency}: {notice.rule.priority}, by {notice.rule.id}"
        if notice.also:
            line += f" (also {', '.join(notice.also)})"
        if notice.why:
            line += f"; {notice.why}"
        if notice.silence:
            own = notice.silence
            line += f"; silenced by {own.by} until {own.until:%Y-%m-%dT%H:%MZ}: {own.reason}"
        yield line
    if not decision.notices:
        yield "  -> nobody"


def _lines(failed: Outcome, indent: str) -> Iterator[str]:
    if not failed.parts:
        yield f"{indent}{failed.said}; found {failed.found}"
        return
    yield f"{indent}{'none of these may hold' if failed.said == 'not' else 'one of these must hold'}:"
    for part in failed.parts:
        if failed.said == "not":
            yield from _held(part, f"{indent}  ")
        else:
            for own in part.failed():
                yield from _lines(own, f"{indent}  ")


def _held(part: Outcome, indent: str) -> Iterator[str]:
    """The tests that hold, of a part that must not."""
    if part.parts:
        for own in part.parts:
            yield from _held(own, indent)
    elif part.holds:
        yield f"{indent}{part.said}; found {part.found}"
