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
from crisisflow.studies.actionable_help.labels import HELP, RESOURCES
from crisisflow.studies.actionable_help.params import GENERATED, GeneratedParams

# `trap`: one of TRAPS, or null. `resources`: those that are asked for or offered, of RESOURCES. `place`: a name as it
# stands in the text. `hard`: whether the template is ambiguous on the face of it. `pair`: a request and an offer that
# fit have the same number.
TRUTH = pa.schema(
    [
        ("tweet_id", pa.string()),
        ("label", pa.string()),
        ("trap", pa.string()),
        ("resources", pa.list_(pa.string())),
        ("place", pa.string()),
        ("hard", pa.bool_()),
        ("pair", pa.int32()),
    ]
)

_SLOT = re.compile(r"\{(\w+)\}")
_DAY = 24 * 60 * 60


class Wanted(NamedTuple):
    """What a tweet is to be: `kind` is a label, or, of an irrelevant one, its trap or "plain"."""

    kind: str
    event: str
    time: datetime
    city: str
    resources: tuple[str, ...]
    pair: int | None = None


class Generated(NamedTuple):
    """A tweet and its truth."""

    wanted: Wanted
    text: str
    place: str | None
    hard: bool

    @property
    def label(self) -> str:
        """One of LABELS."""
        return self.wanted.kind if self.wanted.kind in _templates()["labels"] else "irrelevant"

    @property
    def trap(self) -> str | None:
        """One of TRAPS; None of a tweet that is none."""
        return self.wanted.kind if self.label == "irrelevant" and self.wanted.kind != "plain" else None


@cache
def _templates() -> Mapping[str, Any]:
    text = files("crisisflow.studies.actionable_help").joinpath("generated_templates.yaml").read_text(encoding="utf-8")
    return parse(text)


def generate(tweets: int, seed: int) -> Iterator[Generated]:
    """As many tweets, in random order; the same number and seed give the same ones."""
    rng = random.Random(seed)
    wanted = list(_plan(tweets, rng))
    rng.shuffle(wanted)
    for own in wanted:
        yield _write(own, rng)


def _plan(tweets: int, rng: random.Random) -> Iterator[Wanted]:
    data = _templates()
    kinds = {kind: share for kind, share in data["labels"].items() if kind != "irrelevant"}
    kinds |= {kind: share * data["labels"]["irrelevant"] for kind, share in data["irrelevant"].items()}
    counts = {kind: round(share * tweets) for kind, share in kinds.items()}
    counts["plain"] += tweets - sum(counts.values())
    paired = round(counts["request"] * data["shares"]["paired"])
    for pair in range(paired):
        request = _draw("request", rng)
        yield request._replace(pair=pair)
        later = request.time + timedelta(seconds=rng.randrange(-2 * _DAY, 2 * _DAY))
        yield request._replace(kind="offer", time=later, pair=pair)
    for kind, count in counts.items():
        for _ in range(count - (paired if kind in ("request", "offer") else 0)):
            yield _draw(kind, rng)


def _draw(kind: str, rng: random.Random) -> Wanted:
    data = _templates()
    event = rng.choice(list(data["events"]))
    own = data["events"][event]
    start, end = (datetime.combine(own[key], datetime.min.time(), UTC) for key in ("from", "to"))
    time = start + timedelta(seconds=rng.randrange(int((end - start).total_seconds())))
    resources = rng.sample(RESOURCES, 2 if kind == "request_and_offer" else 1)
    return Wanted(kind, event, time, rng.choice(_cities(event)), tuple(resources))


@cache
def _cities(event: str) -> Sequence[str]:
    return [name for place in _templates()["events"][event]["cities"] for name in cities(*place.split("."))]


def _write(wanted: Wanted, rng: random.Random) -> Generated:
    data, shares = _templates(), _templates()["shares"]
    event = data["events"][wanted.event]
    hard = rng.random() < shares["hard"]
    own_region = region(rng.choice(event["regions"]))
    slots = {
        **data["slots"],
        "hazard": event["hazard"],
        "city": [wanted.city],
        "region": [own_region],
        "region_tag": ["".join(own_region.split())],
        "item": data["resources"][wanted.resources[0]],
        "item2": data["resources"][wanted.resources[-1]],
    }
    slots["place"] = [wanted.city] if wanted.pair is not None else [rng.choice([*[wanted.city] * 3, own_region])]
    template = rng.choice(data["templates"][wanted.kind]["hard" if hard else "easy"])
    text = _fill(template, slots, rng)
    if rng.random() < shares["opener"]:
        text = f"{_fill('{opener}', slots, rng)} {text}"
    if rng.random() < shares["closer"]:
        text = f"{text} {_fill('{closer}', slots, rng)}"
    if rng.random() < shares["retweet"]:
        text = f"RT @relief_desk: {text}"
    case = rng.random()
    place = slots["place"][0] if "{place}" in template else None
    asked = wanted.resources if "{item" in template else ()
    if case < shares["lower_case"]:
        text, place = text.lower(), place and place.lower()
    elif case < shares["lower_case"] + shares["upper_case"]:
        text, place = text.upper(), place and place.upper()
    return Generated(wanted._replace(resources=asked), text, place, hard)


def _fill(template: str, slots: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """The template with its slots filled, and those of the fillers."""
    return _SLOT.sub(lambda slot: _fill(rng.choice(slots[slot[1]]), slots, rng), template)


def run(params: GeneratedParams, posts: Path, truth: Path, manifest: Path) -> None:
    """Write the tweets, each with its label as the task `help`, what is known of each, and what they are.

    Args:
        params: section actionable_help.generated
        posts: the tweets, in the columns of a public set
        truth: what is known of each
        manifest: JSON
    """
    tweets = list(generate(params.tweets, params.seed))
    groups = groups_of([tweet.text for tweet in tweets]).tolist()
    rows, known = [], []
    for number, (tweet, group) in enumerate(zip(tweets, groups, strict=True), 1):
        tweet_id = f"{GENERATED}:{number}"
        rows.append(
            {
                "tweet_id": tweet_id,
                "text": tweet.text,
                "labels": [{"task": HELP, "value": tweet.label}],
                "language": "en",
                "event": tweet.wanted.event,
                "time": tweet.wanted.time,
                "official_split": None,
                "group": group,
            }
        )
        known.append(
            {
                "tweet_id": tweet_id,
                "label": tweet.label,
                "trap": tweet.trap,
                "resources": list(tweet.wanted.resources),
                "place": tweet.place,
                "hard": tweet.hard,
                "pair": tweet.wanted.pair,
            }
        )
    facts = {
        "set": GENERATED,
        "files": {},
        "posts": len(rows),
        "labels": dict(sorted(Counter(tweet.label for tweet in tweets).items())),
        "traps": dict(sorted(Counter(tweet.trap for tweet in tweets if tweet.trap).items())),
        "groups": len(set(groups)),
    }
    write_parquet(posts, rows, POSTS)
    write_parquet(truth, known, TRUTH)
    write_json(manifest, facts)
    say(f"generated: {len(rows):,} tweets, {facts['groups']:,} groups of near duplicates")
