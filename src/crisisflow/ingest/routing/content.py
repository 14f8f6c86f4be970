"""What an alert says: what is known, from how many posts and authors, how sure, and whether anybody verified it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from crisisflow.ingest.incident import Incident, Post
from crisisflow.ingest.routing.agencies import Agency
from crisisflow.ingest.routing.decision import Notice
from crisisflow.ingest.routing.ontology import Category
from crisisflow.ingest.routing.rules import NUMBERS, Rule
from crisisflow.params import Section

Covering = Callable[[Post], str]

UNVERIFIED = "Nobody has verified this."


class Told(Section):
    """A post as an alert shows it."""

    id: str
    text: str
    at: str | None


class Evidence(Section):
    """What it is known from."""

    posts: int
    authors: int
    confidence: float
    verified_by: str | None
    statement: str


class Reference(Section):
    """An earlier version of an alert, as it was sent."""

    id: str
    made: str


class Content(Section):
    """The content of an alert. `facts` has those of the rule's `tell` that are known; times are ISO 8601, in UTC.

    `reason` says why the agency is told instead of another (`instead_of`, if it is one), or why the alert is cancelled.
    """

    agency: str
    agency_name: str
    headline: str
    reason: str | None
    instead_of: str | None
    escalated: bool
    incident_state: str
    category: Category
    facts: dict[str, Any]
    evidence: Evidence
    posts: list[Told]


def written(at: datetime) -> str:
    """A time as alerts have it."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def content_of(
    incident: Incident,
    notice: Notice,
    agency: Agency,
    category: Category,
    escalated: bool,
    cover: Covering,
) -> Content:
    """The content of the alert of a notice.

    Args:
        agency: whom the notice is for.
        category: of the incident's type, as the Common Alerting Protocol names it.
        cover: gives the text of a post with what names or reaches a person covered; used unless the agency is marked
            `personal_data`.
    """
    rule = notice.rule
    told = set(rule.tell)
    facts = {field: value for field, value in _facts(incident).items() if field in told and value not in (None, [])}
    shown = incident.examples if "posts" in told else ()
    return Content(
        agency=notice.agency,
        agency_name=agency.name,
        headline=_headline(incident, rule),
        reason=notice.why,
        instead_of=notice.instead_of,
        escalated=escalated,
        incident_state=incident.state,
        category=category,
        facts=facts,
        evidence=Evidence(
            posts=incident.posts,
            authors=incident.authors,
            confidence=incident.confidence,
            verified_by=incident.verified_by,
            statement=f"Verified by {incident.verified_by}." if incident.verified_by else UNVERIFIED,
        ),
        posts=[
            Told(
                id=post.id,
                text=post.text if agency.personal_data else cover(post),
                at=written(post.at) if post.at else None,
            )
            for post in shown
        ],
    )


def _facts(incident: Incident) -> dict[str, Any]:
    return {
        "place": incident.place and incident.place.model_dump(),
        "time": {"since": written(incident.since), "until": written(incident.until)},
        "type": incident.type,
        "class": incident.class_,
        **{name: list(incident.numbers[name]) for name in NUMBERS if name in incident.numbers},
        "services_needed": list(incident.needs),
        "organisations": list(incident.organisations),
        "languages": sorted(incident.languages),
    }


def _headline(incident: Incident, rule: Rule) -> str:
    """One line: what, where and how many."""
    what = (incident.type or incident.class_ or "incident").replace("_", " ").capitalize()
    place = incident.place
    where = (
        ", ".join(dict.fromkeys(filter(None, (place.name, place.country)))) if place and "place" in rule.tell else ""
    )
    told = [
        f"{spoken(incident.numbers[name])} {name}" for name in NUMBERS if name in incident.numbers and name in rule.tell
    ]
    return f"{what}{f' in {where}' if where else ''}{': ' + ', '.join(told) if told else ''}"


def spoken(bounds: tuple[int, int]) -> str:
    """A range of numbers in words."""
    least, most = bounds
    return f"{least}" if least == most else f"{least} to {most}"
