"""Micro-batching: who waits goes together, who is too many is refused, who leaves is forgotten."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from crisisflow.inference import Findings
from crisisflow.serving.batcher import BATCH, CHARACTERS, MicroBatcher, Overloaded


class Model:
    """Finds each text's length, once it is let go; keeps the batches that it saw."""

    def __init__(self) -> None:
        self.batches, self.go = [], threading.Event()

    def __call__(self, texts):
        self.batches.append(texts)
        self.go.wait()
        if "poison" in texts:
            raise ValueError("poison")
        return [Findings([], {"length": float(len(text))}, False) for text in texts]


@asynccontextmanager
async def at_work(model, limit, texts=("a",)):
    """A batcher whose model holds these texts until the end, or until it is let go: what is submitted waits."""
    async with MicroBatcher(model, limit) as batcher:
        first = asyncio.create_task(batcher.submit(texts))
        while not model.batches and not first.done():
            await asyncio.sleep(0)
        try:
            yield batcher
        finally:
            model.go.set()
        await first


async def waits(batcher, texts):
    """The task of a request that waits for its turn."""
    task = asyncio.create_task(batcher.submit(texts))
    await asyncio.sleep(0)
    return task


def test_what_waits_goes_together_and_each_gets_its_own():
    model = Model()

    async def talk():
        async with at_work(model, 100) as batcher:
            tasks = [await waits(batcher, ["b" * n, "c"]) for n in range(1, 6)]
            model.go.set()
            return [await task for task in tasks]

    answers = asyncio.run(talk())
    assert [[own.probabilities["length"] for own in found] for found in answers] == [[n, 1.0] for n in range(1, 6)]
    assert [len(batch) for batch in model.batches] == [1, 10]


def test_a_batch_is_bounded_and_long_texts_count_more():
    model = Model()
    model.go.set()
    long = "x" * (CHARACTERS * 10)

    async def talk():
        async with MicroBatcher(model, 10_000) as batcher:
            await batcher.submit(["a"] * (BATCH + 1) + [long] * 3)

    asyncio.run(talk())
    # A long one counts 11: no two of them go together.
    assert [len(batch) for batch in model.batches] == [BATCH, 2, 1, 1]


def test_workers_compute_side_by_side():
    both = threading.Barrier(2)

    def predict(texts):
        both.wait()  # for ever, were there one
        return [Findings([], {"length": 1.0}, False) for _ in texts]

    async def talk():
        async with MicroBatcher(predict, 100, workers=2) as batcher:
            return await asyncio.gather(batcher.submit(["a"] * BATCH), batcher.submit(["b"] * BATCH))

    assert [len(own) for own in asyncio.run(talk())] == [BATCH, BATCH]


@pytest.mark.parametrize("held", [1, 9])
def test_above_the_limit_it_refuses_and_recovers(held):
    """Whatever the model is at work on: where nothing waits, a request may be above the limit."""
    model = Model()

    async def refused(batcher, texts):
        task = await waits(batcher, texts)
        assert task.done(), "it waits"
        with pytest.raises(Overloaded) as error:
            await task
        return error.value.seconds >= 1

    async def talk():
        async with at_work(model, 4, ["a"] * held) as batcher:
            some = await waits(batcher, ["b"])
            assert await refused(batcher, ["c"] * 4)
            rest = await waits(batcher, ["c"] * 3)
            assert await refused(batcher, ["d"])
            assert batcher.waiting == 4
            model.go.set()
            await asyncio.gather(some, rest)
            assert batcher.waiting == 0
            return await batcher.submit(["dd"])

    assert asyncio.run(talk())[0].probabilities == {"length": 2.0}


def test_a_large_request_keeps_no_small_one_waiting():
    model = Model()

    async def talk():
        async with at_work(model, 1000) as batcher:
            tasks = [await waits(batcher, texts) for texts in (["large"] * 10 * BATCH, ["small"])]
            model.go.set()
            await asyncio.gather(*tasks)

    asyncio.run(talk())
    assert "small" in model.batches[1]
    assert sum(map(len, model.batches)) == 2 + 10 * BATCH


def test_who_leaves_is_not_computed():
    model = Model()

    async def talk():
        async with at_work(model, 100) as batcher:
            left, stays = await waits(batcher, ["gone"]), await waits(batcher, ["stays"])
            assert batcher.waiting == 2
            left.cancel()
            await asyncio.sleep(0)
            assert batcher.waiting == 1  # at once, and not only when its turn would have come
            model.go.set()
            await stays
            assert batcher.waiting == 0

    asyncio.run(talk())
    assert model.batches == [["a"], ["stays"]]


def test_a_failure_is_told_to_those_of_the_batch_only():
    model = Model()
    model.go.set()

    async def talk():
        async with MicroBatcher(model, 100) as batcher:
            with pytest.raises(ValueError, match="poison"):
                await batcher.submit(["poison"])
            return await batcher.submit(["fine"])

    assert asyncio.run(talk())[0].probabilities == {"length": 4.0}
