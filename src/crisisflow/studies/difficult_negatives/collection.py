"""Collection: crisis tweets with their spans, evenly over the classes, from events that train and from unseen ones."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from crisisflow.artifacts import TWEETS, read_parquet, write_json, write_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.normalise import normalise
from crisisflow.corpus.normalise_steps import Step
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.spans import Span, read_spans
from crisisflow.studies.difficult_negatives.params import CollectionParams

NOT_CRISIS = "not_humanitarian"  # HumAID's class of tweets that are of the event and of no use
TRAIN, TEST = "train", "test"
ROLES = (TRAIN, TEST)

# `class` is the study's, `class_label` HumAID's. `text` is normalised, and `spans` are those of it; `original` as in
# the corpus. `words`: of the text, parted at blanks.
POSITIVES = pa.schema(
    [
        ("text_id", pa.string()),
        ("role", pa.string()),
        ("class", pa.string()),
        ("event", pa.string()),
        ("class_label", pa.string()),
        ("original", pa.string()),
        ("text", pa.string()),
        ("words", pa.int32()),
        ("spans", pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))),
    ]
)


class Candidate(NamedTuple):
    """A crisis tweet of a class, with what is left of its spans; `lost` of them are gone with what was dropped."""

    row: Mapping[str, Any]
    lost: int


def quotas(total: int, classes: int) -> list[int]:
    """`total` over the classes, as evenly as can be; the last ones have one more."""
    return [total * (at + 1) // classes - total * at // classes for at in range(classes)]


def _candidates(
    tweets: Path, spans: Path, params: CollectionParams, steps: Sequence[Step]
) -> dict[tuple[str, str], list[Candidate]]:
    """The tweets that may be drawn, by role and class, in the order of the corpus.

    Raises:
        CrisisflowError: an event is not in the corpus.
    """
    place = {
        event: (role, name)
        for name, own in params.classes.items()
        for role, events in zip(ROLES, (own.train, own.unseen), strict=True)
        for event in events
    }
    of_tweet: dict[str, list[Span]] = defaultdict(list)
    for span in read_spans(spans):
        of_tweet[span.tweet_id].append(span)
    found: dict[tuple[str, str], list[Candidate]] = {(role, name): [] for role in ROLES for name in params.classes}
    events = set()
    for tweet in read_parquet(tweets, TWEETS).to_pylist():
        events.add(tweet["event"])
        if tweet["event"] not in place or tweet["class_label"] == NOT_CRISIS:
            continue
        traced = normalise(tweet["text"], steps)
        moved = [(traced.span(own.start, own.end), own.label) for own in sorted(of_tweet[tweet["tweet_id"]])]
        left = [{"start": own[0], "end": own[1], "label": label} for own, label in moved if own]
        if left:
            role, name = place[tweet["event"]]
            row = {
                "text_id": tweet["tweet_id"],
                "role": role,
                "class": name,
                "event": tweet["event"],
                "class_label": tweet["class_label"],
                "original": tweet["text"],
                "text": traced.text,
                "words": len(traced.text.split()),
                "spans": left,
            }
            found[role, name].append(Candidate(row, len(moved) - len(left)))
    if absent := [event for event in place if event not in events]:
        raise CrisisflowError(
            f"difficult_negatives.collection.classes: the corpus has no tweet of {', '.join(absent)}; there are: "
            f"{', '.join(sorted(own for own in events if own)) or 'no events (corpus.events may name them)'}"
        )
    return found


def _apart(found: Mapping[tuple[str, str], Sequence[Candidate]]) -> dict[tuple[str, str], list[Candidate]]:
    """One candidate of each group of near duplicates: where a group is in both roles, that of the test."""
    of_test_first = sorted(found, key=lambda place: ROLES.index(place[0]), reverse=True)
    places = [(place, own) for place in of_test_first for own in found[place]]
    kept: dict[tuple[str, str], list[Candidate]] = {place: [] for place in found}
    seen = set()
    for (place, own), group in zip(places, groups_of([own.row["text"] for _, own in places]).tolist(), strict=True):
        if group not in seen:
            seen.add(group)
            kept[place].append(own)
    return kept


def run(
    tweets: InputFile, spans: InputFile, params: CollectionParams, steps: list[Step], out: Path, counts: Path
) -> None:
    """Write the positives: those that train, then those of unseen events, by class in the order of params.

    A positive has at least one span. No two of them are near duplicates.

    Args:
        tweets: the corpus
        spans: its resolved spans
        params: section difficult_negatives.collection
        steps: difficult_negatives.normalise
        counts: JSON of tweets and spans by role, class and event

    Raises:
        CrisisflowError: an event is not in the corpus, or a class has fewer tweets than are wanted.
    """
    found = _candidates(tweets, spans, params, steps)
    apart = _apart(found)
    rng = random.Random(f"positives {params.seed}")
    chosen: list[Candidate] = []
    for role in ROLES:
        for name, wanted in zip(
            params.classes, quotas(getattr(params.positives, role), len(params.classes)), strict=True
        ):
            own = apart[role, name]
            if len(own) < wanted:
                events = params.classes[name].train if role == TRAIN else params.classes[name].unseen
                raise CrisisflowError(
                    f"difficult_negatives.collection: class {name} has {len(own)} tweets with spans to {role} on "
                    f"({', '.join(events)}), and {wanted} are wanted; lower positives.{role}, or name further events"
                )
            chosen += [own[at] for at in sorted(rng.sample(range(len(own)), wanted))]
    write_parquet(out, [own.row for own in chosen], POSITIVES)
    there = Counter((own.row["role"], own.row["class"], own.row["event"]) for own in chosen)
    marked = Counter(dict.fromkeys(there, 0))
    for own in chosen:
        marked[own.row["role"], own.row["class"], own.row["event"]] += len(own.row["spans"])
    report = {
        "positives": [
            {"role": role, "class": name, "event": event, "tweets": number, "spans": marked[role, name, event]}
            for (role, name, event), number in there.items()
        ],
        "spans": dict(sorted(Counter(span["label"] for own in chosen for span in own.row["spans"]).items())),
        "spans_lost": sum(own.lost for own in chosen),
        "near_duplicates": sum(map(len, found.values())) - sum(map(len, apart.values())),
    }
    write_json(counts, report)
    say(f"collection: {len(chosen):,} positives with {sum(marked.values()):,} spans; {report['spans_lost']} spans lost")
