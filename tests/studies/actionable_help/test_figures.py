"""The figures: each is drawn, the same bytes twice, from the numbers of the artifacts."""

import pandas as pd
import pytest

from crisisflow.artifacts import read_json, write_csv, write_json
from crisisflow.reporting.exhibits import read_frame
from crisisflow.reporting.places import names_in
from crisisflow.studies.actionable_help import figures
from crisisflow.studies.actionable_help.ratios import COLUMNS
from crisisflow.studies.actionable_help.sections import SECTIONS
from crisisflow.studies.actionable_help.shapes import BERT_BASE, multiply_adds
from tests.studies.actionable_help.artifacts import HOSTILE, inputs_of_figures, params

OWN = params()
NAMES = names_in("figures", SECTIONS)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    inputs = inputs_of_figures(folder, OWN)
    for name in ("figures", "again"):
        figures.run(**inputs, folder=folder / name)
    return folder


def test_every_figure_of_the_report_is_drawn_and_the_same_again(run):
    assert {*read_json(run / "figures" / "captions.json")} == {*NAMES}
    for name in NAMES:
        own = (run / "figures" / f"{name}.svg").read_bytes()
        assert own.startswith(b"<?xml")
        assert own == (run / "again" / f"{name}.svg").read_bytes()


def test_the_numbers_behind_the_figures_are_those_of_the_artifacts(run):
    speed = read_frame(run / "figures" / "speed.csv").set_index("row")
    assert set(speed.index) == {*OWN.rows}
    assert speed.loc["minilm", "multiply_adds"] == multiply_adds(BERT_BASE, 32)
    months = read_frame(run / "figures" / "figure2.csv")
    assert set(months["resource"]) == {"money", "food", "volunteers", "shelter"}
    assert months[["requests", "offers"]].to_numpy().tolist() == [[4, 2]] * 8
    ratio = read_frame(run / "figures" / "figure3.csv")
    assert ratio[["country", "month", "ratio"]].to_numpy().tolist() == [
        ["India", "2020-03", 2.0],
        ["India", "2020-04", 2.0],
    ]
    scores = read_frame(run / "figures" / "scores.csv")
    assert len(scores) == len(OWN.tasks) * (len(OWN.rows) + len(OWN.others))


def test_months_stand_in_their_order_also_where_the_first_line_lacks_some():
    table = pd.DataFrame(
        {"country": ["B", "A", "B"], "month": ["2017-10", "2017-11", "2018-11"], "ratio": [1.0, 2.0, 3.0]}
    )
    drawn = figures.lines(table, "month", {"ratio": "ratio"}, "country", "month", log=False)
    drawn.canvas.draw()
    assert [own.get_text() for own in drawn.axes[0].get_xticklabels()] == ["2017-10", "2017-11", "2018-11"]


def test_a_run_without_places_and_truths_draws_empty_figures(run, tmp_path):
    write_csv(tmp_path / "ratios.csv", COLUMNS, [])
    write_json(tmp_path / "label_scores.json", {"scores": [], "note": HOSTILE})
    inputs = inputs_of_figures(tmp_path / "inputs", OWN)
    inputs |= {"ratios": tmp_path / "ratios.csv", "label_scores": tmp_path / "label_scores.json"}
    figures.run(**inputs, folder=tmp_path / "figures")
    assert (tmp_path / "figures" / "figure3.svg").exists()
