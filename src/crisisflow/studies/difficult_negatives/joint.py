"""Joint: rows of a joint model of entities and classes with and without mined negatives: what they cost and bring."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow import inference
from crisisflow.alignment.bio import align
from crisisflow.artifacts import ALIGNED, PREDICTIONS, read_parquet, table_of, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.bootstrap import RESAMPLES, SeedCounts, differences
from crisisflow.evaluation.counts import class_counts
from crisisflow.identity import Identity, of_config, of_parquet
from crisisflow.inputs import InputFile
from crisisflow.labels import Labels
from crisisflow.params import Name
from crisisflow.progress import say, tracked
from crisisflow.studies.difficult_negatives.at_ratio import MEASURES, Counts, Resampled, resampled, rounded
from crisisflow.studies.difficult_negatives.collection import NOT_CRISIS
from crisisflow.studies.difficult_negatives.folds import span_numbers
from crisisflow.studies.difficult_negatives.for_rows import ORDINARY

# Of a row; the first three are of spans, as in at_ratio.
SCORES = (*MEASURES, "cls_macro_f1", "humanitarian_per_1000")


class Trained(NamedTuple):
    """A trained row and seed: its validation predictions, and those of the ordinary tweets (artifacts.PREDICTIONS)."""

    labels: Labels
    validation: pa.Table
    ordinary: pa.Table


def _predicted(row: inference.TrainedRow, texts: Sequence[str], ids: Sequence[str]) -> pa.Table:
    """What a row says of ordinary tweets, which have no span and are not humanitarian."""
    aligned = align(row.tokenizer, texts, [[] for _ in texts], row.max_length, row.labels)
    own = row.labels.classes.index(NOT_CRISIS)
    rows = [(text_id, "", tweet.input_ids, tweet.labels, own, 0) for text_id, tweet in zip(ids, aligned, strict=True)]
    return inference.predict_by(row, inference.torch_forward(row), table_of(rows, ALIGNED))


def _trained(
    asked: Sequence[str],
    weights: Sequence[Path],
    configs: Sequence[Path],
    predictions: Sequence[Path],
    ordinary: pa.Table,
) -> dict[str, dict[int, Trained]]:
    """The rows that are asked for, by name and seed.

    Raises:
        CrisisflowError: a row was not trained, or a file is of another training than the one beside it.
    """
    found: dict[str, dict[int, Trained]] = {name: {} for name in asked}
    files = list(zip(weights, configs, predictions, strict=True))
    texts, ids = ordinary["text"].to_pylist(), ordinary["id"].to_pylist()
    for own, config, predicted in tracked(files, "joint", len(files), "models"):
        identity: Identity = of_config(config, None)
        if of_parquet(predicted, PREDICTIONS, identity.study) != identity:
            raise CrisisflowError(f"{predicted} is not of {identity}; give the files of one training")
        if identity.row in found:
            row = inference.load(own, config)
            validation = read_parquet(predicted, PREDICTIONS)
            found[identity.row][identity.seed] = Trained(row.labels, validation, _predicted(row, texts, ids))
    if missing := [name for name, seeds in found.items() if not seeds]:
        raise CrisisflowError(f"no training of row {missing[0]} is given; give all that are compared")
    return {name: dict(sorted(seeds.items())) for name, seeds in found.items()}


def _measured(rows: Mapping[str, Mapping[int, Trained]], number: int) -> dict[str, Resampled]:
    """The measures of spans, and in the place of false alarms those of classes, of all rows on the same tweets.

    Raises:
        CrisisflowError: two rows were scored on other validation tweets, or with other seeds.
    """
    first = next(iter(next(iter(rows.values())).values()))
    ids = first.validation["tweet_id"].to_pylist()
    seeds = {name: list(own) for name, own in rows.items()}
    every = [own for seeds_of in rows.values() for own in seeds_of.values()]
    if len({tuple(own) for own in seeds.values()}) > 1 or any(
        own.validation["tweet_id"].to_pylist() != ids for own in every
    ):
        raise CrisisflowError("the rows were trained with other seeds or scored on other tweets; train them again")

    def stacked(parts: Sequence[np.ndarray]) -> np.ndarray:
        """[tweets, rows, seeds] of what each row and seed has."""
        return np.stack(parts, axis=-1).astype(np.float32).reshape(len(parts[0]), len(rows), -1)

    crisis = [span_numbers(own.validation, own.labels) for own in every]
    ordinary = [span_numbers(own.ordinary, own.labels).found for own in every]
    called = [own.ordinary["predicted_class_id"].to_numpy() != own.labels.classes.index(NOT_CRISIS) for own in every]
    spans = (
        stacked([own.hits for own in crisis]),
        stacked([own.true + own.found for own in crisis]),
        stacked(ordinary),
    )
    positive = [True] * len(ids) + [False] * first.ordinary.num_rows
    return {
        "spans": resampled(Counts(*spans, stacked([own > 0 for own in ordinary])), positive, number),
        "classes": resampled(Counts(*spans, stacked(called)), positive, number),
    }


def _classes(rows: Mapping[str, Mapping[int, Trained]], number: int) -> dict[str, dict[str, float]]:
    """The difference in macro-F1 of the classes of the first row and each other one, by the other one's name."""
    counts = {
        name: {
            seed: SeedCounts(own.validation["tweet_id"].to_pylist(), class_counts(own.validation, own.labels))
            for seed, own in seeds.items()
        }
        for name, seeds in rows.items()
    }
    return {
        pair.second: rounded({"difference": pair.difference, "low": pair.low, "high": pair.high})
        for pair in differences(counts, "cls_macro_f1", number)
    }


