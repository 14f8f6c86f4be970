"""The step bootstrap: which rows are compared, and by what."""

import pytest

from crisisflow.artifacts import PREDICTIONS, read_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Identity, identified
from crisisflow.studies.humaid_ner import STUDY, bootstrap


def predictions(path, row, class_ids, first=0, spans=True):
    rows = [
        {
            "tweet_id": f"{at}",
            "class_id": at % 10,
            "predicted_class_id": class_id,
            "labels": [1, 2, 0],
            "predicted_labels": [1, 2, 0] if spans else None,
        }
        for at, class_id in enumerate(class_ids, start=first)
    ]
    write_parquet(path, rows, identified(PREDICTIONS, Identity(STUDY, row, 13)))
    return path


def test_every_pair_that_has_the_score_is_compared_and_the_bytes_are_the_same(tmp_path):
    paths = [
        predictions(tmp_path / f"{guess[1]}.parquet", name, guess, spans=name != "floor")
        for name, guess in {"A": [0] * 20, "B": [at % 10 for at in range(20)], "floor": [5] * 20}.items()
    ]
    out = tmp_path / "differences.json"
    bootstrap.run(paths, out)
    pairs = [(pair["score"], pair["first"], pair["second"]) for pair in read_json(out)]
    assert pairs == [
        ("ner_micro_f1", "A", "B"),
        ("cls_macro_f1", "A", "B"),
        ("cls_macro_f1", "A", "floor"),
        ("cls_macro_f1", "B", "floor"),
    ]
    first = out.read_bytes()
    bootstrap.run(paths, out)
    assert out.read_bytes() == first


def test_rows_of_other_tweets_are_not_compared(tmp_path):
    paths = [predictions(tmp_path / name, name, [0] * 5, first) for name, first in (("A", 0), ("B", 1))]
    with pytest.raises(CrisisflowError, match="are of other tweets"):
        bootstrap.run(paths, tmp_path / "out")
