"""Figures: what stands in the CSV files, and that the drawings show it."""

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.transforms import Bbox

from crisisflow.artifacts import read_json, write_csv, write_json
from crisisflow.identity import Identity, identified_lines
from crisisflow.reporting.drawing import line_style
from crisisflow.reporting.runs import read_runs
from crisisflow.studies.humaid_ner import STUDY, figures, score_figures
from crisisflow.studies.humaid_ner.figures import CURVES, curves
from crisisflow.studies.humaid_ner.learning_curve import COLUMNS as CURVE_COLUMNS
from crisisflow.studies.humaid_ner.leave_one_event_out import COLUMNS as EVENT_COLUMNS
from crisisflow.taxonomy import CLASSES, ENTITY_TYPES
from tests.studies.humaid_ner.test_evaluation import row

RINGS = {"ner_micro_f1": 0.0, "cls_macro_f1": 0.04, "combined_score": 0.08}
SCORES = ["ner_micro_f1", "cls_macro_f1", "combined_score"]
ROWS = {"A": row(), "cls-only": row(tasks="cls")}
CURVE = [
    ("A", 100, 13, 0.4, 0.3),
    ("A", 900, 13, 0.8, 0.6),
    ("floor", 100, 13, None, 0.35),
    ("floor", 900, 13, None, 0.5),
]
LOOK = ["epoch", "step", "part", "cosine", "ner_norm", "cls_norm"]
EVENTS = [
    ("A", "kerala_floods_2018", 900, 900, 40, "ner_micro_f1", 90, 0.8, 0.7, -0.1, -0.2, 0.0),
    ("A", "kerala_floods_2018", 900, 900, 40, "cls_macro_f1", 40, 0.6, 0.5, -0.1, -0.2, 0.0),
]


def bins(*own):
    keys = ("low", "high", "size", "confidence", "accuracy")
    return {"expected_error": 0.1, "bins": [dict(zip(keys, one, strict=True)) for one in own]}


def metrics_of(ner, cls, seed):
    """A metrics.json: of each class eight tweets are right and one passes for the next, with seed 13."""
    matrix = [[8 * (at == place) + (at + 1 == place) * (seed == 13) for place in range(10)] for at in range(10)]
    scores = {"precision": 0.5, "recall": 0.5, "support": 9}
    return {
        "validation_tweets": 90,
        "training_tweets": 900,
        "ner_micro_f1": ner,
        "cls_macro_f1": cls,
        "combined_score": (ner + cls) / 2 if ner else None,
        "ner": ner
        and {
            "per_type": {label: {**scores, "f1": ner} for label in ENTITY_TYPES},
            "calibration": bins((0.8, 0.9, 10, 0.85, 0.5), (0.9, 1.0, 30, 0.95, 1.0)),
        },
        "cls": {
            "per_class": {label: {**scores, "f1": cls} for label in CLASSES},
            "confusion": matrix,
            "calibration": bins((0.4, 0.5, 90, 0.45 if seed == 13 else 0.41, 0.6)),
        },
    }


def identity_of(name: str) -> Identity:
    """Of `<row>/seed<k>`."""
    row, seed = name.split("/seed")
    return Identity(STUDY, row, int(seed))


def of_lines(path: Path) -> Identity:
    first = pd.read_csv(path).iloc[0]
    return Identity(STUDY, first["row"], int(first["seed"]))


def together(paths: list[Path]) -> pd.DataFrame:
    return pd.concat(read_runs(paths, STUDY), ignore_index=True)


