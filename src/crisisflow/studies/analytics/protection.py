"""Protected words: those that the dictionary lacks and the posts are about. No step of normalisation changes them.

The paper's steps, taken literally, drop the subject of its corpus: no dictionary of before has the name of a new virus.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from crisisflow.annotation.lexicon_files import RULER, RulerFile, read_lexicon
from crisisflow.places.gazetteer import place_names
from crisisflow.studies.analytics.english import is_word, slang
from crisisflow.studies.analytics.normalisation import special, stop_list

LEXICONS = ("places", "disasters", "organisations")
_ACRONYM = range(2, 7)  # letters
_WORD = re.compile(r"[^\W_]+")
_STRETCHED = re.compile(r"(.)\1\1")


class Protected(NamedTuple):
    """Protected words in small letters, by why they are."""

    query: frozenset[str]
    vocabulary: frozenset[str]
    acronyms: frozenset[str]
    names: frozenset[str]

    @property
    def words(self) -> frozenset[str]:
        """All of them."""
        return self.query | self.vocabulary | self.acronyms | self.names


NOTHING = Protected(*[frozenset()] * len(Protected._fields))


def query_words(terms: Iterable[str], stops: str) -> frozenset[str]:
    """The words of search terms, as the steps `special` and `lower` leave them, but for stop words and numbers."""
    found = {word for term in terms for word in special(term.lower()).split()}
    return frozenset(word for word in found if word not in stop_list(stops) and not word.isdigit())


@cache
def names() -> frozenset[str]:
    """The words of the names in our lexicons that are no English words besides."""
    found: set[str] = set()
    for name in LEXICONS:
        file = read_lexicon(name, RulerFile, RULER)
        phrases = [phrase for group in (*file.phrases.values(), *file.exact.values()) for phrase in group]
        phrases += [phrase for own in file.combine.values() for phrase in (*own.first, *own.second)]
        if file.gazetteer:
            phrases += [phrase for phrase, _ in place_names(file.gazetteer)]
        found |= {word for phrase in phrases for word in _WORD.findall(phrase.lower())}
    return frozenset(word for word in found if len(word) > 1 and word.isalpha() and _is_protected(word))


def _is_protected(word: str) -> bool:
    """Whether a step would lose it: a known word needs no protection, and a form of slang is to be replaced."""
    return not is_word(word) and word not in slang()


def protected(posts: Iterable[Sequence[str]], query: Iterable[str], above: int | None, stops: str) -> Protected:
    """The protected words of a corpus.

    Args:
        posts: the words of each, with their capitals.
        query: its search terms.
        above: words of the posts that occur more often are protected; None protects nothing.
        stops: the list of stop words, which are not.
    """
    if above is None:
        return NOTHING
    seen: Counter[str] = Counter()
    capitals: Counter[str] = Counter()
    for words in posts:
        seen.update(words)
        # In a post of capitals alone they tell nothing.
        if not all(word.isupper() for word in words if word.isalpha()):
            capitals.update(words)
    times: Counter[str] = Counter()
    for word, count in seen.items():
        times[word.lower()] += count
    frequent = (word for word, count in times.items() if count > above)
    return Protected(
        query_words(query, stops),
        frozenset(
            word
            for word in frequent
            if word.isalnum() and not word.isdigit() and not _STRETCHED.search(word) and _is_protected(word)
        ),
        frozenset(_acronyms(capitals, stops)),
        names(),
    )


def _acronyms(written: Counter[str], stops: str) -> Iterable[str]:
    """Words that are written in capitals at least as often as otherwise."""
    otherwise: Counter[str] = Counter()
    for word, count in written.items():
        if not word.isupper():
            otherwise[word.lower()] += count
    for word, count in written.items():
        low = word.lower()
        is_one = word.isalpha() and word.isupper() and len(word) in _ACRONYM and count >= otherwise[low]
        if is_one and low not in stop_list(stops) and low not in slang():
            yield low
