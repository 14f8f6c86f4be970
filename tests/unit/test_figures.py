"""Figures 4 to 7: what stands in the CSV files, and that the drawings show it."""

from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from crisisflow.artifacts import write_json
from crisisflow.evaluation import figures
from crisisflow.evaluation.figures import CURVES, curves, read_histories

SCORES = ["ner_micro_f1", "cls_macro_f1", "combined_score"]
METRICS = {
    "rows": {
        "A": {"ner_micro_f1": 0.8, "cls_macro_f1": 0.6, "combined_score": 0.7, "cls_macro_f1_sd": 0.02},
        "cls-only": {"cls_macro_f1": 0.65},
        "floor": {"cls_macro_f1": 0.5},
    }
}


@pytest.fixture
def histories(tmp_path: Path) -> list[Path]:
    """Row A with two seeds, whose classification falls after epoch 2, and a row of one task."""
    lines = {
        "A/seed13": [(1, 2.0, 2.1, 0.5, 0.4, 0.45), (2, 1.0, 1.1, 0.7, 0.6, 0.65), (3, 0.5, 0.4, 0.8, 0.5, 0.65)],
        "A/seed17": [(1, 2.2, 2.3, 0.4, 0.3, 0.35), (2, 1.2, 1.3, 0.6, 0.7, 0.65), (3, 0.7, 0.6, 0.7, 0.6, 0.65)],
        "cls-only/seed13": [(1, None, 2.0, None, 0.5, None), (2, None, 1.0, None, 0.6, None)],
    }
    paths = []
    for name, rows in lines.items():
        path = tmp_path / "rows" / name / "history.csv"
        path.parent.mkdir(parents=True)
        pd.DataFrame(rows, columns=["epoch", "ner_loss", "cls_loss", *SCORES]).to_csv(path, index=False)
        paths.append(path)
    return paths


def test_every_number_of_a_history_stands_behind_its_figure(histories, tmp_path):
    write_json(tmp_path / "metrics.json", METRICS)
    figures.run(histories, tmp_path / "metrics.json", tmp_path / "drawn")
    for name, panels in CURVES.items():
        behind = pd.read_csv(tmp_path / "drawn" / f"{name}.csv")
        assert list(behind) == ["row", "seed", "epoch", *(panel.column for panel in panels)]
        pd.testing.assert_frame_equal(behind, read_histories(histories)[list(behind)], check_dtype=False)
    scores = pd.read_csv(tmp_path / "drawn" / "figure4.csv").set_index(["row", "score"])
    assert len(scores) == 5
    assert scores.loc[("A", "cls_macro_f1")].tolist() == [0.6, 0.02, 0.736]
    assert scores.loc[("cls-only", "cls_macro_f1"), ["deviation", "paper"]].isna().all()


def test_the_same_numbers_make_the_same_bytes(histories, tmp_path):
    write_json(tmp_path / "metrics.json", METRICS)
    for folder in ("one", "two"):
        figures.run(histories, tmp_path / "metrics.json", tmp_path / folder)
    made = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert made == sorted(f"figure{number}.{kind}" for number in (4, 5, 6, 7) for kind in ("csv", "svg"))
    for name in made:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    for path in (tmp_path / "one").glob("*.svg"):
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_a_curve_is_the_mean_of_the_seeds_with_their_range_and_its_best_epoch_ringed(histories):
    drawn = curves(read_histories(histories), CURVES["figure5"])
    events, entities = drawn.axes
    assert [line.get_label() for line in events.lines] == ["A", "cls-only"]
    assert events.lines[0].get_ydata() == pytest.approx([0.35, 0.65, 0.55])
    band, ring, *_ = events.collections
    assert sorted({round(float(y), 9) for y in band.get_paths()[0].vertices[:, 1]}) == [0.3, 0.4, 0.5, 0.6, 0.7]
    assert ring.get_offsets().tolist() == [[2, pytest.approx(0.65)]]
    # a row of one task has no curve of the other
    assert [line.get_label() for line in entities.lines] == ["A"]
    assert all(axis.get_xlabel() == "epoch" and axis.get_ylabel() for axis in drawn.axes)


def test_the_best_of_a_loss_is_its_lowest(histories):
    events = curves(read_histories(histories), CURVES["figure6"]).axes[0]
    assert events.collections[1].get_offsets().tolist() == [[3, pytest.approx(0.5)]]
