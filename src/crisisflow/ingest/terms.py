"""Terms: words and phrases by which posts are chosen, and the lists of them that come with the package."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

from crisisflow.ingest.typed_yaml import read
from crisisflow.params import Section, Text
from crisisflow.places.names import OPTIONAL

# Scripts that write no blanks between words: a term may stand anywhere.
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


class Keywords(Section):
    """The terms of a language, by what they tell of."""

    general: list[Text]
    flood: list[Text]
    earthquake: list[Text]
    storm: list[Text]
    fire: list[Text]
    landslide: list[Text]
    epidemic: list[Text]
    accident: list[Text]
    attack: list[Text]


LANGUAGES = ("ar", "en", "es", "fr", "hi", "id", "it", "pt", "tl")
KINDS = tuple(Keywords.model_fields)


@lru_cache
def keywords(language: str) -> Keywords:
    """The terms of a language that come with the package: keywords/<language>.yaml."""
    with resources.as_file(resources.files("crisisflow.ingest").joinpath("keywords", f"{language}.yaml")) as path:
        return read(path, Keywords)


def terms_of(languages: Iterable[str], kinds: Sequence[str]) -> list[str]:
    """The terms of the package in these languages and of these kinds."""
    return [term for language in languages for kind in kinds for term in getattr(keywords(language), kind)]


@lru_cache(4096)
def _plain(character: str) -> str:
    """A character without the marks that writers leave out at will."""
    parts = unicodedata.normalize("NFKD", character.casefold())
    kept = (own for own in parts if not (unicodedata.combining(own) and OPTIONAL.match(unicodedata.name(own, ""))))
    return unicodedata.normalize("NFC", "".join(kept))


def folded(text: str) -> str:
    """A text as terms are compared: small letters, without accents, with one blank between words."""
    plain = text.lower() if text.isascii() else "".join(map(_plain, unicodedata.normalize("NFC", text)))
    return " ".join(plain.split())


# Words: letters and digits, and the vowel signs of Indian scripts, which Python does not count as letters.
_WORD = re.compile(r"[\w\u0900-\u0963\u0980-\u0dff]+")
_END, _BEGINNING = "", "*"  # keys in the tree that no word has


class Terms:
    """Terms that are looked for together.

    A term is a word or a phrase, and matches whole words; one that ends with `*` also the beginnings of words. Case and
    accents do not count, and a hashtag is a word.

    The words of the terms are a tree, in which a text is looked up word by word: a regular expression of some hundred
    terms takes a hundred times as long.
    """

    def __init__(self, terms: Iterable[str]) -> None:
        self._tree: dict[str, Any] = {}
        self._anywhere: list[str] = []
        for term in terms:
            plain = folded(term.rstrip("*"))
            words = _WORD.findall(plain)
            if any(map(_unspaced, plain)):
                self._anywhere.append(plain)
            elif words:
                self._add(words, beginning=term.endswith("*"))

    def _add(self, words: Sequence[str], beginning: bool) -> None:
        node = self._tree
        for word in words[:-1]:
            node = node.setdefault(word, {})
        if beginning:
            node.setdefault(_BEGINNING, {}).setdefault(len(words[-1]), set()).add(words[-1])
        else:
            node.setdefault(words[-1], {})[_END] = True

    def found(self, text: str) -> bool:
        """Whether any of them stands in a text; where there is no term, every text is as good."""
        if not self._tree and not self._anywhere:
            return True
        plain = folded(text)
        if any(term in plain for term in self._anywhere):
            return True
        words = _WORD.findall(plain)
        return any(self._at(words, first) for first in range(len(words)))

    def _at(self, words: Sequence[str], first: int) -> bool:
        node = self._tree
        for word in words[first:]:
            if _BEGINNING in node and any(word[:size] in own for size, own in node[_BEGINNING].items()):
                return True
            node = node.get(word)
            if node is None:
                return False
            if _END in node:
                return True
        return False


def _unspaced(character: str) -> bool:
    return not character.isascii() and unicodedata.name(character, "").startswith(UNSPACED)
