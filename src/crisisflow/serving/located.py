"""Analysed tweets with their places, as feeds keep them."""

from collections.abc import Sequence

from crisisflow.inference import Findings
from crisisflow.masking import mask
from crisisflow.places.coordinates import Gazetteer
from crisisflow.places.mentions import places_of
from crisisflow.serving.feed import Kept
from crisisflow.serving.live_schema import LiveTweet, MapPoint, PlacedEntity, Source
from crisisflow.serving.private import hidden
from crisisflow.serving.schema import Entity, Help, Topic, prediction
from crisisflow.serving.times import written
from crisisflow.taxonomy import EntityType


def map_points(text: str, entities: Sequence[Entity], gazetteer: Gazetteer) -> list[MapPoint | None]:
    """Where each entity is; None of one that is no location, or whose name is not known."""
    locations = [(own.start, own.end) for own in entities if own.label == EntityType.LOCATION]
    places = dict(zip(locations, places_of(text, locations, gazetteer), strict=True))
    found = [places.get((own.start, own.end)) for own in entities]
    return [None if place is None else MapPoint(**place._asdict()) for place in found]


def live_tweets(
    number: int, found: Sequence[tuple[Source, Findings, Help | None, Topic | None]], gazetteer: Gazetteer, at: str
) -> list[Kept]:
    """Analysed tweets, numbered from `number`."""
    return [
        Kept(own, live_tweet(own, tweet, findings, gazetteer, at, helped, topic).model_dump_json().encode())
        for own, (tweet, findings, helped, topic) in enumerate(found, number)
    ]


def live_tweet(
    number: int,
    tweet: Source,
    found: Findings,
    gazetteer: Gazetteer,
    at: str,
    helped: Help | None = None,
    topic: Topic | None = None,
) -> LiveTweet:
    """An analysed tweet with its places."""
    guess = prediction(tweet.text, found)
    names = hidden(tweet.text, [(entity.start, entity.end, entity.label) for entity in guess.entities or []])
    entities = []
    marked = guess.entities or []
    for entity, place in zip(marked, map_points(tweet.text, marked, gazetteer), strict=True):
        private = any(start < entity.end and entity.start < end for start, end in names)
        entities.append(PlacedEntity(**entity.model_dump(), place=place, private=private))
    return LiveTweet(
        number=number,
        id=tweet.id,
        at=at,
        created_at=written(tweet.created_at),
        author=tweet.author,
        text=tweet.text,
        masked=mask(tweet.text),
        hidden=names,
        entities=entities,
        class_=guess.class_,
        help=helped,
        topic=topic,
        truncated=guess.truncated,
        language=guess.language,
        judged=guess.judged,
    )
