"""Metrics and tables."""

import shutil
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from crisisflow.artifacts import PREDICTIONS, TWEETS, read_json, read_parquet, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.bootstrap import Difference
from crisisflow.evaluation.metrics import class_scores, combined_score, entity_scores
from crisisflow.identity import CONFIG, Identity, identified
from crisisflow.params import read_sections
from crisisflow.reporting.runs import read_runs
from crisisflow.spans import Span, write_spans
from crisisflow.studies.humaid_ner import STUDY, bootstrap, comparison, evaluate, tables
from crisisflow.studies.humaid_ner import rows as study_rows
from crisisflow.studies.humaid_ner.params import RowParams, StudyParams
from crisisflow.taxonomy import BIO_LABELS, CLASSES, ENTITY_TYPES, LABELS
from tests.presets import read_preset_of

ID = {label: at for at, label in enumerate(BIO_LABELS)}


def ids(*labels):
    return [-100, *(ID[label] for label in labels), -100]


def test_a_span_counts_only_with_both_borders_and_its_type():
    truth = [
        ids("B-LOCATION", "I-LOCATION", "O", "B-NUMBER"),
        ids("B-PERSON", "O", "B-RESCUE", "I-RESCUE"),
    ]
    guess = [
        ids("B-LOCATION", "O", "O", "B-NUMBER"),  # a wrong border, a hit
        ids("B-ORGANIZATION", "O", "B-RESCUE", "I-RESCUE"),  # a wrong type, a hit
    ]
    scores = entity_scores(truth, guess, LABELS)
    assert scores["micro"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 4}
    assert scores["per_type"]["RESCUE"]["f1"] == 1
    assert scores["per_type"]["LOCATION"]["f1"] == 0
    assert scores["per_type"]["REQUEST"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}


def test_predictions_off_the_first_subwords_do_not_count():
    truth = [[-100, ID["B-PERSON"], -100, ID["O"], -100]]
    guess = [[ID["B-NUMBER"], ID["B-PERSON"], ID["I-PERSON"], ID["O"], ID["B-NUMBER"]]]
    assert entity_scores(truth, guess, LABELS)["micro"]["f1"] == 1


def test_strict_mode_refuses_a_span_that_begins_with_i():
    truth, guess = [ids("B-PERSON", "I-PERSON")], [ids("I-PERSON", "I-PERSON")]
    assert entity_scores(truth, guess, LABELS)["micro"]["f1"] == 0


def test_macro_f1_counts_every_class_alike():
    scores = class_scores([0, 0, 0, 1], [0, 0, 0, 0], CLASSES)
    assert scores["macro_f1"] == pytest.approx(2 * 0.75 / 1.75 / len(CLASSES))
    assert scores["accuracy"] == 0.75
    assert scores["per_class"][CLASSES[1]] == {"precision": 0, "recall": 0, "f1": 0, "support": 1}


def test_a_task_that_is_not_trained_is_left_out_of_the_combined_score():
    assert combined_score(0.841, 0.761) == pytest.approx(0.801)
    assert combined_score(0.841, None) == 0.841
    assert combined_score(None, 0.761) == 0.761


def row(**changes):
    plain = {
        "encoder": "embedded:minilm-l6",
        "layers": None,
        "weighting": "fixed",
        "schedule": "single",
        "freeze_layers": 0,
        "freeze_embeddings": False,
        "frozen_dropout": True,
        "negatives": None,
        "tasks": "joint",
    }
    return RowParams.model_validate({**plain, **changes})


ROWS = {
    "A": row(layers=3),
    "D": row(weighting="kendall", schedule="two_stage", freeze_layers=4),
    "mine": row(encoder="some/encoder-large@abc"),
    "tags": row(tasks="ner"),
    "events": row(tasks="cls", weighting="kendall_classification"),
}
TRUE = [(ids("B-PERSON", "I-PERSON", "O", "B-NUMBER"), at % 10) for at in range(20)]


