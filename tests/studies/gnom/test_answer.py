"""Whether the graph helped, from scores that are made up: no prediction is needed."""

import pandas as pd
import pytest
import yaml

from crisisflow.studies.gnom.answer import answer, helped, judged_cells, mean_gain, opening_numbers, verdict
from crisisflow.studies.gnom.comparison import Compared, by_holm
from crisisflow.studies.gnom.figures_of_scores import curves, gains
from crisisflow.studies.gnom.generated import CONTROL
from crisisflow.studies.gnom.params import GnomParams
from crisisflow.studies.gnom.score_tables import table_of_questions
from crisisflow.studies.gnom.tables import setting_of
from tests.studies.gnom.made_up import ROOT, params

LESS, SAME, MORE = (-3.0, -5.0, -1.0), (0.0, -1.0, 1.0), (3.0, 1.0, 5.0)  # a difference, and its interval
SURELY = (6.0, 4.5, 7.5)


def of_row(f1: float = 70.0, validation: float = 70.0, **compared: tuple[float, float, float]) -> dict:
    """A row; the differences from others are GNoM's less it, turned."""

    def over(value: float) -> dict:
        return {"mean": value, "deviation": None, "runs": 1}

    against = {
        name.replace("_", "-"): {part: Compared(*own)._asdict() for part in ("all", "new")}
        for name, own in compared.items()
    }
    return {"f1": {"all": over(f1), "new": over(f1)}, "validation": over(validation), "against": against}


def of_setting(source: str, target: str, encoder: str = "e5", **shares: dict) -> dict:
    return {"source": source, "target": target, "encoder": encoder} | {
        "shares": {share.removeprefix("of_"): {"rows": rows} for share, rows in shares.items()}
    }


def cell(plain: tuple[float, float, float], **controls: tuple[float, float, float]) -> dict:
    """GNoM is this much above TR, and above its controls."""
    turned = {f"GNoM-{row}": of_row(GNoM=tuple(-Compared(*own))) for row, own in controls.items()}
    return {"GNoM": of_row(75.0, TR=plain), "TR": of_row(72.0)} | turned


def first(*cells: dict) -> str:
    """The verdict over cells of settings that the parameters have."""
    names = ("E_E", "E_S", "EcuadorE_EcuadorE", "EcuadorE_EcuadorS")
    own = params()
    found = {
        name: of_setting(own.settings[name].source, own.settings[name].target, own.settings[name].encoder, of_100=one)
        for name, one in zip(names, cells, strict=False)
    }
    return answer(found, own)[0].removeprefix("Did the graph help? ")


def test_a_cell_counts_only_where_gnom_is_better_than_tr_and_than_every_control():
    good = cell(SURELY, empty=SURELY, rewired=SURELY)
    assert first(good, good).startswith("Yes, in all the 2 cells")
    for other in (
        cell(SURELY, empty=SAME, rewired=SURELY),
        cell(SURELY, empty=SURELY, rewired=SAME),
        cell(SAME, empty=SURELY, rewired=SURELY),
    ):
        assert first(good, other).startswith("In 1 of the 2 cells that have controls (E_E with 100 %)")
        assert first(other).startswith("Not that this run could show: in the one cell that has controls GNoM is not")


def test_worse_than_a_control_is_said_wherever_it_is():
    own = first(*[cell(SURELY, empty=LESS, rewired=SURELY)] * 3, cell(SURELY, empty=SAME, rewired=SURELY))
    assert own.startswith("No: in none of the 4 cells")
    assert "worse than a control in 3 of the 4 cells that have controls (E_E with 100 %: than GNoM-empty; E_S" in own
    mixed = first(cell(SURELY, empty=SURELY), cell(SURELY, empty=LESS))
    assert (
        mixed.startswith("In 1 of the 2 cells")
        and "worse than a control in 1 of the 2 cells that have controls (E_S with 100 %" in mixed
    )


def test_without_a_graph_without_edges_the_run_cannot_say():
    assert first(cell(SURELY)).startswith("This run cannot say")
    assert first(cell(SURELY, rewired=SURELY)).startswith("This run cannot say")
    assert first({"GNoM": of_row()}).startswith("This run cannot say")
    assert verdict([]).startswith("Did the graph help? This run cannot say")


