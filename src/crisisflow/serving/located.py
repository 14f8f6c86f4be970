"""Analysed tweets with their places, as feeds keep them."""

from collections.abc import Sequence

from crisisflow.inference import Findings
from crisisflow.masking import mask
from crisisflow.places.coordinates import Gazetteer
from crisisflow.places.mentions import places_of
from crisisflow.serving.feed import Kept
from crisisflow.serving.live_schema import LiveTweet, MapPoint, PlacedEntity, Source
from crisisflow.serving.private import hidden
from crisisflow.serving.schema import prediction
from crisisflow.serving.times import written
from crisisflow.taxonomy import EntityType


def live_tweets(number: int, found: Sequence[tuple[Source, Findings]], gazetteer: Gazetteer, at: str) -> list[Kept]:
    """Analysed tweets, numbered from `number`."""
    numbered = enumerate(found, number)
    return [Kept(own, live_tweet(own, *pair, gazetteer, at).model_dump_json().encode()) for own, pair in numbered]


def live_tweet(number: int, tweet: Source, found: Findings, gazetteer: Gazetteer, at: str) -> LiveTweet:
    """An analysed tweet with its places."""
    guess = prediction(tweet.text, found)
    names = hidden(tweet.text, [(entity.start, entity.end, entity.label) for entity in guess.entities or []])
    locations = [(own.start, own.end) for own in guess.entities or [] if own.label == EntityType.LOCATION]
    places = dict(zip(locations, places_of(tweet.text, locations, gazetteer), strict=True))
    entities = []
    for entity in guess.entities or []:
        place = places.get((entity.start, entity.end))
        position = None if place is None else MapPoint(**place._asdict())
        private = any(start < entity.end and entity.start < end for start, end in names)
        entities.append(PlacedEntity(**entity.model_dump(), place=position, private=private))
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
        truncated=guess.truncated,
        language=guess.language,
        judged=guess.judged,
    )