def predictions(tasks, ner_misses=0, cls_misses=0):
    """Of twenty tweets, with no span in the first `ner_misses` and a wrong class in the first `cls_misses`."""
    return [
        {
            "tweet_id": f"{at:02}",
            "class_id": class_id,
            "predicted_class_id": (class_id + (at < cls_misses)) % 10 if tasks != "ner" else None,
            "class_probabilities": [0.1] * 10 if tasks != "ner" else None,
            "labels": labels,
            "predicted_labels": [0] * len(labels) if at < ner_misses else labels,
            "label_probabilities": [0.75] * len(labels),
        }
        | ({"predicted_labels": None, "label_probabilities": None} if tasks == "cls" else {})
        for at, (labels, class_id) in enumerate(TRUE)
    ]


PRESETS = Path(__file__).parents[3] / "presets"
PAPER = [PRESETS / "paper" / f"{part}.yaml" for part in ("shared", "humaid_ner")]


def params_with(rows) -> StudyParams:
    """The sample preset with these rows and two seeds."""
    plain = read_preset_of("humaid_ner", "sample", PRESETS)
    nothing = {"learning_curve": {"rows": [], "tweets": []}, "leave_one_event_out": {"rows": [], "events": []}}
    plain["humaid_ner"] |= {
        "rows": {name: one.model_dump() for name, one in rows.items()},
        "seeds": [13, 17],
        "evaluation": nothing,
    }
    return StudyParams.model_validate(plain)


AGAINST_GOLD = """\
gold_set,by,row,seed,label,tweets,gold,found,right_precision,right_recall,right_f1,agrees_f1,rules_f1
idrisi_dev,people,A,13,all,500,800,700,0.8,0.7,0.75,0.9,0.78
idrisi_dev,people,A,17,all,500,800,700,0.8,0.7,0.65,0.8,0.78
"""


def run_tables(study, differences, folder, rows=None, folders=None):
    folders = folders or [f"rows/{name}/seed{seed}" for name in [*ROWS, "floor"] for seed in (13, 17)]
    metrics = [study / own / "metrics.json" for own in folders]
    histories = [study / own / "history.csv" for own in folders]
    facts = [study / name for name in ("tweets", "spans", "manifest")]
    (study / "against_gold.csv").write_text(AGAINST_GOLD)
    own = (differences, study / "against_gold.csv", folder, folder / "metrics.json")
    tables.run(params_with(rows or ROWS), PAPER, *facts, metrics, histories, *own)


