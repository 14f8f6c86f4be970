"""Floor: TF-IDF and a linear SVM, what classification scores without an encoder."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crisisflow.artifacts import PREDICTIONS, TWEETS, read_parquet, write_json, write_parquet
from crisisflow.corpus.stratify import draw_training
from crisisflow.evaluation import linear
from crisisflow.identity import Identity, identified
from crisisflow.inputs import InputFile
from crisisflow.params import Positive, Seed
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.studies.humaid_ner.evaluate import metrics_of
from crisisflow.studies.humaid_ner.rows import FLOOR
from crisisflow.taxonomy import CLASSES

if TYPE_CHECKING:
    import pyarrow as pa


def _split(table: "pa.Table", name: str) -> tuple[list[str], list[str], list[int]]:
    """Ids, texts and class ids of the tweets of one split, in the order of the corpus."""
    part = table.filter([split == name for split in table["split"].to_pylist()])
    class_ids = [CLASSES.index(label) for label in part["class_label"].to_pylist()]
    return part["tweet_id"].to_pylist(), part["text"].to_pylist(), class_ids


def predict(table: "pa.Table", size: int | Literal["all"], seed: int) -> tuple["pa.Table", dict[str, int]]:
    """The validation predictions from the very training tweets of a row of the same seed, and what was trained.

    Args:
        table: the corpus (artifacts.TWEETS).

    Raises:
        CrisisflowError: the train split has fewer than `size` tweets.
    """
    import pyarrow as pa

    _, texts, class_ids = _split(table, "train")
    chosen = draw_training(class_ids, size, seed)
    model = linear.fit([texts[at] for at in chosen], [class_ids[at] for at in chosen], seed, balanced=False)
    tweet_ids, texts, class_ids = _split(table, "validation")
    columns = {"tweet_id": tweet_ids, "class_id": class_ids, "predicted_class_id": model.predict(texts).tolist()}
    nothing = [None] * len(tweet_ids)
    guess = pa.table([columns.get(name, nothing) for name in PREDICTIONS.names], schema=PREDICTIONS)
    return guess, {"training_tweets": len(chosen), "parameters": linear.parameters(model)}


def run(tweets: InputFile, size: Positive | Literal["all"], seed: Seed, predictions: Path, out: Path) -> None:
    """Write the validation predictions and their scores.

    Args:
        size: training tweets used, or all: humaid_ner.training.tweets
        out: the metrics

    Raises:
        CrisisflowError: the train split has fewer than `size` tweets.
    """
    guess, trained = predict(read_parquet(tweets, TWEETS), size, seed)
    identity = Identity(STUDY, FLOOR, seed)
    write_parquet(predictions, guess, identified(PREDICTIONS, identity))
    scores = metrics_of(guess, {"best_epoch": None, "epochs": None, **trained})
    write_json(out, {**identity.facts(), **scores})
