"""One style for texts of several sources: what tells the sources apart, and not what the texts say, is taken out.

A classifier that sees nothing but punctuation tells HumAID from ordinary tweets (AUC 0.94), since HumAID lost its
quotation marks, URLs and cut ends. A study that compares them without this measures typography.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from crisisflow.corpus.edits import Edit, Traced
from crisisflow.corpus.normalise_steps import Step
from crisisflow.corpus.repair import BROKEN_EMOJI, ENTITY
from crisisflow.corpus.texts import mention_edits, url_edits

# "RT" where a tweet begins, or in capitals anywhere: what stands behind it was written by somebody else.
_RETWEET = re.compile(r"^\s*(?:RT|rt)\b\s*:*|\bRT\b\s*:*")
# Curly ones too: HumAID lost the straight ones only.
_QUOTES = re.compile("[\"'`´«»‘’‚‛“”„‟‹›]+")
# "@ Place" behind a text, as applications for photographs write it. It is short, and no handle or hashtag is in it.
_PLACE_TAIL = re.compile(r"(?:^|(?<=\s))@\s+(?=[^\W_])[^@#]{1,80}$")
# Where a text was cut for its length, the last word is only the beginning of one.
_ELLIPSIS = re.compile(r"\S*…\s*$|…|\.{2,}")
_HASHTAG = re.compile("#+")  # the sign; its words stay
_PUNCTUATION = re.compile(r"[^\w\s#@]|_")  # also symbols, and all else that is no letter or digit
# What is left of emoji that are none by themselves: joiners, variation selectors and keycaps.
_EMOJI_REST = re.compile("[\u200d\ufe0e\ufe0f\u20e3]+")
_WHITE_SPACE = re.compile(r"\s+")


def _matches(pattern: re.Pattern[str], new: str, text: str) -> Iterator[Edit]:
    """Each match of a pattern becomes `new`."""
    return (Edit(*found.span(), new) for found in pattern.finditer(text))


def _blanks(edits: Callable[[str], Iterable[Edit]], text: str) -> Iterator[Edit]:
    """A blank in place of each edit."""
    return (own._replace(new=" ") for own in edits(text))


def _entities(text: str) -> Iterator[Edit]:
    """Decode HTML entities once; a name that is unknown stays."""
    edits = (Edit(*found.span(), html.unescape(found[0])) for found in ENTITY.finditer(text))
    return (own for own in edits if own.new != text[own.start : own.end])


def _emoji_repair(text: str) -> Iterator[Edit]:
    """Join the split code point of an emoji or mathematical letter (corpus/repair.py)."""
    for found in BROKEN_EMOJI.finditer(text):
        yield Edit(*found.span(), chr((ord(found[1]) << 4) | int(found[2], 16)))


def _emoji(text: str) -> Iterator[Edit]:
    """Each emoji becomes the words of its name in the library `emoji`, between blanks."""
    if text.isascii():
        return
    from emoji import EMOJI_DATA, emoji_list

    position = 0
    for own in emoji_list(text):
        start, end = own["match_start"], own["match_end"]
        yield from (
            Edit(position + a, position + b, " ") for a, b, _ in _matches(_EMOJI_REST, "", text[position:start])
        )
        name = EMOJI_DATA[own["emoji"]]["en"].strip(":").replace("_", " ")
        yield Edit(start, end, f" {name} ")
        position = end
    yield from (Edit(position + a, position + b, " ") for a, b, _ in _matches(_EMOJI_REST, "", text[position:]))


def _paper(text: str) -> Iterator[Edit]:
    """Handles, URLs and emoji as words, as BERTweet reads them (Nguyen et al. 2020): @USER, HTTPURL, and names."""
    taken = 0
    for own in sorted([*url_edits(text), *mention_edits(text), *_emoji(text)]):
        if own.start >= taken:
            yield own
            taken = own.end


def _white_space(text: str) -> Iterator[Edit]:
    """One blank between words, and none at the ends."""
    for found in _WHITE_SPACE.finditer(text):
        new = " " if found.start() > 0 and found.end() < len(text) else ""
        if found[0] != new:
            yield Edit(*found.span(), new)


def _case(text: str) -> Iterator[Edit]:
    """Lower case, letter by letter."""
    return (Edit(at, at + 1, letter.lower()) for at, letter in enumerate(text) if letter != letter.lower())


# In the order in which they are applied. A blank takes the place of what is dropped, so that no two words become one;
# quotation marks leave none, as in HumAID ("dont").
STEPS: dict[Step, Callable[[str], Iterable[Edit]]] = {
    "entities": _entities,
    "emoji_repair": _emoji_repair,
    "paper": _paper,
    "urls": partial(_blanks, url_edits),
    "handles": partial(_blanks, mention_edits),
    "retweet": partial(_matches, _RETWEET, " "),
    "quotes": partial(_matches, _QUOTES, ""),
    "place_tail": partial(_matches, _PLACE_TAIL, " "),
    "ellipsis": partial(_matches, _ELLIPSIS, " "),
    "emoji": partial(_blanks, _emoji),
    "hashtags": partial(_matches, _HASHTAG, " "),
    "punctuation": partial(_matches, _PUNCTUATION, " "),
    "case": _case,
}


def normalise(text: str, steps: Sequence[Step]) -> Traced:
    """The text in the style that the steps leave, and where each of its characters was.

    White space is folded whatever the steps. They are repeated until nothing changes, since what one leaves may be
    something to another: `&amp;lt;` is an entity in an entity. So a text that is normalised again stays as it is.

    Args:
        steps: names of STEPS; they are applied in the order of STEPS.
    """
    chosen = [step for name, step in STEPS.items() if name in steps]
    found, before = Traced.of(text), None
    while found.text != before:
        before = found.text
        for step in chosen:
            found = found.edited(step(found.text))
        found = found.edited(_white_space(found.text))
    return found
