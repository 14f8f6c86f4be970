"""Agreement: how far annotators of the same tweets agree, type by type.

Two measures per type: F1 of the exact spans of one against the other's, and Cohen's kappa of the tokens (in a span of
the type or not; over all types: which type, or none). Tokens of one tweet hang together, so the 95 % confidence
interval of kappa is a percentile bootstrap over tweets, not the textbook's formula for independent items.
"""

import csv
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from crisisflow.artifacts import RAW, read_json, read_parquet, write_csv
from crisisflow.errors import CrisisflowError
from crisisflow.progress import say
from crisisflow.taxonomy import ENTITY_TYPES

TOKEN = re.compile(r"\w+|[^\w\s]")
PIPELINE = "pipeline"
SAMPLES, SEED = 1000, 13
HEADER = ["first", "second", "label", "first_spans", "second_spans", "span_f1", "kappa", "kappa_low", "kappa_high"]

Marks = set[tuple[int, int, str]]  # (start, end, type), code points


class Reviewed(NamedTuple):
    """A tweet and what each annotator marked in it."""

    text: str
    marks: dict[str, Marks]


def kappa(first: np.ndarray, second: np.ndarray, tweets: np.ndarray, classes: int) -> tuple[float, float, float]:
    """Cohen's kappa of two codings of tokens, with the 95 % interval of a bootstrap over tweets.

    `first` and `second` hold a class per token, shape (tokens,), `tweets` the number of each token's tweet. NaN where
    both coded one class only: kappa is not defined there.
    """
    number = int(tweets.max()) + 1 if tweets.size else 0
    tables = np.zeros((number, classes, classes))
    np.add.at(tables, (tweets, first, second), 1)

    def of(table: np.ndarray) -> np.ndarray:
        """Of tables of shape (..., classes, classes)."""
        total = table.sum(axis=(-2, -1))
        with np.errstate(invalid="ignore", divide="ignore"):
            observed = np.trace(table, axis1=-2, axis2=-1) / total
            expected = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1) / total**2
            return (observed - expected) / (1 - expected)

    generator = np.random.default_rng(SEED)
    flat = tables.reshape(number, -1)
    drawn = np.stack(
        [
            np.bincount(generator.integers(number, size=number), minlength=number) @ flat
            if number
            else flat.sum(axis=0)
            for _ in range(SAMPLES)
        ]
    )
    resampled = of(drawn.reshape(SAMPLES, classes, classes))
    low, high = np.nanpercentile(resampled, [2.5, 97.5]) if np.isfinite(resampled).any() else (np.nan, np.nan)
    return float(of(tables.sum(axis=0))), float(low), float(high)


def compare(tweets: Sequence[Reviewed], one: str, other: str) -> Iterator[list[Any]]:
    """Rows (HEADER) of two annotators, over the tweets that both have: all types, then each type that either used."""
    shared = [tweet for tweet in tweets if one in tweet.marks and other in tweet.marks]
    codes: dict[str, list[int]] = {one: [], other: []}
    owner: list[int] = []
    for number, (text, marks) in enumerate(shared):
        tokens = [match.span() for match in TOKEN.finditer(text)]
        owner += [number] * len(tokens)
        for annotator in (one, other):
            codes[annotator] += _codes(tokens, marks[annotator])
    first, second, numbers = (np.array(values, dtype=int) for values in (codes[one], codes[other], owner))
    for label in ("all", *ENTITY_TYPES):
        spans = [
            {(at, *mark) for at, tweet in enumerate(shared) for mark in tweet.marks[name] if label in ("all", mark[2])}
            for name in (one, other)
        ]
        if not any(spans):
            continue
        f1 = 2 * len(spans[0] & spans[1]) / (len(spans[0]) + len(spans[1]))
        if label == "all":
            values = kappa(first, second, numbers, len(ENTITY_TYPES) + 1)
        else:
            code = ENTITY_TYPES.index(label) + 1
            values = kappa((first == code).astype(int), (second == code).astype(int), numbers, 2)
        shown = ["" if np.isnan(value) else round(value, 4) for value in values]
        yield [one, other, label, len(spans[0]), len(spans[1]), round(f1, 4), *shown]


