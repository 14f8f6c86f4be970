"""What labellers leave: a label, a confidence and evidence for each tweet; and how several are read side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.studies.actionable_help.labels import LABELS

# `label` is null where the labeller's answer was no label: unusable, which agrees with nothing. `confidence` is the
# labeller's own, and compares with no other's; null where it has none. `evidence` depends on the kind of the labeller.
LABELLED = pa.schema(
    [
        ("set", pa.string()),
        ("tweet_id", pa.string()),
        ("label", pa.string()),
        ("confidence", pa.float32()),
        ("evidence", pa.list_(pa.string())),
    ]
)
UNUSABLE = -1  # the code of what is no label


def by_name(what: str, names: Sequence[str], paths: Sequence[Path]) -> dict[str, Path]:
    """The files by the names of what they are of, in the order of the names.

    Args:
        what: is named: `sets` or `labellers`.

    Raises:
        CrisisflowError: there are not as many files as names.
    """
    if len(names) != len(paths):
        raise CrisisflowError(f"{len(names)} {what} are named, and {len(paths)} files are given; give one for each")
    return dict(zip(names, paths, strict=True))


class Labelled(NamedTuple):
    """One labeller's answer to one text."""

    label: str | None
    confidence: float | None = None
    evidence: tuple[str, ...] = ()


Key = tuple[str, str]  # set and tweet_id


def keys_of(table: pa.Table) -> list[Key]:
    """Set and id of each row."""
    return list(zip(table["set"].to_pylist(), table["tweet_id"].to_pylist(), strict=True))


def codes_of(labels: Sequence[str | None]) -> np.ndarray:
    """The place of each label in LABELS, or UNUSABLE: int8 [tweets]."""
    place = {label: at for at, label in enumerate(LABELS)} | {None: UNUSABLE}
    return np.array([place[label] for label in labels], dtype=np.int8)


def read_labelled(paths: Mapping[str, Path], keys: Sequence[Key]) -> np.ndarray:
    """The codes of several labellers for the tweets `keys`: int8 [labellers, tweets].

    Args:
        paths: by the name of the labeller.

    Raises:
        CrisisflowError: a file is absent or damaged, lacks a tweet, or has a label that is none.
    """
    rows = []
    for name, path in paths.items():
        table = read_parquet(path, LABELLED)
        found = dict(zip(keys_of(table), table["label"].to_pylist(), strict=True))
        if missing := next((key for key in keys if key not in found), None):
            raise CrisisflowError(
                f"{path}: labeller {name} has no answer for tweet {missing[1]} of {missing[0]}; label the pool again"
            )
        if odd := set(found.values()) - {*LABELS, None}:
            raise CrisisflowError(f"{path}: {sorted(odd)[0]!r} is none of {', '.join(LABELS)}; label the pool again")
        rows.append(codes_of([found[key] for key in keys]))
    return np.array(rows, dtype=np.int8).reshape(len(rows), len(keys))
