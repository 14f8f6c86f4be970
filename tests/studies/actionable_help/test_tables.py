"""The tables: the paper's numbers beside ours, each where it belongs, and a reason wherever there is no number."""

import re

import pytest

from crisisflow.artifacts import read_json
from crisisflow.reporting.exhibits import NOT_PRINTED, NOT_RUN, ONE_SEED, OTHER_DATA, TOO_FEW, read_cells
from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.reporting.places import names_in
from crisisflow.studies.actionable_help import tables
from crisisflow.studies.actionable_help.beside import model_of, paper_shapes
from crisisflow.studies.actionable_help.claims import claims
from crisisflow.studies.actionable_help.labels import RESOURCES
from crisisflow.studies.actionable_help.reproduction import paper_table
from crisisflow.studies.actionable_help.row_params import RowParams
from crisisflow.studies.actionable_help.sections import SECTIONS
from tests.studies.actionable_help.artifacts import inputs_of_tables, params, write_unseen

NAMES = names_in("tables", SECTIONS)
OWN = params()


def made(folder, own=OWN):
    tables.run(preset="sample", folder=folder / "tables", **inputs_of_tables(folder, own))
    return {name: read_cells(folder / "tables" / f"{name}.csv") for name in NAMES}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, made(folder)


def test_every_table_of_the_report_is_made_with_no_empty_cell(run):
    folder, found = run
    captions = read_json(folder / "tables" / "captions.json")
    assert [*captions] == [name for name in captions if name in NAMES]
    assert {*captions} == {*NAMES}
    for name, table in found.items():
        assert len(table), name
        assert not (table == "").any(axis=None), name


def test_a_stand_in_has_no_number_of_the_paper_and_a_built_task_has_its_own(run):
    table = run[1]["table3"]
    of_paper = [name for name in table.columns if name.endswith("(paper)")]
    stand_ins = table[table["Kind"] == "stand-in"]
    assert len(stand_ins) == 2
    assert (stand_ins[of_paper] == OTHER_DATA).all(axis=None)
    built = table[table["Kind"] == "built"].iloc[0]
    assert built["BERT (paper)"] == "0.7611"
    assert re.fullmatch(r"0\.\d{3}", built["minilm"])
    # The task that a stand-in stands for keeps its own line, which was not run.
    health = table[table["Task"] == "PHM"].iloc[0]
    assert (health["BERT (paper)"], health["minilm"]) == ("0.8106", NOT_RUN)
    assert len(table) == 13 + 2 + 3


def test_a_real_task_stands_beside_the_paper_s_number(tmp_path):
    real = OWN.tasks["humanitarian"].model_copy(update={"kind": "real"})
    found = made(tmp_path, OWN.model_copy(update={"tasks": {**OWN.tasks, "humanitarian": real}}))["table3"]
    line = found[found["Task"] == "PHM: humanitarian"].iloc[0]
    assert line["S_T^G (paper)"] == "0.7805"
    assert line["minilm"] != NOT_RUN


def test_the_paper_s_rows_are_not_run_and_ours_say_what_one_seed_cannot(run):
    table = run[1]["table1"]
    of_paper = len(paper_table("table1"))
    assert (table["Macro F1 (this run)"][:of_paper] == NOT_RUN).all()
    ours = table[of_paper:]
    assert len(ours) == len(OWN.rows) + len(OWN.others) + 2 * len(OWN.minis.shapes)
    assert ours["Row"].iloc[0].startswith(next(iter(OWN.rows)))
    assert {"S_T-soft", "S_T-hard"} < {*ours["Row"]}
    assert (ours["Half 95 % interval"] == ONE_SEED).all()
    assert set(ours["Task"]) == {"help"}


def test_with_seeds_the_half_interval_is_wider_than_the_deviation_by_student_s_t(tmp_path):
    ours = made(tmp_path, OWN.model_copy(update={"seeds": [13, 17, 19]}))["table1"]
    ours = ours[(ours["Seeds"] == "3") & (ours["Standard deviation"] != "0.000")]
    assert len(ours) == len(OWN.rows) + len(OWN.others)
    half, deviation = (ours[name].astype(float) for name in ("Half 95 % interval", "Standard deviation"))
    assert half.to_numpy() == pytest.approx(2.484 * deviation.to_numpy(), abs=0.002)


