"""Floor: TF-IDF and a linear SVM, what classification scores without an encoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crisisflow.artifacts import PREDICTIONS, TWEETS, read_parquet, write_json, write_parquet
from crisisflow.corpus.stratify import draw_training
from crisisflow.evaluation.evaluate import metrics_of
from crisisflow.taxonomy import EVENT_CLASSES

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
    class_ids = [EVENT_CLASSES.index(label) for label in part["class_label"].to_pylist()]
    return part["tweet_id"].to_pylist(), part["text"].to_pylist(), class_ids


def run(tweets: Path, size: int | Literal["all"], seed: int, predictions: Path, out: Path) -> None:
    """Write the validation predictions and their scores, from the very training tweets of a row of the same seed.

    Raises:
        CrisisflowError: the train split has fewer than `size` tweets.
    """
    table = read_parquet(tweets, TWEETS)
    _, texts, class_ids = _split(table, "train")
    chosen = draw_training(class_ids, size, seed)
    model = fit([texts[at] for at in chosen], [class_ids[at] for at in chosen], seed)
    tweet_ids, texts, class_ids = _split(table, "validation")
    write_parquet(
        predictions,
        [
            {"tweet_id": tweet_id, "class_id": class_id, "predicted_class_id": int(predicted)}
            for tweet_id, class_id, predicted in zip(tweet_ids, class_ids, model.predict(texts), strict=True)
        ],
        PREDICTIONS,
    )
    svm = model[-1]
    trained = {
        "best_epoch": None,
        "epochs": None,
        "training_tweets": len(chosen),
        "parameters": svm.coef_.size + svm.intercept_.size,
    }
    write_json(out, metrics_of(read_parquet(predictions, PREDICTIONS), trained))