# Spans and classes that a row misses.
MISSES = {"A": (9, 9), "D": (12, 0), "mine": (15, 9), "tags": (0, 0), "events": (0, 12), "floor": (0, 16)}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Five rows and the floor with two seeds, from predictions to tables: D is the best at classes, `tags` at spans."""
    tmp_path = tmp_path_factory.mktemp("study")
    paths = []
    for name, (ner, cls) in MISSES.items():
        tasks = ROWS[name].tasks if name in ROWS else "cls"
        for seed in (13, 17):
            folder = tmp_path / "rows" / name / f"seed{seed}"
            noise = 1 if seed == 17 and name == "A" else 0
            trained = {"best_epoch": 2, "epochs": 3, "training_tweets": 2, "parameters": 5}
            if name == "floor":
                trained |= {"best_epoch": None, "epochs": None}
            rows = predictions(tasks, ner + noise, cls)
            if name == "floor":
                rows = [line | {"class_probabilities": None} for line in rows]
            identity = Identity(STUDY, name, seed)
            write_parquet(folder / "predictions.parquet", rows, identified(PREDICTIONS, identity))
            write_json(folder / "config.json", {CONFIG: identity.facts(), **trained})
            evaluate.run(folder / "predictions.parquet", folder / "config.json", folder / "metrics.json")
            paths.append(folder / "predictions.parquet")
            s_of = {"s_ner": [0.1, -0.2], "s_cls": [0.0, 0.4 + noise]} if name == "D" else {}
            pd.DataFrame(
                {
                    **identity.facts(),
                    "epoch": [1, 2, 3][: 2 + (name != "D")],
                    "cls_macro_f1": [0.5, 0.7, 0.6 + noise / 5][: 2 + (name != "D")],
                    "ner_micro_f1": [0.3, 0.4, 0.5][: 2 + (name != "D")],
                    "combined_score": [0.4, 0.55, 0.55][: 2 + (name != "D")],
                    "trainable_parameters": 3_000_000,
                    **s_of,
                }
            ).to_csv(folder / "history.csv", index=False)
    tweets = [
        {"tweet_id": str(at), "text": "x", "class_label": CLASSES[0], "event": None, "split": split}
        for at, split in enumerate(["train", "train", "validation", "test"])
    ]
    write_parquet(tmp_path / "tweets", tweets, TWEETS)
    write_spans(tmp_path / "spans", [Span(str(at), 0, 1, "NUMBER", "regex", "x") for at in (0, 0, 1, 3)])
    write_json(tmp_path / "manifest", {"source": "all_combined.tar.gz"})
    bootstrap.run(paths, tmp_path / "differences")
    run_tables(tmp_path, tmp_path / "differences", tmp_path / "tables")
    return tmp_path


def frame(folder, name):
    return pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)


def test_a_task_that_is_not_trained_has_no_score(study):
    only_tags, only_events = (
        read_json(study / "rows" / name / "seed13" / "metrics.json") for name in ("tags", "events")
    )
    assert (only_tags["ner_micro_f1"], only_tags["cls_macro_f1"], only_tags["cls"]) == (1, None, None)
    assert (only_events["ner_micro_f1"], only_events["ner"]) == (None, None)
    assert only_events["cls_macro_f1"] == pytest.approx(0.39)
    assert only_tags["combined_score"] is only_events["combined_score"] is None


def test_rows_in_words():
    frozen = row(schedule="two_stage", freeze_layers=2, freeze_embeddings=True, frozen_dropout=False)
    assert [study_rows.describe(one) for one in (*ROWS.values(), frozen)] == [
        "minilm-l6 (lower 3 layers) + fixed",
        "minilm-l6 + kendall + two-stage (stage 2 freezes 4 layers)",
        "encoder-large + fixed",
        "minilm-l6, NER only + fixed",
        "minilm-l6, classification only + kendall classification",
        "minilm-l6 + fixed + two-stage (stage 2 freezes 2 layers and embeddings without dropout)",
    ]


def scored(ner, cls):
    return study_rows.RowResult("", [{"ner_micro_f1": ner, "cls_macro_f1": cls}])


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        ({"A": scored(0.9, 0.6), "B": scored(0.7, 0.7), "C": scored(0.8, 0.7)}, "C"),
        ({"A": scored(0.9, None), "B": scored(0.1, 0.0)}, "B"),
        ({"A": scored(None, 0.8), "B": scored(0.1, 0.7)}, "B"),
        ({"A": scored(0.9, None), "B": scored(None, 0.7)}, "B"),
        ({"A": scored(0.7, None), "B": scored(0.8, None)}, "B"),
        ({"B": scored(0.7, 0.7), "A": scored(0.7, 0.7)}, "A"),
    ],
)
def test_classification_chooses_then_the_spans_then_the_name(rows, chosen):
    assert study_rows.choose_row(rows) == chosen


def test_table_1_sets_the_paper_beside_the_run(study):
    first = frame(study / "tables", "table1").set_index("Split")
    assert first.loc["Train"].tolist() == ["43,200", "2", "~126,000", "3", "2.91", "1.50"]
    assert first.loc["Total"].tolist() == ["60,000", "4", "~175,000", "4", "2.92", "1.00"]


def test_table_3_marks_the_chosen_row_and_sure_winners(study):
    third = frame(study / "tables", "table3").set_index("Row")
    assert list(third.index) == ["A", "D (chosen)", "mine", "tags", "events", "floor"]
    assert third.loc["D (chosen)", "CLS macro-F1 (paper)"] == "0.761"
    assert third.loc["D (chosen)", "CLS macro-F1 (this run)"] == "1.000 ± 0.000 (best)"
    assert third.loc["A", "NER span micro-F1 (this run)"] == "0.688 ± 0.030"
    assert third.loc["mine", "NER span micro-F1 (paper)"] == "–"
    assert third.loc["tags"].tolist()[2:] == ["–", "1.000 ± 0.000 (best)", "–", "–", "–", "–", "2, 2 of 3"]
    floor = "TF-IDF + linear SVM"
    assert third.loc["floor"].tolist() == ["–", floor, "–", "–", "–", "0.190 ± 0.000", "–", "–", "–"]
    assert third.loc["A", "Best epoch (this run)"] == "2, 2 of 3"
    markdown = (study / "tables" / "table3.md").read_text()
    assert "preset sample, source all_combined.tar.gz, trained on 2 tweets, scored on 20, seeds 13, 17" in markdown
    latex = (study / "tables" / "table3.tex").read_text()
    assert r"\begin{tabular}" in latex
    assert r"source all\_combined.tar.gz" in latex


def test_table_5_sets_the_rows_and_the_floor_beside_the_quoted_baselines(study):
    fifth = frame(study / "tables", "table5").set_index("Model / system (this run)")
    assert fifth["Model / system (paper)"].tolist()[:2] == ["HumAID BERT-base", "HumAID RoBERTa-large"]
    proposed = fifth.loc[f"Row D: {study_rows.describe(ROWS['D'])}"]
    assert proposed["Model / system (paper)"] == "Row D: RoBERTa-large + Kendall + Two-Stage (Proposed)"
    assert (proposed["CLS F1 (paper)"], proposed["CLS F1 (this run)"]) == ("0.761", "1.000 ± 0.000")
    assert proposed["Joint?"] == "Yes"
    assert fifth.loc["Row tags: minilm-l6, NER only + fixed"].tolist() == ["–", "–", "1.000 ± 0.000", "–", "–", "No"]
    assert fifth.loc["floor: TF-IDF + linear SVM"].tolist() == ["–", "–", "–", "–", "0.190 ± 0.000", "No"]


def test_the_differences_stand_with_their_intervals(study):
    lines = frame(study / "tables", "differences")
    pairs = lines.set_index(["Score", "Row", "Compared with"])
    assert pairs.loc[("CLS macro-F1", "A", "D"), "Zero excluded"] == "yes"
    assert pairs.loc[("CLS macro-F1", "A", "mine")].tolist() == ["+0.000", "+0.000", "+0.000", "no"]
    assert pairs.loc[("NER span micro-F1", "A", "tags"), "Difference"] == "-0.312"
    assert len(lines) == 4 * 3 / 2 + 5 * 4 / 2
    assert not any("floor" in pair for pair in pairs.index if pair[0].startswith("NER"))


def test_each_type_and_class_stands_row_beside_row(study):
    lines = frame(study / "tables", "scores").set_index(["Type or class", "Row"])
    assert lines.loc[("PERSON", "A")].tolist() == ["1.000 ± 0.000", "0.525 ± 0.035", "0.688 ± 0.030", "20"]
    assert lines.loc[(CLASSES[1], "floor")].tolist() == ["0.000 ± 0.000", "0.000 ± 0.000", "0.000 ± 0.000", "2"]
    assert len(lines) == 4 * len(ENTITY_TYPES) + 5 * len(CLASSES)
    assert r"\begin{longtable}" in (study / "tables" / "scores.tex").read_text()


def test_the_metrics_of_the_run_are_numbers_under_names(study):
    metrics = read_json(study / "tables" / "metrics.json")
    assert metrics["chosen_row"] == "D"
    assert metrics["rows"]["A"]["ner_micro_f1"] == pytest.approx(0.688, abs=1e-3)
    assert metrics["rows"]["A"]["ner_micro_f1_sd"] == pytest.approx(0.030, abs=1e-3)
    assert metrics["rows"]["tags"] == {"ner_micro_f1": 1, "ner_micro_f1_sd": 0}
    assert metrics["rows"]["floor"] == {"cls_macro_f1": pytest.approx(0.19), "cls_macro_f1_sd": 0}
    assert metrics["differences"]["cls_macro_f1"]["D - floor"] == pytest.approx(0.81)
    assert "A - mine" not in metrics["differences"]["cls_macro_f1"]
    assert metrics["dataset"]["validation"] == {"tweets": 1, "spans": 0}


def test_without_a_pair_to_compare_the_tables_stand(study, tmp_path):
    """As with one row of spans alone: neither another row nor the floor has its score."""
    write_json(tmp_path / "differences", [])
    run_tables(study, tmp_path / "differences", tmp_path)
    assert frame(tmp_path, "differences").empty
    assert not any("(best)" in cell for cell in frame(tmp_path, "table3")["NER span micro-F1 (this run)"])


def test_the_tables_have_the_same_bytes_each_time(study, tmp_path):
    run_tables(study, study / "differences", tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 3 * 10 + 2
    assert [(tmp_path / name).read_bytes() for name in names] == [
        (study / "tables" / name).read_bytes() for name in names
    ]


def test_table_2_counts_each_type_and_shows_our_own_example(study):
    second = frame(study / "tables", "table2").set_index("Type")
    assert list(second.index) == list(ENTITY_TYPES)
    assert second.loc["NUMBER"].tolist()[:2] == ["Standalone numerical values", "Day 3"]
    assert second.loc["NUMBER"].tolist()[3:] == ["4", "100.0%"]
    assert all(second["Example (embedded corpus)"])


def test_the_paper_stands_beside_the_run_and_nothing_that_depends_on_another_setting_passes_for_its(study):
    lines = frame(study / "tables", "comparison").set_index(["Place", "Quantity"])
    own = ["Paper", "This run", "Difference"]
    assert lines.loc[("Table 1", "train: tweets"), own].tolist() == ["43,200", "2", "-43,198"]
    assert lines.loc[("Table 3", "row D: CLS macro-F1"), own].tolist() == ["0.761", "1.000 ± 0.000", "+0.239"]
    # row B was not run, so the paper's steps to and from it have nothing beside them
    assert [quantity for place, quantity in lines.index if place == "IV-B"] == [
        "A to D: NER span micro-F1",
        "A to D: CLS macro-F1",
        "A to D: Combined",
    ]
    combined = [float(lines.loc[("Table 3", f"row {name}: Combined"), "This run"].split()[0]) for name in "AD"]
    step = float(lines.loc[("IV-B", "A to D: Combined"), "This run"])
    assert step == pytest.approx(combined[1] - combined[0], abs=0.0011)
    encoders = ["Encoder (paper)", "Encoder (this run)"]
    assert lines.loc[("Table 3", "row A: Combined"), encoders].tolist() == ["bert-large-uncased", "minilm-l6, lower 3"]
    assert lines.loc[("Table 1", "total: spans"), [*own, *encoders]].tolist()[0::3] == ["175,000", "–"]
    assert lines.loc[("IV-B", "A to D: CLS macro-F1"), "This run"] == "+0.453"
    assert lines.loc[("Figure 5", "row A: CLS macro-F1 of the last epoch"), "This run"] == "0.7000 ± 0.1414"
    assert lines.loc[("Figure 5", "row A: epoch of the highest CLS macro-F1"), "Difference"] == "-0.5"
    assert lines.loc[("III-D", "row D: s of NER at the end"), own].tolist() == ["1.26", "-0.20 ± 0.00", "-1.46"]
    assert lines.loc[("III-E", "row D: parameters trained in stage 2 (millions)"), "This run"] == "3.0 ± 0.0"
    settings = frame(study / "tables", "settings").set_index("Setting")
    assert settings.loc["humaid_ner.rows.A.layers"].tolist() == ["–", "3"]
    assert settings.loc["corpus.size"].tolist() == ["60000", "all"]
    assert not any(name.startswith(("humaid_ner.rows.mine", "compute")) for name in settings.index)
    of_data = sum(name.startswith(("corpus.", "annotation.")) for name in settings.index)
    assert lines.loc[("Table 1", "train: spans"), "Settings that differ"] == str(of_data)
    of_corpus = sum(name.startswith("corpus.") for name in settings.index)
    assert lines.loc[("Table 1", "train: tweets"), "Settings that differ"] == str(of_corpus)
    of_size = sum(name in ("humaid_ner.rows.D.encoder", "humaid_ner.rows.D.layers") for name in settings.index)
    assert lines.loc[("III-C", "row D: parameters (millions)"), "Settings that differ"] == str(of_size)
    of_d_alone = ("humaid_ner.rows.D", "humaid_ner.training.two_stage")
    of_a = sum(not name.startswith(of_d_alone) for name in settings.index)
    assert lines.loc[("Table 3", "row A: Combined"), "Settings that differ"] == str(of_a)


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        ({"D": {"weighting": "fixed"}}, "row D: s of NER at the end"),
        (
            {"D": {"schedule": "single", "freeze_layers": 0, "freeze_embeddings": False}},
            "row D: parameters trained in stage 2 (millions)",
        ),
    ],
)
def test_a_number_that_a_row_does_not_have_is_no_line(study, tmp_path, change, gone):
    rows = {name: row.model_copy(update=change.get(name, {})) for name, row in ROWS.items()}
    run_tables(study, study / "differences", tmp_path, rows)
    assert gone in set(frame(study / "tables", "comparison")["Quantity"])
    assert gone not in set(frame(tmp_path, "comparison")["Quantity"])


def test_a_row_of_one_task_and_rows_in_another_order_have_their_lines(study, tmp_path):
    """Row A without classification scores, as with tasks: ner; and the paper's order although D comes first."""
    own = tmp_path / "study"
    shutil.copytree(study, own)
    for seed in (13, 17):
        history = own / "rows" / "A" / f"seed{seed}" / "history.csv"
        pd.read_csv(history).assign(cls_macro_f1=None, combined_score=None).to_csv(history, index=False)
    run_tables(own, own / "differences", tmp_path, dict(reversed(ROWS.items())))
    lines = frame(tmp_path, "comparison").set_index("Quantity")["This run"]
    assert lines["row A: highest CLS macro-F1 of an epoch"] == "–"
    assert lines["row A: NER span micro-F1 of the first epoch"] != "–"
    assert lines["A to D: CLS macro-F1"] == "+0.453"


