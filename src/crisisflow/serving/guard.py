"""The guard: what stands between the network and the app. ASGI middleware, outermost first in `guarded`."""

import asyncio
import hmac
import json

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
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


def guarded(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The app behind all of them."""
    app = BodyLimit(app, settings.limits)
    app = TokenCheck(app, settings.access)
    if settings.access.origins:
        app = CORSMiddleware(
            app,
            allow_origins=list(settings.access.origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["authorization", "content-type", "last-event-id"],
        )
    app = TrustedHostMiddleware(app, allowed_hosts=list(settings.access.hosts), www_redirect=False)
    return SafeHeaders(app)


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


class TokenCheck:
    """Lets nobody without the token to /v1 and /metrics, if there is one; before anything of the request is read."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.expected = None if access.token is None else f"Bearer {access.token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if self.expected is not None and scope["type"] == "http" and scope["path"].startswith(("/v1/", "/metrics")):
            given = Headers(scope=scope).get("authorization", "").encode()
            if not hmac.compare_digest(given, self.expected):
                await refuse(
                    send, 401, "this server asks for a token: Authorization: Bearer TOKEN", www_authenticate="Bearer"
                )
                return
        await self.app(scope, receive, send)


class BodyLimit:
    """Reads a request's body, which may be so large and take so long, before the app sees the request."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        body = b""
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > self.limits.body:
                        await refuse(send, 413, f"a request may have {self.limits.body:,} bytes", connection="close")
                        return
        except TimeoutError:
            seconds = f"{self.limits.body_seconds:g}"
            await refuse(send, 408, f"the request was not whole within {seconds} s", connection="close")
            return
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replayed() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, replayed, send)
