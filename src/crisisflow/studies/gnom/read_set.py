"""Read set: a public set, a table of one's own or a generated set, with the classes of the study, split.

A label that no class of the set names is dropped, and so is a tweet that has no other one. That is how a set is mapped:
the same label may count as two classes (ledger, entry 17).
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from crisisflow.artifacts import check_file, read_parquet, write_json
from crisisflow.corpus import splits as split_by
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.public_set import collect, digests
from crisisflow.corpus.sources import table
from crisisflow.corpus.sources.posts import POSTS, SPLITS, Dropped, Post, Rows
from crisisflow.corpus.sources.sets import SETS, files_of, rows_of
from crisisflow.errors import CrisisflowError
from crisisflow.progress import say
from crisisflow.studies.gnom.params import GENERATED, OFFICIAL, TABLES, SetParams, SplitsParams
from crisisflow.studies.gnom.sets import share_of, strata, write_tweets

ADVICE = "name the file that gnom.sets should read"
LABEL, SPLIT = "label", "split"  # the tasks of a table
VALIDATION = 10  # per cent of the official training part, where a set has no validation part
LONGEST = 10_000  # characters of a text that is read


class Read(NamedTuple):
    """The posts of a set, how many rows were dropped for what reason, and the sha256 of its files."""

    posts: Sequence[Post]
    dropped: Counter[str]
    files: Mapping[str, str]


def run(
    name: str, params: SetParams, splits: SplitsParams, generated: Sequence[Path], out: Path, statistics: Path
) -> None:
    """Write the tweets of a set with their classes and splits, in the order of its files, and its counts.

    Args:
        name: of the set in section gnom.sets
        params: its section there
        splits: section gnom.splits
        generated: the posts of the generated sets, of the step generated

    Raises:
        CrisisflowError: a file is absent, cut short, of another encoding or without a named column; an id lost its
            digits; a label is unknown; a set has no official split; a class is in no tweet or not in every part; or no
            tweet is left.
    """
    found = _read(name, params, generated)
    tweets = list(_classified(name, found.posts, params, found.dropped))
    if not tweets:
        raise CrisisflowError(f"the set {name} has no tweet left; dropped: {dict(sorted(found.dropped.items()))}")
    groups = groups_of([own["text"] for own in tweets])
    if params.classes is not None:
        _split(name, tweets, groups, params, splits)
    for own, group in zip(tweets, groups.tolist(), strict=True):
        own["group"] = group
    write_tweets(out, name, tweets)
    write_json(statistics, _counts(name, tweets, groups, params, found))
    say(f"read_set: {len(tweets):,} tweets of {name}, {found.dropped.total():,} rows dropped")


def _read(name: str, params: SetParams, generated: Sequence[Path]) -> Read:
    if params.reader == GENERATED:
        return Read(_generated(name, generated), Counter(), {})
    path = Path(params.path)
    if params.reader in TABLES:
        check_file(path, ADVICE)
        own = params.columns
        asked = {task: column for task, column in ((LABEL, own.label), (SPLIT, own.split)) if column is not None}
        columns = table.Columns(own.text, own.tweet_id, None, asked)
        rows: Rows = table.read(path, name, table.DELIMITERS[params.reader], "utf-8", columns)
        posts, dropped = collect(rows)
        return Read(posts, dropped, {path.name: hashlib.sha256(path.read_bytes()).hexdigest()})
    _check_labels(name, params)
    layout, files = files_of(params.reader, path)
    posts, dropped = collect(_short(rows_of(params.reader, path, layout, files)))
    return Read(posts, dropped, digests(path, files))


def _short(rows: Rows) -> Rows:
    for where, row in rows:
        yield where, Dropped("longer than a tweet") if isinstance(row, Post) and len(row.text) > LONGEST else row


def _generated(name: str, generated: Sequence[Path]) -> list[Post]:
    """The posts of a generated set: the ids of a set begin with its name."""
    known = []
    for path in generated:
        rows = read_parquet(path, POSTS).to_pylist()
        own = rows[0]["tweet_id"].partition(":")[0]
        if own == name:
            return [
                Post(
                    row["tweet_id"],
                    row["text"],
                    tuple((label["task"], label["value"]) for label in row["labels"]),
                    row["language"],
                    row["event"],
                    row["time"],
                    row["official_split"],
                )
                for row in rows
            ]
        known.append(own)
    raise CrisisflowError(f"no generated set is called {name}; there are: {', '.join(known)}")


def _check_labels(name: str, params: SetParams) -> None:
    """Refuse a task or label that the public set does not have."""
    if params.task is None:
        return
    tasks = SETS[params.reader].labels
    if params.task not in tasks:
        raise CrisisflowError(
            f"gnom.sets.{name}.task: {params.reader} has no {params.task}; it has: {', '.join(tasks)}"
        )
    for own, values in params.classes.items():
        if unknown := [value for value in values if tasks[params.task] and value not in tasks[params.task]]:
            raise CrisisflowError(
                f"gnom.sets.{name}.classes.{own}: {params.reader} has no label {unknown[0]!r}; it has: "
                f"{', '.join(tasks[params.task])}"
            )


def _classified(name: str, posts: Sequence[Post], params: SetParams, dropped: Counter[str]) -> Iterator[dict[str, Any]]:
    """The tweets with their classes, in the columns of formats.TWEETS but for group; `split` is the official one."""
    for post in posts:
        if params.events is not None and post.event not in params.events:
            dropped["another event"] += 1
            continue
        language = post.language or (params.languages[0] if len(params.languages) == 1 else None)
        if language is not None and language not in params.languages:
            dropped["another language"] += 1
            continue
        official = post.official_split
        if params.classes is None:
            classes: list[str] = []
        else:
            classes = _classes(name, post, params)
            if params.reader in TABLES:
                official = _table_split(name, post)
            if not classes or (len(classes) > 1 and not params.multi_label):
                dropped["several classes" if classes else "no class"] += 1
                continue
        yield {
            "tweet_id": post.tweet_id,
            "text": post.text,
            "language": language,
            "labels": classes,
            "split": "validation" if official == "dev" else official,
        }


def _classes(name: str, post: Post, params: SetParams) -> list[str]:
    if params.reader not in TABLES:
        labels = {value for task, value in post.labels if task == params.task}
    else:
        labels = {
            part.strip()
            for task, value in post.labels
            if task == LABEL
            for part in (value.split(",") if params.multi_label else [value])
        }
        known = {value for values in params.classes.values() for value in values}
        if not labels <= known:  # it is not shown: where the wrong column is named, it is a text
            raise CrisisflowError(
                f"the set {name}, tweet {post.tweet_id}: its label is none of {', '.join(sorted(known))}, the labels "
                f"of gnom.sets.{name}.classes"
            )
    return [own for own, values in params.classes.items() if labels & {*values}]


def _table_split(name: str, post: Post) -> str | None:
    found = next((value for task, value in post.labels if task == SPLIT), None)
    if found is not None and found not in SPLITS:
        raise CrisisflowError(f"the set {name}, tweet {post.tweet_id}: its split is none of {', '.join(SPLITS)}")
    return SPLITS[found] if found else None


def _split(
    name: str, tweets: Sequence[dict[str, Any]], groups: np.ndarray, params: SetParams, splits: SplitsParams
) -> None:
    """Give each tweet its split, in place."""
    if params.split == OFFICIAL:
        if any(own["split"] is None for own in tweets):
            raise CrisisflowError(f"gnom.sets.{name}.split: the set has no official split; give shares")
        if all(own["split"] != "validation" for own in tweets):
            _draw_validation(tweets, groups, splits)
    else:
        strata_of = strata([own["labels"] for own in tweets])
        try:
            chosen = (
                split_by.by_group(strata_of, groups.tolist(), params.split, splits.seed)
                if splits.grouped
                else split_by.by_row(strata_of, params.split, splits.seed)
            )
        except ValueError as error:
            raise CrisisflowError(f"the set {name} cannot be split: {error}") from error
        for own, at in zip(tweets, chosen.tolist(), strict=True):
            own["split"] = split_by.SPLITS[at]
    for split in split_by.SPLITS:
        there = {label for own in tweets if own["split"] == split for label in own["labels"]}
        if absent := [label for label in params.classes if label not in there]:
            raise CrisisflowError(
                f"the set {name}: no tweet of class {absent[0]} is in the {split} part; leave the class out, or give "
                "the part a larger share"
            )


def _draw_validation(tweets: Sequence[dict[str, Any]], groups: np.ndarray, splits: SplitsParams) -> None:
    """Move a share of the official training part to the validation part, stratified; grouped as a drawn split is.

    Where it is grouped, whole groups are taken, in an order that the seed shuffles, as long as they fit.
    """
    places = [at for at, own in enumerate(tweets) if own["split"] == "train"]
    labels = [tweets[at]["labels"] for at in places]
    chosen = share_of(labels, "all", VALIDATION, splits.seed)
    if splits.grouped:
        stratum, own = strata(labels), groups[places]
        left = Counter(stratum[at] for at in chosen)
        members: dict[int, list[int]] = {}
        for at, group in enumerate(own.tolist()):
            members.setdefault(group, []).append(at)
        chosen = []
        for group in np.random.default_rng(splits.seed).permutation([*members]).tolist():
            asked = Counter(stratum[at] for at in members[group])
            if asked <= left:
                left -= asked
                chosen += members[group]
    for at in chosen:
        tweets[places[at]]["split"] = "validation"


def _counts(
    name: str, tweets: Sequence[dict[str, Any]], groups: np.ndarray, params: SetParams, found: Read
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "set": name,
        "reader": params.reader,
        "terms": params.terms,
        "files": dict(found.files),
        "tweets": len(tweets),
        "languages": _sorted(own["language"] or "unknown" for own in tweets),
        "dropped": dict(sorted((+found.dropped).items())),
        "near_duplicates": int((np.bincount(groups)[groups] > 1).sum()),
        "classes": None,
        "label_sets": None,
        "splits": None,
        "test_near_training": None,
    }
    if params.classes is not None:
        in_training = np.array([own["split"] == "train" for own in tweets])
        tested = np.array([own["split"] == "test" for own in tweets])
        classes = Counter(label for own in tweets for label in own["labels"])
        facts |= {
            "classes": {label: classes[label] for label in params.classes},
            "label_sets": _sorted("+".join(own["labels"]) for own in tweets),
            "splits": {split: sum(own["split"] == split for own in tweets) for split in split_by.SPLITS},
            "test_near_training": int(np.isin(groups[tested], groups[in_training]).sum()),
        }
    return facts


def _sorted(values: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