def test_folders_of_any_name_make_the_same_tables(study, tmp_path):
    """The files say of which row and seed they are."""
    moved = tmp_path / "study"
    shutil.copytree(study, moved)
    names = {f"{name}/seed{seed}": f"{at:02}/x" for at, (name, seed) in enumerate(product(MISSES, (13, 17)))}
    for old, new in names.items():
        (moved / new).parent.mkdir()
        (moved / "rows" / old).rename(moved / new)
    folders = [moved / new for new in names.values()]
    for folder in folders:
        (folder / "metrics.json").rename(folder / "again.json")
        evaluate.run(folder / "predictions.parquet", folder / "config.json", folder / "metrics.json")
        assert (folder / "metrics.json").read_bytes() == (folder / "again.json").read_bytes()
    bootstrap.run([folder / "predictions.parquet" for folder in folders], moved / "differences")
    assert (moved / "differences").read_bytes() == (study / "differences").read_bytes()
    run_tables(moved, moved / "differences", tmp_path / "tables", folders=list(names.values()))
    for path in sorted((study / "tables").iterdir()):
        assert (tmp_path / "tables" / path.name).read_bytes() == path.read_bytes(), path.name


def test_files_of_one_row_and_seed_are_refused_by_name(study, tmp_path):
    first, again = (study / "rows" / name / "seed13" for name in ("A", "D"))
    config = {**read_json(again / "config.json"), CONFIG: read_json(first / "config.json")[CONFIG]}
    write_json(tmp_path / "config.json", config)
    table = read_parquet(again / "predictions.parquet", PREDICTIONS)
    write_parquet(tmp_path / "p", table, identified(PREDICTIONS, Identity(STUDY, "A", 13)))
    with pytest.raises(CrisisflowError, match=r"A/seed13/predictions\.parquet and .*/p are both of row A, seed 13"):
        bootstrap.run([first / "predictions.parquet", tmp_path / "p"], tmp_path / "out")
    with pytest.raises(CrisisflowError, match=r"is of row D, seed 13, but .*config\.json of row A, seed 13"):
        evaluate.run(again / "predictions.parquet", tmp_path / "config.json", tmp_path / "out")
    histories = [first / "history.csv", tmp_path / "history.csv"]
    shutil.copy(*histories)
    with pytest.raises(CrisisflowError, match=r"history\.csv are both of row A, seed 13"):
        read_runs(histories, STUDY)


