"""The model card and the dataset card of a run."""

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from huggingface_hub import ModelCard

from crisisflow.artifacts import TWEETS, write_csv, write_json, write_parquet
from crisisflow.evaluation.bootstrap import Difference
from crisisflow.identity import Identity
from crisisflow.spans import Span, write_spans
from crisisflow.studies.humaid_ner import STUDY, against_gold, cards, leave_one_event_out, model_card
from crisisflow.studies.humaid_ner.params import StudyParams
from crisisflow.studies.humaid_ner.rows import RowResult
from crisisflow.taxonomy import CLASSES, ENTITY_TYPES
from tests.presets import read_preset_of

PRESET = read_preset_of("humaid_ner", "sample", Path(__file__).parents[3] / "presets")
SAMPLE = PRESET["humaid_ner"]


def metrics(ner: float | None, cls: float | None) -> dict:
    """Of one seed; every type and class scores as the whole."""

    def of(names, f1):
        return {name: {"precision": f1, "recall": f1, "f1": f1, "support": 1234} for name in names}

    bins = {"expected_error": 0.125, "bins": [{"size": 1000}]}
    return {
        "best_epoch": 2,
        "epochs": 3,
        "training_tweets": 8000,
        "parameters": 22_581_151,
        "validation_tweets": 8400,
        "ner": ner and {"per_type": of(ENTITY_TYPES, ner), "calibration": bins},
        "cls": cls and {"per_class": of(CLASSES, cls), "calibration": bins},
        "ner_micro_f1": ner,
        "cls_macro_f1": cls,
        "combined_score": ner and cls and (ner + cls) / 2,
    }


def params_with(**sections) -> StudyParams:
    return StudyParams.model_validate(PRESET | {"humaid_ner": SAMPLE | sections})


def render(
    params: StudyParams,
    source: str = "all_combined.tar.gz",
    chosen: str = "C",
    runs: tuple = ((0.8, 0.7), (0.9, 0.7)),
    unseen: tuple = (),
    gold: tuple = (),
) -> str:
    results = {
        "A": RowResult("small", [metrics(0.5, 0.5)] * len(runs)),
        chosen: RowResult("minilm + kendall", [metrics(*own) for own in runs]),
    }
    pairs = [Difference("A", chosen, "cls_macro_f1", -0.2, -0.25, -0.1)]
    manifest = {"source": source, "sha256": "ab" * 32, "rows": 71_024}
    score = {"gold": 2000, "found": 1000, "precision": 0.5, "recall": 0.25, "f1": 0.3333}
    quality = {"reference_scored": {"resolved": {"all": score}}}
    lines = pd.DataFrame(unseen, columns=leave_one_event_out.COLUMNS)
    return model_card.render(params, chosen, results, pairs, lines, gold_of(gold), manifest, quality)


def gold_of(rows: tuple) -> pd.DataFrame:
    """Lines of against_gold.csv: of each row the spans of all types, and of one."""
    lines = [
        ("set", "people", row, 13, label, 10, 1200, 900, 0.5, 0.5, 0.5, 0.75, 0.25)
        for row in rows
        for label in ("all", "PERSON")
    ]
    return pd.DataFrame(lines, columns=against_gold.COLUMNS)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_code_of_the_model_card_runs(trained, tmp_path, monkeypatch, capsys):
    params = params_with(seeds=[13])
    (code,) = re.findall(r"```python\n(.*?)```", render(params), re.S)
    folder = tmp_path / "results" / "humaid_ner" / "rows" / "C"
    folder.mkdir(parents=True)
    (folder / "seed13").symlink_to(trained / "rows" / "both" / "seed13")
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert "Findings(spans=[" in capsys.readouterr().out


def test_the_hub_reads_the_card():
    card = ModelCard(render(params_with(seeds=[13, 17])))
    assert card.data.license == "cc-by-nc-sa-4.0"
    assert card.data.base_model == "sentence-transformers/all-MiniLM-L6-v2"
    assert {(score.task_type, score.metric_name, score.metric_value) for score in card.data.eval_results} == {
        ("token-classification", "NER span micro-F1", 0.85),
        ("text-classification", "CLS macro-F1", 0.7),
    }
    assert all(score.dataset_split == "validation" for score in card.data.eval_results)
    # what the card says in words are the same numbers
    lines = [cells(line) for line in card.text.splitlines()]
    assert ["NER span micro-F1", "0.850 ± 0.071"] in lines
    assert ["CLS macro-F1", "C", "A", "+0.200", "+0.100", "+0.250", "yes"] in lines
    assert ["REQUEST", "C", *["0.850 ± 0.071"] * 3, "1,234"] in lines
    assert ["reference_scored", "all", "2,000", "1,000", "0.500", "0.250", "0.333"] in lines
    assert "sha256 `abab" in card.text


def test_a_model_of_generated_tweets_says_so():
    card = ModelCard(render(params_with(), source="sample", runs=((0.8, 0.7),)))
    assert card.data.license == "apache-2.0"
    assert "This model was trained on generated tweets" in card.text
    assert "CC BY-NC-SA" not in card.text
    assert "One seed: the chance of a training is not known" in card.text
    real = render(params_with(seeds=[13, 17]))
    assert "generated tweets" not in real
    assert "CC BY-NC-SA 4.0" in real
    assert "One seed" not in real


