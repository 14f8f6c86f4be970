"""Generated: tweets of our own templates in three languages, with and without labels, and a control of the graph."""

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from crisisflow.artifacts import write_json, write_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.place_names import cities
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.progress import say
from crisisflow.strict_yaml import parse
from crisisflow.studies.gnom.files import CONTROL, CONTROL_UNLABELLED, OF_LANGUAGE, UNLABELLED
from crisisflow.studies.gnom.params import GeneratedParams

# The tasks: whether a text is about the crisis, and which of the classes it has (none or several).
RELEVANCE, CLASS = "relevance", "class"
RELEVANT, NOT_RELEVANT = LABELS = ("relevant", "not_relevant")
CLASSES = ("resources_available", "resources_needed", "damage_and_casualties", "rescue")

_SLOT = re.compile(r"\{(\w+)\}")
_DAY = 24 * 60 * 60


class Generated(NamedTuple):
    """A tweet; `split` only where the set has one of its own."""

    text: str
    language: str
    relevance: str | None = None
    classes: tuple[str, ...] = ()
    event: str | None = None
    time: datetime | None = None
    split: str | None = None


class Control(NamedTuple):
    """The words of the positive control, by label."""

    known: Mapping[str, Sequence[str]]
    hidden: Mapping[str, Sequence[str]]


@cache
def templates() -> Mapping[str, Any]:
    """The content of generated.yaml."""
    return parse(files("crisisflow.studies.gnom").joinpath("generated.yaml").read_text(encoding="utf-8"))


