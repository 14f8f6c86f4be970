"""Generated: tweets of our own templates, of which the label and all else that the study asks for is known."""

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from crisisflow.artifacts import write_json, write_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.place_names import cities, region
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.progress import say
from crisisflow.strict_yaml import parse
from crisisflow.studies.actionable_help.labels import (
    BOTH,
    HELP,
    IRRELEVANT,
    LABELS,
    OFFER,
    REQUEST,
    RESOURCE,
    RESOURCES,
    TRAPS,
)
from crisisflow.studies.actionable_help.params import CONTROL, GENERATED, UNLABELLED, GeneratedParams

# `trap`: one of TRAPS, or null. `resources`: those that the text names. `place`: a name as it stands in the text.
# `country`: its ISO 3166 code. `hard`: whether the template is ambiguous on the face of it. `pair`: a request and an
# offer that fit have the same number.
TRUTH = pa.schema(
    [
        ("tweet_id", pa.string()),
        ("label", pa.string()),
        ("trap", pa.string()),
        ("resources", pa.list_(pa.string())),
        ("place", pa.string()),
        ("country", pa.string()),
        ("hard", pa.bool_()),
        ("pair", pa.int32()),
    ]
)

PLAIN = "plain"  # an irrelevant tweet that is no trap
_SLOT = re.compile(r"\{(\w+)\}")
_DAY = 24 * 60 * 60


class Wanted(NamedTuple):
    """What a tweet is to be. `kind` is a label, or of an irrelevant tweet its trap or PLAIN."""

    kind: str
    event: str
    time: datetime
    region: str  # ISO 3166
    city: str
    resources: tuple[str, ...]
    pair: int | None = None


class Generated(NamedTuple):
    """A tweet and what is known of it."""

    wanted: Wanted
    text: str
    place: str | None
    resources: tuple[str, ...]
    hard: bool

    @property
    def label(self) -> str:
        """One of LABELS."""
        return self.wanted.kind if self.wanted.kind in LABELS else IRRELEVANT

    @property
    def trap(self) -> str | None:
        """One of TRAPS; None of a tweet that is none."""
        return self.wanted.kind if self.wanted.kind in TRAPS else None


@cache
def templates() -> Mapping[str, Any]:
    """The content of generated_templates.yaml."""
    text = files("crisisflow.studies.actionable_help").joinpath("generated_templates.yaml").read_text(encoding="utf-8")
    return parse(text)


def generate(tweets: int, seed: int) -> Iterator[Generated]:
    """As many tweets with their labels, in random order; the same number and seed give the same ones."""
    rng = random.Random(f"labelled {seed}")
    wanted = list(_plan(tweets, rng))
    rng.shuffle(wanted)
    things = templates()["resources"]
    for own in wanted:
        yield _write(own, things, rng)


def without_labels(tweets: int, seed: int) -> Iterator[Generated]:
    """As many tweets, which name the things of the labelled tweets and those of the positive control."""
    rng = random.Random(f"unlabelled {seed}")
    data = templates()
    things = {name: [*own, *data["control"].get(name, ())] for name, own in data["resources"].items()}
    kinds = [
        kind for kind, own in data["templates"].items() if all("{item}" in " ".join(part) for part in own.values())
    ]
    for _ in range(tweets):
        yield _write(_draw(rng.choice(kinds), rng), things, rng, "{item}")


def control(tweets: int, seed: int) -> Iterator[Generated]:
    """As many requests and offers, in turn of each resource of the positive control, which name its things only."""
    rng = random.Random(f"control {seed}")
    things = templates()["control"]
    names = list(things)
    for number in range(tweets):
        wanted = _draw(rng.choice((REQUEST, OFFER)), rng)._replace(resources=(names[number % len(names)],))
        yield _write(wanted, things, rng, "{item}")


def _plan(tweets: int, rng: random.Random) -> Iterator[Wanted]:
    data = templates()
    kinds = {kind: share for kind, share in data["labels"].items() if kind != IRRELEVANT}
    kinds |= {kind: share * data["labels"][IRRELEVANT] for kind, share in data["irrelevant"].items()}
    counts = {kind: round(share * tweets) for kind, share in kinds.items()}
    counts[PLAIN] += tweets - sum(counts.values())
    paired = round(counts[REQUEST] * data["shares"]["paired"])
    for pair in range(paired):
        request = _draw(REQUEST, rng)
        yield request._replace(pair=pair)
        start, end = _days_of(request.event)
        near = request.time + timedelta(seconds=rng.randrange(-2 * _DAY, 2 * _DAY))
        yield request._replace(kind=OFFER, time=min(max(near, start), end), pair=pair)
    for kind, count in counts.items():
        for _ in range(count - (paired if kind in (REQUEST, OFFER) else 0)):
            yield _draw(kind, rng)


def _draw(kind: str, rng: random.Random) -> Wanted:
    event = rng.choice(list(templates()["events"]))
    start, end = _days_of(event)
    time = start + timedelta(seconds=rng.randrange(int((end - start).total_seconds())))
    area, inside = rng.choice(list(templates()["events"][event]["places"].items()))
    resources = rng.sample(RESOURCES, 2 if kind == BOTH else 1)
    return Wanted(kind, event, time, area, rng.choice(cities(*inside.split("."))), tuple(resources))


