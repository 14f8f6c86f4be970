"""Learning curve and unseen events: which tweets are learnt from and scored, and what is compared with what."""

import csv

import pytest

from crisisflow.artifacts import ALIGNED, PREDICTIONS, TWEETS, read_json, read_parquet, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import CONFIG, Alignment, Identity, identified, of_aligned, of_parquet
from crisisflow.studies.humaid_ner import STUDY, hold_out, learning_curve, leave_one_event_out, predict_event
from crisisflow.taxonomy import BIO_LABELS, CLASSES

B = BIO_LABELS.index("B-PERSON")


def lines(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def tweets(tmp_path):
    """Of each class eight train and two validation tweets; every other one is of the event `flood`."""
    rows = []
    for at in range(120):
        split = ("train", "train", "train", "train", "validation", "test")[at // 20]
        label = CLASSES[at % 10]
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


def aligned(tweets, path, event=None):
    rows = [
        {
            "tweet_id": row["tweet_id"],
            "split": row["split"],
            "input_ids": [1, 2],
            "labels": [-100, B],
            "class_id": CLASSES.index(row["class_label"]),
            "truncated_spans": 0,
        }
        for row in read_parquet(tweets, TWEETS).to_pylist()
    ]
    write_parquet(path, rows, identified(ALIGNED, Alignment(STUDY, "minilm-l6", 128, event)))
    return path


def test_a_held_out_event_is_neither_learnt_from_nor_the_epoch_chosen_on_it(tweets, tmp_path):
    rows = read_parquet(tweets, TWEETS).to_pylist()
    rows[10]["event"] = None  # it may be of the event
    write_parquet(tweets, rows, TWEETS)
    hold_out.run(tweets, aligned(tweets, tmp_path / "aligned"), "flood", tmp_path / "out")
    event_of = {row["tweet_id"]: row["event"] for row in rows}
    kept = read_parquet(tmp_path / "out", ALIGNED).to_pylist()
    assert {(row["split"], event_of[row["tweet_id"]]) for row in kept} == {("train", "fire"), ("validation", "fire")}
    assert len(kept) == 39 + 10
    assert of_aligned(tmp_path / "out", STUDY) == Alignment(STUDY, "minilm-l6", 128, "flood")
    splits = [row["split"] for row in rows]
    assert leave_one_event_out.trained_on(splits, list(event_of.values()), "all", "flood") == [80, 39]
    assert leave_one_event_out.trained_on(splits, list(event_of.values()), 20, "flood") == [20, 20]


def test_a_row_predicts_the_validation_tweets_of_the_event_alone(trained, corpus, tmp_path):
    folder = trained / "rows" / "both" / "seed13"
    table = read_parquet(corpus / "tweets.parquet", TWEETS)
    event = next(row["event"] for row in table.to_pylist() if row["split"] == "validation")
    config = read_json(folder / "config.json")
    without = Identity(STUDY, "both", 13, event=event)
    write_json(tmp_path / "config.json", {**config, CONFIG: without.facts()})
    predict_event.run(
        folder / "model.safetensors",
        tmp_path / "config.json",
        corpus / "tweets.parquet",
        trained / "aligned.parquet",
        event,
        tmp_path / "out",
    )
    of_event = {row["tweet_id"] for row in table.to_pylist() if (row["split"], row["event"]) == ("validation", event)}
    found = read_parquet(tmp_path / "out", PREDICTIONS).to_pylist()
    assert of_parquet(tmp_path / "out", PREDICTIONS, STUDY) == without
    assert {row["tweet_id"] for row in found} == of_event
    # the row itself predicted the same of them when it was trained
    before = {row["tweet_id"]: row for row in read_parquet(folder / "predictions.parquet", PREDICTIONS).to_pylist()}
    for row in found:
        assert row["labels"] == before[row["tweet_id"]]["labels"]
        assert row["predicted_labels"] == before[row["tweet_id"]]["predicted_labels"]


def test_a_row_that_has_seen_the_event_is_refused(trained, corpus, tmp_path):
    folder = trained / "rows" / "both" / "seed13"
    files = (folder / "model.safetensors", folder / "config.json", corpus / "tweets.parquet")
    with pytest.raises(CrisisflowError, match="row both, seed 13, which was not trained without flood"):
        predict_event.run(*files, trained / "aligned.parquet", "flood", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_predictions_of_other_tweets_are_not_compared(tweets, tmp_path):
    folder = tmp_path / "anything"
    seen = write_predictions(folder / "predictions.parquet", tweets, lambda row: True)
    other = write_predictions(folder / "other", tweets, lambda row: row["event"] == "fire", event="flood")
    with pytest.raises(CrisisflowError, match="row B for flood are not of the same tweets"):
        leave_one_event_out.run(tweets, "all", tmp_path / "out.csv", [seen], [other])


def test_what_an_event_is_left_out_of_already_is_refused(tweets, tmp_path):
    without = aligned(tweets, tmp_path / "aligned", "fire")
    with pytest.raises(CrisisflowError, match="has tweets without fire in at most 128 subwords of minilm-l6; needed"):
        hold_out.run(tweets, without, "flood", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_event_is_predicted_in_the_subwords_of_the_row_alone(trained, corpus, tweets, tmp_path):
    folder = trained / "rows" / "both" / "seed13"
    without = Identity(STUDY, "both", 13, event="flood")
    write_json(tmp_path / "config.json", {**read_json(folder / "config.json"), CONFIG: without.facts()})
    files = (folder / "model.safetensors", tmp_path / "config.json", tweets, aligned(tweets, tmp_path / "aligned"))
    with pytest.raises(CrisisflowError, match="subwords of minilm-l6; needed are tweets in at most 48 subwords of"):
        predict_event.run(*files, "flood", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_event_that_the_corpus_lacks_is_named_with_those_that_it_has(tweets, tmp_path):
    with pytest.raises(CrisisflowError, match=r"no tweet of storm; there are: fire, flood"):
        hold_out.run(tweets, aligned(tweets, tmp_path / "aligned"), "storm", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def write_predictions(path, tweets, keep, wrong_classes=(), missed=(), fewer=None, event=None, seed=13):
    """Predictions of row B for the validation tweets that `keep` says, all right but for the named tweets."""
    rows = []
    for row in read_parquet(tweets, TWEETS).to_pylist():
        if row["split"] == "validation" and keep(row):
            class_id = CLASSES.index(row["class_label"])
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
    write_parquet(path, rows, identified(PREDICTIONS, Identity(STUDY, "B", seed, fewer, event)))
    return path


def test_seen_and_unseen_are_scored_on_the_very_same_tweets(tweets, tmp_path):
    folder = tmp_path / "anything"
    seen = write_predictions(folder / "predictions.parquet", tweets, lambda row: True, missed={"091"})
    unseen = [
        write_predictions(
            folder / f"which-{event[1:]}",
            tweets,
            lambda row, event=event: row["event"] == event,
            wrong_classes={"080", "081"},
            missed={"082", "083"},
            event=event,
        )
        for event in ("flood", "fire")
    ]
    leave_one_event_out.run(tweets, "all", tmp_path / "out.csv", [seen], unseen)
    found = {(line["event"], line["score"]): line for line in lines(tmp_path / "out.csv")}
    assert list(found) == [
        (event, score)
        for event in ("flood", "fire", leave_one_event_out.ALL)
        for score in ("ner_micro_f1", "cls_macro_f1")
    ]
    flood = found["flood", "ner_micro_f1"]
    assert (flood["trained_seen"], flood["trained_unseen"]) == ("80", "40")
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


def of_two_seeds(folder, tweets):
    """Of seeds 13 and 17: of the whole row; and without each event, the one as good as nothing, the other all right."""
    seen = {seed: write_predictions(folder / f"{seed}", tweets, lambda row: True, seed=seed) for seed in (13, 17)}
    every = {row["tweet_id"] for row in read_parquet(tweets, TWEETS).to_pylist()}
    unseen = {
        (event, seed): write_predictions(
            folder / f"{event}{seed}",
            tweets,
            lambda row, event=event: row["event"] == event,
            missed=every - {"080", "090"} if seed == 13 else (),
            event=event,
            seed=seed,
        )
        for event in ("flood", "fire")
        for seed in (13, 17)
    }
    return list(seen.values()), unseen


def test_seeds_are_joined_by_their_number_whatever_the_order_of_the_files(tweets, tmp_path):
    seen, unseen = of_two_seeds(tmp_path, tweets)
    files = list(unseen.values())
    found = []
    for order in ([0, 1, 2, 3], [0, 1, 3, 2]):
        leave_one_event_out.run(tweets, "all", tmp_path / "out.csv", seen, [files[at] for at in order])
        found.append([line for line in lines(tmp_path / "out.csv") if line["event"] == leave_one_event_out.ALL])
    assert found[0] == found[1]
    together = found[0][0]
    assert float(together["unseen"]) == pytest.approx((2 * 2 / 22 + 1) / 2)


def test_events_of_other_seeds_are_not_joined(tweets, tmp_path):
    seen, unseen = of_two_seeds(tmp_path, tweets)
    del unseen["fire", 17]
    with pytest.raises(CrisisflowError, match="row B has the seeds 13, 17 without flood, but 13 without fire; give"):
        leave_one_event_out.run(tweets, "all", tmp_path / "out.csv", seen, list(unseen.values()))


def test_an_event_without_the_whole_row_is_named(tweets, tmp_path):
    unseen = write_predictions(tmp_path / "other", tweets, lambda row: row["event"] == "flood", event="flood")
    with pytest.raises(CrisisflowError, match="other is of row B, seed 13 without flood, but no predictions of that"):
        leave_one_event_out.run(tweets, "all", tmp_path / "out.csv", [], [unseen])


def test_the_classes_that_an_event_lacks_do_not_count(tweets, tmp_path):
    folder = tmp_path / "anything"

    def few(row):
        return row["event"] == "flood" and row["tweet_id"] < "083"

    seen = write_predictions(folder / "predictions.parquet", tweets, few)
    unseen = write_predictions(folder / "other", tweets, few, wrong_classes={"082"}, event="flood")
    leave_one_event_out.run(tweets, "all", tmp_path / "out.csv", [seen], [unseen])
    (line,) = [line for line in lines(tmp_path / "out.csv") if line["score"] == "cls_macro_f1"]
    assert (float(line["seen"]), float(line["unseen"])) == (1, pytest.approx(2 / 3))


def test_the_curve_has_the_rows_points_and_the_floor_s_on_the_same_tweets(tweets, tmp_path):
    folder = tmp_path / "anything"
    fewer = write_predictions(folder / "few", tweets, lambda row: True, missed={"080"}, fewer=20)
    whole = {**Identity(STUDY, "B", 13).facts(), "training_tweets": 80, "ner_micro_f1": 0.75, "cls_macro_f1": 0.5}
    write_json(folder / "metrics.json", whole)
    learning_curve.run(tweets, tmp_path / "out.csv", [fewer], [folder / "metrics.json"])
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


def test_with_nothing_asked_for_there_is_nothing(tweets, tmp_path):
    learning_curve.run(tweets, tmp_path / "curve.csv")
    leave_one_event_out.run(tweets, "all", tmp_path / "events.csv")
    assert lines(tmp_path / "curve.csv") == lines(tmp_path / "events.csv") == []
