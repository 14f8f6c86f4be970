"""The preset `paper` has the paper's encoders, each of one revision."""

from pathlib import Path

from crisisflow.studies.gnom.reproduction import SECOND, paper_scores
from tests.presets import read_preset

PRESETS = Path(__file__).parents[3] / "presets"
ENCODERS = {"BERT": "bert", "GNoMB": "bert", "mBERT": "mbert", "GNoMM": "mbert", SECOND: "xlmr"}


def test_each_model_of_a_table_has_a_setting_with_its_encoder():
    own = read_preset("paper", PRESETS)[0].gnom
    there = {(one.source, one.target, one.encoder) for one in own.settings.values()}
    asked = {(cell.source, cell.target, ENCODERS[cell.model]) for cell in paper_scores() if cell.model in ENCODERS}
    assert {one for one in asked if one[0] != "MixUp"} <= there
    for row in (own.plain_rows["TR"], own.rows["GNoM"]):
        assert {*row.settings} == {*own.settings}


def test_no_encoder_of_the_hub_is_of_a_branch():
    own = read_preset("paper", PRESETS)[0].gnom
    names = [encoder.name for encoder in own.encoder.values() if not encoder.name.startswith("embedded:")]
    revisions = {name: name.partition("@")[2] for name in names}
    assert len(revisions) == 3 and all(len(revision) == 40 for revision in revisions.values()), revisions


def test_a_row_of_the_laptop_has_the_rest_of_the_training_text_in_its_graph():
    own = read_preset("laptop", PRESETS)[0].gnom
    assert [name for name, row in own.rows.items() if own.graph(row.graph).rest_of_training] == ["GNoM-rest"]
