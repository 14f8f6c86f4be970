"""The study in one number."""

import pytest

from crisisflow.artifacts import write_json
from crisisflow.errors import CrisisflowError
from crisisflow.reporting import index
from crisisflow.studies.actionable_help import headline

TASK = {"test": {"macro_f1": {"mean": 0.75, "deviation": None, "half_interval": None, "seeds": 1}}}


def made(folder, rows, sets):
    write_json(folder / "scores.json", {"best_on_validation": {"help": "A"}, "rows": rows})
    headline.run(folder / "scores.json", sets, folder / "headline.json")
    return index.read_headline(folder / "headline.json")


def test_the_best_row_by_validation_stands_beside_the_paper_s_best_model(tmp_path):
    rows = {"A": {"tasks": {"help": TASK}}, "B": {"tasks": {"help": {"test": {"macro_f1": {"mean": 0.9}}}}}}
    found = made(tmp_path, rows, ["mine", "generated"])
    assert (found.study, found.paper, found.ours) == ("actionable_help", 0.8485, 0.75)
    assert "(paper: CT-M1-Complete, here: A)" in found.measure
    assert "labels by labellers" in found.note
    assert "real tweets" not in found.note
    assert "says nothing about real tweets" in made(tmp_path, rows, ["generated"]).note


@pytest.mark.parametrize("rows", [{}, {"A": {}}, {"A": {"tasks": []}}])
def test_scores_without_the_best_row_are_refused(tmp_path, rows):
    with pytest.raises(CrisisflowError, match=r"scores.json has no scores of the row that is the best, A; .*snakemake"):
        made(tmp_path, rows, ["generated"])
