"""The guard: what stands between the network and the app. ASGI middleware, outermost first in `guarded`."""

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crisisflow.serving.settings import Access, Limits, Settings

# Scripts and styles come from this server's files only, and no script may make markup of a string.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
# Swagger UI sets styles of its own and makes markup of strings: its page holds no tweets.
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


RETRY = 2  # seconds


def guarded(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The app behind all of them."""
    app = BodyLimit(app, settings.limits)
    app = TokenCheck(app, settings.access) if settings.desk is None else PersonCheck(app, settings.desk.person)
    if settings.access.origins:
        app = CORSMiddleware(
            app,
            allow_origins=list(settings.access.origins),
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=["authorization", "content-type", "if-match", "last-event-id"],
        )
    app = HostCheck(app, settings.access)
    return SafeHeaders(Problems(app))


async def refuse(send: Send, status: int, detail: str, **headers: str) -> None:
    """Answer with a problem."""
    body = json.dumps({"detail": detail}).encode()
    lines = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in lines.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


class SafeHeaders:
    """Sets the security headers of every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer with the headers."""
        docs = scope["type"] == "http" and scope["path"] == "/docs"
        lines = {"content-security-policy": DOCS_POLICY if docs else POLICY, **HEADERS}

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in lines.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


class Problems:
    """Brings every refusal to one form, also those of libraries, which answer in plain text; HEAD gets no body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer in this form."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        start: Message | None = None  # of a refusal whose body has not come whole
        said = bytearray()

        async def in_form(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "GET" in (allowed := headers.get("allow", "").split(", ")) and "HEAD" not in allowed:
                    headers["allow"] = ", ".join(sorted([*allowed, "HEAD"]))
                if message["status"] >= 400 and headers.get("content-type") != "application/json":
                    start = message
                    return
            elif start is not None:
                said.extend(message.get("body", b""))
                if message.get("more_body", False):
                    return
                detail = said.decode("utf-8", "replace").strip() or HTTPStatus(start["status"]).phrase
                body = json.dumps({"detail": detail}).encode()
                headers = MutableHeaders(scope=start)
                headers["content-type"], headers["content-length"] = "application/json", str(len(body))
                await send(start)
                start, message = None, {"type": "http.response.body", "body": body}
            if head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app(scope, receive, in_form)


class HeadAsGet:
    """Answers HEAD as GET by the headers alone; what a stream would send after them is not waited for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        # HTTP gives a range no meaning here (RFC 9110, 14.2).
        headers = [(name, value) for name, value in scope["headers"] if name not in (b"range", b"if-range")]
        as_get = {**scope, "method": "GET", "headers": headers}
        whole = asyncio.Event()

        async def first(message: Message) -> None:
            if whole.is_set():
                return
            await send(message)
            if message["type"] == "http.response.start" and message["status"] < 400:
                whole.set()
                await send({"type": "http.response.body", "body": b""})

        answering = asyncio.ensure_future(self.app(as_get, receive, first))
        waiting = asyncio.ensure_future(whole.wait())
        try:
            await asyncio.wait((answering, waiting), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                await answering
        finally:
            scope["route"] = as_get.get("route")
            for task in (answering, waiting):
                task.cancel()
            await asyncio.gather(answering, waiting, return_exceptions=True)


class HostCheck:
    """Answers only under the names that it is given, so that no other site's name can be made to lead here."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.names = app, {name.lower() for name in access.hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        name = re.sub(r":\d*$", "", Headers(scope=scope).get("host", "")) if scope["type"] == "http" else None
        if name is not None and name.lower() not in self.names:
            await refuse(send, 400, "this server does not answer under that name; --allow-host adds one")
            return
        await self.app(scope, receive, send)


KEPT = ("/v1/", "/metrics")  # what asks for a token


class TokenCheck:
    """Lets nobody without the token to /v1 and /metrics, if there is one; before anything of the request is read."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.expected = None if access.token is None else f"Bearer {access.token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if self.expected is not None and scope["type"] == "http" and scope["path"].startswith(KEPT):
            given = Headers(scope=scope).get("authorization", "").encode()
            if not hmac.compare_digest(given, self.expected):
                await refuse(
                    send, 401, "this server asks for a token: Authorization: Bearer TOKEN", www_authenticate="Bearer"
                )
                return
        await self.app(scope, receive, send)


class PersonCheck:
    """Lets nobody without the token of a person to what asks for one, and notes in the scope who it is."""

    def __init__(self, app: ASGIApp, known: Callable[[str], Awaitable[object | None]]) -> None:
        self.app, self._known = app, known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and scope["path"].startswith(KEPT):
            kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
            person = await self._known(token) if kind == "Bearer" else None
            if person is None:
                detail = "the store asks for the token of a person (crisisflow people add): Authorization: Bearer TOKEN"
                await refuse(send, 401, detail, www_authenticate="Bearer")
                return
            scope["person"] = person
        await self.app(scope, receive, send)


class BodyLimit:
    """Reads a request's body before the app sees the request, and ends the app's work once the client has left.

    A body may be so large and take so long, and all that are not answered yet may have so much together.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits
        self.held = 0  # bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        body = bytearray()
        try:
            if await self._read(body, receive, send):
                await until_left(self.app, scope, bytes(body), receive, send)
        finally:
            self.held -= len(body)

    async def _read(self, body: bytearray, receive: Receive, send: Send) -> bool:
        """Whether the body came whole; if not, the client was told why, or has left."""
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return False
                    part = message.get("body", b"")
                    body += part
                    self.held += len(part)
                    more = message.get("more_body", False)
                    if len(body) > self.limits.body:
                        await refuse(send, 413, f"a request may have {self.limits.body:,} bytes", connection="close")
                        return False
                    if self.held > self.limits.bodies:
                        await refuse(send, 503, "too many large requests", retry_after=str(RETRY), connection="close")
                        return False
        except TimeoutError:
            seconds = f"{self.limits.body_seconds:g}"
            await refuse(send, 408, f"the request was not whole within {seconds} s", connection="close")
            return False
        return True


async def until_left(app: ASGIApp, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
    """Run the app on a request whose body was read; cancel it when the client leaves before the answer is whole."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    answered = False
    leaving = asyncio.ensure_future(receive())  # behind the body, all that can come is that the client has left

    async def replayed() -> Message:
        return whole.pop() if whole else await asyncio.shield(leaving)

    async def noting(message: Message) -> None:
        nonlocal answered
        answered = message["type"] == "http.response.body" and not message.get("more_body", False)
        await send(message)

    working = asyncio.ensure_future(app(scope, replayed, noting))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done() or answered:
            await working
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
