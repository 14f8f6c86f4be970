"""operations.yaml: which sources are read, and for which watches. Typed, and checked as a whole.

It is no params.yaml: no study depends on it, so what it leaves out has a default.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.routing.areas import read_polygon
from crisisflow.ingest.terms import KINDS, LANGUAGES
from crisisflow.ingest.typed_yaml import Duration, fault, read
from crisisflow.params import Line, Name, Positive, Section, Text
from crisisflow.serving.access import is_loopback

Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Code = Annotated[str, Field(pattern=r"^[a-z]{2,3}$", description="ISO 639-1, or 639-3 where there is none")]


def _web(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"an address begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        if "@" in value.partition("://")[2].partition("/")[0]:
            raise ValueError("no password may stand in an address; name a file with it")
        return value

    return AfterValidator(check)


Address = Annotated[str, _web("https", "http")]
Secret = Annotated[
    Line | None, Field(description="a file with the secret, by its path from the folder of operations.yaml")
]


class Of(Section):
    """What every source has."""

    id: Name


class JsonlSource(Of):
    """Lines of JSON: of a file, of all files *.jsonl of a folder, or of standard input (`-`)."""

    kind: Literal["jsonl"]
    path: Line
    follow: Annotated[bool, Field(description="wait for further lines and files, as tail -F does")] = True


class PushSource(Of):
    """Posts that programs send: POST /v1/watches/ID/posts."""

    kind: Literal["push"]
    host: Line = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="0 takes a free one, which is said")] = 8100
    names: Annotated[list[Line], Field(description="further names under which it is reached")] = []
    token_file: Secret = None

    @model_validator(mode="after")
    def _closed(self) -> "PushSource":
        if not is_loopback(self.host) and self.token_file is None:
            raise ValueError(f"host {self.host} is open to the network; protect it with token_file, or use 127.0.0.1")
        return self


class FeedSource(Of):
    """A feed: RSS, Atom, or CAP in either."""

    kind: Literal["feed"]
    url: Address
    every: Duration = 300


class MastodonSource(Of):
    """The stream of a Mastodon server."""

    kind: Literal["mastodon"]
    server: Address
    stream: Literal["public", "public/local", "hashtag"]
    hashtag: Annotated[str | None, Field(pattern=r"^\w+$")] = None
    token_file: Secret = None
    silence: Annotated[Duration, Field(description="without a heartbeat for so long, the stream is opened anew")] = 60

    @model_validator(mode="after")
    def _named(self) -> "MastodonSource":
        if (self.stream == "hashtag") != (self.hashtag is not None):
            raise ValueError("stream: hashtag needs a hashtag, and no other stream has one")
        return self


class BlueskySource(Of):
    """Bluesky's Jetstream: all public posts of the network."""

    kind: Literal["bluesky"]
    url: Annotated[str, _web("wss", "ws")] = "wss://jetstream2.us-east.bsky.network/subscribe"
    silence: Annotated[Duration, Field(description="without a message for so long, the stream is opened anew")] = 60
    jump: Annotated[
        Duration, Field(description="a stretch without a post that is longer than this is noted as a gap")
    ] = 60


class ReplaySource(Of):
    """A file of JSON Lines, each post at its own time after the first, as if it were written now."""

    kind: Literal["replay"]
    path: Line
    speed: Annotated[float, Field(gt=0, le=1e9, description="times as fast as recorded")] = 1.0


class PluginSource(Of):
    """A source of another package, by its name in the entry points crisisflow.sources."""

    kind: Literal["plugin"]
    plugin: Name
    options: dict[str, Any] = {}


Source = Annotated[
    JsonlSource | PushSource | FeedSource | MastodonSource | BlueskySource | ReplaySource | PluginSource,
    Field(discriminator="kind"),
]


class Area(Section):
    """An area of interest: a box, a polygon, or what is within some kilometres around a point."""

    box: Annotated[
        tuple[Longitude, Latitude, Longitude, Latitude] | None,
        Field(description="west, south, east, north; west is greater than east across the date line"),
    ] = None
    polygon: Annotated[Line | None, Field(description="a GeoJSON file, from the folder of operations.yaml")] = None
    around: Annotated[tuple[Longitude, Latitude] | None, Field(description="longitude, latitude")] = None
    kilometres: Annotated[float | None, Field(gt=0, le=20_000)] = None

    @model_validator(mode="after")
    def _one(self) -> "Area":
        if sum(own is not None for own in (self.box, self.polygon, self.around)) != 1:
            raise ValueError("name one of box, polygon and around")
        if (self.around is None) != (self.kilometres is None):
            raise ValueError("around and kilometres belong together")
        if self.box is not None and self.box[1] > self.box[3]:
            raise ValueError("a box is west, south, east, north: its south is north of its north")
        return self


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs its zone: 2026-03-01T12:00:00Z")
    return value.astimezone(UTC)


