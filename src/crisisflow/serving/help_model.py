"""The model of requests and offers of help: what is asked of it, and when.

The server knows no study. Whoever starts it hands over a HelpModel, or none.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from crisisflow.inference import Findings
from crisisflow.language import TRAINED_ON
from crisisflow.serving.batcher import MicroBatcher
from crisisflow.serving.live_schema import MapPoint
from crisisflow.serving.schema import Help, HelpFacts

# Labels of tweets that count as requests, and as offers; the page has the same (page/help.js).
REQUESTS, OFFERS = ("request", "request_and_offer"), ("offer", "request_and_offer")


class HelpFindings(NamedTuple):
    """What is found in one text: the probability of each label, the resources that it names, and whether it was cut."""

    probabilities: dict[str, float]
    resources: list[str]
    cut: bool


class Post(NamedTuple):
    """A request or an offer, as it is matched."""

    places: list[MapPoint]
    resources: list[str]
    time: datetime


class Nearest(NamedTuple):
    """A request that fits an offer: its position, the score of the match, and why; None of what is not known.

    Args:
        resources: that both name. days: between them.
    """

    at: int
    score: float
    resources: list[str]
    kilometres: float | None
    days: float | None


class HelpModel(NamedTuple):
    """An opened classifier of requests and offers.

    Args:
        predict: of texts as they were sent; several threads may call it. labels: all there are.
        nearest: the requests that an offer fits best, best first.
    """

    predict: Callable[[list[str]], list[HelpFindings]]
    labels: tuple[str, ...]
    facts: HelpFacts
    nearest: Callable[[Post, Sequence[Post]], list[Nearest]]


def help_of(found: HelpFindings) -> Help:
    """As the API tells it."""
    shares = {name: round(share, 4) for name, share in found.probabilities.items()}
    return Help(label=max(shares, key=shares.__getitem__), probabilities=shares, resources=found.resources)


class Helper:
    """Asks the classifier of those texts that are judged."""

    def __init__(self, batcher: MicroBatcher[HelpFindings]) -> None:
        self._batcher = batcher

    async def ask(self, texts: Sequence[str], found: Sequence[Findings]) -> list[HelpFindings | None]:
        """What it finds in each text; None of one in another language.

        Args:
            found: what the served model finds in them.

        Raises:
            Overloaded: too much waits.
        """
        judged = [own.language == TRAINED_ON for own in found]
        asked = [text for text, known in zip(texts, judged, strict=True) if known]
        answers = iter(await self._batcher.submit(asked))
        return [next(answers) if known else None for known in judged]