def _codes(tokens: Sequence[tuple[int, int]], marks: Marks) -> list[int]:
    """The number of each token's type, 0 for none; a token belongs to the first span that touches it."""
    ordered = sorted(marks)
    return [
        next((ENTITY_TYPES.index(label) + 1 for a, b, label in ordered if a < end and start < b), 0)
        for start, end in tokens
    ]


def read_standoff(path: Path, tweets: Path) -> list[Reviewed]:
    """Passes kept without text: `path` has tweet_id, annotator, start, end, label.

    Its neighbour tweets.csv lists the tweets (those without a span count too) and the hashes of their texts, which
    `tweets` holds.

    Raises:
        CrisisflowError: a text is missing or another one than the annotated.
    """
    table = read_parquet(tweets, RAW)
    texts = dict(zip(table["tweet_id"].to_pylist(), table["text"].to_pylist(), strict=True))
    marks: dict[str, dict[str, Marks]] = defaultdict(lambda: defaultdict(set))
    rows = list(_csv(path))
    annotators = sorted({row["annotator"] for row in rows})
    for row in rows:
        marks[row["tweet_id"]][row["annotator"]].add((int(row["start"]), int(row["end"]), row["label"]))
    reviewed = []
    for row in _csv(path.with_name("tweets.csv")):
        text = texts.get(row["tweet_id"])
        if text is None or hashlib.sha256(text.encode()).hexdigest() != row["text_sha256"]:
            fault = "is not in" if text is None else "has another text in"
            raise CrisisflowError(
                f"{path}: tweet {row['tweet_id']} {fault} {tweets}; give the repaired corpus it is of"
            )
        reviewed.append(Reviewed(text, {name: marks[row["tweet_id"]][name] for name in annotators}))
    return reviewed


def _csv(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)
    except OSError as error:
        raise CrisisflowError(f"cannot read {path}: {error.strerror}") from error


def read_label_studio(path: Path) -> list[Reviewed]:
    """A JSON export of Label Studio: its annotators by the name in `completed_by`, the predictions as `pipeline`.

    Raises:
        CrisisflowError: the file is no such export.
    """
    reviewed = []
    try:
        for task in read_json(path):
            text = task["data"]["text"]
            marks = {}
            for prediction in task.get("predictions", []):
                marks[PIPELINE] = _results(text, prediction)
            for annotation in task["annotations"]:
                if not annotation.get("was_cancelled"):
                    by = annotation["completed_by"]
                    name = str(by.get("email") or by["id"]) if isinstance(by, dict) else str(by)
                    marks[name] = _results(text, annotation)
            reviewed.append(Reviewed(text, marks))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise CrisisflowError(
            f"{path} is no JSON export of Label Studio ({type(error).__name__} {error}); export with format JSON"
        ) from None
    return reviewed


def _results(text: str, annotation: dict[str, Any]) -> Marks:
    """The marks of one annotation; Label Studio counts UTF-16 units, as browsers do."""
    places = [0]
    for character in text:
        places.append(places[-1] + (2 if ord(character) > 0xFFFF else 1))
    point = {unit: at for at, unit in enumerate(places)}
    values = [result["value"] for result in annotation["result"] if result.get("type") == "labels"]
    return {(point[value["start"]], point[value["end"]], value["labels"][0]) for value in values}


def run(file: Path, tweets: Path, out: Path | None) -> None:
    """Compare every two annotators of a file; print the table, and write it where `out` says.

    Raises:
        CrisisflowError: the file is absent or damaged, or fewer than two annotated the same tweets.
    """
    reviewed = read_standoff(file, tweets) if file.suffix == ".csv" else read_label_studio(file)
    names = sorted({name for tweet in reviewed for name in tweet.marks})
    rows = [row for one, other in combinations(names, 2) for row in compare(reviewed, one, other)]
    if not rows:
        raise CrisisflowError(f"{file}: no tweet was annotated by two; annotators: {', '.join(names) or 'none'}")
    say(f"{'annotators':24}{'type':15}{'spans':>12}{'span F1':>9}{'kappa':>8}   95 % interval")
    for one, other, label, first, second, f1, *values in rows:
        shown = [f"{value:.3f}" if value != "" else "–" for value in values]
        pair = f"{one} / {other}"
        say(f"{pair:24}{label:15}{first:>5} /{second:>5}{f1:>9.3f}{shown[0]:>8}   {shown[1]} to {shown[2]}")
    if out:
        write_csv(out, HEADER, rows)