def test_better_is_corrected_for_the_number_of_cells():
    """Intervals just above zero: p is 0.03 in each cell, which one of four does not survive."""
    barely = (3.0, 0.3, 5.7)
    assert 0.025 < Compared(*barely).p_of_better < 0.05
    assert first(cell(barely, empty=barely)).startswith("Yes")
    none = cell(SAME, empty=SAME)
    assert first(cell(barely, empty=barely), none, none, none).startswith("Not that this run could show")
    assert first(cell(SURELY, empty=SURELY), none, none, none).startswith("In 1 of the 4 cells")


def test_p_is_below_a_twentieth_just_where_the_interval_is_above_zero():
    for difference in (0.5, 1.0, 1.9, 1.97, 2.5):
        own = Compared(difference, difference - 1.96, difference + 4.0)
        assert (own.p_of_better < 0.05) == (own.verdict == "holds")
    assert Compared(1.0, 1.0, 1.0).p_of_better == 0.0 and Compared(*SAME).p_of_better == 1.0
    assert Compared(*LESS).p_of_better == 1.0
    assert Compared(1.959964, 0.0, 4.0).p_of_better == pytest.approx(0.05, abs=1e-6)


def test_holm_stops_at_the_first_value_that_is_too_large():
    assert by_holm([]) == []
    assert by_holm([0.04, 0.001, 0.02]) == [True, True, True]
    assert by_holm([0.06, 0.001, 0.026]) == [False, True, False]
    assert by_holm([0.02, 0.02, 0.02]) == [False, False, False]


def with_length(**values) -> GnomParams:
    own = params(**values)
    rows = own.rows | {"GNoM-length": own.rows["GNoM"].model_copy(update={"importance": "length"})}
    return own.model_copy(update={"rows": rows})


def test_the_first_paragraph_says_what_the_printed_attention_does_in_the_positive_control():
    rows = {
        "GNoM": of_row(73.2, svm=MORE),
        "GNoM-length": of_row(99.7, GNoM=SURELY),
        "GNoM-empty": of_row(34.5, GNoM=LESS),
        "TR": of_row(32.0),
        "svm": of_row(51.7),
    }
    few = {"GNoM": of_row(51.1, svm=SAME), "svm": of_row(50.5)}
    found = {
        "Control": of_setting(CONTROL, CONTROL, of_100=rows, of_10=few),
        "E_E": of_setting("GeneratedE", "GeneratedE", of_100=cell(MORE, empty=SAME)),
    }
    own = " ".join(answer(found, with_length()))
    assert "GNoM as printed has a weighted F1 of 73.2, beside 34.5 without edges (better), 32.0 for" in own
    assert "(importance: length, row GNoM-length) has 99.7, +6.00 points (95 % interval +4.50 to +7.50)" in own
    assert "hides a part of the graph" in own
    assert "With 10 % of its labels GNoM as printed has a weighted F1 of 51.1, beside 50.5 for the linear" in own
    assert "was not run" in " ".join(answer({"E_E": found["E_E"]}, with_length()))
    assert "linear classifier (may be chance)" in own and "The control failed" not in own
    rows |= {"GNoM-length": of_row(73.0, GNoM=SAME), "GNoM-empty": of_row(73.0, GNoM=SAME)}
    own = " ".join(answer(found, with_length()))
    assert "hides" not in own and "The control failed" in own


@pytest.mark.parametrize("preset", ["sample", "laptop", "paper"])
def test_every_preset_runs_the_positive_control_as_printed_scaled_and_without_edges(preset):
    plain = yaml.safe_load((ROOT / "presets" / preset / "gnom.yaml").read_text(encoding="utf-8"))["gnom"]
    own = GnomParams.model_validate(plain)
    (name,) = (name for name, setting in own.settings.items() if setting.source == setting.target == CONTROL)
    rows = own.plain_rows | own.rows
    assert {"TR", "GNoM", "GNoM-length", "GNoM-empty"} <= {row for row, one in rows.items() if name in one.settings}


