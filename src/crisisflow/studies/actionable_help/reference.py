"""The reference: tweets that people labelled, without their texts.

A line of reference/*.csv is a tweet of a sample: its set and id, the stratum from which it was drawn and that stratum's
tweets, the sha256 of the prepared text, the label that each of two people gave it without seeing the other's or a
labeller's, and the label on which they settled (docs/studies/actionable_help_guideline.md).
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from crisisflow.annotation import label_studio
from crisisflow.artifacts import write_csv
from crisisflow.delimited import read_records
from crisisflow.errors import CrisisflowError
from crisisflow.progress import say
from crisisflow.studies.actionable_help.labelled import Key
from crisisflow.studies.actionable_help.labels import LABELS
from crisisflow.studies.actionable_help.validation import DISAGREED, Drawn

# What a sample has before people label it, and what they add.
SAMPLE = ("set", "tweet_id", "stratum", "population", "sha256")
PASSES = ("first", "second")
SETTLED = "settled"
COLUMNS = (*SAMPLE, *PASSES, SETTLED)


class Entry(NamedTuple):
    """A tweet of the reference."""

    drawn: Drawn
    passes: tuple[str, str]
    settled: str


def join(sample: Path, first: Path, second: Path, out: Path) -> None:
    """Write the labels of two passes beside each other; the label is settled where they agree, and empty where not.

    Args:
        sample: that of the step sheet.
        first, second: the two exports from Label Studio, of one annotator each.
        out: a reference, once the empty labels are filled in.

    Raises:
        CrisisflowError: a file is absent or broken, has another label, more than one annotator or not all tweets, or
            the two are of one annotator.
    """
    rows = [row for _, row in read_records(sample, ",", SAMPLE)]
    keys = [(row["set"], row["tweet_id"]) for row in rows]
    annotators, passes = zip(*(_read_pass(path, keys) for path in (first, second)), strict=True)
    if annotators[0] == annotators[1]:
        raise CrisisflowError(f"{first} and {second} are both by {annotators[0]}; two people must label")
    lines = []
    for key, row in zip(keys, rows, strict=True):
        one, other = (own[key] for own in passes)
        lines.append([*(row[column] for column in SAMPLE), one, other, one if one == other else ""])
    write_csv(out, COLUMNS, lines)
    differing = sum(not line[-1] for line in lines)
    say(f"help_reference: {len(lines):,} tweets, the passes differ on {differing:,}; settle these in {out}")


def _read_pass(path: Path, keys: Sequence[Key]) -> tuple[str, dict[Key, str]]:
    """The annotator of an export, and the label of each tweet."""
    found: dict[Key, str] = {}
    annotators: set[str] = set()
    for data, choices in label_studio.read_choices(path):
        key = (str(data.get("set")), str(data.get("tweet_id")))
        for annotator, label in choices.items():
            if label not in LABELS:
                raise CrisisflowError(f"{path}: {label!r} is none of {', '.join(LABELS)}; use the sheet's config.xml")
            annotators.add(annotator)
            found[key] = label
    if len(annotators) != 1:
        raise CrisisflowError(f"{path} has {len(annotators)} annotators, not one; export each project of its own")
    missing = [key for key in keys if key not in found]
    if missing:
        raise CrisisflowError(f"{path} lacks {len(missing):,} of {len(keys):,} tweets, {missing[0][1]} for one")
    return annotators.pop(), found


def digest(text: str) -> str:
    """By which a prepared text is known."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_sample(path: Path, drawn: Sequence[Drawn], texts: Mapping[Key, str]) -> None:
    """The drawn tweets, as the reference has them before people label it."""
    rows = [[*one.key, one.stratum, one.population, digest(texts[one.key])] for one in drawn]
    write_csv(path, SAMPLE, rows)


def read_sample(path: Path, texts: Mapping[Key, str]) -> list[Drawn]:
    """The drawn tweets of a file of `write_sample`, or of a reference.

    Args:
        texts: the prepared texts of the pool. A tweet that is not among them is left out.

    Raises:
        CrisisflowError: the file is broken, or a text is not the one that was drawn.
    """
    return [one for one, _ in _read(path, texts, SAMPLE)]


def read_reference(path: Path, texts: Mapping[Key, str]) -> list[Entry]:
    """The labelled tweets of a reference, likewise."""
    found = []
    for drawn, row in _read(path, texts, COLUMNS):
        for column in (*PASSES, SETTLED):
            if row[column] not in LABELS:
                raise CrisisflowError(
                    f"{path}: tweet {drawn.key[1]} of {drawn.key[0]}: {column} is {row[column]!r}, none of "
                    f"{', '.join(LABELS)}"
                )
        first, second = (row[column] for column in PASSES)
        if first == second != row[SETTLED]:
            raise CrisisflowError(
                f"{path}: tweet {drawn.key[1]} of {drawn.key[0]}: both passes say {first}, {row[SETTLED]} is settled"
            )
        found.append(Entry(drawn, (first, second), row[SETTLED]))
    return found


def _read(path: Path, texts: Mapping[Key, str], columns: Sequence[str]) -> list[tuple[Drawn, dict[str, str]]]:
    found: dict[Key, tuple[Drawn, dict[str, str]]] = {}
    seen: set[Key] = set()
    for number, row in read_records(path, ",", columns):
        key = (row["set"], row["tweet_id"])
        if key in seen:
            raise CrisisflowError(f"{path}, line {number}: tweet {key[1]} of {key[0]} stands there twice")
        if row["stratum"] not in (*LABELS, DISAGREED) or not row["population"].isdecimal():
            raise CrisisflowError(f"{path}, line {number}: no stratum with the number of its tweets")
        seen.add(key)
        if key not in texts:
            continue
        if digest(texts[key]) != row["sha256"]:
            raise CrisisflowError(
                f"{path}, line {number}: the text of tweet {key[1]} of {key[0]} is not the one that was labelled; "
                "prepare the texts as then (actionable_help.texts), or label it anew"
            )
        found[key] = (Drawn(key, row["stratum"], int(row["population"])), row)
    return list(found.values())
