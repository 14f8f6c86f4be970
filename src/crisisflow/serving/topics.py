"""The model of topics: which topic each tweet of a live feed has.

The server knows no study. Whoever starts it hands over a TopicModel, or none.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from crisisflow.serving.batcher import MicroBatcher
from crisisflow.serving.schema import Topic, TopicFacts


class TopicModel(NamedTuple):
    """An opened model of topics.

    Args:
        predict: the number of the topic of each text, None of a text without one; several threads may call it.
        labels: of all topics, by their numbers; empty for a topic without a label.
    """

    predict: Callable[[list[str]], list[int | None]]
    labels: tuple[str, ...]
    facts: TopicFacts


class TopicFinder:
    """Asks the model for the topics of texts."""

    def __init__(self, batcher: MicroBatcher[int | None], labels: Sequence[str]) -> None:
        self._batcher, self._labels = batcher, labels

    async def ask(self, texts: Sequence[str]) -> list[Topic | None]:
        """The topic of each text.

        Raises:
            Overloaded: too much waits.
        """
        found = await self._batcher.submit(texts)
        return [None if number is None else Topic(number=number, label=self._labels[number]) for number in found]
