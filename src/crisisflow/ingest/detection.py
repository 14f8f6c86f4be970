"""Detection: terms, places and kinds of disaster that posts name far more often than their own past lets expect.

Counts are of bins of five minutes. The posts of the last bins are held against those of the day before: the chance of
so many, or more, is the tail of a Poisson distribution. Its mean is the larger of two: by the term's rate before, and
by its share of all posts before, so that a busy evening is no event. A floor keeps a term without a past from being
one at its first posts. The chance is multiplied by the number of tests of a day (Bonferroni; terms, places and kinds
each have a third), which gives the false detections a day to expect if posts came at random.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from scipy.stats import poisson

BIN = 300_000  # ms
WINDOWS = (1, 3, 6, 9)  # bins that are looked at together
PAST = 288  # bins: a day
YOUNG = 24  # bins of a past without which nothing is told
FLOOR = 0.5  # posts that are expected at least, of a term in a window
LEAST = 5  # texts that differ, of a term
TERMS = 8  # of a detection that are told


What = Literal["term", "place", "kind"]
Name = tuple[What, str]
ANY = "disaster"  # the kind of posts of any kind


class Seen(NamedTuple):
    """A post as the detection sees it.

    Args:
        at: when it was written, in milliseconds since 1970.
        said: what tells its text apart from others; copies have the same, and count once in a window.
        kinds: of disaster that it has a word of; each is counted as a term is, and all of them as one.
    """

    post: int
    at: int
    said: str
    terms: frozenset[str]
    places: frozenset[str]
    kinds: frozenset[str]


class Reason(NamedTuple):
    """Why a term or place was told."""

    what: What
    term: str
    posts: int  # with texts that differ
    expected: float
    minutes: int
    false_a_day: float  # of such detections, if posts came at random


class Detection(NamedTuple):
    """What happens, as far as counts tell: the strongest reason first, and the posts of the window."""

    at: int
    reasons: tuple[Reason, ...]
    posts: tuple[int, ...]


class Detector:
    """Counts posts in the order of their times, and tells of a bin when a later post comes, or at `end`.

    Args:
        false_a_day: how many false detections a day are allowed for.
        share: of a term's posts in the window that must tell of a disaster.
        cooling: ms within which a detection that shares terms or posts with an earlier one belongs to it.
    """

    def __init__(self, false_a_day: float = 1.0, share: float = 0.3, cooling: int = 6 * 3_600_000) -> None:
        self._allowed, self._share, self._cooling = false_a_day, share, cooling
        self._bin: int | None = None
        self._told: list[tuple[int, set[str], set[int]]] = []

    def _begin(self, number: int) -> None:
        """Count from a bin on, without a past."""
        self._bin = self._first = number
        self._window: deque[list[Seen]] = deque([[]], maxlen=max(WINDOWS))  # the last is the bin that goes on
        self._totals: deque[int] = deque(maxlen=PAST)
        self._past: deque[Counter[Name]] = deque(maxlen=PAST)
        self._sums: Counter[Name] = Counter()

    def add(self, own: Seen) -> list[Detection]:
        """Count a post; the detections of the bins before its own. One that comes late counts as of the bin now."""
        number = own.at // BIN
        found: list[Detection] = []
        if self._bin is None:
            self._begin(number)
        while self._bin < number:
            found += self._close()
            if number - self._bin > PAST + max(WINDOWS):  # a pause after which nothing of the past counts
                self._begin(number)
        self._window[-1].append(own)
        return found

    def end(self) -> list[Detection]:
        """The detections of the bin that goes on."""
        return self._close() if self._bin is not None else []

    def _close(self) -> list[Detection]:
        found = self._detections() if self._bin - self._first >= YOUNG else []
        if len(self._window) == self._window.maxlen:
            self._keep(self._window[0])
        self._window.append([])
        self._bin += 1
        return found

    def _keep(self, leaving: list[Seen]) -> None:
        """Count a bin that leaves the window as past."""
        if len(self._past) == PAST:
            self._sums.subtract(self._past[0])
            self._sums += Counter()  # without what is zero
        counts = Counter(name for own in leaving for name in _names(own))
        self._past.append(counts)
        self._totals.append(len(leaving))
        self._sums.update(counts)

    def _detections(self) -> list[Detection]:
        alarms: dict[Name, tuple[Reason, set[int]]] = {}
        bins, past_posts = list(self._window), sum(self._totals)
        current = {name for own in bins[-1] for name in _names(own)}
        for size in WINDOWS:
            own = [post for part in bins[-size:] for post in part]
            by_name: dict[Name, list[Seen]] = defaultdict(list)
            for post in own:
                for name in _names(post):
                    by_name[name].append(post)
            names = Counter(what for what, _ in by_name)
            for name in current:
                posts = by_name[name]
                texts = {post.said: bool(post.kinds) for post in posts}
                if len(texts) < LEAST or sum(texts.values()) < self._share * len(texts):
                    continue
                before = self._sums[name] + 1  # one more than there were: none is not never
                expected = max(FLOOR, before * size / len(self._past), before * len(own) / max(past_posts, 1))
                tests = names[name[0]] * len(names) * len(WINDOWS) * PAST
                false_a_day = float(poisson.sf(len(texts) - 1, expected)) * tests
                if false_a_day <= self._allowed and (name not in alarms or false_a_day < alarms[name][0].false_a_day):
                    reason = Reason(*name, len(texts), expected, size * BIN // 60_000, false_a_day)
                    alarms[name] = reason, {post.post for post in posts}
        return list(self._new(_joined(alarms.values())))

    def _new(self, groups: Iterable[tuple[list[Reason], set[int]]]) -> Iterator[Detection]:
        """Detections that belong to no earlier one; the others lengthen theirs."""
        at = (self._bin + 1) * BIN
        self._told = [own for own in self._told if at - own[0] <= self._cooling]
        for reasons, posts in groups:
            terms = {own.term for own in reasons}
            known = [own for own in self._told if own[1] & terms or own[2] & posts]
            for own in known:
                self._told.remove(own)
            self._told.append((at, terms.union(*(own[1] for own in known)), posts.union(*(own[2] for own in known))))
            if not known:
                yield Detection(at, tuple(reasons[:TERMS]), tuple(sorted(posts)))


def _names(own: Seen) -> Iterator[Name]:
    """What is counted of a post."""
    yield from (("term", term) for term in own.terms)
    yield from (("place", place) for place in own.places)
    yield from (("kind", kind) for kind in own.kinds)
    if own.kinds:
        yield "kind", ANY


def _joined(alarms: Iterable[tuple[Reason, set[int]]]) -> list[tuple[list[Reason], set[int]]]:
    """Reasons that share posts, together; the strongest first."""
    groups: list[tuple[list[Reason], set[int]]] = []
    for reason, posts in sorted(alarms, key=lambda own: _order(own[0])):
        reasons, together = [reason], set(posts)
        for known in [own for own in groups if own[1] & posts]:
            groups.remove(known)
            reasons, together = known[0] + reasons, together | known[1]
        groups.append((reasons, together))
    return sorted(((sorted(own, key=_order), posts) for own, posts in groups), key=lambda group: _order(group[0][0]))


def _order(own: Reason) -> tuple[float, str, str]:
    return own.false_a_day, own.term, own.what


def detect(posts: Iterable[Seen], detector: Detector) -> Iterator[Detection]:
    """The detections in posts, which are in the order of their times."""
    for own in posts:
        yield from detector.add(own)
    yield from detector.end()
