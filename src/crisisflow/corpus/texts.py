"""Texts as models read them: without handles and URLs, with names for emoji, in one line (arXiv 2502.16839, 3.1).

A prepared text that is prepared again stays as it is. That makes it possible to prepare a text wherever it enters.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from crisisflow.corpus.edits import Edit, edited
from crisisflow.corpus.repair import decode_entities, restore_emoji
from crisisflow.masking import names
from crisisflow.params import TextsParams
from crisisflow.spans import URL

URL_WORD, MENTION_WORD = "HTTPURL", "@USER"

# HumAID lost its URLs and kept the beginning of the last one: a bare "http" at the end of a text.
_URL = re.compile(rf"{URL.pattern}|\bhttps?\b[:/]*(?=\W*$)", re.IGNORECASE)
_WHITE_SPACE = re.compile(r"\s+")


def url_edits(text: str) -> Iterator[Edit]:
    """Each URL becomes HTTPURL. The host of an e-mail address is none."""
    addresses = [(start, end) for start, end, is_handle in names(text) if not is_handle]
    for found in _URL.finditer(text):
        if not any(start < found.end() and found.start() < end for start, end in addresses):
            yield Edit(*found.span(), URL_WORD)


def mention_edits(text: str) -> Iterator[Edit]:
    """Each handle becomes @USER."""
    return (Edit(start, end, MENTION_WORD) for start, end, is_handle in names(text) if is_handle)


def _counted(text: str, edits: Iterable[Edit]) -> tuple[str, int]:
    """The edited text, and the number of edits."""
    own = list(edits)
    return edited(text, own), len(own)


def _name_emoji(text: str) -> tuple[str, int]:
    """Write each emoji as the words of its name in the library `emoji` (Unicode's short name), between blanks."""
    if text.isascii():
        return text, 0
    from emoji import replace_emoji

    named = 0

    def name(_: str, data: dict[str, str]) -> str:
        nonlocal named
        named += 1
        return f" {data['en'].strip(':').replace('_', ' ')} "

    return replace_emoji(text, name), named


def _fold_white_space(text: str) -> tuple[str, int]:
    folded = _WHITE_SPACE.sub(" ", text).strip()
    return folded, int(folded != text)


# In the order in which they are applied. Each returns the text, and how many places it changed.
STEPS: dict[str, Callable[[str], tuple[str, int]]] = {
    "repair": restore_emoji,
    "entities": decode_entities,
    "urls": lambda text: _counted(text, url_edits(text)),
    "mentions": lambda text: _counted(text, mention_edits(text)),
    "emoji": _name_emoji,
    "white_space": _fold_white_space,
}


def prepare(text: str, params: TextsParams, counts: Counter[str] | None = None) -> str:
    """The prepared text.

    The steps are repeated until nothing changes: an entity may hold another one (`&amp;amp;`), or a URL.

    Args:
        params: which steps are applied. counts: per step, the number of changed places is added.
    """
    steps = {name: step for name, step in STEPS.items() if getattr(params, name)}
    before = None
    while text != before:
        before = text
        for name, step in steps.items():
            changed, places = step(text)
            if counts is not None and changed != text:
                counts[name] += places
            text = changed
    return text
