"""What is known of English words: the dictionary of symspellpy, WordNet 3.0 and slang.

Each is read once, from files that come with this package or with symspellpy; nothing is fetched.
"""

import csv
import gzip
import io
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symspellpy import SymSpell

_PACKAGE = "crisisflow.studies.analytics"
_DICTIONARY = "frequency_dictionary_en_82_765.txt"
_PREFIX = 7  # letters that SymSpell indexes; its own default
# WordNet's rules of detachment for nouns and verbs (morphy(7)): ends of inflected forms, and those of their lemmas.
_ENDS = (
    *(("s", ""), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man")),
    *(("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")),
)
_LEAST_LEMMA = 3  # letters of a lemma that an end was taken off: "wing" is no form of "w"


@cache
def speller(distance: int) -> "SymSpell":
    """The dictionary with its index of words at that edit distance (Garbe's SymSpell)."""
    from symspellpy import SymSpell

    found = SymSpell(distance, _PREFIX)
    found.load_dictionary(str(files("symspellpy") / _DICTIONARY), 0, 1, encoding="utf-8")
    return found


@cache
def dictionary() -> frozenset[str]:
    """Its words."""
    lines = (files("symspellpy") / _DICTIONARY).read_text(encoding="utf-8-sig").splitlines()
    return frozenset(line.split()[0] for line in lines)


@cache
def synonyms() -> Mapping[str, str]:
    """Of each lemma of one word in WordNet the first lemma of one word of its most frequent synset, often itself.

    Where that one's most frequent synset begins with another, it is the end of the chain (tools/wordnet_table.py).
    """
    packed = files(_PACKAGE).joinpath("data/wordnet.tsv.gz").read_bytes()
    lines = gzip.decompress(packed).decode("ascii").splitlines()
    return {lemma: first or lemma for lemma, _, first in (line.partition("\t") for line in lines)}


@cache
def slang() -> Mapping[str, tuple[str, ...]]:
    """The words that each abbreviation, phonetic form, contraction or ordinal stands for."""
    text = files(_PACKAGE).joinpath("data/slang.csv").read_text(encoding="utf-8")
    return {row["form"]: tuple(row["words"].split()) for row in csv.DictReader(io.StringIO(text))}


def lemma_of(word: str) -> str | None:
    """The lemma of WordNet of which a word is, or is a regular form; None where there is none.

    By WordNet's rules of detachment, in their order; irregular forms (feet, went) are not looked up.
    """
    return next((lemma for lemma in _lemmas(word) if lemma in synonyms()), None)


def _lemmas(word: str) -> Iterator[str]:
    yield word
    if word.endswith("ss"):
        return
    for end, own in _ENDS:
        if word.endswith(end) and len(word) - len(end) + len(own) >= _LEAST_LEMMA:
            yield word[: -len(end)] + own


def is_word(word: str) -> bool:
    """Whether the dictionary or WordNet has a word, or WordNet one of which it is a regular form."""
    return word in dictionary() or lemma_of(word) is not None
