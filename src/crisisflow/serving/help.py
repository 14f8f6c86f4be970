"""The operations of requests and offers of help: what a text asks for or gives, and where.

Without a HelpModel they answer 404.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from crisisflow.inference import Findings
from crisisflow.places.coordinates import Gazetteer
from crisisflow.serving.feed import Kept
from crisisflow.serving.feeds import Feeds
from crisisflow.serving.help_model import OFFERS, REQUESTS, Helper, HelpFindings, HelpModel, Post, help_of
from crisisflow.serving.live_schema import FEED, LiveTweet, MapPoint
from crisisflow.serving.located import map_points
from crisisflow.serving.schema import Form, Judged, prediction

ABSENT = "this server has no model of requests and offers of help"


class HelpPrediction(Judged):
    """What a text requests or offers, and the places that it names; null of what is not judged, or has no model."""

    label: str | None
    probabilities: dict[str, float] | None
    resources: list[str] | None
    places: list[MapPoint] | None
    truncated: bool


class BatchHelp(Form):
    """One prediction for each text, in their order."""

    predictions: list[HelpPrediction]


class NearestRequest(Form):
    """A request that an offer fits, and why; null of what is not known."""

    number: int = Field(description="of the tweet")
    score: float = Field(ge=0, le=1)
    resources: list[str] = Field(description="that both name")
    kilometres: float | None = Field(description="between the places that they name")
    days: float | None = Field(description="between their times")


class NearestRequests(Form):
    """The kept requests that an offer fits best, best first."""

    requests: list[NearestRequest]


def _post(tweet: LiveTweet) -> Post:
    places = [entity.place for entity in tweet.entities if entity.place]
    time = datetime.fromisoformat(tweet.created_at or tweet.at)
    return Post(places, tweet.help.resources if tweet.help else [], time)


def _said(tweet: LiveTweet, labels: Sequence[str]) -> bool:
    return tweet.help is not None and tweet.help.label in labels


def nearest_requests(kept: Iterable[Kept], number: int, model: HelpModel) -> NearestRequests:
    """Of the tweets of a feed, the requests that the offer of this number fits best; 404 without such an offer.

    A tweet that is both is on both sides, but does not match itself.
    """
    tweets = [LiveTweet.model_validate_json(own.data) for own in kept]
    offer = next((own for own in tweets if own.number == number and _said(own, OFFERS)), None)
    if offer is None:
        raise HTTPException(404, "no offer of this number is kept")
    asking = [own for own in tweets if own.number != number and _said(own, REQUESTS)]
    found = model.nearest(_post(offer), list(map(_post, asking)))
    return NearestRequests(
        requests=[
            NearestRequest(
                number=asking[own.at].number,
                score=own.score,
                resources=own.resources,
                kilometres=own.kilometres,
                days=own.days,
            )
            for own in found
        ]
    )


def _answer(text: str, own: Findings, helped: HelpFindings | None, gazetteer: Gazetteer) -> HelpPrediction:
    guess = prediction(text, own)
    told = {} if helped is None else help_of(helped).model_dump()
    places = None
    if guess.entities is not None:  # each place once
        named = [own for own in map_points(text, guess.entities, gazetteer) if own]
        places = list({own.model_dump_json(): own for own in named}.values())
    return HelpPrediction(
        **(dict.fromkeys(("label", "probabilities", "resources")) | told),
        places=places,
        truncated=guess.truncated or (helped is not None and helped.cut),
        language=guess.language,
        judged=guess.judged,
    )


def add_operations(
    api: APIRouter,
    model: HelpModel | None,
    helper: Callable[[], Helper | None],
    feeds: Callable[[], Feeds],
    find: Callable[[Sequence[str]], Awaitable[list[Findings]]],
    gazetteer: Callable[[], Awaitable[Gazetteer]],
    forms: tuple[type[BaseModel], type[BaseModel]],
    problems: Callable[..., dict[int | str, dict[str, Any]]],
) -> None:
    """Add the operations to the API.

    Args:
        find: what the served model finds. forms: of a request with one text, and with several.
    """
    TextRequest, BatchRequest = forms

    async def answers(texts: Sequence[str]) -> list[HelpPrediction]:
        own = helper()
        if own is None:
            raise HTTPException(404, ABSENT)
        found = await find(texts)
        helped = await own.ask(texts, found)
        known = await gazetteer()
        # Beside the event loop, since many long texts take a while.
        return await asyncio.to_thread(
            lambda: [_answer(*each, known) for each in zip(texts, found, helped, strict=True)]
        )

    @api.post("/v1/help", tags=["help"], responses=problems(404, 415, 503))
    async def help_of_text(request: TextRequest) -> HelpPrediction:  # type: ignore[valid-type]
        """Whether a text requests or offers help, of which resources, and which places it names."""
        (answer,) = await answers([request.text])
        return answer

    @api.post("/v1/help/batch", tags=["help"], responses=problems(404, 415, 503))
    async def help_of_texts(request: BatchRequest) -> BatchHelp:  # type: ignore[valid-type]
        """The same of several texts."""
        return BatchHelp(predictions=await answers(request.texts))

    @api.get("/v1/live/{feed}/tweets/{number}/requests", tags=["help"], responses=problems(404))
    async def requests_for_offer(
        feed: Annotated[str, InPath(pattern=FEED)], number: Annotated[int, InPath(ge=1, le=2**53)]
    ) -> NearestRequests:
        """The kept requests that an offer of a feed fits best, by resources, distance and days."""
        kept = feeds().get(feed).after(0, None)
        if model is None:
            raise HTTPException(404, ABSENT)
        return await asyncio.to_thread(nearest_requests, kept, number, model)
