"""Agree: what all labellers, or enough of them, say of a tweet is its label (paper, section 3.2).

An unusable answer agrees with nothing, not even with another unusable one: in the kappas it is a class of its
labeller's own.
"""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import read_parquet, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.agreement import fleiss_kappa, in_words, kappa
from crisisflow.inputs import InputFile
from crisisflow.params import Positive
from crisisflow.progress import say
from crisisflow.studies.actionable_help.labelled import UNUSABLE, by_name, keys_of, read_labelled
from crisisflow.studies.actionable_help.labels import LABELS
from crisisflow.studies.actionable_help.pool import POOL

# `label` is null where the labellers do not agree. `votes`: how many of them gave the most frequent label.
AGREED = pa.schema(
    [
        ("set", pa.string()),
        ("tweet_id", pa.string()),
        ("label", pa.string()),
        ("agreed", pa.bool_()),
        ("votes", pa.int32()),
    ]
)


class Agreement(NamedTuple):
    """Of each tweet: the code of the agreed label or UNUSABLE, and the votes for the most frequent label."""

    codes: np.ndarray
    votes: np.ndarray


def votes_of(codes: np.ndarray) -> np.ndarray:
    """How many labellers gave a tweet each label: [tweets, labels], of codes [labellers, tweets]."""
    return np.stack([(codes == label).sum(axis=0) for label in range(len(LABELS))], axis=1)


def agree(codes: np.ndarray, least: int) -> Agreement:
    """The label that at least `least` labellers gave, which is more than half of them: of codes [labellers, tweets]."""
    votes = votes_of(codes)
    most = votes.max(axis=1, initial=0)
    return Agreement(np.where(most >= least, votes.argmax(axis=1), UNUSABLE), most)


def needed(at_least: int | Literal["all"], labellers: int) -> int:
    """How many labellers must agree.

    Raises:
        CrisisflowError: there are fewer than two, or `at_least` is more than there are, or no majority of them: two
            labels could then both be agreed.
    """
    if labellers < 2:
        raise CrisisflowError(f"agreement needs two labellers, and there is {labellers}; name more")
    least = labellers if at_least == "all" else at_least
    if not labellers < 2 * least <= 2 * labellers:
        raise CrisisflowError(
            f"agreement.at_least is {least} of {labellers} labellers; say {labellers // 2 + 1} to {labellers}, or all"
        )
    return least


def pair_table(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The counts of two codings: [labels + 2, labels + 2]; the last two classes are the unusable answers of each."""
    table = np.zeros((len(LABELS) + 2,) * 2, dtype=np.int64)
    own = np.where(first == UNUSABLE, len(LABELS), first)
    other = np.where(second == UNUSABLE, len(LABELS) + 1, second)
    np.add.at(table, (own, other), 1)
    return table


def _confusion(table: np.ndarray) -> list[list[int]]:
    """The counts as people read them: both kinds of unusable answers stand in the last row or column."""
    columns = [*range(len(LABELS)), len(LABELS) + 1]
    return table[: len(LABELS) + 1][:, columns].tolist()


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def fleiss(codes: np.ndarray) -> float:
    """Fleiss' kappa of all labellers: of codes [labellers, tweets]."""
    own = [np.where(codes[at] == UNUSABLE, len(LABELS) + at, codes[at]) for at in range(len(codes))]
    counts = np.stack([sum(code == label for code in own) for label in range(len(LABELS) + len(codes))], axis=1)
    return fleiss_kappa(counts)


def _share(part: int, whole: int) -> dict[str, Any]:
    return {"agreed": part, "share": _number(part / whole) if whole else None}


def facts_of(codes: np.ndarray, names: Sequence[str], sets: Sequence[str], least: int) -> dict[str, Any]:
    """The facts of agreement.json.

    Args:
        codes: [labellers, tweets]. names: of the labellers. sets: of the tweets.
    """
    found = agree(codes, least)
    agreed, votes = found.codes != UNUSABLE, votes_of(codes)
    of_set = np.array(sets)
    pairs = []
    for (at, first), (other, second) in combinations(enumerate(names), 2):
        table = pair_table(codes[at], codes[other])
        value = _number(kappa(table))
        pairs.append(
            {
                "first": first,
                "second": second,
                "kappa": value,
                "words": in_words(value),
                "same": _number(np.trace(table) / max(table.sum(), 1)),
                "confusion": _confusion(table),
            }
        )
    everyone = _number(fleiss(codes))
    return {
        "labellers": {
            name: {label: int((own == at).sum()) for at, label in enumerate(LABELS)}
            | {"unusable": int((own == UNUSABLE).sum())}
            for name, own in zip(names, codes, strict=True)
        },
        "at_least": least,
        "tweets": len(sets),
        **_share(int(agreed.sum()), len(sets)),
        # `given`: tweets to which at least one labeller gave the label
        "labels": {
            label: {"given": int((votes[:, at] > 0).sum())}
            | _share(int((found.codes == at).sum()), int((votes[:, at] > 0).sum()))
            for at, label in enumerate(LABELS)
        },
        "sets": {
            name: {"tweets": int((of_set == name).sum())}
            | _share(int(agreed[of_set == name].sum()), int((of_set == name).sum()))
            | {"labels": {label: int((found.codes[of_set == name] == at).sum()) for at, label in enumerate(LABELS)}}
            for name in sorted(set(sets))
        },
        "pairs": pairs,
        "confusion_of": [*LABELS, "unusable"],
        "fleiss_kappa": everyone,
        "fleiss_words": in_words(everyone),
    }


def run(
    pool: InputFile,
    labels: Sequence[InputFile],
    labellers: list[str],
    at_least: Positive | Literal["all"],
    out: Path,
    statistics: Path,
) -> None:
    """Write which tweets of the pool the labellers agree on, and how far they agree.

    Args:
        pool: the tweets of the step pool
        labels: a labeller's answers; repeat, in the order of the names
        labellers: their names
        at_least: how many must agree, or all

    Raises:
        CrisisflowError: the labellers are too few, or one lacks a tweet of the pool.
    """
    least = needed(at_least, len(labellers))
    keys = keys_of(read_parquet(pool, POOL))
    codes = read_labelled(by_name("labellers", labellers, labels), keys)
    found = agree(codes, least)
    names = [None if code == UNUSABLE else LABELS[code] for code in found.codes]
    sets, ids = map(list, zip(*keys, strict=True)) if keys else ([], [])
    rows = pa.table([sets, ids, names, found.codes != UNUSABLE, found.votes.astype(np.int32)], schema=AGREED)
    write_parquet(out, rows, AGREED)
    facts = facts_of(codes, labellers, sets, least)
    write_json(statistics, facts)
    say(f"agree: {facts['agreed']:,} of {len(keys):,} tweets, {100 * (facts['share'] or 0):.1f} %")