@pytest.fixture
def histories(tmp_path: Path) -> list[Path]:
    """Row A with two seeds, whose classification falls after epoch 2, and a row of one task."""
    lines = {
        "A/seed13": [(1, 2.0, 2.1, 0.5, 0.4, 0.45), (2, 1.0, 1.1, 0.7, 0.6, 0.65), (3, 0.5, 0.4, 0.8, 0.5, 0.65)],
        "A/seed17": [(1, 2.2, 2.3, 0.4, 0.3, 0.35), (2, 1.2, 1.3, 0.6, 0.7, 0.65), (3, 0.7, 0.6, 0.7, 0.6, 0.65)],
        "cls-only/seed13": [(1, None, 2.0, None, 0.5, None), (2, None, 1.0, None, 0.6, None)],
        "cls-only/seed17": [(1, None, 2.0, None, 0.5, None), (2, None, 1.0, None, 0.6, None)],
    }
    paths = []
    for name, rows in lines.items():
        path = tmp_path / "rows" / name / "history.csv"
        path.parent.mkdir(parents=True)
        header = ["epoch", "ner_loss", "cls_loss", *SCORES]
        write_csv(path, *identified_lines(identity_of(name), header, rows))
        paths.append(path)
    return paths


@pytest.fixture
def gradients(histories) -> list[Path]:
    """In the last epoch eleven looks a part: at the embeddings -1 to 0, at layer 1 always 0.5, NER's gradient three
    times as long; before it others. The row of one task has none.
    """
    paths = []
    for history in histories:
        path = history.with_name("gradients.csv")
        looks = [
            (2, at, part, cosine, 3.0, 1.0)
            for at in range(11)
            for part, cosine in (("embeddings", -at / 10), ("layer 1", 0.5))
        ]
        looks += [(1, 0, part, 0.9, 1.0, 1.0) for part in ("embeddings", "layer 1")]
        identity = of_lines(history)
        of_row = looks if identity.row == "A" else []
        write_csv(path, *identified_lines(identity, LOOK, of_row))
        paths.append(path)
    return paths


@pytest.fixture
def inputs(tmp_path, histories, gradients):
    """The arguments of the step but its folder: A scores 0.8 and 0.6 with seed 13, and 0.02 more in classes with 17."""
    scores = {"A/seed13": (0.8, 0.6), "A/seed17": (0.8, 0.62), "cls-only/seed13": (None, 0.65)}
    scores |= {"cls-only/seed17": (None, 0.65), "floor/seed13": (None, 0.5), "floor/seed17": (None, 0.5)}
    metrics = []
    for name, (ner, cls) in scores.items():
        metrics.append(tmp_path / "rows" / name / "metrics.json")
        write_json(metrics[-1], identity_of(name).facts() | metrics_of(ner, cls, int(name[-2:])))
    write_csv(tmp_path / "curve.csv", CURVE_COLUMNS, CURVE)
    write_csv(tmp_path / "events.csv", EVENT_COLUMNS, EVENTS)
    return ROWS, metrics, histories, gradients, tmp_path / "curve.csv", tmp_path / "events.csv"


def test_every_number_of_a_history_stands_behind_its_figure(inputs, histories, tmp_path):
    figures.run(*inputs, tmp_path / "drawn")
    for name, panels in CURVES.items():
        behind = pd.read_csv(tmp_path / "drawn" / f"{name}.csv")
        assert list(behind) == ["row", "seed", "epoch", *(panel.column for panel in panels)]
        pd.testing.assert_frame_equal(behind, together(histories)[list(behind)], check_dtype=False)
    scores = pd.read_csv(tmp_path / "drawn" / "figure4.csv").set_index(["row", "score"])
    assert len(scores) == 5
    assert scores.loc[("A", "cls_macro_f1")].tolist() == [0.61, pytest.approx(0.014142, abs=1e-6), 0.736]
    assert scores.loc[("cls-only", "cls_macro_f1"), ["mean", "deviation"]].tolist() == [0.65, 0]
    assert scores.loc[("cls-only", "cls_macro_f1"), ["paper"]].isna().all()