def compare(
    rows: Mapping[str, Mapping[int, Trained]], pairs: Mapping[str, str | None], number: int = RESAMPLES
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The scores of each row with their intervals, and those of each row with negatives less those without."""
    found, at = _measured(rows, number), {name: place for place, name in enumerate(rows)}
    called = "false_alarms_per_1000"
    lines = []
    for name, seeds in rows.items():
        macro = np.mean([_macro_f1(own) for own in seeds.values()])
        lines.append(
            {"row": name, **found["spans"].of(at[name]), "cls_macro_f1": rounded({"mean": macro})}
            | {"humanitarian_per_1000": found["classes"].of(at[name])[called]}
        )
    compared = []
    for name, without in pairs.items():
        if without is not None:
            own = {measure: found["spans"].difference(measure, at[name], at[without]) for measure in MEASURES}
            own["cls_macro_f1"] = _classes({name: rows[name], without: rows[without]}, number)[without]
            own["humanitarian_per_1000"] = found["classes"].difference(called, at[name], at[without])
            compared.append({"with": name, "without": without, **own})
    return lines, compared


def _macro_f1(own: Trained) -> float:
    from crisisflow.evaluation.counts import f1

    counts = class_counts(own.validation, own.labels)
    return float(f1(counts, np.ones((1, own.validation.num_rows), dtype=np.float32))[0])


def run(
    pairs: dict[Name, Name | None],
    ordinary: InputFile,
    out: Path,
    weights: Sequence[InputFile] = (),
    configs: Sequence[InputFile] = (),
    predictions: Sequence[InputFile] = (),
) -> None:
    """Write the scores of rows with and without negatives (JSON): on the validation split, and on ordinary tweets.

    Where no row has negatives there is nothing to score.

    Args:
        pairs: each row with negatives, and the row that is like it but for them, or null
        ordinary: of the step for_rows
        weights: of the rows and seeds that are compared; repeat
        configs: config.json of the same, in this order
        predictions: of the validation split by the same, in this order

    Raises:
        CrisisflowError: a row was not trained, files are of different trainings, or rows of different seeds or tweets.
    """
    tweets = read_parquet(ordinary, ORDINARY)
    asked = [*pairs, *dict.fromkeys(own for own in pairs.values() if own is not None and own not in pairs)]
    lines: list[dict[str, Any]] = []
    compared: list[dict[str, Any]] = []
    validation = 0
    if asked:
        rows = _trained(asked, weights, configs, predictions, tweets)
        lines, compared = compare(rows, pairs)
        validation = next(iter(rows[asked[0]].values())).validation.num_rows
    write_json(out, {"validation": validation, "ordinary": tweets.num_rows, "lines": lines, "compared": compared})
    say(f"joint: {len(lines)} rows on {validation:,} validation tweets and {tweets.num_rows:,} ordinary ones")
