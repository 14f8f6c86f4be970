"""Masking: what in a tweet names or reaches a person is covered wherever a text is shown.

Twitter handles, e-mail addresses and phone-like numbers. A masked text is as long as before, so that offsets still fit.
"""

import re

COVER = "•"

# A handle is @ and up to 15 word characters; what stands before it must be no word, or it is an address.
HANDLE = r"(?<![\w@])[@＠]\w+"
ADDRESS = r"[\w.+-]+@\w[\w-]*(?:\.[\w-]+)+"
# Seven digits or more with at most two signs between two of them; no comma, since 1,000,000 is a quantity.
PHONE = r"\+?\(?\d(?:[ ().\-/]{0,2}\d){6,}"

_PRIVATE = re.compile(f"{ADDRESS}|{HANDLE}|{PHONE}")


def mask(text: str) -> str:
    """The text with each such stretch covered, character by character."""
    return _PRIVATE.sub(lambda found: COVER * len(found[0]), text)
