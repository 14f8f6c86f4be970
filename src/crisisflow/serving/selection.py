"""Which of the tweets that a feed keeps are asked for. The page's filters (page/filters.js) are the same."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from crisisflow.serving.feed import Kept
from crisisflow.serving.live_schema import LiveTweet, LiveTweets


class Wanted(NamedTuple):
    """Filters: a tweet passes each that is not empty, by any of its values. Cases of letters do not differ."""

    classes: tuple[str, ...] = ()
    type: tuple[str, ...] = ()  # of entities
    help: tuple[str, ...] = ()  # requests and offers
    topic: tuple[int, ...] = ()  # numbers of topics
    place: tuple[str, ...] = ()  # a part of a location's text, or of its place's name or country
    text: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


def passes(tweet: LiveTweet, wanted: Wanted) -> bool:
    """Whether a tweet is asked for."""
    time = datetime.fromisoformat(tweet.created_at or tweet.at)
    places = [
        name.lower()
        for entity in tweet.entities
        if entity.label == "LOCATION"
        for name in (entity.text, *((entity.place.name, entity.place.country) if entity.place else ()))
    ]
    text = tweet.text.lower()
    return (
        (not wanted.classes or (tweet.class_ is not None and tweet.class_.label in wanted.classes))
        and (not wanted.help or (tweet.help is not None and tweet.help.label in wanted.help))
        and (not wanted.topic or (tweet.topic is not None and tweet.topic.number in wanted.topic))
        and (not wanted.type or any(entity.label in wanted.type for entity in tweet.entities))
        and (not wanted.place or any(part.lower() in name for part in wanted.place for name in places))
        and (not wanted.text or any(part.lower() in text for part in wanted.text))
        and (wanted.since is None or wanted.since <= time)
        and (wanted.until is None or time <= wanted.until)
    )


def selected(kept: Iterable[Kept], wanted: Wanted, limit: int) -> LiveTweets:
    """The first of them that pass, and behind which one to go on."""
    found: list[LiveTweet] = []
    for own in kept:
        tweet = LiveTweet.model_validate_json(own.data)
        if not passes(tweet, wanted):
            continue
        if len(found) == limit:
            return LiveTweets(tweets=found, next=found[-1].number)
        found.append(tweet)
    return LiveTweets(tweets=found, next=None)