Time = Annotated[datetime, AfterValidator(_utc)]


class Window(Section):
    """When posts were written: from and to, or the last so long."""

    since: Time | None = None
    until: Time | None = None
    last: Duration | None = None

    @model_validator(mode="after")
    def _one(self) -> "Window":
        if (self.last is None) == (self.since is None and self.until is None):
            raise ValueError("name last, or since and until, or one of these two")
        if self.since and self.until and self.since >= self.until:
            raise ValueError("since is not before until")
        return self


class KeywordLists(Section):
    """Lists of terms that come with the package."""

    languages: Annotated[list[Literal[*LANGUAGES]], Field(min_length=1)]
    kinds: Annotated[list[Literal[*KINDS]], Field(min_length=1)] = list(KINDS)


class Watch(Section):
    """What an operator watches in a crisis: a post belongs to every watch whose filters it passes."""

    id: Name
    sources: Annotated[list[Name], Field(min_length=1)]
    terms: Annotated[dict[Code, list[Text]], Field(description="words and phrases by language; see terms.py")] = {}
    keywords: KeywordLists | None = None
    area: Area | None = None
    place_basis: Annotated[
        Literal["coordinates", "mentioned", "either"],
        Field(description="what is tested against the area: coordinates, names of places in the text, or either"),
    ] = "either"
    window: Window | None = None
    languages: Annotated[
        list[Code], Field(description="as the source names it, else as the text tells; none is every language")
    ] = []
    outside: Annotated[
        Literal["drop", "keep"], Field(description="what becomes of a post that fails a filter; it is counted anyway")
    ] = "drop"
    retention: Annotated[Duration | None, Field(description="after so long, `store purge` removes it")] = None


class QueueLimits(Section):
    """How much may wait for the analysis, on disk."""

    posts: Positive = 1_000_000
    megabytes: Positive = 2_000


class Analysis(Section):
    """What analyses posts."""

    model: Annotated[
        Line | None,
        Field(description="folder of a shipped model, by its path from this file; without it, models/humaid_mini here"),
    ] = None


class Operations(Section):
    """The whole of operations.yaml."""

    sources: Annotated[list[Source], Field(min_length=1)]
    watches: Annotated[list[Watch], Field(min_length=1)]
    queue: QueueLimits = QueueLimits()
    analysis: Analysis = Analysis()


def read_operations(path: Path) -> Operations:
    """Read and check operations.yaml with the files that it names.

    Raises:
        CrisisflowError: it does not fit; the message names file, line and key.
    """
    found = read(path, Operations)
    for part in ("sources", "watches"):
        first: set[str] = set()
        for number, own in enumerate(getattr(found, part)):
            if own.id in first:
                raise fault(path, [part, number, "id"], f"{part}: two have the id {own.id}")
            first.add(own.id)
    known = {own.id for own in found.sources}
    for number, watch in enumerate(found.watches):
        for at, source in enumerate(watch.sources):
            if source not in known:
                reason = f"watch {watch.id}: there is no source {source}; there are: {', '.join(sorted(known))}"
                raise fault(path, ["watches", number, "sources", at], reason)
        if watch.area and watch.area.polygon:
            keys = ["watches", number, "area", "polygon"]
            try:
                read_polygon(path.parent / watch.area.polygon)
            except CrisisflowError as error:
                raise fault(path, keys, f"watch {watch.id}: {error}") from None
    watched = {source for watch in found.watches for source in watch.sources}
    for number, own in enumerate(found.sources):
        if own.id not in watched:
            raise fault(path, ["sources", number, "id"], f"source {own.id} is in no watch")
        secret = getattr(own, "token_file", None)
        if secret is not None:
            try:
                read_secret(path.parent / secret)
            except CrisisflowError as error:
                raise fault(path, ["sources", number, "token_file"], f"source {own.id}: {error}") from None
    return found


def read_secret(path: Path) -> str:
    """The secret in a file.

    Raises:
        CrisisflowError: it cannot be read, or holds none.
    """
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CrisisflowError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if not secret.isascii() or not secret.isprintable() or not secret:
        raise CrisisflowError(f"{path} holds no secret: one line of printable ASCII characters")
    return secret
