"""Which places a text names, where no model and no person marked its locations."""

import re

from crisisflow.places.coordinates import Place, gazetteer
from crisisflow.places.mentions import places_of

# A word with a capital letter, or a hashtag. Within a name nothing stands between its words but a blank.
_WORD = re.compile(r"#\w+|(?<!\w)[^\W\d_](?:[\w'’.-]*\w)?")
LONGEST = 4  # words of a name

Span = tuple[int, int]


def named_in(text: str) -> list[Place]:
    """The places whose names stand in a text as capitalised words or hashtags, in order.

    Of names that overlap the longest counts. A text in a script without capital letters names none.
    """
    known = gazetteer()
    spans = []
    for run in _runs(text):
        first = 0
        while first < len(run):
            for last in range(min(len(run), first + LONGEST), first, -1):
                span = run[first][0], run[last - 1][1]
                if known.find(text[slice(*span)]) is not None:
                    spans.append(span)
                    first = last
                    break
            else:
                first += 1
    return [place for place in places_of(text, spans, known) if place is not None]


def _runs(text: str) -> list[list[Span]]:
    """Runs of capitalised words (start, end) with a blank between them; a hashtag is a run of its own."""
    runs: list[list[Span]] = []
    for match in _WORD.finditer(text):
        hashtag = match[0][0] == "#"
        if not hashtag and not match[0][0].isupper():
            continue
        before = runs[-1][-1] if runs else None
        if before and not hashtag and text[before[0]] != "#" and text[before[1] : match.start()] == " ":
            runs[-1].append(match.span())
        else:
            runs.append([match.span()])
    return runs