def test_a_bound_keeps_its_sign():
    pair = Difference("A", "B", "cls_macro_f1", -0.01, -0.02, -0.0004)
    assert tables.table_of_differences([pair])["Upper bound"].tolist() == ["-0.000"]


def test_the_paper_s_own_settings_do_not_differ():
    plain = read_sections(PAPER, StudyParams)[0].model_dump(mode="json")
    assert comparison.settings_that_differ(plain, plain) == {}
    own = {**plain["humaid_ner"], "alignment": {"max_length": 64}, "seeds": [1, 2]}
    other = {**plain, "preset": "mine", "compute": {**plain["compute"], "device": "cpu"}, "humaid_ner": own}
    assert comparison.settings_that_differ(other, plain) == {"humaid_ner.alignment.max_length": (128, 64)}


def test_a_path_leaves_its_folder_at_home():
    table = comparison.table_of_settings({"corpus.source": ("official", "/home/somebody/HumAID.tar.gz")})
    assert table.to_numpy().tolist() == [["corpus.source", "official", "…/HumAID.tar.gz"]]


def test_calibration_stands_with_the_number_of_predictions(study):
    lines = frame(study / "tables", "calibration").set_index(["Row", "Confidence of"])
    # all spans are right and 0.75 sure; 18 of 20 tweets have spans, the other two none
    assert lines.loc[("tags", "Predicted spans (strict)")].tolist() == ["40", "0.250 ± 0.000"]
    assert lines.loc[("D", "Predicted class")].tolist() == ["20", "0.900 ± 0.000"]
    assert ("floor", "Predicted class") not in lines.index
    assert ("events", "Predicted spans (strict)") not in lines.index


