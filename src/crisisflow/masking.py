"""Masking: what in a tweet names or reaches a person is covered wherever a text is shown.

Twitter handles, e-mail addresses and phone-like numbers. A masked text is as long as before, so that offsets still fit.
"""

import re

COVER = "•"

# An address is looked for first, since it has a word before its @. A handle may follow anything, as in RT@someone.
# Each is looked for where it can begin, and nowhere within: else a long run of letters or @ takes the square of its
# length. Of any length, though no mail reaches one with more than 64 characters before its @: it names somebody. Not
# covered: a quoted name before the @, and what stands before the @ of a host without a dot.
ADDRESS = r"(?<![\w.+'’-])[\w.+'’-]++[@＠]\w[\w-]*(?:\.[\w-]+)+"
HANDLE = r"(?<![@＠])[@＠]+\w+"
# Seven digits or more with at most three signs between two of them; no comma, since 1,000,000 is a quantity.
PHONE = r"\+?\(?\d(?:[ \u00a0().\-/\u2010-\u2015]{0,3}\d){6,}"

_PRIVATE = re.compile(f"{ADDRESS}|{HANDLE}|{PHONE}")


def mask(text: str) -> str:
    """The text with each such stretch covered, character by character."""
    return _PRIVATE.sub(lambda found: COVER * len(found[0]), text)
