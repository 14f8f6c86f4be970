"""The labelled posts of a corpus, split for classification (paper, 5.4), with near repeats on one side."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from crisisflow.artifacts import read_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.splits import SPLITS, by_group
from crisisflow.errors import CrisisflowError
from crisisflow.params import SplitParams
from crisisflow.studies.analytics.posts import POSTS

LEAST = 3  # posts of a class that are no repeats: one for each split


class Labelled(NamedTuple):
    """Posts with a label, in the order of their ids. `class_ids` are places in `classes`."""

    ids: list[str]
    texts: list[str]
    class_ids: np.ndarray
    groups: list[str | None]
    classes: list[str]

    def at(self, places: Sequence[int]) -> "Labelled":
        """Those at the places."""
        return self._replace(
            ids=[self.ids[at] for at in places],
            texts=[self.texts[at] for at in places],
            class_ids=self.class_ids[list(places)],
            groups=[self.groups[at] for at in places],
        )


def read_labelled(path: Path, corpus: str) -> Labelled:
    """The labelled posts of a corpus.

    Raises:
        CrisisflowError: there are none, or they are all of one class.
    """
    rows = read_parquet(path, POSTS).select(["post_id", "text", "label", "group"]).to_pylist()
    own = sorted((row for row in rows if row["label"] is not None), key=lambda row: row["post_id"])
    classes = sorted({row["label"] for row in own})
    if len(classes) < 2:
        found = f"all labelled {classes[0]}" if classes else "without a label"
        raise CrisisflowError(f"the posts of corpus {corpus} are {found}; analytics.classify.corpus needs two classes")
    return Labelled(
        [row["post_id"] for row in own],
        [row["text"] for row in own],
        np.array([classes.index(row["label"]) for row in own]),
        [row["group"] for row in own],
        classes,
    )


def split(
    posts: Labelled, corpus: str, group: str | None, test: float, validation: float, seed: int
) -> Mapping[str, list[int]]:
    """The places of the posts of each split: train, validation, test.

    Without a group all posts are split, stratified by class. With one its posts are the test posts; a post that is near
    one of them is in no split. Near repeats stay together.

    Args:
        validation: share of the posts that are not tested on.

    Raises:
        CrisisflowError: a class has fewer posts than splits, repeats aside; no post is of the group, or only such.
    """
    near = groups_of(posts.texts)
    if group is None:
        _check_classes(posts, near, corpus)
        held = (1 - test) * validation
        shares = SplitParams(train=1 - test - held, validation=held, test=test)
        found = by_group(posts.class_ids, near, shares, seed)
        return {name: np.flatnonzero(found == at).tolist() for at, name in enumerate(SPLITS)}
    tested = np.array([own == group for own in posts.groups])
    if not tested.any() or tested.all():
        there = ", ".join(sorted({own for own in posts.groups if own})) or "none"
        raise CrisisflowError(
            f"analytics.classify.tests: {'no' if not tested.any() else 'every'} labelled post of corpus {corpus} is of "
            f"the group {group}; its groups are: {there}"
        )
    rest = np.flatnonzero(~tested & ~np.isin(near, near[tested]))
    _check_classes(posts.at(rest.tolist()), near[rest], f"{corpus} without {group}")
    # The two halves of the validation posts are one split here.
    half = SplitParams(train=1 - validation, validation=validation / 2, test=validation / 2)
    found = by_group(posts.class_ids[rest], near[rest], half, seed)
    return {
        "train": rest[found == 0].tolist(),
        "validation": rest[found > 0].tolist(),
        "test": np.flatnonzero(tested).tolist(),
    }


def _check_classes(posts: Labelled, near: np.ndarray, corpus: str) -> None:
    units = Counter(class_id for class_id, _ in {*zip(posts.class_ids.tolist(), near.tolist(), strict=True)})
    few = [name for at, name in enumerate(posts.classes) if 0 < units[at] < LEAST]
    if few:
        raise CrisisflowError(
            f"corpus {corpus}: the class {few[0]} has fewer than {LEAST} posts, repeats aside, so it cannot be in all "
            "splits; give more of them, or leave their labels out"
        )
