"""Metrics and tables."""

import pandas as pd
import pytest

from crisisflow.annotation.span import Span, write_spans
from crisisflow.artifacts import TWEETS, read_json, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation import report, tables
from crisisflow.evaluation.metrics import combined_score, entity_scores, event_scores
from crisisflow.params import RowParams
from crisisflow.taxonomy import BIO_LABELS, EVENT_CLASSES

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
    scores = entity_scores(truth, guess)
    assert scores["micro"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 4}
    assert scores["per_type"]["RESCUE"]["f1"] == 1
    assert scores["per_type"]["LOCATION"]["f1"] == 0


def test_predictions_off_the_first_subwords_do_not_count():
    truth = [[-100, ID["B-PERSON"], -100, ID["O"], -100]]
    guess = [[ID["B-NUMBER"], ID["B-PERSON"], ID["I-PERSON"], ID["O"], ID["B-NUMBER"]]]
    assert entity_scores(truth, guess)["micro"]["f1"] == 1


def test_strict_mode_refuses_a_span_that_begins_with_i():
    truth, guess = [ids("B-PERSON", "I-PERSON")], [ids("I-PERSON", "I-PERSON")]
    assert entity_scores(truth, guess)["micro"]["f1"] == 0


def test_macro_f1_counts_every_class_alike():
    scores = event_scores([0, 0, 0, 1], [0, 0, 0, 0])
    assert scores["macro_f1"] == pytest.approx(2 * 0.75 / 1.75 / len(EVENT_CLASSES))
    assert scores["accuracy"] == 0.75
    assert scores["per_class"][EVENT_CLASSES[1]] == {"precision": 0, "recall": 0, "f1": 0, "support": 1}
    assert combined_score(0.841, 0.761) == pytest.approx(0.801)


def row(**changes):
    plain = {
        "encoder": "embedded:minilm-l6",
        "layers": None,
        "weighting": "fixed",
        "schedule": "single",
        "freeze_layers": 0,
        "freeze_embeddings": False,
        "frozen_dropout": True,
        "tasks": "joint",
    }
    return RowParams.model_validate({**plain, **changes})


ROWS = {
    "A": row(layers=3),
    "D": row(weighting="kendall", schedule="two_stage", freeze_layers=4),
    "mine": row(encoder="some/encoder-large@abc"),
}


@pytest.fixture
def results(tmp_path):
    """Scores of three rows with two seeds."""
    scores = {"A": (0.9, 0.6), "D": (0.8, 0.7), "mine": (0.7, 0.7)}
    paths = []
    for name, (ner, cls) in scores.items():
        for seed in (13, 17):
            path = tmp_path / "rows" / name / f"seed{seed}" / "metrics.json"
            noise = 0.01 if seed == 13 else -0.01
            values = {
                "ner_micro_f1": ner + noise,
                "cls_macro_f1": cls,
                "best_epoch": 2,
                "epochs": 3,
                "training_tweets": 2,
            }
            write_json(path, {**values, "combined_score": combined_score(ner + noise, cls)})
            paths.append(path)
    return paths


def test_rows_in_words():
    assert [tables.describe(one) for one in ROWS.values()] == [
        "minilm-l6 (lower 3 layers) + fixed",
        "minilm-l6 + kendall + two-stage (stage 2 freezes 4 layers)",
        "encoder-large + fixed",
    ]


def test_classification_chooses_and_the_combined_score_breaks_ties(results):
    assert tables.choose_row(tables.collect(ROWS, results)) == "D"


