"""Micro-batching: texts of concurrent requests go through the model together.

Nothing waits for a batch to fill: while some are computed, the next gathers. A quiet server answers at once, a busy one
batches, a text of each request in turn, so that who asks for one does not wait for all of another's. Batches are small,
and several are computed side by side, each by one thread: on two cores that gave more texts a second than one large
batch by two threads (docs/serving.md).
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar

CHARACTERS = 500  # a text counts once for each of so many
BATCH = 16  # counted so, what one batch holds at most

Found = TypeVar("Found")  # what a model finds in a text


class Overloaded(Exception):
    """Too much waits already; ask again after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too much is waiting; try again in {seconds} s")
        self.seconds = seconds


class Waiting(NamedTuple):
    """A text that waits, what it counts, and who waits for it."""

    text: str
    cost: int
    answer: asyncio.Future[Any]


class Asked:
    """A request: what of it waits still."""

    def __init__(self, items: Iterable[Waiting]) -> None:
        self.items = deque(items)

    def cost(self) -> int:
        """What it counts."""
        return sum(item.cost for item in self.items)


def cost_of(text: str) -> int:
    """What a text counts in batches and limits."""
    return 1 + len(text) // CHARACTERS


class MicroBatcher(Generic[Found]):
    """Hands texts to `predict`, which must bear to be called by several threads. To be used within one event loop.

    Args:
        limit: what may wait; above it, `submit` refuses. What comes while nothing waits may be more.
        workers: batches that are computed side by side.
        observe: told of each batch: its texts and its seconds.
    """

    def __init__(
        self,
        predict: Callable[[list[str]], list[Found]],
        limit: int,
        workers: int = 1,
        observe: Callable[[int, float], None] = lambda texts, seconds: None,
    ) -> None:
        self._predict, self._limit, self._observe, self._count = predict, limit, observe, workers
        self._queue: deque[Asked] = deque()
        self._arrived = asyncio.Event()
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="model")
        self._workers: list[asyncio.Task[None]] = []
        self._rate = 100.0 * workers  # cost a second, as last seen
        self.waiting = 0  # cost

    async def __aenter__(self) -> "MicroBatcher":
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._count)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.cancel()
        for worker in self._workers:
            with suppress(asyncio.CancelledError):
                await worker
        for asked in self._queue:
            for item in asked.items:
                item.answer.cancel()
        self._threads.shutdown()

    async def submit(self, texts: Sequence[str]) -> list[Found]:
        """What the model finds in the texts.

        Raises:
            Overloaded: they would be too many with what waits already.
        """
        loop = asyncio.get_running_loop()
        items = [Waiting(text, cost_of(text), loop.create_future()) for text in texts]
        asked = Asked(items)
        cost = asked.cost()
        if self.waiting and self.waiting + cost > self._limit:
            raise Overloaded(max(1, math.ceil(self.waiting / self._rate)))
        if not items:
            return []
        self._queue.append(asked)
        self.waiting += cost
        self._arrived.set()
        try:
            return [await item.answer for item in items]
        except BaseException:  # nobody waits any more: what is not begun need not be
            for item in items:
                item.answer.cancel()
            if asked.items:
                self._queue.remove(asked)
                self.waiting -= asked.cost()
            raise

    def _take(self) -> list[Waiting]:
        batch: list[Waiting] = []
        cost = 0
        while self._queue and (not batch or cost + self._queue[0].items[0].cost <= BATCH):
            asked = self._queue.popleft()
            item = asked.items.popleft()
            if asked.items:
                self._queue.append(asked)
            batch.append(item)
            cost += item.cost
        self.waiting -= cost
        return batch

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            batch = self._take()
            if not self._queue:
                self._arrived.clear()
            if not batch:
                continue
            begin = time.perf_counter()
            try:
                found = await loop.run_in_executor(self._threads, self._predict, [item.text for item in batch])
            except Exception as error:
                for item in batch:
                    if not item.answer.done():
                        item.answer.set_exception(error)
                continue
            seconds = time.perf_counter() - begin
            now = self._count * sum(item.cost for item in batch) / max(seconds, 1e-6)
            self._rate = 0.9 * self._rate + 0.1 * now
            self._observe(len(batch), seconds)
            for item, own in zip(batch, found, strict=True):
                if not item.answer.done():
                    item.answer.set_result(own)
