"""Learning curve: what a row scores when it is trained on fewer tweets, beside the floor on the same tweets."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crisisflow.artifacts import PREDICTIONS, TWEETS, read_json, read_parquet, write_csv
from crisisflow.evaluation.counts import scores_of
from crisisflow.inputs import InputFile
from crisisflow.progress import tracked
from crisisflow.studies.humaid_ner import floor
from crisisflow.studies.humaid_ner.rows import FLOOR, of_metrics, of_predictions
from crisisflow.taxonomy import LABELS

COLUMNS = ("row", "tweets", "seed", "ner_micro_f1", "cls_macro_f1")


def _points(predictions: Sequence[Path], metrics: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Of predictions on fewer tweets, and of the metrics.json of whole rows.

    Raises:
        CrisisflowError: a file does not say of which row, seed and tweets it is, or says the same as another.
    """
    for path, identity in of_predictions(predictions, "tweets").items():
        yield {
            "row": identity.row,
            "tweets": identity.tweets,
            "seed": identity.seed,
            **scores_of(read_parquet(path, PREDICTIONS), LABELS),
        }
    for path, identity in of_metrics(metrics).items():
        whole = read_json(path)
        yield {
            "row": identity.row,
            "tweets": whole["training_tweets"],
            "seed": identity.seed,
            **{score: whole[score] for score in ("ner_micro_f1", "cls_macro_f1")},
        }


def run(tweets: InputFile, out: Path, predictions: Sequence[InputFile] = (), metrics: Sequence[InputFile] = ()) -> None:
    """Write a line per row, number of training tweets and seed; the floor is trained here on the very same tweets.

    Args:
        predictions: of a row on fewer tweets; repeat
        metrics: of a whole row and seed; repeat
    """
    points = list(_points(predictions, metrics))
    table = read_parquet(tweets, TWEETS)
    drawn = sorted({(point["tweets"], point["seed"]) for point in points})
    for size, seed in tracked(drawn, "learning_curve: floor", len(drawn), "models"):
        guess, _ = floor.predict(table, size, seed)
        points.append({"row": FLOOR, "tweets": size, "seed": seed, **scores_of(guess, LABELS)})
    names = list(dict.fromkeys(point["row"] for point in points))
    points.sort(key=lambda point: (names.index(point["row"]), point["tweets"], point["seed"]))
    write_csv(out, COLUMNS, [[point[column] for column in COLUMNS] for point in points])
