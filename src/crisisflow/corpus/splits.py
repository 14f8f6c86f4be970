"""Splits of labelled texts, stratified by class: by row, as most papers do, or with near duplicates kept together."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import numpy as np

from crisisflow.params import SplitParams

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def by_row(class_ids: Sequence[int], shares: SplitParams, seed: int) -> np.ndarray:
    """The split of each text, an array (texts,) of numbers of SPLITS, by scikit-learn's `train_test_split`.

    The test texts are drawn first, then the validation texts from the rest: with 0.7, 0.1 and 0.2 an eighth of it.
    The other order gives other texts, and of a small class other numbers (ledger of actionable_help, entry 10).

    Raises:
        ValueError: scikit-learn's, of a class with one text, or of more classes than a split has texts.
    """
    from sklearn.model_selection import train_test_split

    # As decimals: of binary fractions 0.1 / (0.1 + 0.7) is above an eighth, and a text too many would be drawn.
    test, validation, train = (Fraction(repr(share)) for share in (shares.test, shares.validation, shares.train))
    of_rest = float(validation / (validation + train))
    classes = np.asarray(class_ids)
    rest, tested = train_test_split(np.arange(len(classes)), test_size=float(test), random_state=seed, stratify=classes)
    _, validated = train_test_split(rest, test_size=of_rest, random_state=seed, stratify=classes[rest])
    splits = np.zeros(len(classes), dtype=np.int8)
    splits[validated], splits[tested] = SPLITS.index("validation"), SPLITS.index("test")
    return splits


def by_group(class_ids: Sequence[int], groups: Sequence[int], shares: SplitParams, seed: int) -> np.ndarray:
    """The split of each text, as `by_row`, such that all texts of a group are in one split.

    The largest group first, each goes where its classes are furthest behind their share; groups of one size come in an
    order that `seed` shuffles. A class of single texts is so in each split to its share, but for one or two; a large
    group shifts the shares by its own size at most. A class with three groups of its own is in all splits.
    """
    classes, group = np.asarray(class_ids), np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(group)
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    by_size = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(sizes)[:-1])
    # Equally far behind, a group goes where most is wanted.
    order = sorted(range(len(SPLITS)), key=lambda split: -getattr(shares, SPLITS[split]))
    wanted = np.outer([getattr(shares, SPLITS[split]) for split in order], np.bincount(classes))
    held = np.zeros_like(wanted)
    splits = np.zeros(len(classes), dtype=np.int8)
    for number in by_size:
        own = np.bincount(classes[members[number]], minlength=wanted.shape[1])
        there = np.flatnonzero(own)
        behind = (1 - held[:, there] / wanted[:, there]) @ own[there]
        chosen = int(np.argmax(behind))
        held[chosen] += own
        splits[members[number]] = order[chosen]
    return splits


def with_a_near_duplicate(groups: Sequence[int], splits: np.ndarray, split: Split) -> int:
    """How many texts of a split have one of their group in another split."""
    own, other = (np.asarray(groups)[kept] for kept in (splits == SPLITS.index(split), splits != SPLITS.index(split)))
    return int(np.isin(own, other).sum())