def test_the_same_numbers_make_the_same_bytes_and_every_figure_its_caption_with_n(inputs, tmp_path):
    for folder in ("one", "two"):
        figures.run(*inputs, tmp_path / folder)
    made = sorted(path.name for path in (tmp_path / "one").iterdir())
    captions = read_json(tmp_path / "one" / "captions.json")
    assert made == sorted(["captions.json", *(f"{name}.{kind}" for name in captions for kind in ("csv", "svg"))])
    assert list(captions)[:2] == ["figure4", "types"]
    for name, caption in captions.items():
        assert "n = " in caption or "n is" in caption or "n are" in caption, name
    assert "n = 90 validation tweets, 2 seeds" in captions["confusion"]
    assert "n = 900 training tweets, 2 seeds" in captions["figure6"]
    for name in made:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    for path in (tmp_path / "one").glob("*.svg"):
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_every_axis_says_what_it_shows(inputs, tmp_path):
    rows, metrics, histories, gradients, curve, events = inputs
    results = figures.collect(rows, metrics)
    made = figures.plots(
        results, "A", together(histories), together(gradients), pd.read_csv(curve), pd.read_csv(events)
    )
    for name, drawing in made.items():
        drawn = drawing.draw(drawing.table)
        panels = [axis for axis in drawn.axes if axis.get_label() != "<colorbar>"]
        assert panels, name
        assert all(panel.get_xlabel() for panel in panels), name
        shared = panels[0].get_shared_y_axes()  # where it stands at the left panel alone
        assert all(panel.get_ylabel() or shared.joined(panels[0], panel) for panel in panels), name
        assert panels[0].get_ylabel(), name


def test_a_label_of_figure_4_stands_on_its_bar_and_on_nothing_else():
    lines = [(f"row {at}", score, at / 10, 0.02, at / 10 + ring) for at in range(11) for score, ring in RINGS.items()]
    drawn = figures.bars(pd.DataFrame(lines, columns=["row", "score", "mean", "deviation", "paper"]))
    FigureCanvasAgg(drawn).draw()
    (panel,) = drawn.axes
    labels = [(text, text.get_window_extent()) for text in panel.texts]
    heights = {f"{bar.get_height():.3f}": bar.get_window_extent().y1 for bar in panel.patches}
    per_unit = panel.transData.transform((0, 1))[1] - panel.transData.transform((0, 0))[1]
    # 3 points of a ring's radius, of which half a point is its line
    rings = [
        Bbox.from_extents(*(place - 3.5 * drawn.dpi / 72), *(place + 3.5 * drawn.dpi / 72))
        for marks in panel.collections
        for place in panel.transData.transform(marks.get_offsets())
        if marks.get_label() != "paper (its encoders)" and isinstance(marks, PathCollection)
    ]
    assert len(labels) == 33
    assert len(rings) == 33
    for at, (text, own) in enumerate(labels):
        assert 0 < own.y0 - heights[text.get_text()] < 0.15 * per_unit
        assert not any(own.overlaps(ring) for ring in rings), text.get_text()
        assert not any(own.overlaps(other) for _, other in labels[at + 1 :])
        assert own.y1 < panel.get_window_extent().y1


def test_of_series_with_the_same_values_each_is_seen():
    drawn = [line_style(at, 5) for at in range(5)]
    for one, following in pairwise(drawn):
        assert one["linewidth"] > following["linewidth"] > 1
        assert one["markersize"] > following["markersize"] > 4
        assert (one["marker"], one["linestyle"]) != (following["marker"], following["linestyle"])


def test_a_curve_is_the_mean_of_the_seeds_with_their_range_and_its_best_epoch_filled(histories):
    drawn = curves(together(histories), CURVES["figure5"])
    events, entities = drawn.axes
    assert [line.get_label() for line in events.lines] == ["A", "cls-only"]
    assert events.lines[0].get_ydata() == pytest.approx([0.35, 0.65, 0.55])
    band, best, *_ = events.collections
    assert sorted({round(float(y), 9) for y in band.get_paths()[0].vertices[:, 1]}) == [0.3, 0.4, 0.5, 0.6, 0.7]
    assert best.get_offsets().tolist() == [[2, pytest.approx(0.65)]]
    # a row of one task has no curve of the other
    assert [line.get_label() for line in entities.lines] == ["A"]


