"""Phrases: a hundred thousand names looked up in a text, each under all the ways in which it is written.

A tree of dictionaries over the words of the phrases, which are spaCy's tokens. It is built in a fraction of the time
that spaCy's PhraseMatcher needs, which wants a Doc of each phrase.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from crisisflow.taxonomy import EntityType

if TYPE_CHECKING:  # a heavy import
    from spacy.tokenizer import Tokenizer

# Letters that Unicode does not take apart.
STROKED = dict(zip("ıłŁøØđĐðÐħĦŧŦ", "ilLoOdDdDhHtT", strict=True))
# Words that are written in two ways, with a dot or without; a dot that follows one is no word.
SHORT = {"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount", "pt": "point", "&": "and"}
LONG = {long: short for short, long in SHORT.items() if long != "and"}
# Short for a county where they have a capital: "Lake Co."
COUNTY = {"Co", "Cty", "Cnty"}
# The key of what the phrase that ends at a node stands for: no word is empty.
_HERE = ""

Find = tuple[int, int, str, str]  # first token, last token (included), label, rule


def unaccented(text: str) -> str:
    """The text with each letter's accents left out, place for place."""
    return text if text.isascii() else text.translate(_UNACCENTED)


class _Unaccented(dict[int, str]):
    """What each character is without its accents; filled as they come."""

    def __missing__(self, code: int) -> str:
        if chr(code) in STROKED:
            return self.setdefault(code, STROKED[chr(code)])
        parts = unicodedata.normalize("NFKD", chr(code))
        plain = [part for part in parts if not unicodedata.combining(part)]
        found = self[code] = plain[0] if len(plain) == 1 else chr(code)
        return found


_UNACCENTED = _Unaccented()


@lru_cache(maxsize=100_000)
def folded(word: str) -> str:
    """The key of a word: lower-case, without accents, apostrophes and dots, and in full where it has a short form."""
    if word.rstrip(".") in COUNTY:
        return "county"
    lower = word.lower()
    if not (word.isascii() and word.isalpha()):
        # The small form of İ has two characters.
        lower = unaccented(lower).replace("\u0307", "").replace("'", "").replace(".", "") or word
    return SHORT.get(lower, lower)


class Phrases:
    """Phrases as trees of the keys of their words.

    Args:
        tokenizer: cuts phrases as it cuts texts. key: the key of a word.
    """

    def __init__(self, tokenizer: "Tokenizer", key: Callable[[str], str]) -> None:
        self._tokenizer, self._key = tokenizer, key
        self._root: dict[str, Any] = {}
        self._cut: dict[str, list[str]] = {}  # what the tokenizer said of a part of a phrase
        # What the tokenizer does not take apart: letters only, and no exception such as "cannot".
        self._exceptions = frozenset(tokenizer.rules)

    def add(self, phrase: str, label: EntityType | str, rule: str) -> None:
        """Add a phrase; what it stands for already, it goes on to stand for."""
        node = self._root
        for key in self._keys_of(phrase):
            node = node.setdefault(key, {})
        node.setdefault(_HERE, []).append((str(label), rule))

    def find(self, words: Sequence[str], spaced: Sequence[bool]) -> Iterator[Find]:
        """All phrases in the words of a text; `spaced` says of each whether white space follows it."""
        keys, places = self._keys(words, spaced)
        root, count = self._root, len(keys)
        for first, key in enumerate(keys):
            node = root.get(key)
            last = first
            while node is not None:
                for label, rule in node.get(_HERE, ()):
                    yield places[first], places[last], label, rule
                last += 1
                node = node.get(keys[last]) if last < count else None

    def _keys_of(self, phrase: str) -> Sequence[str]:
        chunks = phrase.split()
        # Most phrases are made of letters alone; each of their chunks is a word.
        if all(map(str.isalpha, chunks)) and self._exceptions.isdisjoint(chunks):
            words = list(map(self._key, chunks))
            if all(map(str.isalpha, words)):
                return list(map(self._key, words))
        return self._keys(*zip(*self._words(phrase), strict=True))[0]

    def _words(self, phrase: str) -> Iterator[tuple[str, bool]]:
        for chunk in phrase.split():
            # "u.s." would be cut, as dots after capitals only are not.
            word = chunk if "'" in chunk else self._key(chunk)
            if word.isalpha() and chunk not in self._exceptions:
                yield word, True
            else:
                if (tokens := self._cut.get(chunk)) is None:
                    tokens = self._cut[chunk] = [token.text for token in self._tokenizer(chunk)]
                yield from ((token, at == len(tokens)) for at, token in enumerate(tokens, 1))

    def _keys(self, words: Sequence[str], spaced: Sequence[bool]) -> tuple[list[str], Sequence[int]]:
        """The keys of words, and whose they are: hyphens, blanks and dots of short forms are passed over."""
        keys = list(map(self._key, words))
        dots = "." in words and not LONG.keys().isdisjoint(keys)
        if not (dots or "-" in words or "'" in words or any(map(str.isspace, words))):
            return keys, range(len(keys))
        places = []
        blank, before = True, ""
        for at, word in enumerate(words):
            # "Port-au-Prince", "Port - au - Prince", "L' Aquila", and the second of two blanks
            joins = (word in ("-", "'") and blank == spaced[at]) or (word == "'" and not blank) or word.isspace()
            if not (joins or (word == "." and before in LONG)):
                before = keys[at]
                places.append(at)
            blank = spaced[at]
        return [keys[at] for at in places], places
