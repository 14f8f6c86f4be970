"""The rules' second opinion: what the three stages of the annotation find in a text, and how they were resolved.

They run in a process of their own: spaCy would keep the event loop waiting, and its table of words only grows, so that
the process is renewed now and then.
"""

import asyncio
import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from crisisflow.annotation.annotator import annotate
from crisisflow.annotation.resolve import Conflict
from crisisflow.params import AnnotationParams
from crisisflow.serving.batcher import Overloaded
from crisisflow.spans import Span

TEXTS_OF_A_PROCESS = 2000
SECONDS_OF_A_TEXT, SECONDS_OF_A_START = 1, 10


def opinion(text: str, params: AnnotationParams) -> tuple[list[Span], list[Conflict]]:
    """The spans that are kept, and those that lost."""
    (found,) = annotate([("", text)], params)
    return found.kept, found.conflicts


def _process() -> ProcessPoolExecutor:
    # A fork would inherit the threads of the model half-way.
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=TEXTS_OF_A_PROCESS)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process that starts meanwhile never sees Ctrl-C, from its first import on: the server ends it.

    It has the signals blocked that are blocked here, and so has the thread of the executor that starts later ones.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Rules:
    """Asks for opinions, one after the other.

    Args:
        limit: how many may wait; above it, `ask` refuses.
    """

    def __init__(self, params: AnnotationParams, limit: int) -> None:
        self._params, self._limit, self._waiting = params, limit, 0
        self._process = _process()

    async def ask(self, text: str) -> tuple[list[Span], list[Conflict]]:
        """The opinion on a text.

        Raises:
            Overloaded: too many wait, or the process was killed and is started anew.
        """
        if self._waiting >= self._limit:
            raise Overloaded(self._waiting * SECONDS_OF_A_TEXT)
        self._waiting += 1
        process = self._process
        try:
            with _without_interrupts():
                answer = asyncio.get_running_loop().run_in_executor(process, opinion, text, self._params)
            return await answer
        except BrokenProcessPool:
            if process is self._process:
                self._process = _process()
            raise Overloaded(SECONDS_OF_A_START) from None
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the process."""
        self._process.shutdown(wait=True, cancel_futures=True)