def test_sizes_and_factors_follow_from_the_shapes(run):
    sizes = run[1]["table2"].set_index("Model")
    assert tuple(sizes.loc["S_T (paper)", ["Printed", "Counted", "Against BERT"]]) == ("19M", "19.6M", "-82 %")
    assert sizes.loc["MPNet (paper)", "Counted"] == "109.5M"
    assert sizes.loc["S_T (this run)", "Counted"] == "4.2M"
    speed = run[1]["table5"].set_index("Model")
    assert tuple(speed.loc["S_T", ["Times BERT (paper)", "Times fewer multiply-adds than BERT"]]) == ("x18.6", "26.63")
    assert speed.loc["S_N", "Times fewer multiply-adds than BERT"] == "53.27"
    assert "S_T" not in speed.index[len(paper_table("table5")) :]


def test_claims_show_what_does_not_follow_from_the_paper_s_tables(run):
    table = run[1]["claims"].set_index("Claim")
    assert len(table) == len(claims())
    assert table.loc["requests to offers, Ireland", "Holds"] == "no"
    assert table.loc["S_T^G tasks above BERT", ["Printed", "Recomputed"]].tolist() == ["5", "6"]
    assert re.fullmatch(r"\d+\.\d", table.loc["share of tweets on which all labellers agree", "This run"])
    ours = table["This run"]
    assert ours["S_T size against BERT"] == "-96"
    # Each says why it has no number; a stand-in counts for no average.
    assert NOT_RUN not in set(ours)
    assert re.fullmatch(r"0\.\d{3} \(1 task\)", ours["S_T^G average"])
    assert ours["S_T^G average against BERT"] == ours["BERT average"] == "no row BERT"
    assert ours["S_M^G tasks above BERT"] == "no row S_M^G and no row BERT"
    # The rows are right on 20 to 40 of 40 texts, and the minis of one task on all.
    assert -50 < float(ours["S_T^G against S_T^T on CrisisHelpOffer"]) < 0
    assert ours["requests to offers, India"] == "2.00"
    assert ours["requests to offers, Ireland"] == TOO_FEW
    assert ours["Indian cities among the top 10 of requests"] == "1 of 1"
    assert ours["offers of money, food, volunteers or shelter"] == "40.0"
    assert ours["MPNet times BERT"] == "speed not measured"
    assert ours["S_T (our) times BERT"] == "measured in docs/studies/actionable_help.md"


def test_claims_of_a_run_with_the_paper_s_baseline_are_numbers(tmp_path):
    bert = RowParams(encoder="google-bert/bert-base-uncased@" + "0" * 40, layers=None, learning_rate=None)
    real = {
        name: task.model_copy(update={"kind": "built" if name == "help" else "real"})
        for name, task in OWN.tasks.items()
    }
    own = OWN.model_copy(update={"rows": {"bert": bert, **OWN.rows}, "tasks": real})
    folder = tmp_path / "run"
    ours = made(folder, own)["claims"].set_index("Claim")["This run"]
    scores = read_json(folder / "rows" / "scores.json")["rows"]
    below, above = scores["bert"]["average"], scores["S_T"]["average"]
    assert below < above
    assert ours["BERT average"] == f"{below:.3f} (3 tasks)"
    assert ours["S_T^G average less BERT's"] == f"{100 * (above - below):.2f} (3 tasks)"
    assert ours["S_T^G average against BERT"] == f"{100 * (above / below - 1):.2f} (3 tasks)"
    assert ours["S_T^G tasks above BERT"] == "3 of 3"
    assert ours["S_T^G tasks with a drop below 5 percent"] == "0 of 3"


def test_a_row_is_a_model_of_the_paper_only_with_its_name_and_shape():
    own = OWN.minis.shapes
    mini = RowParams(encoder="mini:S_T", layers=None, learning_rate=None)
    assert model_of(mini, own) == "S_T^G"
    assert model_of(mini, {**own, "S_T": own["S_N"]}) is None
    assert model_of(mini.model_copy(update={"encoder": "scratch:S_T"}), own) is None
    bert = mini.model_copy(update={"encoder": "google-bert/bert-base-uncased@" + "0" * 40})
    assert model_of(bert, own) == "BERT"
    assert model_of(bert.model_copy(update={"layers": 3}), own) is None
    assert paper_shapes()["S_T"] == own["S_T"]


