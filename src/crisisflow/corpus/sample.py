"""The embedded corpus: a seeded, HumAID-shaped corpus of our own making, with gold spans by construction."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import yaml

from crisisflow.artifacts import RAW
from crisisflow.corpus.place_names import cities, region
from crisisflow.spans import Span
from crisisflow.taxonomy import ENTITY_TYPES

MINIMUM_PER_CLASS = 10
OFFICIAL_SHARES = {"train": 0.7, "dev": 0.1, "test": 0.2}
# 19 digits, and so far beyond the ids given out that none can be a real tweet's.
TWEET_IDS = range(9_000_000_000_000_000_000, 9_200_000_000_000_000_000)

_SLOT = re.compile(r"\{(#?)(\w+)(?::(\w+))?\}")
_PLAIN_WORD = re.compile(r"\b[a-z]{5,}\b")
_EMOJI = re.compile("[\U0001f000-\U0001ffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

Slots = Mapping[str, Sequence[str]]


class Piece(NamedTuple):
    """A stretch of a tweet; its label is an entity type, or None for plain text."""

    text: str
    label: str | None


class Template(NamedTuple):
    """A text with slots, and the id by which its spans name it."""

    id: str
    text: str


def generate(tweets: int, seed: int) -> Iterator[tuple[dict[str, str], list[Span]]]:
    """Write the embedded corpus, tweet by tweet; about 32 bytes of each are held from the start.

    Args:
        tweets: number of tweets, at least 200.
        seed: the same number and seed give the same corpus.

    Yields:
        A row, a dict of strings with the raw schema's columns, and its gold spans in their order. The ids are unique
        and ascend. `text` is damaged as HumAID's is; the spans' `start` and `end` count code points of the repaired
        text (HTML entities decoded, then the emoji restored).
    """
    rng = random.Random(seed)
    data = yaml.safe_load(files("crisisflow.corpus").joinpath("sample_templates.yaml").read_text(encoding="utf-8"))
    slots = {name: _slots(data, event) for name, event in data["events"].items()}
    shared = {label: _shared(data, label) for label in data["classes"]}
    own = {label: _own(data, label) for label in data["classes"]}

    labels = _draw(data["classes"], tweets, MINIMUM_PER_CLASS, rng)
    events = _draw({name: event["tweets"] for name, event in data["events"].items()}, tweets, 2, rng)
    splits = {label: iter(_draw(OFFICIAL_SHARES, labels.count(label), 1, rng)) for label in data["classes"]}
    for tweet_id, label, event in zip(map(str, _draw_ids(tweets, rng)), labels, events, strict=True):
        is_shared = rng.random() < data["shares"]["shared_template"]
        template = rng.choice((shared if is_shared else own)[label])
        pieces = _compose(template, data["parts"], slots[event], data["shares"]["double_space"], rng)
        pieces = _roughen(pieces, data["shares"], rng)
        spans: list[Span] = []
        end = 0
        for piece in pieces:
            start, end = end, end + len(piece.text)
            if piece.label:
                spans.append(Span(tweet_id, start, end, piece.label, "gold", f"template:{template.id}"))
        text = "".join(piece.text for piece in pieces)
        if rng.random() < data["shares"]["damaged"]:
            text = _damage(text)
        values = (tweet_id, text, label, event, next(splits[label]))
        yield dict(zip(RAW.names, values, strict=True)), spans


def _own(data: Mapping[str, Any], label: str) -> list[Template]:
    return [Template(f"{label}-{number}", text) for number, text in enumerate(data["templates"][label], 1)]


def _shared(data: Mapping[str, Any], label: str) -> list[Template]:
    numbered = enumerate(data["shared"], 1)
    return [Template(f"shared-{number}", entry["text"]) for number, entry in numbered if label in entry["classes"]]


def _draw_ids(tweets: int, rng: random.Random) -> np.ndarray:
    """As many ids, ascending: those of `rng.sample`, which would keep them in a set as Python's integers besides."""
    before = rng.getstate()
    ids = np.fromiter((rng.choice(TWEET_IDS) for _ in range(tweets)), np.int64, tweets)
    ids.sort()
    if (ids[1:] == ids[:-1]).any():  # an id was drawn twice, as in one corpus of two million in 100,000
        rng.setstate(before)
        ids = np.sort(np.array(rng.sample(TWEET_IDS, tweets)))
    return ids


