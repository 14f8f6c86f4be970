"""Posts of a store as records that can be sent to others: masked, unless that is not wished."""

from collections.abc import Iterator
from typing import Any

from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import Query, StoredPost
from crisisflow.masking import mask
from crisisflow.serving.times import moment, written

PAGE = 1_000


def exported(store: Store, query: Query, masking: bool) -> Iterator[dict[str, Any]]:
    """The records of a query's posts, the latest taken first."""
    while page := store.posts(query, PAGE):
        yield from (record_of(own, masking) for own in page)
        query = query._replace(before=page[-1].id)


def record_of(post: StoredPost, masking: bool) -> dict[str, Any]:
    """A post as JSON. A masked one has no id of its source and no link, since these name its author."""
    hide = mask if masking else str
    own: dict[str, Any] = {
        "post": post.id,
        "source": post.source,
        "text": hide(post.text),
        "created_at": _time(post.created),
        "taken_at": _time(post.taken),
        "author": post.author,
        "language": post.language,
        "longitude": post.point and post.point[0],
        "latitude": post.point and post.point[1],
        "revision": post.revision,
        "watches": [watch._asdict() for watch in post.watches],
    }
    if not masking:
        own |= {"id": post.native_id, "url": post.url, "media": [media._asdict() for media in post.media]}
    return own


def _time(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else written(moment(milliseconds / 1000))