def test_the_tables_set_the_paper_beside_the_run(tmp_path, results):
    tweets = [
        {"tweet_id": str(at), "text": "x", "class_label": EVENT_CLASSES[0], "event": None, "split": split}
        for at, split in enumerate(["train", "train", "validation", "test"])
    ]
    write_parquet(tmp_path / "tweets", tweets, TWEETS)
    write_spans(tmp_path / "spans", [Span(str(at), 0, 1, "NUMBER", "regex", "x") for at in (0, 0, 1, 3)])
    write_json(tmp_path / "manifest", {"source": "all_combined.tar.gz"})
    folder, out = tmp_path / "tables", tmp_path / "metrics.json"
    tables.run(
        "sample", ROWS, [13, 17], tmp_path / "tweets", tmp_path / "spans", tmp_path / "manifest", results, folder, out
    )
    assert sorted(path.name for path in folder.iterdir()) == [
        f"table{number}.{suffix}" for number in (1, 3, 5) for suffix in ("csv", "md", "tex")
    ]
    first = pd.read_csv(folder / "table1.csv", dtype=str).set_index("Split")
    assert first.loc["Train"].tolist() == ["43,200", "2", "~126,000", "3", "2.91", "1.50"]
    assert first.loc["Total"].tolist() == ["60,000", "4", "~175,000", "4", "2.92", "1.00"]
    third = pd.read_csv(folder / "table3.csv", dtype=str).set_index("Row")
    assert list(third.index) == ["A", "D (chosen)", "mine"]
    assert third.loc["D (chosen)", "CLS macro-F1 (paper)"] == "0.761"
    assert third.loc["D (chosen)", "NER span micro-F1 (this run)"] == "0.800 ± 0.014"
    assert third.loc["mine", "NER span micro-F1 (paper)"] == "–"
    fifth = pd.read_csv(folder / "table5.csv", dtype=str, keep_default_na=False).set_index("Model / system (paper)")
    assert fifth.loc["HumAID BERT-base", "CLS F1 (this run)"] == "not run"
    proposed = fifth.loc["Row D: RoBERTa-large + Kendall + Two-Stage (Proposed)"]
    assert proposed["Model / system (this run)"] == f"Row D: {tables.describe(ROWS['D'])}"
    assert (proposed["CLS F1 (paper)"], proposed["CLS F1 (this run)"]) == ("0.761", "0.700 ± 0.000")
    metrics = read_json(out)
    assert metrics["chosen_row"] == "D"
    assert metrics["rows"]["A"]["ner_micro_f1"] == pytest.approx(0.9)
    assert metrics["rows"]["A"]["ner_micro_f1_sd"] == pytest.approx(0.0141, abs=1e-4)
    assert metrics["dataset"]["validation"] == {"tweets": 1, "spans": 0}
    assert (
        "preset sample, source all_combined.tar.gz, trained on 2 tweets, seeds 13, 17"
        in (folder / "table3.md").read_text()
    )
    assert third.loc["A", "Best epoch (this run)"] == "2, 2 of 3"
    latex = (folder / "table3.tex").read_text()
    assert r"\begin{tabular}" in latex
    assert r"source all\_combined.tar.gz" in latex


def test_rows_and_metrics_must_fit(results):
    with pytest.raises(CrisisflowError, match="row mine has no metrics, or is not among the rows: A, D"):
        tables.collect({name: ROWS[name] for name in "AD"}, results)
    with pytest.raises(CrisisflowError, match="row D has no metrics"):
        tables.collect({name: ROWS[name] for name in "AD"}, results[:2])


def test_the_report_escapes_what_it_shows(tmp_path):
    hostile = "<script>alert(1)</script>"
    counts = {"train": 1, "validation": 1, "test": 1}
    facts = {
        "manifest": {"source": hostile, "sha256": None},
        "repair": {"html_entities": {"tweets": 1}},
        "corpus": {
            "tweets": 3,
            "tweets_per_class_and_split": {hostile: counts},
            "duplicates_across_splits": {"exact": {"texts": 0}, "near": {"pairs": 0, "jaccard": 0.8}},
        },
        "annotation": {"spans": 1, "spans_per_type": {"NUMBER": 1}, "per_stage_and_type": {}},
        "metrics": {"chosen_row": hostile},
    }
    for name, value in facts.items():
        write_json(tmp_path / name, value)
    (tmp_path / "table3.csv").write_text(f"Row\n{hostile}\n")
    paths = [tmp_path / name for name in facts]
    report.run("sample", *paths, [tmp_path / "table3.csv"], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 4
