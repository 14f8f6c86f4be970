"""Watches: which posts belong to them, and why others do not."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import shapely

from crisisflow.ingest.incident import Where
from crisisflow.ingest.operations import Area, Watch
from crisisflow.ingest.routing.areas import kilometres, read_polygon
from crisisflow.ingest.store.records import Basis, Drop, Filed, Membership, Post
from crisisflow.ingest.terms import Terms, terms_of
from crisisflow.language import language_of
from crisisflow.places.named_in_text import named_in

Point = tuple[float, float]  # longitude, latitude

BEFORE, AFTER, LANGUAGE, TERMS, NO_PLACE, OUTSIDE = (
    "before the window",
    "after the window",
    "language",
    "terms",
    "no place",
    "outside of the area",
)


def inside_of(area: Area, folder: Path) -> Callable[[Point], bool]:
    """Whether a point is in an area; a point on its border is.

    Args:
        folder: from which its polygon's path counts.

    Raises:
        CrisisflowError: the polygon is damaged.
    """
    if area.box is not None:
        west, south, east, north = area.box

        def in_box(point: Point) -> bool:
            between = west <= point[0] <= east if west <= east else point[0] >= west or point[0] <= east
            return between and south <= point[1] <= north

        return in_box
    if area.around is not None:
        centre, most = Where(longitude=area.around[0], latitude=area.around[1]), area.kilometres or 0.0
        return lambda point: kilometres(centre, point[1], point[0]) <= most
    polygon = read_polygon(folder / (area.polygon or ""))
    shapely.prepare(polygon)
    return lambda point: bool(polygon.covers(shapely.Point(point)))


class Tested(NamedTuple):
    """What the filters of a watch say of a post: by which place it was tested, and why it fails, if it does."""

    basis: Basis | None
    reason: str | None


class Filter:
    """The filters of a watch, made ready.

    Args:
        folder: from which paths in its configuration count.

    Raises:
        CrisisflowError: a file that it names is damaged.
    """

    def __init__(self, watch: Watch, folder: Path) -> None:
        self.watch = watch
        lists = watch.keywords
        own = [term for terms in watch.terms.values() for term in terms]
        self._terms = Terms([*own, *(terms_of(lists.languages, lists.kinds) if lists else ())])
        self._inside = inside_of(watch.area, folder) if watch.area else None

    def test(self, post: Post, now: int) -> Tested:
        """Test a post; the cheap filters first. One without a time is as old as its taking."""
        reason = self._late(post, now)
        if reason is None and not self._terms.found(" ".join((post.text, *(own.description for own in post.media)))):
            reason = TERMS
        if reason is None and self.watch.languages:
            # A text that is too short to tell counts as English here, as everywhere in this package.
            language = post.language or language_of(post.text)
            reason = None if language in self.watch.languages else LANGUAGE
        return Tested(None, reason) if reason or self._inside is None else self._place(post)

    def _late(self, post: Post, now: int) -> str | None:
        window = self.watch.window
        if window is None:
            return None
        written = (now if post.created is None else post.created) / 1000
        since = now / 1000 - window.last if window.last is not None else window.since and window.since.timestamp()
        if since is not None and written < since:
            return BEFORE
        return AFTER if window.until is not None and written >= window.until.timestamp() else None

    def _place(self, post: Post) -> Tested:
        assert self._inside is not None
        basis = self.watch.place_basis
        if post.point is not None and basis != "mentioned":
            return Tested("coordinates", None if self._inside(post.point) else OUTSIDE)
        if basis == "coordinates":
            return Tested(None, NO_PLACE)
        points = [(own.longitude, own.latitude) for own in named_in(post.text)]
        if not points:
            return Tested(None, NO_PLACE)
        return Tested("mentioned", None if any(map(self._inside, points)) else OUTSIDE)


class Sorter:
    """Sorts the posts of one source to its watches."""

    def __init__(self, filters: Sequence[Filter]) -> None:
        self._filters = filters

    def sort(self, post: Post, now: int) -> tuple[Filed | None, list[Drop]]:
        """The post with its watches, or None where no watch has it; and by which watches it was refused, and why."""
        watches, drops = [], []
        for own in self._filters:
            basis, reason = own.test(post, now)
            if reason is not None:
                drops.append(Drop(own.watch.id, reason))
            if reason is None or own.watch.outside == "keep":
                watches.append(Membership(own.watch.id, basis, reason))
        return (Filed(post, tuple(watches)) if watches else None), drops
