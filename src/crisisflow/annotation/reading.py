"""The reading form of a text: what the three stages read instead of it, and the way back to its own offsets.

One name has many spellings in Unicode: four apostrophes, five hyphens, letters composed or followed by their accent,
wide letters, blanks that do not break, and characters that nobody sees. Lexicons, patterns and spaCy's pipelines know
one of each. The reading form has that one; spans found in it are given back in offsets of the text as it is.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crisisflow.spans import Span

# Unicode's format characters (category Cf) and those that are to be ignored in display, but for the marks among them.
INVISIBLE = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
APOSTROPHES = "`\u00b4\u02b9\u02bb-\u02bf\u02c8\u02ca\u02cb\u02ee\u055a\u05f3\u07f4\u07f5\u1fbd\u1fbf\u1fef\u1ffd\u1ffe"
APOSTROPHES += "\u2018-\u201b\u2032\u2035\ua78b\ua78c\uff07"
HYPHENS = "\u02d7\u058a\u05be\u1806\u2010-\u2013\u2043\u2212\u2e17\u2e1a\u2e40\ufe58\ufe63\uff0d"
DASHES = "\u2014\u2015\u2e3a\u2e3b"  # a hyphen between two letters, otherwise a sign between words
PERCENTS = "\u066a\ufe6a"
BLANKS = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
# Letters, digits and signs of another width or type face, and joined letters.
FORMS = "\u2102\u210a-\u2113\u2115\u2119-\u211d\u2124\u2128\u212c\u212d\u212f-\u2131\u2133\u2134\u2139\u2145-\u2149"
FORMS += "\u2024\u24b6-\u24e9\ufb00-\ufb06\uff01-\uff9f\uffe0-\uffee\U0001d400-\U0001d7ff\U0001f130-\U0001f149"

# Next to a digit an apostrophe or a dash is a sign of its own: 5′, 1’000, 10–15.
_ODD = re.compile(
    rf"(?P<nothing>[{INVISIBLE}]+)|(?<!\d)(?P<apostrophe>[{APOSTROPHES}])"
    rf"|(?<!\d)(?P<hyphen>[{HYPHENS}])|(?<=[^\W\d])(?P<long>[{DASHES}])(?=[^\W\d])"
    rf"|(?P<blank>[{BLANKS}])|(?P<percent>[{PERCENTS}])|(?P<form>[{FORMS}])"
)
_PLAIN = {"nothing": "", "apostrophe": "'", "hyphen": "-", "long": "-", "blank": " ", "percent": "%"}
_UNSEEN = re.compile(f"[{INVISIBLE}]")
# A Latin letter with an accent, or several, of which Unicode has no letter.
_ACCENTED = re.compile("(?:[A-Za-z]|[\u00c0-\u024f])[\u0300-\u036f\ufe0f]+")


class Reading(NamedTuple):
    """A text, its reading form, and where each of that form's characters stands in the text."""

    text: str
    form: str
    starts: list[int] | None  # None: the form is the text
    ends: list[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The stretch form[start:end] in offsets of the text; it never begins or ends inside a letter."""
        if self.starts is not None:
            start, end = self.starts[start], self.ends[end - 1]
        return (start, end) if self.text.isascii() else _whole_letters(self.text, start, end)

    def spans(self, found: Iterable[Span]) -> Iterator[Span]:
        """Spans that were found in the form, in offsets of the text."""
        if self.starts is None and self.text.isascii():
            yield from found
            return
        for span in found:
            start, end = self.original(span.start, span.end)
            yield span._replace(start=start, end=end)


def read(text: str) -> Reading:
    """The reading form of a text."""
    if text.isascii() and "`" not in text:
        return Reading(text, text, None, [])
    odd = [match for match in _ODD.finditer(text) if match.lastgroup]
    if not odd and not _ACCENTED.search(text) and unicodedata.is_normalized("NFC", text):
        return Reading(text, text, None, [])
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for match in odd:
        kept = range(at, match.start())
        pieces.append(text[at : match.start()])
        starts += kept
        ends += range(at + 1, match.start() + 1)
        at = match.end()
        kind = str(match.lastgroup)
        plain = _PLAIN[kind] if kind in _PLAIN else unicodedata.normalize("NFKC", match[0])
        pieces.append(plain)
        starts += [match.start()] * len(plain)
        ends += [match.end()] * len(plain)
    pieces.append(text[at:])
    starts += range(at, len(text))
    ends += range(at + 1, len(text) + 1)
    form = "".join(pieces)
    if _ACCENTED.search(form) or not unicodedata.is_normalized("NFC", form):
        form, starts, ends = _composed(form, starts, ends)
    return Reading(text, form, starts, ends)


def _composed(form: str, starts: list[int], ends: list[int]) -> tuple[str, list[int], list[int]]:
    """The form with each letter and its marks composed, and the offsets of what came of them."""
    pieces: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    at = 0
    while at < len(form):
        end = at + 1
        while end < len(form) and goes_on(form[end]):
            end += 1
        whole = form[at:end]
        composed = unicodedata.normalize("NFC", whole)
        if _ACCENTED.fullmatch(composed):
            composed = composed[0]
        pieces.append(composed)
        if composed == whole:
            new_starts += starts[at:end]
            new_ends += ends[at:end]
        else:
            new_starts += [starts[at]] * len(composed)
            new_ends += [ends[end - 1]] * len(composed)
        at = end
    return "".join(pieces), new_starts, new_ends


def goes_on(char: str) -> bool:
    """Whether a character goes on with the letter before it: a mark, a vowel of a Hangul syllable, a skin tone."""
    if char.isascii():
        return False
    return (
        unicodedata.category(char)[0] == "M"
        or "\u1160" <= char <= "\u11ff"
        or "\ud7b0" <= char <= "\ud7fb"
        or char in "\uff9e\uff9f"
        or "\U0001f3fb" <= char <= "\U0001f3ff"
    )


def _whole_letters(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch with all of its first and its last letter."""
    while start and goes_on(text[start]):
        start -= 1
        while start and _UNSEEN.match(text[start]):
            start -= 1
    at = end
    while at < len(text) and (goes_on(text[at]) or _UNSEEN.match(text[at])):
        at += 1
        if goes_on(text[at - 1]):
            end = at
    return start, end
