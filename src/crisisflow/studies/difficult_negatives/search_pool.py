"""Search pool: the negatives of all settings, whether they go by bands or by the whole pool at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.style import matched
from crisisflow.studies.difficult_negatives.bands import (
    MODEL,
    NO,
    RANDOM,
    RANDOM_MATCHED,
    TOP,
    band_of,
    base_of,
    quota_of,
)
from crisisflow.studies.difficult_negatives.collection import TEST, TRAIN
from crisisflow.studies.difficult_negatives.mining import (
    PART,
    Anchors,
    Curve,
    Pick,
    Scored,
    Scorer,
    Search,
    Wanted,
    scales_of,
    top,
    unit,
)


class Crisis(NamedTuple):
    """The positives of one role: texts, the numbers of their classes, and their numbers of words."""

    texts: Sequence[str]
    class_ids: Sequence[int]
    words: Sequence[int]


class Mined(NamedTuple):
    """What a search found.

    Args:
        order: places in the pool, in the order of the search. positions: those of it that were embedded, ascending;
            `vectors` and `scored` are theirs. positives: embeddings of those that train, then of those of the test.
        examined: of each setting with a band, how many tweets were looked at until each class had its quota.
    """

    order: np.ndarray
    positions: np.ndarray
    vectors: np.ndarray
    scored: Scored
    positives: np.ndarray
    anchors: Anchors
    curves: Sequence[Curve]
    picks: Sequence[Pick]
    examined: Mapping[tuple[str, str], Sequence[int]]


class _Pool:
    """The pool in the order of the search, embedded as far as it is looked at, in parts that begin at fixed places."""

    def __init__(self, texts: Sequence[str], order: np.ndarray, embed: Callable[[Sequence[str]], np.ndarray]) -> None:
        self.texts, self.order, self.embed = texts, order, embed
        self.embedded: dict[int, np.ndarray] = {}

    def part(self, number: int) -> np.ndarray:
        if number not in self.embedded:
            places = self.order[number * PART : (number + 1) * PART]
            self.embedded[number] = unit(self.embed([self.texts[place] for place in places]))
        return self.embedded[number]

    def until(self, size: int) -> np.ndarray:
        """The embeddings of the first `size` tweets."""
        return np.concatenate([self.part(number) for number in range(-(-size // PART))])[:size]


def mine(
    embed: Callable[[Sequence[str]], np.ndarray],
    pool: Sequence[str],
    words: Sequence[int],
    positives: Mapping[str, Crisis],
    names: Sequence[str],
    settings: Sequence[tuple[str, str]],
    sample: int,
    seed: int,
    match_length: bool = False,
    marked: Sequence[tuple[int, int]] = (),
) -> Mined:
    """The negatives of all settings, of each class by the number of its positives in that role.

    Args:
        embed: texts to embeddings, float32 [n, d]. pool: texts; words: of each. positives: by role. names: of the
            classes. settings: (role, name) of each. sample: tweets to which the curves are fitted. seed: of the order
            of the search, whose first tweets are that sample. match_length: `random` and `random+` are matched too.
        marked: of each text of the pool the spans and the words that a first tagger marks, for `model`.

    Raises:
        CrisisflowError: a class has no two positives, the pool is smaller than the sample or cannot fill a quota, or
            all similarities to a class are equal.
    """
    if sample > len(pool):
        raise CrisisflowError(f"the pool has {len(pool):,} tweets and the sample wants {sample:,}; lower mining.sample")
    for role, crisis in positives.items():
        for name, number in zip(names, np.bincount(crisis.class_ids, minlength=len(names)), strict=True):
            if number < 2 and (role == TRAIN or number):  # a class may have no unseen event
                raise CrisisflowError(f"class {name} has {number} of the two positives that it needs; give more")
    order = np.random.default_rng(seed).permutation(len(pool))
    vectors = {role: unit(embed(crisis.texts)) for role, crisis in positives.items()}
    anchors = Anchors(vectors[TRAIN], positives[TRAIN].class_ids)
    searched = _Pool(pool, order, embed)
    by_band = [own for own in map(band_of, (name for _, name in settings)) if own is not None]
    scorer = Scorer(anchors, searched.until(sample), names, scales_of(by_band))

    lengths = [words[place] for place in order]
    chosen: dict[tuple[str, str], list[Pick]] = {}

    def whole_pool(role: str, name: str, taken: Sequence[int]) -> list[Pick]:
        """The picks of a setting that goes by the whole pool at once."""
        own, base = positives[role], base_of(name)
        if base == TOP:
            to_pool = anchors.similarities(searched.until(len(pool)))
            to_own = anchors.similarities(vectors[role])
            ids = np.asarray(own.class_ids)
            each = [to_own[ids == at, at] for at in range(len(names))]
            found = top(to_pool, [own[spread(len(own), quota_of(name, len(own)))] for own in each], taken)
            wanted = sum(quota_of(name, len(own)) for own in each)
            if sum(map(len, found)) < wanted:
                raise _too_small(len(pool), role, name, sum(map(len, found)), wanted)
            return [Pick(name, role, at, place) for at, places in enumerate(found) for place in places]
        free = np.setdiff1d(np.arange(len(pool)), taken)
        wanted = quota_of(name, len(own.texts))
        if wanted > len(free):
            raise _too_small(len(pool), role, name, len(free), wanted)
        if base == MODEL:
            if len(marked) != len(pool):
                raise CrisisflowError(f"{name}: no first tagger marked the {len(pool):,} texts of the pool; make both")
            spans, marks = np.array(marked)[order[free]].T
            places = free[np.lexsort((free, -marks, -spans))[:wanted]]
        else:
            like = np.asarray(own.words)[spread(len(own.words), wanted)]
            places = free[matched(like.tolist(), [lengths[place] for place in free])]
        return [Pick(name, role, None, int(place)) for place in sorted(places)]

    at_once = {name for _, name in settings if base_of(name) in {RANDOM_MATCHED, TOP, MODEL}}
    if match_length:
        at_once |= {name for _, name in settings if base_of(name) == RANDOM}
    for role, name in settings:
        if role == TEST and name in at_once:
            chosen[role, name] = whole_pool(role, name, [])
    search = Search(
        [_wanted(role, name, positives[role], len(names)) for role, name in settings if name not in {NO, *at_once}],
        [pick.position for own in chosen.values() for pick in own],
    )
    while not search.full and search.position < len(pool):
        part = searched.part(search.position // PART)
        search.look(len(part), scorer.score(part).z)
    search.refuse_missing(names)
    for pick in search.found():
        chosen.setdefault((pick.role, pick.name), []).append(pick)
    tested = sorted({pick.position for (role, _), own in chosen.items() if role == TEST for pick in own})
    for role, name in settings:
        if role == TRAIN and name in at_once:
            chosen[role, name] = whole_pool(role, name, tested)

    picks = [pick for key in settings for pick in chosen.get(key, [])]
    for number in sorted({pick.position // PART for pick in picks}):
        searched.part(number)
    numbers = sorted(searched.embedded)
    positions = np.concatenate([np.arange(at * PART, min((at + 1) * PART, len(pool))) for at in numbers])
    embedded = np.concatenate([searched.embedded[at] for at in numbers])
    examined = {
        (own.role, own.name): seen for own, seen in zip(search.wanted, search.examined, strict=True) if own.band
    }
    return Mined(
        order,
        positions,
        embedded,
        scorer.score(embedded),
        np.concatenate([vectors[role] for role in positives]),
        anchors,
        scorer.curves,
        picks,
        examined,
    )


def _too_small(pool: int, role: str, name: str, found: int, wanted: int) -> CrisisflowError:
    return CrisisflowError(
        f"the pool of {pool:,} tweets has {found} of the {wanted} negatives that {role}[{name}] wants; give a larger "
        "pool, or fewer positives"
    )


def _wanted(role: str, name: str, positives: Crisis, classes: int) -> Wanted:
    band = band_of(name)
    of_class = [len(positives.texts)] if band is None else np.bincount(positives.class_ids, minlength=classes).tolist()
    return Wanted(name, role, band, tuple(quota_of(name, number) for number in of_class))


def spread(number: int, wanted: int) -> list[int]:
    """So many places of a list, evenly over it, each as often as the next."""
    return [at * number // wanted for at in range(wanted)]