def _days_of(event: str) -> tuple[datetime, datetime]:
    """The beginnings of its first and last day, in UTC."""
    own = templates()["events"][event]
    return tuple(datetime.combine(own[key], datetime.min.time(), UTC) for key in ("from", "to"))


def _write(wanted: Wanted, things: Mapping[str, Sequence[str]], rng: random.Random, needed: str = "") -> Generated:
    """Write a tweet by a template of its kind.

    Args:
        things: of each resource. needed: what the template must hold.
    """
    data, shares = templates(), templates()["shares"]
    hard = rng.random() < shares["hard"]
    # A pair is to be found by what both tweets name.
    needed = "{item}" if wanted.pair is not None else needed
    own = [text for text in data["templates"][wanted.kind]["hard" if hard else "easy"] if needed in text]
    template = rng.choice(own)
    area = region(wanted.region)
    place = wanted.city if wanted.pair is not None else rng.choice([*[wanted.city] * 3, area])
    slots = {
        **data["slots"],
        "hazard": data["events"][wanted.event]["hazard"],
        "place": [place],
        "region_tag": ["".join(area.split())],
        "item": things[wanted.resources[0]],
        "item2": things[wanted.resources[-1]],
    }
    text = _fill(template, slots, rng)
    if rng.random() < shares["opener"]:
        text = f"{_fill('{opener}', slots, rng)} {text}"
    if rng.random() < shares["closer"]:
        text = f"{text} {_fill('{closer}', slots, rng)}"
    if rng.random() < shares["retweet"]:
        text = f"RT @relief_desk: {text}"
    case = rng.random()
    if case < shares["lower_case"]:
        text, place = text.lower(), place.lower()
    elif case < shares["lower_case"] + shares["upper_case"]:
        text, place = text.upper(), place.upper()
    named = wanted.resources if "{item2}" in template else wanted.resources[:1] if "{item}" in template else ()
    return Generated(wanted, text, place if "{place}" in template else None, named, hard)


def _fill(template: str, slots: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """The template with its slots filled, and those of the fillers."""
    return _SLOT.sub(lambda slot: _fill(rng.choice(slots[slot[1]]), slots, rng), template)


def _labels(tweet: Generated) -> list[dict[str, str]]:
    """The label, and the resource of a request or offer that names one."""
    labels = [{"task": HELP, "value": tweet.label}]
    if tweet.label in (REQUEST, OFFER) and tweet.resources:
        labels.append({"task": RESOURCE, "value": tweet.resources[0]})
    return labels


def _posts(tweets: Sequence[Generated], name: str) -> list[dict[str, Any]]:
    """The tweets in the columns of a public set of this name; those of UNLABELLED have no labels."""
    groups = groups_of([tweet.text for tweet in tweets]).tolist()
    return [
        {
            "tweet_id": f"{name}:{number}",
            "text": tweet.text,
            "labels": [] if name == UNLABELLED else _labels(tweet),
            "language": "en",
            "event": tweet.wanted.event,
            "time": tweet.wanted.time,
            "group": group,
        }
        for number, (tweet, group) in enumerate(zip(tweets, groups, strict=True), 1)
    ]


def _counts(tweets: Sequence[Generated], name: str) -> dict[str, Any]:
    """The manifest of a set."""
    return {
        "set": name,
        "terms": "open",
        "files": {},
        "posts": len(tweets),
        "labels": {} if name == UNLABELLED else dict(sorted(Counter(tweet.label for tweet in tweets).items())),
        "traps": dict(sorted(Counter(tweet.trap for tweet in tweets if tweet.trap).items())),
        "hard": sum(tweet.hard for tweet in tweets),
        "pairs": len({tweet.wanted.pair for tweet in tweets} - {None}),
    }


def run(params: GeneratedParams, posts: Sequence[Path], manifests: Sequence[Path], truth: Path) -> None:
    """Write three sets: the tweets, texts without labels, and the positive control of distillation.

    The tweets have the tasks `help` and, of a request or offer that names one, `resource`. The texts without labels
    name the things of the tweets and those of the control. The control has requests and offers, with the same tasks, of
    things that only the texts without labels name.

    Args:
        params: section actionable_help.generated
        posts: of each set, in this order, in the columns of a public set
        manifests: JSON of each set
        truth: what is known of each tweet
    """
    tweets = list(generate(params.tweets, params.seed))
    sets = {
        GENERATED: tweets,
        UNLABELLED: list(without_labels(params.unlabelled, params.seed)),
        CONTROL: list(control(params.control, params.seed)),
    }
    known = [
        {
            "tweet_id": f"{GENERATED}:{number}",
            "label": tweet.label,
            "trap": tweet.trap,
            "resources": list(tweet.resources),
            "place": tweet.place,
            "country": tweet.wanted.region[:2] if tweet.place else None,
            "hard": tweet.hard,
            "pair": tweet.wanted.pair,
        }
        for number, tweet in enumerate(tweets, 1)
    ]
    for (name, own), out, manifest in zip(sets.items(), posts, manifests, strict=True):
        write_parquet(out, _posts(own, name), POSTS)
        write_json(manifest, _counts(own, name))
        say(f"generated: {len(own):,} tweets of the set {name}")
    write_parquet(truth, known, TRUTH)
