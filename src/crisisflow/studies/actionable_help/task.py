"""Task: the labelled texts of one classification task, prepared and split (ledger, entries 10, 11 and 26 to 28)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from crisisflow.artifacts import SPANS, TWEETS, read_json, read_parquet, write_json, write_parquet
from crisisflow.corpus import splits as split_by
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.corpus.splits import SPLITS
from crisisflow.corpus.stratify import draw_training
from crisisflow.corpus.texts import prepare
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import TextsParams
from crisisflow.progress import say
from crisisflow.studies.actionable_help.agree import AGREED
from crisisflow.studies.actionable_help.pool import POOL
from crisisflow.studies.actionable_help.row_params import AGREED_SET, CORPUS, SplitsParams, TaskParams
from crisisflow.studies.actionable_help.task_texts import TASK

HAS_LOCATION = "has_location"  # a label of the corpus by its annotation: yes or no


class LabelledText(NamedTuple):
    """A text with one label."""

    set: str
    tweet_id: str
    text: str
    label: str
    group: int
    event: str | None


class Divided(NamedTuple):
    """The labelled texts of a task, and what became of them."""

    texts: list[LabelledText]
    classes: list[str]
    splits: np.ndarray  # of each text, a number of SPLITS
    used: dict[str, list[int]]  # positions of the texts of each split that are used
    near_duplicates: dict[str, int | None]  # test texts with one elsewhere, by each way to split; None: no such split


def of_agreed(agreed: Path, pool: Path, label: str, dropped: Counter[str]) -> list[LabelledText]:
    """The tweets of the pool on which the labellers agree. An id names a tweet: of two sets' the first one stays.

    Raises:
        CrisisflowError: another label than `label` is asked for, or the two files are of different pools.
    """
    if label != "label":
        raise CrisisflowError(f"the set {AGREED_SET} has no {label}; its one label is called label")
    labels, tweets = read_parquet(agreed, AGREED), read_parquet(pool, POOL)
    if not all(labels[name].equals(tweets[name]) for name in ("set", "tweet_id")):
        raise CrisisflowError(f"{agreed} and {pool} are not of the same tweets; make both again")
    found: dict[str, LabelledText] = {}
    for own, row in zip(labels.to_pylist(), tweets.to_pylist(), strict=True):
        if own["label"] is None:
            dropped["not agreed"] += 1
        elif row["tweet_id"] in found:
            dropped["id of another set"] += 1
        else:
            found[row["tweet_id"]] = LabelledText(
                row["set"], row["tweet_id"], row["text"], own["label"], row["group"], row["event"]
            )
    return list(found.values())


def of_corpus(tweets: Path, spans: Path, label: str) -> list[LabelledText]:
    """The shared corpus, labelled by its class, or by whether its annotation names a place.

    Raises:
        CrisisflowError: another label is asked for.
    """
    rows = read_parquet(tweets, TWEETS).to_pylist()
    if label == HAS_LOCATION:
        annotated = read_parquet(spans, SPANS)
        pairs = zip(annotated["tweet_id"].to_pylist(), annotated["label"].to_pylist(), strict=True)
        placed = {tweet_id for tweet_id, kind in pairs if kind == "LOCATION"}
        labels = ["yes" if row["tweet_id"] in placed else "no" for row in rows]
    elif label == "class_label":
        labels = [row["class_label"] for row in rows]
    else:
        raise CrisisflowError(f"the set {CORPUS} has no {label}; it has: class_label, {HAS_LOCATION}")
    groups = groups_of([row["text"] for row in rows]).tolist()
    return [
        LabelledText(CORPUS, row["tweet_id"], row["text"], own, group, row["event"])
        for row, own, group in zip(rows, labels, groups, strict=True)
    ]


def of_posts(name: str, posts: Path, label: str, dropped: Counter[str]) -> list[LabelledText]:
    """The posts of a public set that have one value of the label.

    Raises:
        CrisisflowError: no post has the label.
    """
    found, known = [], set()
    for row in read_parquet(posts, POSTS).to_pylist():
        known |= {own["task"] for own in row["labels"]}
        values = [own["value"] for own in row["labels"] if own["task"] == label]
        if len(values) == 1:
            found.append(LabelledText(name, row["tweet_id"], row["text"], values[0], row["group"], row["event"]))
        else:
            dropped["several labels" if values else "no label"] += 1
    if label not in known:
        raise CrisisflowError(f"the set {name} has no {label}; it has: {', '.join(sorted(known))}")
    return found


def divide(name: str, texts: Sequence[LabelledText], splits: SplitsParams, limit: int | str) -> Divided:
    """Split the texts, and draw what is used of the training and validation parts.

    Args:
        limit: the most training texts that are used, stratified by class, or `all`; no more validation texts are used.
            All test texts are.

    Raises:
        CrisisflowError: there is one class only, or a class is too small to be in every split.
    """
    classes = sorted({own.label for own in texts})
    if len(classes) < 2:
        found = f"every labelled text is of class {classes[0]}" if classes else "no text has a label"
        raise CrisisflowError(f"task {name}: {found}; a task needs two classes")
    class_ids = [classes.index(own.label) for own in texts]
    groups = [own.group for own in texts]
    ways: dict[str, np.ndarray | None] = {"group": split_by.by_group(class_ids, groups, splits, splits.seed)}
    try:
        ways["row"] = split_by.by_row(class_ids, splits, splits.seed)
    except ValueError:  # a class is too small for scikit-learn
        ways["row"] = None
    chosen = ways[splits.by]
    _check_classes(name, class_ids, groups, classes, chosen)
    used = {}
    for at, split in enumerate(SPLITS):
        positions = np.flatnonzero(chosen == at).tolist()
        most = len(positions) if limit == "all" or split == "test" else min(limit, len(positions))
        try:
            drawn = draw_training([class_ids[position] for position in positions], most, splits.seed)
        except CrisisflowError as error:
            raise CrisisflowError(f"task {name}, {split}: {error}") from error
        used[split] = [positions[place] for place in drawn]
        there = {class_ids[position] for position in used[split]}
        if absent := [label for own, label in enumerate(classes) if own not in there]:
            raise CrisisflowError(
                f"task {name}: no text of class {absent[0]} is among the {most:,} {split} texts that are used; raise "
                "its limit"
            )
    duplicates = {
        way: None if found is None else split_by.with_a_near_duplicate(groups, found, "test")
        for way, found in sorted(ways.items())
    }
    return Divided(list(texts), classes, chosen, used, duplicates)


def _check_classes(
    name: str, class_ids: Sequence[int], groups: Sequence[int], classes: Sequence[str], splits: np.ndarray | None
) -> None:
    """Refuse a class that is not in every split."""
    sizes = Counter(class_ids)
    for own in sorted(range(len(classes)), key=lambda own: sizes[own]):
        where = set() if splits is None else set(splits[np.asarray(class_ids) == own].tolist())
        if len(where) < len(SPLITS):
            parts = len({group for group, other in zip(groups, class_ids, strict=True) if other == own})
            raise CrisisflowError(
                f"task {name}: class {classes[own]} has {sizes[own]} texts in {parts} groups of near duplicates, too "
                "few to be in the train, validation and test split; leave it out or label more"
            )


def _posts_of(name: str, posts: Sequence[Path], manifests: Sequence[Path]) -> Path:
    sets = {read_json(path, "set")["set"]: own for path, own in zip(manifests, posts, strict=True)}
    if name not in sets:
        known = ", ".join([AGREED_SET, CORPUS, *sorted(sets)])
        raise CrisisflowError(f"no set is called {name}; there are: {known}")
    return sets[name]


def _by_class(texts: Iterable[LabelledText]) -> dict[str, int]:
    return dict(sorted(Counter(own.label for own in texts).items()))


def _facts(name: str, task: TaskParams, splits: SplitsParams, dropped: Counter[str], found: Divided) -> dict[str, Any]:
    texts = found.texts
    return {
        "task": name,
        **task.model_dump(),
        "classes": found.classes,
        "texts": len(texts),
        "groups": len({own.group for own in texts}),
        "dropped": dict(sorted((+dropped).items())),
        "split_by": splits.by,
        "splits": {
            split: {
                "texts": int((found.splits == at).sum()),
                "used": len(found.used[split]),
                "classes": _by_class(texts[position] for position in found.used[split]),
            }
            for at, split in enumerate(SPLITS)
        },
        "test_texts_with_a_near_duplicate_elsewhere": found.near_duplicates,
    }


def write_divided(
    name: str,
    task: TaskParams,
    splits: SplitsParams,
    dropped: Counter[str],
    found: Divided,
    out: Path,
    statistics: Path,
) -> None:
    """Write the texts of a task that are used, and its counts.

    Args:
        dropped: how many texts were left out for what reason.
    """
    split_of = {position: split for split, positions in found.used.items() for position in positions}
    rows = [{**found.texts[position]._asdict(), "split": split_of[position]} for position in sorted(split_of)]
    write_parquet(out, rows, TASK)
    write_json(statistics, _facts(name, task, splits, dropped, found))


def run(
    name: str,
    task: TaskParams,
    splits: SplitsParams,
    texts: TextsParams,
    agreed: InputFile,
    pool: InputFile,
    tweets: InputFile,
    resolved: InputFile,
    posts: Sequence[InputFile],
    manifests: Sequence[InputFile],
    out: Path,
    statistics: Path,
) -> None:
    """Write the texts of a task that are used, each with its label and split, in the order of its set; and the counts.

    Args:
        name: of the task
        task: section actionable_help.tasks.NAME
        splits: section actionable_help.splits
        texts: section actionable_help.texts
        agreed: of the step agree
        pool: of the step pool
        tweets: the shared corpus
        resolved: its annotation
        posts: the tables of the public sets
        manifests: of the public sets, in the same order
        statistics: the counts (JSON)

    Raises:
        CrisisflowError: the set or its label is not there, there is one class only, or a class is too small.
    """
    dropped: Counter[str] = Counter()
    if task.set == AGREED_SET:
        labelled = of_agreed(agreed, pool, task.label, dropped)
    elif task.set == CORPUS:
        labelled = of_corpus(tweets, resolved, task.label)
    else:
        labelled = of_posts(task.set, _posts_of(task.set, posts, manifests), task.label, dropped)
    prepared = [own._replace(text=prepare(own.text, texts)) for own in labelled]
    kept = [own for own in prepared if any(map(str.isalnum, own.text))]
    dropped["no word"] += len(prepared) - len(kept)
    found = divide(name, kept, splits, task.limit)
    write_divided(name, task, splits, dropped, found, out, statistics)
    sizes = ", ".join(f"{len(positions):,} {split}" for split, positions in found.used.items())
    say(f"task {name}: {len(kept):,} texts of {len(found.classes)} classes; used: {sizes}")
