"""What an incident says, out of its posts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import NamedTuple

from crisisflow.ingest.analysis.found import EXACT, Found
from crisisflow.ingest.incident import Incident, Post, Where
from crisisflow.ingest.store.records import Analysed, Extent, StoredPost
from crisisflow.masking import mask
from crisisflow.serving.private import hidden
from crisisflow.taxonomy import EntityType

READ = 1_000  # posts of which the shares, numbers and examples are, the latest
EXAMPLES, NAMES = 5, 10  # that an incident has at most: posts, and needs or organisations
BY_WORDS = 0.5  # the confidence of a post that the model cannot read


class Member(NamedTuple):
    """A post of an incident with what was found in it."""

    post: StoredPost
    found: Found
    story: int


def member_of(own: Analysed) -> Member:
    """A post as the store has it."""
    return Member(own.post, Found.model_validate(own.finding.content), own.finding.story)


def place_of(post: StoredPost, found: Found) -> Where | None:
    """Where a post is, or the most exact place that it names."""
    if post.point is not None:
        return Where(longitude=post.point[0], latitude=post.point[1])
    return found.places[0] if found.places else None


def incident_of(number: str, watch: str, members: Sequence[Member], extent: Extent, known: Incident | None) -> Incident:
    """What an incident says.

    Args:
        members: its latest posts, the latest first; at least one. extent: of all of them.
        known: what it said before; what people and agencies did stays.
    """
    entities = Counter(own.label for member in members for own in member.found.entities)
    classes = Counter(member.found.class_ for member in members if member.found.class_)
    sure = [max(member.found.classes.values(), default=BY_WORDS) for member in members]
    told: dict[str, list[int]] = {}
    for member in members:
        for name, people in member.found.numbers.items():
            told.setdefault(name, []).append(people)
    return Incident(
        id=number,
        watch=watch,
        state=known.state if known else "open",
        type=_most_common(member.found.type for member in members),
        classes={name: round(count / len(members), 4) for name, count in sorted(classes.items())},
        entities=dict(sorted(entities.items())),
        numbers={name: (min(own), max(own)) for name, own in sorted(told.items())},
        place=_place(members),
        languages=tuple(sorted({member.found.language for member in members if member.found.language})),
        confidence=round(sum(sure) / len(sure), 4),
        posts=extent.posts,
        authors=extent.authors,
        since=_time(extent.since),
        until=_time(extent.until),
        needs=_names(members, EntityType.RESOURCE),
        organisations=_names(members, EntityType.ORGANIZATION),
        examples=tuple(map(_example, _shown(members))),
        verified_by=known.verified_by if known else None,
        acknowledged_by=known.acknowledged_by if known else (),
    )


def emptied(known: Incident) -> Incident:
    """An incident whose posts are all gone: it is closed, and has nothing of what they said."""
    return known.model_copy(
        update={"state": "closed", "examples": (), "needs": (), "organisations": (), "numbers": {}, "entities": {}}
    )


def _most_common(values: Iterable[str | None]) -> str | None:
    """Of equally common ones that which comes first."""
    counts = Counter(own for own in values if own is not None)
    return counts.most_common(1)[0][0] if counts else None


def _place(members: Sequence[Member]) -> Where | None:
    """The most common of the most exact places that posts name; else where the latest post with coordinates is."""
    named = [member.found.places[0] for member in members if member.found.places]
    points = [place_of(member.post, member.found) for member in members if member.post.point is not None]
    exact = min((EXACT.index(own.kind) for own in named if own.kind), default=len(EXACT))
    if points and exact > EXACT.index("county"):
        return points[0]
    common = _most_common(own.model_dump_json() for own in named if own.kind and EXACT.index(own.kind) == exact)
    return None if common is None else Where.model_validate_json(common)


def _names(members: Sequence[Member], label: str) -> tuple[str, ...]:
    """What the spans of a label say, the most common first, with handles and numbers covered."""
    said = Counter(
        mask(" ".join(member.post.text[own.start : own.end].lower().split()))
        for member in members
        for own in member.found.entities
        if own.label == label
    )
    return tuple(sorted(said, key=lambda name: (-said[name], name))[:NAMES])


def _shown(members: Sequence[Member]) -> list[Member]:
    """The first posts of the stories with the most posts; of equal ones the latest."""
    by_story = [list(own) for _, own in groupby(sorted(members, key=lambda own: own.story), lambda own: own.story)]
    firsts = [(len(own), min(own, key=lambda member: member.post.id)) for own in by_story]
    return [own for _, own in sorted(firsts, key=lambda one: (-one[0], -one[1].post.id))[:EXAMPLES]]


def _example(member: Member) -> Post:
    post = member.post
    names = hidden(post.text, [(own.start, own.end, own.label) for own in member.found.entities])
    at = post.taken if post.created is None else post.created
    return Post(id=str(post.id), text=post.text, at=_time(at), names=tuple(names))


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