def test_a_row_of_one_task_claims_one():
    rows = {"only": SAMPLE["rows"]["B"] | {"tasks": "ner"}, "A": SAMPLE["rows"]["A"]}
    nothing = {"learning_curve": {"rows": [], "tweets": []}, "leave_one_event_out": {"rows": [], "events": []}}
    card = ModelCard(render(params_with(rows=rows, evaluation=nothing), chosen="only", runs=((0.8, None),)))
    assert [score.metric_name for score in card.data.eval_results] == ["NER span micro-F1"]
    assert "This row was trained on one task: entity recognition" in card.text
    assert CLASSES[0] not in card.text


def test_unseen_events_stand_in_the_card_with_the_row_that_was_tried():
    assert "Not measured: no row was trained without an event" in render(params_with())
    line = ["B", "hurricane_irma_2017", 900, 800, 1234, "cls_macro_f1", 1234, 0.8, 0.6, -0.2, -0.3, -0.1]
    other = render(params_with(), unseen=(line,))
    assert "row B was:" in other
    assert ["B", "hurricane_irma_2017", "1,234", "CLS macro-F1", "0.800", "0.600", "-0.200 [-0.300, -0.100]"] in [
        cells(text) for text in other.splitlines()
    ]
    assert "beside the row that has seen it" in render(params_with(), unseen=(["C", *line[1:]],))


def test_right_stands_beside_agreeing_in_the_card():
    assert "Not measured: there were no such tweets with gold spans" in render(params_with(), gold=("A",))
    lines = [cells(text) for text in render(params_with(), gold=("A", "C")).splitlines()]
    assert [line for line in lines if line[0] == "set"] == [
        ["set", "people", "all", "C", "10", "1,200", "0.750", "0.500", "0.250"]
    ]


def test_an_encoder_of_one_s_own_leaves_its_folder_at_home():
    rows = {name: row | {"encoder": "/home/somebody/encoder"} for name, row in SAMPLE["rows"].items()}
    card = render(params_with(rows=rows))
    assert "/home" not in card
    assert "…/encoder" in card
    assert ModelCard(card).data.base_model is None
    rows = {name: row | {"encoder": "FacebookAI/roberta-large@abc"} for name, row in SAMPLE["rows"].items()}
    assert ModelCard(render(params_with(rows=rows))).data.base_model == "FacebookAI/roberta-large"


def test_the_parameters_are_those_of_the_row():
    (block,) = re.findall("```yaml\n(.*?)```", render(params_with()), re.DOTALL)
    assert yaml.safe_load(block) == {
        "row": SAMPLE["rows"]["C"],
        **{key: SAMPLE[key] for key in ("training", "model", "alignment")},
        "compute": PRESET["compute"],
    }


@pytest.fixture
def artifacts(tmp_path) -> Path:
    tweets = [
        {"tweet_id": str(at), "text": "33 wounded", "class_label": CLASSES[0], "event": None, "split": split}
        for at, split in enumerate(["train", "train", "validation", "test"])
    ]
    write_parquet(tmp_path / "tweets.parquet", tweets, TWEETS)
    write_spans(tmp_path / "spans.parquet", [Span(str(at), 0, 2, "NUMBER", "regex", "x") for at in (0, 1, 3)])
    near = {"pairs": 3, "jaccard": 0.8, "held_out_tweets_with_a_training_neighbour": 2}
    duplicates = {"exact": {"texts": 0, "tweets": 0}, "near": near}
    write_json(tmp_path / "manifest.json", {"source": "x.tar.gz", "sha256": "ab" * 32, "rows": 4})
    write_json(tmp_path / "corpus.json", {"duplicates_across_splits": duplicates})
    write_json(tmp_path / "quality.json", {})
    write_json(tmp_path / "differences.json", [])
    write_csv(tmp_path / "unseen.csv", leave_one_event_out.COLUMNS, [])
    write_csv(tmp_path / "gold.csv", against_gold.COLUMNS, [])
    for at, row in enumerate([*SAMPLE["rows"], "floor"]):
        scores = metrics(None if row == "floor" else 0.5, at / 10 + 0.1)
        write_json(tmp_path / row / "seed13" / "metrics.json", {**Identity(STUDY, row, 13).facts(), **scores})
    return tmp_path


def run(folder: Path) -> tuple[str, str]:
    cards.run(
        params_with(),
        *(
            folder / name
            for name in ("tweets.parquet", "spans.parquet", "manifest.json", "corpus.json", "quality.json")
        ),
        [folder / row / "seed13" / "metrics.json" for row in [*SAMPLE["rows"], "floor"]],
        folder / "differences.json",
        folder / "unseen.csv",
        folder / "gold.csv",
        folder / "model_card.md",
        folder / "dataset_card.md",
    )
    return (folder / "model_card.md").read_text(), (folder / "dataset_card.md").read_text()


def test_both_cards_are_of_the_run_and_have_the_same_bytes_each_time(artifacts):
    model, dataset = run(artifacts)
    assert "# Row D: " in model  # the best at classes of those with both tasks
    assert "The run had no gold spans" in model
    assert ["train", "2", "2", "1.00"] in [cells(line) for line in dataset.splitlines()]
    assert "This card is of the dataset as the workflow made it" in dataset
    assert "This export" not in dataset
    assert "33 wounded" not in model + dataset
    assert run(artifacts) == (model, dataset)
