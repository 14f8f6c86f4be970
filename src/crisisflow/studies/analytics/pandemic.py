"""The embedded pandemic: posts of our own templates, of the nine classes of the paper, four weeks and five places."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from crisisflow.corpus.place_names import cities
from crisisflow.corpus.sources.posts import Post
from crisisflow.strict_yaml import parse

CLASS = "class"  # the task of the labels
NOT_RELATED = "not_related"
_SLOT = re.compile(r"\{(\w+)\}")
_LETTER = re.compile(r"[aeiou]")
_DAY = 24 * 60 * 60


@cache
def templates() -> Mapping[str, Any]:
    """The content of pandemic_templates.yaml."""
    text = files("crisisflow.studies.analytics").joinpath("pandemic_templates.yaml").read_text(encoding="utf-8")
    return parse(text)


def generate(posts: int, seed: int) -> Iterator[Post]:
    """As many posts in random order; the same number and seed give the same ones, and some repeat an earlier one.

    The event of a post is its place, its only label its class. Posts in another language are of the class not_related.
    """
    rng = random.Random(f"pandemic {seed}")
    data = templates()
    names, places = list(data["classes"]), list(data["places"])
    start = datetime.combine(data["first_day"], datetime.min.time(), UTC)
    written: list[Post] = []
    for number, name in enumerate(rng.choices(names, [data["classes"][own] for own in names], k=posts), 1):
        tweet_id, time = f"pandemic_sample:{number}", start + timedelta(seconds=rng.randrange(data["days"] * _DAY))
        if written and rng.random() < data["shares"]["repeat"]:
            post = rng.choice(written)._replace(tweet_id=tweet_id, time=time)
        else:
            post = _write(tweet_id, time, name, rng.choice(places), data, rng)
        written.append(post)
        yield post


def _write(tweet_id: str, time: datetime, name: str, place: str, data: Mapping[str, Any], rng: random.Random) -> Post:
    if rng.random() < data["shares"]["other_language"]:
        text, name = rng.choice(data["other_language"]), NOT_RELATED
    else:
        text = _typed(_sentence(name, place, data, rng), data, rng)
    return Post(tweet_id, text, ((CLASS, name),), None, place, time)


def _sentence(name: str, place: str, data: Mapping[str, Any], rng: random.Random) -> str:
    """A sentence of the class, with what stands before and behind it."""
    shares, own = data["shares"], data["places"][place]
    city = rng.choice(cities(*own["cities"].split(".")))
    near = f" in {city}" if rng.random() < shares["place"] else ""
    slots = {**data["slots"], "in": [near], "local": own["local"]}
    parts = [_fill(rng.choice(data["templates"][name]), slots, rng)]
    if rng.random() < shares["opener"]:
        parts.insert(0, _fill(rng.choice(data["openers"]), slots, rng))
    if rng.random() < shares["closer"]:
        parts.append(_fill(rng.choice(data["closers"]), slots, rng))
    return " ".join(parts)


def _typed(text: str, data: Mapping[str, Any], rng: random.Random) -> str:
    """The sentence as people in a hurry type it, with what stands around it in posts."""
    shares = data["shares"]
    words = text.split()
    if rng.random() < shares["slang"]:
        words = [data["slang"].get(word, word) for word in words]
    if rng.random() < shares["stretched"]:
        at = rng.randrange(len(words))
        words[at] = _LETTER.sub(lambda letter: letter[0] * rng.randrange(3, 6), words[at], count=1)
    if rng.random() < shares["mistyped"]:
        at = rng.randrange(len(words))
        if words[at].isalpha() and len(words[at]) > 5:
            words[at] = words[at][:-1]
    if rng.random() < shares["entity"]:
        words = ["&amp;" if word == "and" else word for word in words]
    case = rng.random()
    if case < shares["lower_case"]:
        words = [word.lower() for word in words]
    elif case < shares["lower_case"] + shares["upper_case"]:
        words = [word if word.startswith("&") else word.upper() for word in words]
    else:
        words[0] = words[0][:1].upper() + words[0][1:]
    return " ".join([*_before(shares, rng), *words, *_behind(data, rng)])


def _before(shares: Mapping[str, float], rng: random.Random) -> Iterator[str]:
    if rng.random() < shares["retweet"]:
        yield "RT @health_desk:"
    elif rng.random() < shares["mention"]:
        yield "@town_news"


def _behind(data: Mapping[str, Any], rng: random.Random) -> Iterator[str]:
    shares = data["shares"]
    if rng.random() < shares["smiley"]:
        yield rng.choice(data["smileys"])
    if rng.random() < shares["emoji"]:
        yield rng.choice(data["emoji"])
    if rng.random() < shares["hashtag"]:
        yield f"#{rng.choice(data['hashtags'])}"
    if rng.random() < shares["joined_tag"]:
        yield f"#{rng.choice(data['joined_tags'])}"
    if rng.random() < shares["link"]:
        yield f"https://example.org/{rng.randrange(10_000)}"


def _fill(template: str, slots: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """The template with its slots filled, and those of the fillers."""
    return _SLOT.sub(lambda slot: _fill(rng.choice(slots[slot[1]]), slots, rng), template)
