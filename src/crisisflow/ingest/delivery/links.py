"""Signed links by which an agency says that it took an incident; the same link each time a message is sent."""

import base64
import hmac
import json
from typing import NamedTuple

LONGEST = 2_000  # characters of a token


class Taker(NamedTuple):
    """An agency with the alert that told it of an incident."""

    incident: str
    alert: str
    version: int
    agency: str


class Links:
    """Makes and reads them.

    Args:
        address: of the page, which the token follows as the last part of the path.
        key: of the signatures. Another one makes all links invalid that were sent.
    """

    def __init__(self, address: str, key: bytes) -> None:
        self.address, self._key = address.rstrip("/"), key

    def link(self, taker: Taker) -> str:
        """The link of an agency."""
        said = json.dumps(taker, ensure_ascii=False, separators=(",", ":")).encode()
        return f"{self.address}/{_text(said)}.{_text(self._sign(said))}"

    def taker(self, token: str) -> Taker | None:
        """Whose link it is; None where nobody signed it."""
        if len(token) > LONGEST:
            return None
        said, _, signature = token.partition(".")
        try:
            content, given = _bytes(said), _bytes(signature)
        except ValueError:
            return None
        return Taker(*json.loads(content)) if hmac.compare_digest(given, self._sign(content)) else None

    def _sign(self, said: bytes) -> bytes:
        return hmac.digest(self._key, b"acknowledge:" + said, "sha256")


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """Raises ValueError where it is none."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