def test_the_best_of_a_loss_is_its_lowest(histories):
    events = curves(together(histories), CURVES["figure6"]).axes[0]
    assert events.collections[1].get_offsets().tolist() == [[3, pytest.approx(0.5)]]


def test_the_confusion_of_all_seeds_is_shared_out_among_each_class(inputs):
    rows, metrics, *_ = inputs
    table = score_figures.confusion_table(figures.collect(rows, metrics)["A"])
    first = table.set_index(["class", "predicted"])
    own, following = CLASSES[:2]
    assert first.loc[(own, own), ["tweets", "of_class"]].tolist() == [16, 17]
    assert first.loc[(own, following), "share"] == pytest.approx(1 / 17)
    assert table.groupby("class")["share"].sum().tolist() == pytest.approx([1] * 10)
    (panel, _) = score_figures.draw_confusion(table).axes
    assert panel.images[0].get_array()[0, 1] == pytest.approx(1 / 17)
    assert panel.texts[0].get_text() == "94%"


def test_the_bins_of_all_seeds_are_one_by_their_sizes(inputs):
    rows, metrics, *_ = inputs
    results = figures.collect(rows, metrics)
    table = score_figures.reliability_table({name: results[name] for name in ROWS})
    of_classes = table[(table["row"] == "A") & (table["task"] == "cls")]
    assert of_classes[["size", "confidence", "accuracy"]].to_numpy().tolist() == [[180, pytest.approx(0.43), 0.6]]
    _, entities = score_figures.draw_reliability(table).axes
    assert [line.get_label() for line in entities.lines[1:]] == ["A"]
    assert np.asarray(entities.lines[1].get_ydata()) == pytest.approx([0.5, 1.0])


def test_cosines_and_lengths_are_those_of_the_last_epoch_with_their_percentiles(gradients):
    table = score_figures.gradients_table(together(gradients))
    assert table["row"].unique().tolist() == ["A"]
    embeddings = table[(table["part"] == "embeddings") & (table["epoch"] == 2)].iloc[0]
    expected = [22, *map(pytest.approx, (-0.5, -0.9, -0.1, 10 / 11, 3.0))]
    assert embeddings[["looks", "mean", "low", "high", "negative", "ratio"]].tolist() == expected
    cosines, ratios = score_figures.draw_gradients(table).axes
    assert cosines.lines[0].get_ydata() == pytest.approx([-0.5, 0.5])
    assert ratios.lines[0].get_ydata() == pytest.approx([3, 3])


def test_where_no_gradients_were_looked_at_the_figure_says_so(tmp_path):
    path = tmp_path / "A" / "seed13" / "gradients.csv"
    write_csv(path, *identified_lines(identity_of("A/seed13"), LOOK, []))
    panel, _ = score_figures.draw_gradients(score_figures.gradients_table(together([path]))).axes
    assert "gradient_cosine_every is 0" in panel.get_title()


def test_an_event_s_two_scores_are_joined():
    drawn = score_figures.draw_leave_one_event_out(pd.DataFrame(EVENTS, columns=EVENT_COLUMNS))
    events, entities = drawn.axes
    assert [mark.get_offsets().tolist() for mark in events.collections] == [[[0.6, 0]], [[0.5, 0]]]
    assert [mark.get_offsets().tolist() for mark in entities.collections] == [[[0.8, 0]], [[0.7, 0]]]
    assert events.get_yticklabels()[0].get_text() == "kerala floods 2018 (n = 40)"


def test_without_events_and_a_curve_the_figures_are_empty_and_there():
    assert score_figures.draw_leave_one_event_out(pd.DataFrame([], columns=EVENT_COLUMNS)).axes
    assert score_figures.draw_learning_curve(pd.DataFrame([], columns=CURVE_COLUMNS)).axes
