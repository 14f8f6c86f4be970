"""Posts that programs send: POST /v1/watches/ID/posts, answered once they are on disk."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crisisflow.ingest import process
from crisisflow.ingest.listening import serve
from crisisflow.ingest.operations import PushSource, read_secret
from crisisflow.ingest.records import NO_OBJECT, post_of
from crisisflow.ingest.sources.source import Hand
from crisisflow.ingest.store.records import Post
from crisisflow.progress import say
from crisisflow.serving.access import listen
from crisisflow.serving.guard import RETRY, BodyLimit, HostCheck, Problems, SafeHeaders, TokenCheck
from crisisflow.serving.settings import HOSTS, Access, Limits

COMMIT = 10.0  # seconds in which posts must be on disk
NDJSON = ("application/x-ndjson", "application/jsonl", "application/json-lines")
POSTS = 1_000  # of one request
KEY = 200  # characters of an idempotency key


class PushServer:
    """The source `push`. It has no cursor: a program sends again what was not answered with 202.

    Args:
        watches: ids of the watches that have this source.
        folder: from which the path of its token file counts.
    """

    def __init__(self, options: PushSource, watches: list[str], folder: Path) -> None:
        token = None if options.token_file is None else read_secret(folder / options.token_file)
        self._options, self._watches = options, watches
        self._access = Access(token, hosts=(*HOSTS, options.host, *options.names))
        self._limits = Limits()
        self.port: int | None = None  # once it listens

    def run(self, hand: Hand) -> None:
        """As in Source."""
        with listen(self._options.host, self._options.port) as listening:
            hand.connected()
            host, self.port = listening.getsockname()[:2]
            say(f"collect: {hand.source} takes posts at http://{host}:{self.port}/v1/watches/ID/posts")
            serve(self.app(hand), listening, hand.stopping)

    def app(self, hand: Hand) -> Any:
        """The app behind its guard."""

        async def take(request: Request) -> Response:
            return await self._take(hand, request)

        app: Any = Starlette(routes=[Route("/v1/watches/{watch}/posts", take, methods=["POST"])])
        app = TokenCheck(BodyLimit(app, self._limits), self._access)
        return SafeHeaders(Problems(HostCheck(app, self._access)))

    async def _take(self, hand: Hand, request: Request) -> Response:
        watch = request.path_params["watch"]
        if watch not in self._watches:
            return _refusal(404, f"no watch with this source has the id {watch[:64]!r}")
        if hand.writer.full:
            return _later("as many posts wait for the analysis as may")
        if hand.writer.trouble is not None:
            return _later("the store cannot be written")
        key = request.headers.get("idempotency-key")
        if key is not None and not (0 < len(key) <= KEY):
            return _refusal(400, f"Idempotency-Key has 1 to {KEY} characters")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            records = list(_records(await request.body(), kind))
        except ValueError as error:
            return _refusal(400, str(error))
        if len(records) > POSTS:
            return _refusal(413, f"a request may have {POSTS:,} posts")
        posts, unread, faults = _read(records, key)
        try:
            taken = await asyncio.wait_for(asyncio.wrap_future(hand.take(posts, faults=faults)), COMMIT)
        except TimeoutError:
            return _later("the posts were not on disk in time; send them again")
        return JSONResponse({**taken._asdict(), "unread": unread}, 202)


def _records(body: bytes, kind: str) -> Iterator[Any]:
    """The records of a body: of JSON an object, a list, or an object with `posts`; of NDJSON one a line.

    Raises:
        ValueError: it is no JSON. A line of NDJSON that is none is a record that is none.
    """
    if kind in NDJSON:
        for line in body.split(b"\n"):
            if line.strip():
                try:
                    yield json.loads(line)
                except (ValueError, RecursionError):
                    yield None
        return
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("the body is no JSON; of JSON Lines the content-type is application/x-ndjson") from None
    if isinstance(found, dict) and isinstance(found.get("posts"), list):
        found = found["posts"]
    yield from found if isinstance(found, list) else [found]


def _read(records: list[Any], key: str | None) -> tuple[list[Post], list[dict[str, Any]], "Counter[str]"]:
    """The posts of records; which records are none, and why; and how often each fault was met."""
    posts: list[Post] = []
    unread: list[dict[str, Any]] = []
    faults: Counter[str] = Counter()
    at = process.now()
    for number, record in enumerate(records):
        read = post_of(record, at, None if key is None else f"{key}#{number}")
        faults.update(read.faults)
        if read.post is None:
            unread.append({"number": number, "reason": read.faults[0] if read.faults else NO_OBJECT})
        else:
            posts.append(read.post)
    return posts, unread, faults


def _refusal(status: int, detail: str, **headers: str) -> Response:
    return JSONResponse({"detail": detail}, status, headers)


def _later(detail: str) -> Response:
    return _refusal(503, detail, **{"retry-after": str(RETRY)})