def test_to_agree_and_to_be_right_are_two_columns(study):
    (line,) = frame(study / "tables", "against_gold").to_dict("records")
    assert (line["Gold set"], line["Type"], line["Row"], line["Tweets"]) == ("idrisi_dev", "all", "A", "500")
    assert line["Agrees with the rules (F1)"] == "0.850 ± 0.071"
    assert line["Is right (F1)"] == "0.700 ± 0.071"
    assert line["The rules (F1)"] == "0.780 ± 0.000"


def test_every_table_has_a_caption(study):
    captions = read_json(study / "tables" / "captions.json")
    assert next(iter(captions)) == "table3"  # the page shows the tables in this order
    assert set(captions) == {path.stem for path in (study / "tables").glob("*.csv")}
    for name, caption in captions.items():
        assert (study / "tables" / f"{name}.md").read_text().startswith(caption)


def test_rows_and_metrics_must_fit(study):
    paths = {name: study / "rows" / name / "seed13" / "metrics.json" for name in ("A", "events", "floor")}
    with pytest.raises(CrisisflowError, match="row events has no metrics, or is not among the rows: A, floor"):
        study_rows.collect({"A": ROWS["A"]}, list(paths.values()))
    with pytest.raises(CrisisflowError, match="row D has no metrics"):
        study_rows.collect({name: ROWS[name] for name in "AD"}, [paths["A"], paths["floor"]])
