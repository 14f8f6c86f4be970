"""A feed: the latest analysed tweets, and those who watch it by server-sent events.

Who lost the connection goes on behind the last tweet seen.
"""

import asyncio
import itertools
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import NamedTuple

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from crisisflow.serving.batcher import BATCH
from crisisflow.serving.live_schema import FeedState
from crisisflow.serving.times import written

QUIET = 15.0  # seconds after which a line is sent so that nothing in between closes the connection


class Kept(NamedTuple):
    """An analysed tweet as its watchers get it."""

    number: int
    data: bytes  # a LiveTweet as JSON


class Feed:
    """One feed; watchers are woken whenever something is added.

    Args:
        total: of a replay.
        dated: tweets of a replay with a time that could be read.
        kept, size: of the latest tweets, how many are kept, and bytes of how many.
        lasting: whether it stays until the server ends.
    """

    def __init__(
        self, name: str, total: int | None, kept: int, size: int, lasting: bool = False, dated: int | None = None
    ) -> None:
        self.name, self.total, self.lasting, self.dated = name, total, lasting, dated
        self.opened_at = datetime.now(UTC)
        self.sent, self.ended, self.watchers = 0, False, 0
        self.epoch = secrets.token_hex(4)  # tells this feed from one of its name before the server was started anew
        self.watched = asyncio.Event()  # set while there are watchers
        self._used = time.monotonic()
        self.adding = asyncio.Lock()  # held while tweets get their numbers
        self._tweets: deque[Kept] = deque()
        self._kept, self._size, self._bytes = kept, size, 0
        self._changed = asyncio.Event()
        self._released = False

    def state(self) -> FeedState:
        """As the API tells it."""
        return FeedState(
            id=self.name,
            kind="stream" if self.total is None else "replay",
            opened_at=written(self.opened_at),
            total=self.total,
            dated=self.dated,
            sent=self.sent,
            kept=len(self._tweets),
            dropped=self.sent - len(self._tweets),
            ended=self.ended,
            own=self.lasting,
        )

    def add(self, tweet: Kept) -> None:
        """Add an analysed tweet, and drop the oldest for which there is no room."""
        self._tweets.append(tweet)
        self._bytes += len(tweet.data)
        while len(self._tweets) > self._kept or (self._bytes > self._size and len(self._tweets) > 1):
            self._bytes -= len(self._tweets.popleft().data)
        self.sent = tweet.number
        if self.total is None:  # somebody sent it; a replay's come of themselves
            self._used = time.monotonic()
        self._wake()

    def end(self) -> None:
        """Nothing more will come."""
        self.ended = True
        self._wake()

    def forget(self) -> None:
        """End, and keep nothing, although somebody may watch still."""
        self._tweets.clear()
        self._bytes = 0
        self.end()

    def release(self) -> None:
        """Let the watchers go without a word: the server ends, and the feed has not."""
        self._released = True
        self._wake()

    def idle(self, seconds: float) -> bool:
        """Whether nobody would miss it."""
        unused = self.ended or time.monotonic() - self._used >= seconds
        return unused and not self.watchers and not self.lasting

    def join(self) -> None:
        """Somebody watches."""
        self.watchers += 1
        self.watched.set()

    def leave(self) -> None:
        """Somebody watches no more."""
        self.watchers -= 1
        self._used = time.monotonic()
        if not self.watchers:
            self.watched.clear()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def after(self, number: int, most: int | None = BATCH) -> list[Kept]:
        """The first of those behind `number` that are still kept; few, since a slow watcher keeps them from going."""
        if not self._tweets or number >= self.sent:
            return []
        begin = max(0, number + 1 - self._tweets[0].number)
        return list(itertools.islice(self._tweets, begin, None if most is None else begin + most))

    async def events(self, number: int, epoch: str | None = None) -> AsyncIterator[str]:
        """Server-sent events of the tweets behind `number`, until the feed ends.

        From the beginning, and after an event that says so, where `number` is not of this feed: its `epoch` is another,
        or it is more than there are.
        """
        if number > self.sent or epoch not in (None, self.epoch):
            number = 0
            yield f"id: {self.epoch}-0\nevent: reset\ndata: {self.epoch}\n\n"
        while not self._released:
            changed = self._changed
            tweets = self.after(number)
            for tweet in tweets:
                if tweet.number > number + 1:
                    yield f"event: gap\ndata: {tweet.number - number - 1}\n\n"
                number = tweet.number
                yield f"id: {self.epoch}-{number}\nevent: tweet\ndata: {tweet.data.decode()}\n\n"
            if tweets:
                continue
            if self.ended:
                yield "event: end\ndata: \n\n"
                return
            try:
                await asyncio.wait_for(changed.wait(), QUIET)
            except TimeoutError:
                yield ": still here\n\n"


class Watching(StreamingResponse):
    """The events of a feed; `left` is called at the end, however it comes."""

    def __init__(self, events: AsyncIterator[str], left: Callable[[], None]) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._left()
