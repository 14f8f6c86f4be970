"""Learning curve and unseen events: which tweets are learnt from and scored, and what is compared with what."""

import csv

import pytest

from crisisflow.artifacts import ALIGNED, PREDICTIONS, TWEETS, read_parquet, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation import hold_out, learning_curve, leave_one_event_out
from crisisflow.taxonomy import BIO_LABELS, EVENT_CLASSES

B = BIO_LABELS.index("B-PERSON")


def lines(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def corpus(tmp_path):
    """Of each class eight train and two validation tweets; every other one is of the event `flood`."""
    rows = []
    for at in range(120):
        split = ("train", "train", "train", "train", "validation", "test")[at // 20]
        label = EVENT_CLASSES[at % 10]
        event = ("flood", "fire")[at // 10 % 2]
        rows.append(
            {
                "tweet_id": f"{at:03}",
                "text": f"{label} word{at % 7}",
                "class_label": label,
                "event": event,
                "split": split,
            }
        )
    write_parquet(tmp_path / "tweets", rows, TWEETS)
    return tmp_path / "tweets"


def aligned(corpus, path):
    rows = [
        {
            "tweet_id": row["tweet_id"],
            "split": row["split"],
            "input_ids": [1, 2],
            "labels": [-100, B],
            "class_id": EVENT_CLASSES.index(row["class_label"]),
            "truncated_spans": 0,
        }
        for row in read_parquet(corpus, TWEETS).to_pylist()
    ]
    write_parquet(path, rows, ALIGNED)
    return path


def test_a_held_out_event_is_in_no_training_tweet_and_alone_in_validation(corpus, tmp_path):
    hold_out.run(corpus, aligned(corpus, tmp_path / "aligned"), "flood", tmp_path / "out")
    event_of = {row["tweet_id"]: row["event"] for row in read_parquet(corpus, TWEETS).to_pylist()}
    kept = read_parquet(tmp_path / "out", ALIGNED).to_pylist()
    assert {(row["split"], event_of[row["tweet_id"]]) for row in kept} == {("train", "fire"), ("validation", "flood")}
    assert len(kept) == 40 + 10


def test_an_event_that_the_corpus_lacks_is_named_with_those_that_it_has(corpus, tmp_path):
    with pytest.raises(CrisisflowError, match=r"no tweet of storm; there are: fire, flood"):
        hold_out.run(corpus, aligned(corpus, tmp_path / "aligned"), "storm", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def write_predictions(path, corpus, keep, wrong_classes=(), missed=()):
    """Predictions of the validation tweets that `keep` says, all right but for the named tweets."""
    rows = []
    for row in read_parquet(corpus, TWEETS).to_pylist():
        if row["split"] == "validation" and keep(row):
            class_id = EVENT_CLASSES.index(row["class_label"])
            guess = (class_id + 1) % 10 if row["tweet_id"] in wrong_classes else class_id
            rows.append(
                {
                    "tweet_id": row["tweet_id"],
                    "class_id": class_id,
                    "predicted_class_id": guess,
                    "class_probabilities": [0.1] * 10,
                    "labels": [-100, B],
                    "predicted_labels": [0, 0 if row["tweet_id"] in missed else B],
                    "label_probabilities": [0.9, 0.9],
                }
            )
    write_parquet(path, rows, PREDICTIONS)
    return path


def test_seen_and_unseen_are_scored_on_the_very_same_tweets(corpus, tmp_path):
    folder = tmp_path / "rows" / "B" / "seed13"
    seen = write_predictions(folder / "predictions.parquet", corpus, lambda row: True, missed={"091"})
    unseen = [
        write_predictions(
            folder / f"without-{event}" / "predictions.parquet",
            corpus,
            lambda row, event=event: row["event"] == event,
            wrong_classes={"080", "081"},
            missed={"082", "083"},
        )
        for event in ("flood", "fire")
    ]
    leave_one_event_out.run(corpus, [seen], unseen, tmp_path / "out.csv")
    found = {(line["event"], line["score"]): line for line in lines(tmp_path / "out.csv")}
    assert list(found) == [
        (event, score)
        for event in ("flood", "fire", leave_one_event_out.ALL)
        for score in ("ner_micro_f1", "cls_macro_f1")
    ]
    flood = found["flood", "ner_micro_f1"]
    assert (flood["row"], flood["tweets"], flood["support"]) == ("B", "10", "10")
    assert float(flood["seen"]) == 1
    assert float(flood["unseen"]) == pytest.approx(16 / 18)
    assert float(flood["difference"]) == pytest.approx(16 / 18 - 1)
    assert float(flood["low"]) <= float(flood["difference"]) <= float(flood["high"]) <= 0
    assert float(found["fire", "ner_micro_f1"]["seen"]) == pytest.approx(18 / 19)
    together = found[leave_one_event_out.ALL, "ner_micro_f1"]
    assert float(together["seen"]) == pytest.approx(38 / 39)
    assert float(together["unseen"]) == pytest.approx(36 / 38)
    # 080 passes for 081's class, and 081 for 082's: classes 0 and 1 are lost, 2 has one false hit
    assert float(found["flood", "cls_macro_f1"]["unseen"]) == pytest.approx((7 + 2 / 3) / 10)


def test_the_classes_that_an_event_lacks_do_not_count(corpus, tmp_path):
    folder = tmp_path / "rows" / "B" / "seed13"

    def few(row):
        return row["event"] == "flood" and row["tweet_id"] < "083"

    seen = write_predictions(folder / "predictions.parquet", corpus, few)
    unseen = write_predictions(folder / "without-flood" / "predictions.parquet", corpus, few, wrong_classes={"082"})
    leave_one_event_out.run(corpus, [seen], [unseen], tmp_path / "out.csv")
    (line,) = [line for line in lines(tmp_path / "out.csv") if line["score"] == "cls_macro_f1"]
    assert (float(line["seen"]), float(line["unseen"])) == (1, pytest.approx(2 / 3))


def test_the_curve_has_the_rows_points_and_the_floor_s_on_the_same_tweets(corpus, tmp_path):
    folder = tmp_path / "rows" / "B" / "seed13"
    fewer = write_predictions(folder / "tweets-20" / "predictions.parquet", corpus, lambda row: True, missed={"080"})
    whole = {"training_tweets": 80, "ner_micro_f1": 0.75, "cls_macro_f1": 0.5}
    write_json(folder / "metrics.json", whole)
    learning_curve.run(corpus, [fewer], [folder / "metrics.json"], tmp_path / "out.csv")
    found = lines(tmp_path / "out.csv")
    assert [(line["row"], line["tweets"], line["seed"]) for line in found] == [
        ("B", "20", "13"),
        ("B", "80", "13"),
        ("floor", "20", "13"),
        ("floor", "80", "13"),
    ]
    assert float(found[0]["ner_micro_f1"]) == pytest.approx(2 * 19 / 39)
    assert (found[1]["ner_micro_f1"], found[1]["cls_macro_f1"]) == ("0.75", "0.5")
    assert found[2]["ner_micro_f1"] == ""
    assert float(found[3]["cls_macro_f1"]) == 1  # the class stands in each text


def test_with_nothing_asked_for_there_is_nothing(corpus, tmp_path):
    learning_curve.run(corpus, [], [], tmp_path / "curve.csv")
    leave_one_event_out.run(corpus, [], [], tmp_path / "events.csv")
    assert lines(tmp_path / "curve.csv") == lines(tmp_path / "events.csv") == []
