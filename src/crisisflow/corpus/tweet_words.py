"""The words of a tweet, and from which similarity of them two tweets are near duplicates."""

import re

NEAR = 0.8  # token Jaccard from which two tweets count as near duplicates

_NOISE = re.compile(r"^rt\b|@\w+|https?\S*")
_WORD = re.compile(r"\w+")


def tokens(text: str) -> frozenset[str]:
    """The words of a tweet, lower-cased, without retweet prefix, handles and URLs."""
    return frozenset(_WORD.findall(_NOISE.sub(" ", text.lower().strip())))
