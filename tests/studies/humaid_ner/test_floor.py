"""The floor: a linear SVM on the very tweets of a row."""

import pytest

from crisisflow.artifacts import PREDICTIONS, TWEETS, read_json, read_parquet, write_parquet
from crisisflow.corpus.stratify import draw_training
from crisisflow.errors import CrisisflowError
from crisisflow.studies.humaid_ner import floor
from crisisflow.taxonomy import CLASSES


@pytest.fixture
def tweets(tmp_path):
    """Tweets of two classes that pairs of neighbours tell apart, and single words do not."""
    pairs = ["roads open", "roads shut", "schools shut", "schools open"]
    rows = [
        {
            "tweet_id": f"{at:03}",
            "text": f"today {pairs[at % 4]} in town {at % 7}",
            "class_label": CLASSES[at % 2],
            "event": None,
            "split": ["train", "train", "validation", "test"][at // 4 % 4],
        }
        for at in range(160)
    ]
    write_parquet(tmp_path / "tweets.parquet", rows, TWEETS)
    return tmp_path / "tweets.parquet"


def run(tweets, folder, size="all", seed=13):
    floor.run(tweets, size, seed, folder / "p.parquet", folder / "m.json")
    return read_parquet(folder / "p.parquet", PREDICTIONS), read_json(folder / "m.json")


def test_it_learns_from_the_train_split_and_is_scored_on_validation(tweets, tmp_path):
    table, metrics = run(tweets, tmp_path)
    assert table["predicted_class_id"].to_pylist() == table["class_id"].to_pylist() == [0, 1] * 20
    assert {int(tweet_id) // 4 % 4 for tweet_id in table["tweet_id"].to_pylist()} == {2}
    assert (metrics["training_tweets"], metrics["validation_tweets"]) == (80, 40)
    assert metrics["cls"]["accuracy"] == 1
    assert metrics["ner"] is metrics["ner_micro_f1"] is metrics["combined_score"] is metrics["best_epoch"] is None
    assert all(table[column].null_count == 40 for column in ("labels", "predicted_labels", "class_probabilities"))


def test_the_training_tweets_are_drawn_by_size_and_seed(tweets, tmp_path):
    assert run(tweets, tmp_path, size=20)[1]["training_tweets"] == 20
    with pytest.raises(
        CrisisflowError, match=r"training\.tweets is 81 but the train split has 80; lower it, or say all"
    ):
        run(tweets, tmp_path, size=81)


def test_the_draw_keeps_class_shares_and_the_order_of_the_corpus():
    labels = [0, 0, 0, 1] * 20
    drawn = draw_training(labels, 40, 13)
    assert drawn == sorted(drawn) == draw_training(labels, 40, 13) != draw_training(labels, 40, 17)
    assert sum(labels[at] for at in drawn) == 10
    assert draw_training(labels, "all", 13) == list(range(80))


def test_same_tweets_same_bytes(tweets, tmp_path):
    run(tweets, tmp_path)
    first = (tmp_path / "p.parquet").read_bytes(), (tmp_path / "m.json").read_bytes()
    run(tweets, tmp_path)
    assert ((tmp_path / "p.parquet").read_bytes(), (tmp_path / "m.json").read_bytes()) == first
