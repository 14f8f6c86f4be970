"""Analysed tweets with their places, as feeds keep them."""

import itertools
from collections.abc import Sequence

from crisisflow.inference import Findings
from crisisflow.masking import mask
from crisisflow.places.coordinates import Gazetteer, Place
from crisisflow.places.names import AREAS
from crisisflow.serving.feed import Kept
from crisisflow.serving.live_schema import LiveTweet, MapPoint, PlacedEntity, Source
from crisisflow.serving.private import hidden
from crisisflow.serving.schema import Entity, prediction
from crisisflow.serving.times import written
from crisisflow.taxonomy import EntityType


def live_tweets(number: int, found: Sequence[tuple[Source, Findings]], gazetteer: Gazetteer, at: str) -> list[Kept]:
    """Analysed tweets, numbered from `number`."""
    numbered = enumerate(found, number)
    return [Kept(own, live_tweet(own, *pair, gazetteer, at).model_dump_json().encode()) for own, pair in numbered]


def place_of(text: str, entity: Entity, behind: Entity | None, gazetteer: Gazetteer) -> Place | None:
    """The place of a location; another location behind it and a comma decides, as it would within one span.

    A country or state gives way only to another one, as in "Georgia, USA": "China, Mexico" is a list, and not the town
    of that name. Of most lists no place lies in the next.
    """
    if entity.label != EntityType.LOCATION:
        return None
    alone = gazetteer.find(entity.text)
    if behind and behind.label == EntityType.LOCATION and text[entity.end : behind.start].strip() == ",":
        within = gazetteer.find(f"{entity.text}, {behind.text}")
        if within and (alone is None or alone.kind not in AREAS or within.kind in AREAS):
            return within
    return alone


def live_tweet(number: int, tweet: Source, found: Findings, gazetteer: Gazetteer, at: str) -> LiveTweet:
    """An analysed tweet with its places."""
    guess = prediction(tweet.text, found)
    names = hidden(tweet.text, [(entity.start, entity.end, entity.label) for entity in guess.entities or []])
    entities = []
    for entity, behind in itertools.pairwise([*(guess.entities or []), None]):
        place = place_of(tweet.text, entity, behind, gazetteer)
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