def test_tweets_with_two_mappings_of_their_labels_count_once():
    own = params()
    read = {"reader": "fire16", "path": "somewhere", "task": "class"}
    own = own.model_copy(
        update={
            "sets": own.sets | {name: own.sets[name].model_copy(update=read) for name in ("EcuadorE", "EcuadorS")},
        }
    )
    found = {name: of_setting(name, name, of_100=cell(SURELY, empty=SURELY)) for name in ("EcuadorE", "EcuadorS")} | {
        "other": of_setting("EcuadorE", "EcuadorE", "minilm", of_100=cell(SURELY, empty=SURELY))
    }
    assert [one.name for one in judged_cells(found, own)] == ["EcuadorE", "other"]
    assert len(helped(judged_cells(found, own))) == 2
    assert len(judged_cells(found, params())) == 3


def test_the_mean_gain_is_over_the_settings_of_the_paper_that_ran():
    own = params()
    found = {
        "E_E": of_setting("GeneratedE", "GeneratedE", of_100=cell((40.0, 30.0, 50.0))),
        "EcuadorE_EcuadorE": of_setting("EcuadorE", "EcuadorE", of_100=cell(MORE), of_10=cell(LESS)),
        "EcuadorE_EcuadorE_xlmr": of_setting("EcuadorE", "EcuadorE", "minilm", of_100=cell((20.0, 10.0, 30.0))),
    }
    mean = mean_gain(found, own)
    assert (mean.ours, mean.same) == (3.0, True) and mean.paper == pytest.approx(94.50 - 94.23)
    assert mean.tally.total == 1 and "the same settings" in opening_numbers(found, own)[0].beside
    alone = mean_gain({"E_E": found["E_E"]}, own)
    assert (alone.ours, alone.same) == (40.0, False) and "its own settings" in alone.of_paper


def test_a_cut_training_part_is_said_where_all_labels_are_spoken_of():
    cut = params(splits={"grouped": True, "seed": 13, "training_tweets": 2000})
    found = {"EcuadorE_EcuadorE": of_setting("EcuadorE", "EcuadorE", of_100=cell(MORE))}
    assert "1 were run here with all labels of at most 2,000 training tweets and 1 hold" in answer(found, cut)[-1]
    assert "at most 2,000 training tweets" in setting_of("laptop", cut)
    assert "training tweets" not in setting_of("laptop", params()) and "at most" not in answer(found, params())[-1]


def test_a_question_is_answered_by_the_row_that_validation_chooses():
    rows = {
        "TR": of_row(85.0, validation=60.0, constant=SURELY),
        "GNoM": of_row(70.0, validation=90.0, constant=SAME),
        "constant": of_row(69.0),
    }
    found = table_of_questions({"s": of_setting("EcuadorE", "EcuadorS", of_100=rows)}).set_index(["Setting", "Asked"])
    across = found.loc["EcuadorE → EcuadorS"]
    assert across.loc["the paper's encoder alone, 77.93"].tolist() == ["GNoM 70.00", "no"]
    constant = across.loc["the constant answer, 69.00, interval above zero"]
    assert constant["Answer"].startswith("not decided: +0.00 (-1.00 to")


def test_the_paper_s_numbers_stand_beside_the_encoder_that_they_belong_to():
    rows = {"GNoM": of_row(75.0, TR=MORE), "TR": of_row(72.0)}
    found = {name: of_setting("EcuadorE", "EcuadorS", of_100=rows) for name in ("first", "second")}

    def of_paper(table: pd.DataFrame, column: str) -> set[tuple[str, str]]:
        paper = table[table["whose"].str.startswith("paper")]
        return {*zip(paper["setting"], paper[column], strict=True)}

    apart = {("first", "TR (mBERT)"), ("first", "GNoM (GNoMM)"), ("second", "GNoM (GNoMX)")}
    assert of_paper(curves(found), "row") == apart
    assert of_paper(gains(found), "whose") == {("first", "paper: GNoMM"), ("second", "paper: GNoMX")}
    alone = {"first": found["first"]}
    assert of_paper(curves(alone), "row") == {("first", row) for _, row in apart}
