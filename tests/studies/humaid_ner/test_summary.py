"""The end of a run in four lines."""

import json

import pytest

from crisisflow.errors import CrisisflowError
from crisisflow.studies.humaid_ner.summary import summary

METRICS = {
    "chosen_row": "B",
    "dataset": {"validation": {"tweets": 8400, "spans": 9}},
    "rows": {
        "A": {"cls_macro_f1": 0.5, "ner_micro_f1": 0.25, "combined_score": 0.375},
        "B": {"cls_macro_f1": 0.7531, "cls_macro_f1_sd": 0.01, "ner_micro_f1": 0.9064},
        "tags": {"ner_micro_f1": 0.8},
        "floor": {"cls_macro_f1": 0.6},
    },
}


def of(folder, source, metrics):
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "manifest.json").write_text(json.dumps({"source": source}))
    return list(summary(folder, folder / "manifest.json"))


@pytest.mark.parametrize(("source", "meaning"), [("sample", "say nothing about real tweets"), ("a.tgz", "rules made")])
def test_rows_the_chosen_one_the_meaning_and_the_next_command(source, meaning, tmp_path):
    scores, chosen, means, following = of(tmp_path, source, METRICS)
    assert "8,400 validation tweets" in scores
    assert "A 0.500 / 0.250, B 0.753 / 0.906, tags – / 0.800, floor 0.600 / –" in scores
    assert "row B" in chosen
    assert meaning in means
    assert f"{tmp_path}/report.html" in following
    assert "make dashboard" in following
    assert ("final_test" in following) == (source != "sample")


@pytest.mark.parametrize("key", METRICS)
def test_metrics_of_another_version_are_refused(key, tmp_path):
    metrics = {name: value for name, value in METRICS.items() if name != key}
    with pytest.raises(CrisisflowError, match=f"was written by another version: it lacks {key}"):
        of(tmp_path, "sample", metrics)


@pytest.mark.parametrize("part", [{"rows": []}, {"rows": {"A": 5}}, {"dataset": {}}, {"dataset": {"validation": 5}}])
def test_metrics_of_another_shape_are_refused(part, tmp_path):
    with pytest.raises(CrisisflowError, match="is not what the step tables writes"):
        of(tmp_path, "sample", METRICS | part)