def generate(language: str, tweets: int, seed: int, purpose: str = "labelled") -> list[Generated]:
    """As many tweets of a language; the same arguments give the same ones.

    Some are retweets or near duplicates of others. One text of them is damaged as by a wrong encoding.
    """
    rng = random.Random(f"{purpose} {language} {seed}")
    shares = templates()["shares"]
    repeated = round(shares["repeated"] * tweets)
    relevant = round(shares["relevant"] * tweets)
    found = [_write(language, number < relevant, rng) for number in range(tweets)]
    rng.shuffle(found)
    for number in range(min(repeated, tweets // 2)):
        original, place = found[2 * number], 2 * number + 1
        text = f"RT @town_desk: {original.text}" if number % 2 else f"{original.text}!! https://example.org/{number}"
        found[place] = original._replace(text=text)
    damaged = next((at for at, own in enumerate(found) if not own.text.isascii()), None)
    if damaged is not None:
        text = found[damaged].text.encode().decode("cp1252", "replace")  # UTF-8 that was read as Windows-1252
        found[damaged] = found[damaged]._replace(text=text)
    rng.shuffle(found)
    return found


def control_words(seed: int) -> Control:
    """The words of the positive control, dealt by the seed."""
    data = templates()["control"]
    sizes = data["words_of_label"]
    dealt = iter(random.Random(f"control words {seed}").sample(data["words"], 2 * sum(sizes.values())))
    return Control(
        *({label: [next(dealt) for _ in range(sizes[kind])] for label in LABELS} for kind in Control._fields)
    )


def control(texts: int, seed: int) -> list[Generated]:
    """The labelled texts of the positive control, as many of each part: known words, and hidden ones in `test`."""
    words, rng = control_words(seed), random.Random(f"control {seed}")
    size, found = templates()["control"]["words_of_text"], []
    for split, own in (("train", words.known), ("dev", words.known), ("test", words.hidden)):
        for number in range(texts):
            label = LABELS[number % 2]
            text = f"{rng.choice(templates()['control']['leads'])} {' '.join(rng.sample(own[label], size))}"
            found.append(Generated(text, "en", label, split=split))
    return found


def control_unlabelled(texts: int, seed: int) -> list[Generated]:
    """Texts that join known and hidden words of a label, which they do not say.

    The hidden words of a label stand in a ring, and so do the known ones. A text has neighbours of the ring, each
    behind one of its partners; so all words of a label are joined, and no two of different labels.
    """
    words, rng, data = control_words(seed), random.Random(f"control unlabelled {seed}"), templates()["control"]
    found = []
    for number in range(texts):
        known, hidden = (own[LABELS[number % 2]] for own in words)
        first, turns = rng.randrange(len(hidden)), []
        for at in range(first, first + data["words_of_text"]):
            partner = 2 * at + rng.randrange(data["partners"])
            turns += [known[partner % len(known)], hidden[at % len(hidden)]]
        found.append(Generated(f"{rng.choice(data['leads'])} {' '.join(turns)}", "en"))
    return found


def _write(language: str, relevant: bool, rng: random.Random) -> Generated:
    """Write a tweet of an event of the language."""
    data = templates()
    shares, own = data["shares"], data["templates"][language]
    name = rng.choice([name for name, event in data["events"].items() if language in event["languages"]])
    event = data["events"][name]
    classes = _classes(rng) if relevant else ()
    kinds = (classes or (RELEVANT,)) if relevant else (NOT_RELEVANT,)
    slots = {
        **data["slots"][language],
        "city": [rng.choice(cities(*event["places"].split(".")))],
        "hazard": data["hazards"][language][event["hazard"]],
    }
    text = ". ".join(_capitalised(_fill(rng.choice(own[kind]), slots, rng)) for kind in kinds)
    if rng.random() < shares["opener"]:
        text = f"{_fill('{opener}', slots, rng)} {text}"
    if rng.random() < shares["shared"]:
        text = f"{text} {rng.choice(data['shared']['relevant' if relevant else 'other'])}"
    if rng.random() < shares["closer"]:
        text = f"{text} {_fill('{closer}', slots, rng)}"
    if rng.random() < shares["lower_case"]:
        text = text.lower()
    start = datetime.combine(event["from"], datetime.min.time(), UTC)
    time = start + timedelta(seconds=rng.randrange(event["days"] * _DAY))
    return Generated(text, language, RELEVANT if relevant else NOT_RELEVANT, classes, name, time)


def _classes(rng: random.Random) -> tuple[str, ...]:
    """None, one or two classes of a relevant tweet."""
    shares, drawn = templates()["shares"], rng.random()
    if drawn < shares["without_class"]:
        return ()
    two = drawn < shares["without_class"] + shares["two_classes"]
    return tuple(sorted(rng.sample(CLASSES, 2 if two else 1), key=CLASSES.index))


def _fill(template: str, slots: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """The template with its slots filled, and those of the fillers."""
    return _SLOT.sub(lambda slot: _fill(rng.choice(slots[slot[1]]), slots, rng), template)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _posts(tweets: Sequence[Generated], name: str) -> Iterator[dict[str, Any]]:
    """The tweets in the columns of a public set of this name."""
    groups = groups_of([tweet.text for tweet in tweets]).tolist()
    for number, (tweet, group) in enumerate(zip(tweets, groups, strict=True), 1):
        labels = [] if tweet.relevance is None else [{"task": RELEVANCE, "value": tweet.relevance}]
        yield {
            "tweet_id": f"{name}:{number}",
            "text": tweet.text,
            "labels": [*labels, *({"task": CLASS, "value": value} for value in tweet.classes)],
            "language": tweet.language,
            "event": tweet.event,
            "time": tweet.time,
            "official_split": tweet.split,
            "group": group,
        }


def _counts(tweets: Sequence[Generated], name: str) -> dict[str, Any]:
    """The manifest of a set."""
    labels = Counter(value for tweet in tweets for value in (tweet.relevance, *tweet.classes) if value is not None)
    return {"set": name, "terms": "open", "files": {}, "posts": len(tweets), "labels": dict(sorted(labels.items()))}


def run(params: GeneratedParams, posts: Sequence[Path], manifests: Sequence[Path]) -> None:
    """Write the generated sets, in the order of files.GENERATED_SETS.

    Args:
        params: section gnom.generated
        posts: of each set, in the columns of a public set
        manifests: JSON of each set
    """
    sets = {name: generate(language, params.tweets, params.seed) for language, name in OF_LANGUAGE.items()}
    sets[UNLABELLED] = [
        tweet._replace(relevance=None, classes=())
        for language in OF_LANGUAGE
        for tweet in generate(language, params.unlabelled, params.seed, "unlabelled")
    ]
    sets[CONTROL] = control(params.control, params.seed)
    joining = params.control * templates()["control"]["unlabelled"]
    sets[CONTROL_UNLABELLED] = control_unlabelled(joining, params.seed)
    for (name, own), out, manifest in zip(sets.items(), posts, manifests, strict=True):
        write_parquet(out, list(_posts(own, name)), POSTS)
        write_json(manifest, _counts(own, name))
        say(f"generated: {len(own):,} tweets of the set {name}")