def _draw(weights: Mapping[str, float], total: int, minimum: int, rng: random.Random) -> list[str]:
    """`total` names in random order, each about as often as its weight says and at least `minimum` times."""
    scale = total / sum(weights.values())
    counts = {name: max(minimum, round(weight * scale)) for name, weight in weights.items()}
    heaviest = max(weights, key=weights.__getitem__)
    counts[heaviest] += total - sum(counts.values())
    names = [name for name, count in counts.items() for _ in range(count)]
    rng.shuffle(names)
    return names


def _slots(data: Mapping[str, Any], event: Mapping[str, Any]) -> Slots:
    """The fillers of every slot for one event."""
    regions = [region(code) for code in event["regions"]]
    towns = [city for place in event["cities"] for city in cities(*place.split("."))]
    return {
        **data["slots"],
        **data["kinds"][event["kind"]],
        **event["slots"],
        "region": regions,
        "city": towns,
    }


def _compose(
    template: Template, parts: Mapping[str, float], slots: Slots, double_space: float, rng: random.Random
) -> list[Piece]:
    """The pieces of one tweet: the parts that the dice choose, filled in and joined by spaces."""
    pieces: list[Piece] = []
    for part, share in parts.items():
        if rng.random() >= share:
            continue
        if pieces:
            pieces.append(Piece("  " if rng.random() < double_space else " ", None))
        pieces.extend(_expand(template.text if part == "body" else rng.choice(slots[part]), slots, rng))
    return pieces


def _expand(text: str, slots: Slots, rng: random.Random) -> list[Piece]:
    """Fill in the slots of a template; an entity inside another is a part of the outer one."""
    pieces: list[Piece] = []
    position = 0
    for slot in _SLOT.finditer(text):
        pieces.append(Piece(text[position : slot.start()], None))
        hashtag, name, fillers = slot.groups()
        inner = _expand(rng.choice(slots[fillers or name]), slots, rng)
        if name in ENTITY_TYPES:
            entity = "".join(piece.text for piece in inner)
            if hashtag:
                entity = "".join(word[0].upper() + word[1:] for word in re.findall(r"\w+", entity))
            inner = [Piece(hashtag, None), Piece(entity, name)]
        pieces.extend(inner)
        position = slot.end()
    return [*pieces, Piece(text[position:], None)]


def _roughen(pieces: list[Piece], shares: Mapping[str, float], rng: random.Random) -> list[Piece]:
    """Type as people do. Piece by piece, so that a change of length moves no boundary into a word."""
    if rng.random() < shares["lost_apostrophes"]:
        pieces = [piece._replace(text=piece.text.replace("’", "")) for piece in pieces]

    def mistype(word: re.Match[str]) -> str:
        if rng.random() >= shares["mistyped_word"]:
            return word[0]
        cut = rng.randrange(1, len(word[0]) - 2)
        swapped = word[0][:cut] + word[0][cut + 1] + word[0][cut] + word[0][cut + 2 :]
        stretched = word[0] + word[0][-1] * rng.randrange(2, 5)
        return rng.choice((swapped, stretched))

    pieces = [piece if piece.label else piece._replace(text=_PLAIN_WORD.sub(mistype, piece.text)) for piece in pieces]
    case = rng.random()
    if case < shares["lower_case"]:
        return [piece._replace(text=piece.text.lower()) for piece in pieces]
    if case < shares["lower_case"] + shares["upper_case"]:
        return [piece._replace(text=piece.text.upper()) for piece in pieces]
    return pieces


def _damage(text: str) -> str:
    """Damage a text as HumAID's are: "&", "<" and ">" escaped, U+1F525 written as U+1F52 and "5"."""
    return _EMOJI.sub(lambda emoji: chr(ord(emoji[0]) >> 4) + f"{ord(emoji[0]) & 15:X}", text.translate(_ESCAPES))
