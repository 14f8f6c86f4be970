"""JSON records to posts: what is damaged is mended where that takes no guess, and counted by its reason."""

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from crisisflow.ingest.store.records import Media, Post
from crisisflow.serving.columns import named
from crisisflow.serving.times import moment

CHARACTERS, SHORT = 10_000, 512  # of a text, and of an id, a name or a link
AHEAD = 300_000  # ms by which a clock may be ahead of ours
LATEST_MEDIA = 16  # links of a post

NO_OBJECT, NO_TEXT = "no JSON object", "no text"
CUT, NO_TIME, AHEAD_OF_US, NO_POINT = (
    f"text cut at {CHARACTERS:,} characters",
    "time that cannot be read",
    "time in the future",
    "coordinates beyond the globe",
)


class Read(NamedTuple):
    """What was read of a record: the post, if there is one, and what of the record was not as it should be."""

    post: Post | None
    faults: tuple[str, ...] = ()


def post_of(record: Any, now: int, native_id: str | None = None) -> Read:
    """The post of a JSON record. Its columns may have any of the names in serving/page/columns.json.

    Further keys: language, longitude and latitude, or coordinates as a GeoJSON point; url; media, a list of objects
    with url and description.

    Args:
        now: ms since 1970. native_id: of a record that has none; without it, the hash of what it says.
    """
    if not isinstance(record, dict):
        return Read(None, (NO_OBJECT,))
    own = named(record)
    text = whole(own["text"]) if isinstance(own["text"], str) else ""
    if not text:
        return Read(None, (NO_TEXT,))
    faults = []
    if len(text) > CHARACTERS:
        faults.append(CUT)
        text = text[:CHARACTERS]
    created, fault = milliseconds(own["created_at"], now)
    faults += [fault] if fault else []
    point, fault = _point(record)
    faults += [fault] if fault else []
    author = _short(own["author"])
    identity = _short(own["id"]) or native_id or _digest(text, created, author)
    language = record.get("language") or record.get("lang")
    return Read(
        Post(
            native_id=identity,
            text=text,
            created=created,
            author=author,
            language=code_of(language),
            point=point,
            url=link(record.get("url")),
            media=_media(record.get("media")),
        ),
        tuple(faults),
    )


def whole(text: str) -> str:
    """A text without NULs and halves of surrogate pairs, which no database takes, and without blanks around it."""
    return text.replace("\0", "").encode("utf-8", "replace").decode().strip()


def milliseconds(value: Any, now: int) -> tuple[int | None, str | None]:
    """A time in ms since 1970, or None and what is wrong with it; of none at all there is nothing to say."""
    if value in (None, ""):
        return None, None
    found = value if isinstance(value, datetime) else moment(value) if isinstance(value, str | int | float) else None
    if found is None:
        return None, NO_TIME
    created = round(found.timestamp() * 1000)
    return (None, AHEAD_OF_US) if created > now + AHEAD else (created, None)


def code_of(language: Any) -> str | None:
    """The code of a language: `pt` of `pt-BR`; None of what is none, and of `und`."""
    code = language.replace("_", "-").partition("-")[0].lower() if isinstance(language, str) else ""
    return code if code.isascii() and code.isalpha() and len(code) in (2, 3) and code != "und" else None


def link(value: Any) -> str | None:
    """A link of the web; no other scheme is kept."""
    text = _short(value)
    return text if text and text.lower().startswith(("http://", "https://")) else None


def _point(record: Mapping[str, Any]) -> tuple[tuple[float, float] | None, str | None]:
    coordinates = record.get("coordinates") or record.get("geo")
    if isinstance(coordinates, dict):
        coordinates = coordinates.get("coordinates")
    if not (isinstance(coordinates, list) and len(coordinates) >= 2):
        coordinates = [record.get("longitude"), record.get("latitude")]
    if None in coordinates[:2]:
        return None, None
    return point_of(*coordinates[:2])


def point_of(longitude: Any, latitude: Any) -> tuple[tuple[float, float] | None, str | None]:
    """A point in degrees, or None and what is wrong with it."""
    try:
        point = float(longitude), float(latitude)
    except (TypeError, ValueError):
        return None, NO_POINT
    inside = all(map(math.isfinite, point)) and abs(point[0]) <= 180 and abs(point[1]) <= 90
    return (point, None) if inside else (None, NO_POINT)


def _media(value: Any) -> tuple[Media, ...]:
    links = value if isinstance(value, list) else []
    found = [
        Media(url, _short(own.get("description")) or "")
        for own in links
        if isinstance(own, dict) and (url := link(own.get("url")))
    ]
    return tuple(found[:LATEST_MEDIA])


def _short(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return whole(str(value))[:SHORT] or None


def _digest(*values: Any) -> str:
    return "sha256:" + hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()
