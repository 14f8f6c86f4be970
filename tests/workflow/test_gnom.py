"""The study gnom in dvc.yaml: what a changed value remakes."""

import yaml

from tests.workflow.conftest import ROOT

OF_GRAPHS = {"gnom.word_graph", "gnom.graphs", "gnom.network"}


def test_nothing_of_a_graph_remakes_a_row_without_one_and_a_row_watches_its_own_settings():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    plain, row = stages["gnom_train_row_plain"], stages["gnom_train_row"]
    assert {*row["params"]} >= OF_GRAPHS and OF_GRAPHS.isdisjoint(plain["params"])
    assert "data/gnom/graphs" in row["deps"] and "data/gnom/graphs" not in plain["deps"]
    for stage, group, axis in ((plain, "plain_rows", "trainings"), (row, "rows", "settings")):
        assert stage["matrix"] == {"row": f"${{gnom.{group}}}"}
        assert f"gnom.{group}.${{item.row}}.{axis}" in stage["params"]
        assert f"gnom.{group}" not in stage["params"]  # the rows beside it
