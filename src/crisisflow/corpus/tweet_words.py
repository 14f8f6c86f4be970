"""The words of a tweet, and from which similarity of them two tweets are near duplicates."""

import re

NEAR = 0.8  # token Jaccard from which two tweets count as near duplicates

_NOISE = re.compile(r"^rt\b|@\w+|https?\S*", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def in_order(text: str) -> str:
    """The words of a tweet in their order, spelled as they are, with a space between two: without retweet prefix,
    handles, URLs and punctuation."""
    return " ".join(_WORD.findall(_NOISE.sub(" ", text.strip())))


def words(text: str) -> list[str]:
    """The same words lower-cased, as a list."""
    return in_order(text.lower()).split()


def tokens(text: str) -> frozenset[str]:
    """The words of a tweet as a set."""
    return frozenset(words(text))