def test_the_scores_of_a_mini_stand_beside_the_update_that_made_it(run):
    minis = run[1]["minis"].set_index(["Mini", "Updated by"])["Macro F1, all tasks"]
    made_by, *others = OWN.minis.updates
    assert others
    assert list(minis.index.get_level_values(1)) == OWN.minis.updates * len(OWN.minis.shapes)
    for mini in OWN.minis.shapes:
        assert minis[mini, made_by] != NOTHING
        assert {minis[mini, update] for update in others} == {NOTHING}


def test_agreement_and_its_cost_are_those_of_the_artifacts(run):
    folder, found = run
    facts = read_json(folder / "agreement.json")
    pairs = found["agreement"].set_index("Labellers, or label")
    assert pairs.loc["rules and zero_shot", "Kappa"] == f"{facts['pairs'][0]['kappa']:.3f}"
    cost = found["cost"].set_index("Measure")
    (scores,) = read_json(folder / "label_scores.json")["scores"]
    for side, recall in scores["agreed"]["recall_sides"].items():
        assert cost.loc[f"recall of agreed tweets with a {side}", "Value"] == f"{recall['value']:.3f}"
    assert cost.loc["share of tweets that are agreed on", "Value"] == f"{facts['share']:.3f}"
    labelling = found["labelling"].set_index("Quantity")
    assert labelling.loc["Cohen's kappa LLMs vs. Human 1", "This run"] == "no people's labels"
    assert labelling.loc["tweets labelled", "This run"] == "40"


def test_places_stand_beside_the_paper_s_only_where_there_is_a_ratio(run):
    countries = run[1]["table6"].set_index("Country")
    assert countries.loc["India", ["R/O (paper)", "R/O (this run)"]].tolist() == ["3.65", "2.00 (1.50 to 2.50)"]
    assert countries.loc["India", "R/O corrected (this run)"] == TOO_FEW
    assert countries.loc["Ireland", ["R/O (paper)", "Requests (this run)"]].tolist() == ["0.84", TOO_FEW]
    assert countries.loc["Chile", ["R/O (paper)", "Requests (this run)"]].tolist() == [NOT_PRINTED, "10"]
    cities = run[1]["table7"]
    assert cities["Requests (this run)"].tolist() == ["Mumbai, India: 10.00"] + [TOO_FEW] * 9
    assert cities["Requests (paper)"][0] == "New Delhi, India: 4.63*"


def test_both_finders_of_resources_stand_side_by_side(run):
    table = run[1]["resources"].set_index("Resource")
    assert list(table.index) == [*RESOURCES, "macro average"]
    of_volunteers, of_clothing, mean = (table.loc[name] for name in ("volunteers", "clothing", "macro average"))
    assert (of_volunteers["Texts"], of_volunteers["F1 (lexicon)"], of_volunteers["F1 (trained)"]) == (
        "1",
        "0.000",
        "1.000",
    )
    assert of_clothing["Precision (lexicon)"] == "0.000"
    assert (mean["Texts"], mean["F1 (lexicon)"], mean["F1 (trained)"]) == ("2", "0.125", "0.250")


def test_an_unseen_event_has_its_precision_and_reasons_where_there_is_none(run, tmp_path):
    folder, found = run
    table = found["unseen"].set_index("Predicted label")
    assert table.loc["request", "Precision (this run)"] == "0.900 (0.786 to 0.957)"
    assert table.loc["offer", "Precision (this run)"] == "no people's labels"
    assert "x_flood" in read_json(folder / "tables" / "captions.json")["unseen"]
    inputs = inputs_of_tables(tmp_path, OWN) | {"unseen": write_unseen(tmp_path, event=None)}
    tables.run(preset="sample", folder=tmp_path / "tables", **inputs)
    assert set(read_cells(tmp_path / "tables" / "unseen.csv")["Precision (this run)"]) == {NOT_RUN}
    assert "unseen_event is null" in read_json(tmp_path / "tables" / "captions.json")["unseen"]


def test_joint_minis_stand_below_their_teacher_with_what_they_keep(run):
    table = run[1]["joint"]
    assert table["Model"].tolist() == ["teacher: row B of humaid_ner, seed 13", *OWN.joint.shapes]
    assert table.loc[0, ["Class macro F1", "Class macro F1, kept"]].tolist() == ["0.750", NOTHING]
    assert table.loc[1, ["Class macro F1", "Class macro F1, kept"]].tolist() == ["0.735 ± 0.010", "98.0 %"]
    assert table.loc[1, "Span micro F1, kept"] == NOTHING
    assert table["Parameters"].tolist()[:2] == ["22.6M", "5.3M"]
