"""Public set: the files of a published set to one table of posts, with a manifest of what was read and dropped."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from crisisflow.artifacts import write_json, write_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.sources.layout import SourceFile
from crisisflow.corpus.sources.posts import POSTS, Dropped, Post, Rows
from crisisflow.corpus.sources.sets import SETS, files_of, rows_of
from crisisflow.errors import CrisisflowError
from crisisflow.progress import say


def collect(rows: Rows) -> tuple[list[Post], Counter[str]]:
    """The posts of a set, each id once, and how many rows were dropped for what reason.

    A row whose id and text came before adds its labels to the earlier one; one whose id came with another text is
    dropped, since either may be the wrong pairing.
    """
    posts: dict[str, Post] = {}
    dropped: Counter[str] = Counter()
    for _, row in rows:
        if isinstance(row, Dropped):
            dropped[row.reason] += 1
        elif not row.text.strip():
            dropped["empty text"] += 1
        elif row.tweet_id not in posts:
            posts[row.tweet_id] = row
        elif posts[row.tweet_id].text != row.text:
            dropped["id of another text"] += 1
        else:
            first = posts[row.tweet_id]
            dropped["repeated row, labels joined"] += 1
            posts[row.tweet_id] = first._replace(labels=tuple(dict.fromkeys((*first.labels, *row.labels))))
    return list(posts.values()), dropped


def _count(values: list[str | None]) -> dict[str, int]:
    """How often each value occurs; `null` counts what has none."""
    return dict(sorted(Counter("null" if value is None else value for value in values).items()))


def digests(root: Path, files: list[SourceFile]) -> dict[str, str]:
    """The sha256 of each file that was read; of an archive, that of the whole."""
    if root.is_file():
        return {root.name: hashlib.sha256(root.read_bytes()).hexdigest()}
    return {file.name.partition("/")[2]: hashlib.sha256(file.raw()).hexdigest() for file in files}


def read(name: str, root: Path) -> tuple[list[Post], Counter[str]]:
    """The posts of the set `name` at `root`, and how many rows were dropped for what reason.

    Raises:
        CrisisflowError: what `run` says of the files.
    """
    return collect(rows_of(name, root, *files_of(name, root)))


def run(name: str, source: Path, out: Path, manifest: Path) -> None:
    """Write the posts of the set `name`, ordered as in its files, and the manifest.

    `source` is the folder or the archive (zip, tar) with its files.

    Raises:
        CrisisflowError: no set has this name, a file is absent, damaged or of another layout, or there is no post.
    """
    if name not in SETS:
        raise CrisisflowError(f"no public set is called {name}; there are: {', '.join(sorted(SETS))}")
    layout, files = files_of(name, source)
    posts, dropped = collect(rows_of(name, source, layout, files))
    about = {"set": name, "terms": SETS[name].terms, "files": digests(source, files)}
    write_set(about, source, posts, dropped, out, manifest)


def write_set(
    about: Mapping[str, Any], source: Path, posts: Sequence[Post], dropped: Counter[str], out: Path, manifest: Path
) -> None:
    """Write the posts of a set with their groups, and the manifest: what is known of the set (`about`), and counts.

    Raises:
        CrisisflowError: there is no post.
    """
    name = about["set"]
    if not posts:
        raise CrisisflowError(f"{source}: no row of the set {name} is a post: {dict(sorted(dropped.items()))}")
    groups = groups_of([post.text for post in posts])
    fields = [column for column in POSTS.names if column != "group"]
    rows = [
        dict(zip(fields, post, strict=True))
        | {"labels": [{"task": task, "value": value} for task, value in post.labels], "group": group}
        for post, group in zip(posts, groups.tolist(), strict=True)
    ]
    labels: dict[str, list[str | None]] = {}
    for post in posts:
        for task, value in post.labels:
            labels.setdefault(task, []).append(value)
    facts = {
        **about,
        "posts": len(posts),
        "dropped": dict(sorted(dropped.items())),
        "labels": {task: _count(values) for task, values in sorted(labels.items())},
        "languages": _count([post.language for post in posts]),
        "events": _count([post.event for post in posts]),
        "official_splits": _count([post.official_split for post in posts]),
        "without_time": sum(post.time is None for post in posts),
        "groups": len(set(groups.tolist())),
    }
    write_parquet(out, pa.Table.from_pylist(rows, schema=POSTS), POSTS)
    write_json(manifest, facts)
    say(f"public_set: {len(posts):,} posts of {name} in {facts['groups']:,} groups, {dropped.total():,} rows dropped")
