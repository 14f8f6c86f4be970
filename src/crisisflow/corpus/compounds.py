"""Words that were written without the blanks between them, as in hashtags: PrayForPeru, prayforperu."""

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a heavy import
    from wordsegment import Segmenter

MOST = 60  # letters of a compound that is parted by its words: a longer one takes seconds, and is no hashtag
# "PrayForPeru", "prayForPERU2019": a capital begins a word unless it goes on with capitals.
CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\dA-Za-z]+")


def parts(compound: str) -> list[str]:
    """The words of a compound, as they are written in it.

    By its capitals, or, in one case throughout, by the library wordsegment (Norvig 2009, Natural Language Corpus Data).
    One of more than MOST letters in one case is not parted.
    """
    if compound != compound.lower() and compound != compound.upper():
        return CAMEL.findall(compound)
    if len(compound) > MOST:
        return [compound]
    words, at = [], 0
    for word in segment(compound.lower()):
        words.append(compound[at : at + len(word)])
        at += len(word)
    return words


def segment(word: str) -> list[str]:
    """The words of a compound in small letters, by the library wordsegment."""
    # It drops what is no letter or digit, which would shift the places.
    return _segmenter().segment(word) if word.isascii() and word.isalnum() else [word]


@lru_cache(maxsize=1)
def _segmenter() -> "Segmenter":
    from wordsegment import Segmenter

    segmenter = Segmenter()
    segmenter.unigrams = _counts(segmenter.UNIGRAMS_FILENAME)
    segmenter.bigrams = _counts(segmenter.BIGRAMS_FILENAME)
    segmenter.total, segmenter.limit = segmenter.TOTAL, segmenter.LIMIT
    return segmenter


def _counts(file: str) -> dict[str, float]:
    """The counts of a file of wordsegment's, which itself takes longer to read them, line by line."""
    cells = Path(file).read_text("utf-8").replace("\n", "\t").split("\t")
    return dict(zip(cells[:-1:2], map(float, cells[1::2]), strict=True))
