"""Collection: crisis tweets with their spans, evenly over the classes, from events that train and from unseen ones."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
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
from crisisflow.studies.difficult_negatives.label_sets import LABELS, labelled
from crisisflow.studies.difficult_negatives.params import CollectionParams
from crisisflow.studies.difficult_negatives.urban_types import urban_labels

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


def shares_of(total: int, there: Sequence[int]) -> list[int]:
    """`total` over the classes, as evenly as what is there of each allows; less where all of them have less.

    A class that has fewer than its share gives all; the others share the rest.
    """
    shares = [0] * len(there)
    left = list(range(len(there)))
    while left:
        even = dict(zip(left, quotas(total, len(left)), strict=True))
        if not (short := [at for at in left if there[at] < even[at]]):
            break
        for at in short:
            shares[at] = there[at]
            total -= there[at]
        left = [at for at in left if at not in short]
    return [even[at] if at in left else shares[at] for at in range(len(there))]


def _candidates(
    sources: Sequence[tuple[Path, Path]], params: CollectionParams, steps: Sequence[Step]
) -> tuple[dict[tuple[str, str], list[Candidate]], list[bool]]:
    """The tweets that may be drawn, by role and class, in the order of the sources; and of each whether it has any.

    Args:
        sources: tweets and spans of each.

    Raises:
        CrisisflowError: an event is in no source.
    """
    place = {
        event: (role, name)
        for name, own in params.classes.items()
        for role, events in zip(ROLES, (own.train, own.unseen), strict=True)
        for event in events
    }
    of_tweet: dict[str, list[Span]] = defaultdict(list)
    for _, spans in sources:
        for span in read_spans(spans):
            of_tweet[span.tweet_id].append(span)
    found: dict[tuple[str, str], list[Candidate]] = {(role, name): [] for role in ROLES for name in params.classes}
    events = set()
    read = [read_parquet(tweets, TWEETS).to_pylist() for tweets, _ in sources]
    for tweet in chain.from_iterable(read):
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
    return found, [any(tweet["event"] in place for tweet in own) for own in read]


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
    tweets: InputFile,
    spans: InputFile,
    urban: InputFile,
    urban_spans: InputFile,
    params: CollectionParams,
    steps: list[Step],
    out: Path,
    counts: Path,
) -> None:
    """Write the positives: those that train, then those of unseen events, by class in the order of params.

    A positive has at least one span. No two of them are near duplicates. A class that has too few tweets gives all; the
    others give more.

    Args:
        tweets: the corpus
        spans: its resolved spans
        urban: tweets of the step urban
        urban_spans: their spans
        params: section difficult_negatives.collection
        steps: difficult_negatives.normalise
        counts: JSON of tweets and spans by role, class and event

    Raises:
        CrisisflowError: an event is not there, some events are of the corpus and some urban, or all classes together
            have fewer tweets than are wanted.
    """
    found, (of_corpus, of_urban) = _candidates([(tweets, spans), (urban, urban_spans)], params, steps)
    if of_corpus and of_urban:
        raise CrisisflowError(
            "difficult_negatives.collection.classes: some events are of the corpus and some urban ones, whose "
            "spans have other types; name those of one"
        )
    apart = _apart(found)
    rng = random.Random(f"positives {params.seed}")
    chosen: list[Candidate] = []
    for role in ROLES:
        there = {name: apart[role, name] for name in params.classes if params.classes[name].events(role)}
        wanted = getattr(params.positives, role)
        shares = shares_of(wanted, [len(own) for own in there.values()])
        told = ", ".join(f"{name} has {len(own)}" for name, own in there.items())
        if sum(shares) < wanted or min(shares) < 2:
            raise CrisisflowError(
                f"difficult_negatives.collection: {wanted} tweets with spans are wanted to {role} on, two of each "
                f"class at least; class {told}; lower positives.{role}, or name further events"
            )
        for own, share in zip(there.values(), shares, strict=True):
            chosen += [own[at] for at in sorted(rng.sample(range(len(own)), share))]
    labels = urban_labels() if of_urban else LABELS
    write_parquet(out, [own.row for own in chosen], labelled(POSITIVES, labels))
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
