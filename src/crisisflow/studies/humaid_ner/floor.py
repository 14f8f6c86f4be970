"""Floor: TF-IDF and a linear SVM, what classification scores without an encoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crisisflow.artifacts import PREDICTIONS, TWEETS, read_parquet, write_json, write_parquet
from crisisflow.corpus.stratify import draw_training
from crisisflow.identity import Identity, identified
from crisisflow.inputs import InputFile
from crisisflow.params import Positive, Seed
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.studies.humaid_ner.evaluate import metrics_of
from crisisflow.studies.humaid_ner.rows import FLOOR
from crisisflow.taxonomy import CLASSES

if TYPE_CHECKING:
    import pyarrow as pa
    from sklearn.pipeline import Pipeline


def fit(texts: Sequence[str], class_ids: Sequence[int], seed: int) -> "Pipeline":
    """A linear SVM, one class against the rest, over the sublinear TF-IDF of single words and pairs of neighbours.

    liblinear visits the tweets in an order of its own making, from `seed`, and ends at slightly other weights for
    another one; the order in which the tweets are given counts for the same reason.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    return make_pipeline(vectors, LinearSVC(random_state=seed)).fit(texts, class_ids)


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
    model = fit([texts[at] for at in chosen], [class_ids[at] for at in chosen], seed)
    tweet_ids, texts, class_ids = _split(table, "validation")
    columns = {"tweet_id": tweet_ids, "class_id": class_ids, "predicted_class_id": model.predict(texts).tolist()}
    nothing = [None] * len(tweet_ids)
    guess = pa.table([columns.get(name, nothing) for name in PREDICTIONS.names], schema=PREDICTIONS)
    svm = model[-1]
    return guess, {"training_tweets": len(chosen), "parameters": svm.coef_.size + svm.intercept_.size}


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
