"""crisisflow detect: what happens in the posts of a sentinel watch, each with the watch that it proposes."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.detection import ANY, Detection, Detector, Reason, Seen, detect
from crisisflow.ingest.seen import Reader
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import Query, StoredPost
from crisisflow.ingest.terms import KINDS, LANGUAGES
from crisisflow.language import language_of
from crisisflow.places.coordinates import Place
from crisisflow.serving.times import written

DAY = 86_400_000  # ms
PAGE = 1_000  # posts that are read at once
SHARE = 1 / 3  # of a detection's posts that have a word, for it to be a term of the watch
TERMS, FIRST = 5, 5  # terms of a proposed watch, and posts that are named


def proposals(
    store: Store, watch: str, since: int, places: Callable[[str], Collection[Place]], detector: Detector
) -> Iterator[dict[str, Any]]:
    """The detections in a watch's posts, in the order of their times.

    Args:
        since: posts that were taken from then on are counted; the first two hours of them are only held against.

    Raises:
        CrisisflowError: the store knows no such watch.
    """
    known = store.watches()
    if watch not in known:
        raise CrisisflowError(f"there is no watch {watch}; there are: {', '.join(sorted(known)) or 'none'}")
    reader = Reader(places)
    seen: dict[int, Seen] = {}
    spoken: dict[int, str] = {}
    for post in _posts(store, watch, since):
        # A time of long ago, or of the future, is none to count by.
        fresh = post.created is not None and post.taken - DAY <= post.created <= post.taken
        at = post.created if fresh else post.taken
        seen[post.id] = reader(post.id, at, post.text)
        spoken[post.id] = post.language or language_of(post.text)
    for own in detect(sorted(seen.values(), key=lambda post: (post.at, post.post)), detector):
        languages = Counter(spoken[post] for post in own.posts)
        language = min(languages, key=lambda code: (-languages[code], code))
        yield proposal(own, [seen[post] for post in own.posts], language, known[watch].get("sources", []))


def _posts(store: Store, watch: str, since: int) -> Iterator[StoredPost]:
    before = None
    while page := store.posts(Query(watch=watch, since=since, before=before), PAGE):
        yield from page
        before = page[-1].id


def proposal(own: Detection, posts: list[Seen], language: str, sources: Collection[str]) -> dict[str, Any]:
    """A detection as JSON: when, why, its places and first posts, and a watch for operations.yaml.

    Args:
        posts: of the detection. language: that most of them have. sources: of the sentinel watch.
    """
    counts = Counter(term for post in posts for term in post.terms)
    told = {reason.term for reason in own.reasons if reason.what == "term"}
    common = [term for term in counts if counts[term] >= SHARE * len(posts)]
    terms = sorted(told.union(common), key=lambda term: (term not in told, -counts[term], term))[:TERMS]
    kinds = sorted({reason.term for reason in own.reasons if reason.what == "kind"} & set(KINDS))
    watch: dict[str, Any] = {"id": _name(own.at, (terms or kinds or [ANY])[0]), "sources": list(sources)}
    if terms:
        watch["terms"] = {language: terms}
    if kinds and language in LANGUAGES:
        watch["keywords"] = {"languages": [language], "kinds": kinds}
    named = Counter(place for post in posts for place in post.places)
    return {
        "at": written(datetime.fromtimestamp(own.at / 1000, UTC)),
        "reasons": [_in_words(reason) for reason in own.reasons],
        "places": sorted(named, key=lambda place: (-named[place], place))[:TERMS],
        "posts": len(posts),
        "first": [post.post for post in sorted(posts, key=lambda post: (post.at, post.post))[:FIRST]],
        "watch": watch,
    }


def _in_words(own: Reason) -> str:
    what = {"term": f'the word "{own.term}"', "place": f"the place {own.term}", "kind": f"keywords of {own.term}"}
    return (
        f"{what[own.what]} in {own.posts} different texts within {own.minutes} minutes, where {own.expected:.1f} were "
        f"expected; by chance {own.false_a_day:.1g} times a day"
    )


def _name(at: int, term: str) -> str:
    plain = unicodedata.normalize("NFKD", term).encode("ascii", "ignore").decode()
    when = datetime.fromtimestamp(at / 1000, UTC)
    return f"detected-{when:%Y%m%d-%H%M}-{re.sub('[^a-z0-9]+', '-', plain)}".strip("-")
