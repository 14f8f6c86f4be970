"""Names of places as tweets write them, brought to keys under which they are compared."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

# Marks that writers leave out at will, by the beginnings of their Unicode names: accents of Latin, Greek and Cyrillic
# letters, and vowel points. Any other mark is part of a letter: a vowel, or what makes it another consonant.
OPTIONAL = re.compile("COMBINING (?!KATAKANA)|ARABIC|HEBREW|SYRIAC")
# Short forms, as the first word of a name or within it: behind it, "St" is a street and "MT" is Montana.
SHORT = {"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort"}
# What the first word of an area may be in short: N. Ireland, S Korea.
DIRECTIONS = {
    "n": ("north", "northern"),
    "s": ("south", "southern"),
    "e": ("east", "eastern"),
    "w": ("west", "western"),
}
# What may stand before a name or behind it, and the kinds of places that it tells of.
AREAS = ("continent", "region", "country", "state")
AREA, TOWN = ("state", "region"), ("city",)
BEFORE = {
    **dict.fromkeys(("city", "town", "village", "municipality"), TOWN),
    **dict.fromkeys(("state", "province", "region", "governorate", "commonwealth"), AREA),
    **dict.fromkeys(("county", "district"), ("county", "state")),
    **dict.fromkeys(("republic", "kingdom", "nation"), ("country",)),
    **dict.fromkeys(("island", "islands", "isle"), ("country", "state", "region", "county")),
}
BEHIND = {
    **BEFORE,
    **dict.fromkeys(("division", "prefecture", "oblast", "krai", "parish", "regency"), ("state", "county")),
    "commonwealth": ("country",),
}
# Parts of an area; of these and the kinds alone, nothing is a name: "the North", "the islands".
COMPASS = {
    *("north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest"),
    *("northern", "southern", "eastern", "western", "northeastern", "northwestern", "southeastern", "southwestern"),
    *("central", "centre", "center", "upper", "lower", "inner", "outer", "coastal"),
    *("nord", "sud", "est", "ouest", "norte", "sur", "este", "oeste"),
}
NO_NAMES = COMPASS | BEHIND.keys() | {""}


class Form(NamedTuple):
    """One reading of a name: its key, and the kinds of places that it can be then; None of any."""

    key: str
    kinds: tuple[str, ...] | None = None


def key(name: str) -> str:
    """Its letters, without what is left out at will: `New York`, `#NewYork` and `new-york` are one, so St and Saint."""
    return "".join(_words(name))


def forms(name: str) -> Iterator[Form]:
    """Readings of a name, the plainest first: as it stands, and without what may be added to any name."""
    words = _words(name)
    if words[:1] == ["the"]:
        yield Form("".join(words))
        words = words[1:]
    readings: list[tuple[list[str], tuple[str, ...] | None]] = [(words, None)]
    if len(words) > 2 and words[0] in BEFORE and words[1] == "of":
        readings.append((words[2:], BEFORE[words[0]]))
    if len(words) > 1 and words[-1] in BEHIND:
        readings.append((words[:-1], BEHIND[words[-1]]))
    if len(words) > 1 and words[0] in DIRECTIONS:
        readings += [([own, *words[1:]], AREAS) for own in DIRECTIONS[words[0]]]
    if words and words[0] in COMPASS:
        readings.append((words[1:], AREAS))  # in an area; a part of a town has a name of its own
    if words and words[-1].endswith("s"):
        readings.append(([*words[:-1], words[-1][:-1]], AREAS))  # "California's", also without the apostrophe
    yield from (Form("".join(own), kinds) for own, kinds in readings if not set(own) <= NO_NAMES)


def bare(name: str) -> str | None:
    """The key of a division's name without its kind: Bagmati of `Bagmati Province`; None if it names none."""
    words = _words(name)
    return "".join(words[:-1]) if len(words) > 1 and words[-1] in BEHIND and words[0] not in COMPASS else None


def spelt_in_capitals(name: str) -> bool:
    """Whether it is written as an abbreviation: `US`, `U.S.`, `#USA`; no other word comes behind "the": `the us`."""
    return name == name.upper() or name.lower().startswith("the ")


def is_latin(name: str) -> bool:
    """Whether its letters are Latin."""
    return name.isascii() or all(
        unicodedata.name(character, "").startswith("LATIN") for character in name if character.isalpha()
    )


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", CAMEL.sub(" ", name).casefold())
    own = plain.translate(LETTERS).split()
    if len(own) < 2:
        return own
    own = [SHORT.get(word, word) for word in own[:-1]] + own[-1:]
    return own[:1] + [word for word in own[1:] if word != "the"]


class _Letters(dict[int, str]):
    """What each decomposed character counts as; filled as they come."""

    def __missing__(self, code: int) -> str:
        found = self[code] = _letter(chr(code))
        return found


CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Hindi and Nepali write the two signs of a nasal vowel in turn.
LETTERS = _Letters({ord("&"): " and ", ord("\N{DEVANAGARI SIGN CANDRABINDU}"): "\N{DEVANAGARI SIGN ANUSVARA}"})


def _letter(character: str) -> str:
    category, name = unicodedata.category(character), unicodedata.name(character, "")
    if category == "Cf":  # joiners change how letters look, and not which they are
        return ""
    if category[0] == "M":
        return "" if OPTIONAL.match(name) else character
    if not character.isalnum():
        return " "
    # Unicode does not take strokes and hooks apart: ø, ł, đ and the dotless ı.
    plain = re.match(r"LATIN SMALL LETTER (?:DOTLESS )?([A-Z])(?: WITH .*)?$", name)
    return plain[1].lower() if plain else character
