"""Generated: ordinary tweets of our own templates, a tenth of them with words of disasters in another sense."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from crisisflow.corpus.place_names import cities
from crisisflow.strict_yaml import parse

_SLOT = re.compile(r"\{(\w+)\}")


class Ordinary(NamedTuple):
    """A tweet, and which kind of template it is of."""

    kind: str
    text: str


@cache
def templates() -> Mapping[str, Any]:
    """The content of generated_templates.yaml."""
    package = files("crisisflow.studies.difficult_negatives")
    return parse(package.joinpath("generated_templates.yaml").read_text(encoding="utf-8"))


def generate(tweets: int, seed: int) -> Iterator[Ordinary]:
    """As many tweets in random order; the same number and seed give the same ones, and some may be near duplicates."""
    rng = random.Random(f"ordinary {seed}")
    data = templates()
    kinds = list(data["kinds"])
    places = [city for country in data["places"] for city in cities(country)]
    for kind in rng.choices(kinds, [data["kinds"][kind] for kind in kinds], k=tweets):
        yield Ordinary(kind, _dressed(_sentence(kind, data, places, rng), data, places, rng))


def _sentence(kind: str, data: Mapping[str, Any], places: Sequence[str], rng: random.Random) -> str:
    """A sentence of the kind, with what stands before and behind it."""
    city = rng.choice(places)
    slots = {**data["slots"], "city": [city], "city_tag": [re.sub(r"\W", "", city)]}
    shares = data["shares"]
    parts = [_fill(rng.choice(data["templates"][kind]), slots, rng)]
    if rng.random() < shares["opener"]:
        parts.insert(0, rng.choice(data["openers"]))
    if rng.random() < shares["closer"]:
        parts.append(_fill(rng.choice(data["closers"]), slots, rng))
    if rng.random() < shares["hashtag"]:
        number = 2 if rng.random() < shares["second_hashtag"] else 1
        parts += [f"#{_fill(own, slots, rng)}" for own in rng.sample(data["hashtags"], number)]
    text = " ".join(parts)
    return text.lower() if rng.random() < shares["lower_case"] else text[:1].upper() + text[1:]


def _dressed(text: str, data: Mapping[str, Any], places: Sequence[str], rng: random.Random) -> str:
    """The text in the typography of ordinary tweets."""
    shares = data["shares"]
    words = text.split()
    if rng.random() < shares["quotes"]:
        at = rng.randrange(len(words) - 1)
        words[at : at + 2] = [f'"{words[at]}', f'{words[at + 1]}"']
    if rng.random() < shares["entity"]:
        words = ["&amp;" if word == "and" else word for word in words]
    if rng.random() < shares["handle"]:
        words.insert(0, "@user")
    text = " ".join(words)
    if rng.random() < shares["stop"]:
        text += rng.choice([".", "!", "...", "!!", "?"])
    if rng.random() < shares["emoji"]:
        text += f" {rng.choice(data['emoji'])}"
    end = rng.random()
    if end < shares["place_tail"]:
        text += f" @ {rng.choice(places)}"
    elif end < shares["place_tail"] + shares["cut"]:
        text += f" {rng.choice(words)[:3]}…"
    elif end < shares["place_tail"] + shares["cut"] + shares["link"]:
        text += f" https://example.org/{rng.randrange(10_000)}"
    return text


def _fill(template: str, slots: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """The template with its slots filled, and those of the fillers."""
    return _SLOT.sub(lambda slot: _fill(rng.choice(slots[slot[1]]), slots, rng), template)
