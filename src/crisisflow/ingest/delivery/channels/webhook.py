"""The webhook channel: a POST of JSON, signed as the Standard Webhooks specification (1.0) says."""

import base64
import binascii
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.delivery.cap import as_cap
from crisisflow.ingest.delivery.channels.addresses import resolve
from crisisflow.ingest.delivery.channels.secret import read_secret
from crisisflow.ingest.delivery.message import Message
from crisisflow.ingest.delivery.result import Result, line
from crisisflow.ingest.routing.agencies import SECRET_PREFIX, Cap, Webhook

MOST = 65_536  # bytes of an answer that are read
BUSY = (429, 503)
LONGEST = 86_400  # seconds that a receiver may put off


def sign(secrets: Sequence[bytes], identity: str, at: int, body: bytes) -> str:
    """The header webhook-signature: one signature for each secret, so that either may be in use."""
    said = f"{identity}.{at}.".encode() + body
    signed = (base64.b64encode(hmac.new(own, said, hashlib.sha256).digest()).decode() for own in secrets)
    return " ".join(f"v1,{own}" for own in signed)


def read_webhook_secret(path: Path) -> bytes:
    """The bytes of a secret of Standard Webhooks: base64, with or without whsec_ before it.

    Raises:
        CrisisflowError: it cannot be read, or is no such secret.
    """
    written = read_secret(path).removeprefix(SECRET_PREFIX)
    try:
        secret = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (ValueError, binascii.Error):
        secret = b""
    if not 24 <= len(secret) <= 64:
        raise CrisisflowError(f"{path}: not a secret of Standard Webhooks: base64 of 24 to 64 bytes")
    return secret


class WebhookReceiver:
    """A webhook. A redirect is a failure, and the name is looked up once for each attempt."""

    def __init__(self, channel: Webhook, cap: Cap | None, folder: Path) -> None:
        self.channel, self.cap = channel, cap
        self.secrets = [read_webhook_secret(folder / own) for own in channel.secrets]
        self.context = ssl.create_default_context()
        if channel.authority:
            try:
                self.context = ssl.create_default_context(cafile=str(folder / channel.authority))
            except (OSError, ssl.SSLError) as error:
                raise CrisisflowError(f"{folder / channel.authority}: no certificates ({error})") from None

    def send(self, message: Message) -> Result:
        """POST a message."""
        parts = urlsplit(self.channel.url)
        host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
        try:
            addresses = resolve(host, port, self.channel.private_addresses)
        except CrisisflowError as error:
            return Result("failed", line(str(error)))
        as_xml = self.channel.form == "cap" and self.cap is not None
        body = as_cap(message, self.cap) if as_xml and self.cap else message.as_json()
        at = int(time.time())
        headers = {
            "host": parts.netloc,
            "content-type": "application/cap+xml" if as_xml else "application/json",
            "accept-encoding": "identity",
            "user-agent": "crisisflow",
            "webhook-id": message.id,
            "webhook-timestamp": str(at),
            "webhook-signature": sign(self.secrets, message.id, at, body),
        }
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        answer = "no address"
        for address in addresses:
            literal = f"[{address}]" if ":" in address else address
            url = f"{parts.scheme}://{literal}:{port}{path}"
            try:
                return self._post(url, host, headers, body)
            except httpx.ConnectError as error:  # nothing was sent: the next address may answer
                answer = f"cannot connect to {host} ({error})"
            except httpx.HTTPError as error:
                return Result("failed", line(f"{type(error).__name__}: {error}"))
        return Result("failed", line(answer))

    def _post(self, url: str, host: str, headers: dict[str, str], body: bytes) -> Result:
        with (
            httpx.Client(
                verify=self.context, timeout=self.channel.timeout, follow_redirects=False, trust_env=False
            ) as client,
            client.stream("POST", url, headers=headers, content=body, extensions={"sni_hostname": host}) as response,
        ):
            read = bytearray()
            for part in response.iter_raw():  # not unpacked: a small answer may become a large one
                read += part
                if len(read) > MOST:
                    break
            return _result(response.status_code, response.headers, bytes(read[:MOST]))


def _result(status: int, headers: httpx.Headers, read: bytes) -> Result:
    text = read.decode("utf-8", "replace")
    if 200 <= status < 300:
        acknowledged, reference = _reply(text)
        return Result("delivered", line(f"{status} {text}"), reference=reference, acknowledged=acknowledged)
    if status == 410:
        return Result("dead", "410 Gone: the receiver wants nothing any more", disables=True)
    if 300 <= status < 400:
        return Result("failed", line(f"{status}: a redirect is a failure; write its address into agencies.yaml"))
    later = _later(headers.get("retry-after")) if status in BUSY else None
    return Result("failed", line(f"{status} {text}"), ours=400 <= status < 500 and status not in BUSY, later=later)


def _reply(text: str) -> tuple[bool, str | None]:
    """Whether an answer acknowledges, and the receiver's own reference."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False, None
    if not isinstance(found, dict):
        return False, None
    reference = found.get("reference")
    return found.get("acknowledged") is True, line(str(reference)) if isinstance(reference, str | int) else None


def _later(value: str | None) -> int | None:
    """The seconds of Retry-After: a number, or a date."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return min(int(value), LONGEST)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0, min(round((at - datetime.now(UTC)).total_seconds()), LONGEST))
