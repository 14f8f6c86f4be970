"""A shipped model: how it is exported, checked, chosen and served. The tests make one from the tiny row."""

import hashlib
import json
import shutil

import pytest
import yaml
from huggingface_hub import ModelCard

from crisisflow.artifacts import write_csv, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.serving.choice import Choice, by_default, choose
from crisisflow.serving.served import open_served
from crisisflow.serving.shipped import read
from crisisflow.studies.humaid_ner import against_gold
from crisisflow.studies.humaid_ner.export_model import scores_on_test
from tests.serving.test_commands import crisisflow

FILES = {"model.onnx", "config.json", "README.md", "tokenizer.json", "tokenizer_config.json", "SHA256SUMS"}


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def copy(shipped, tmp_path):
    """A shipped model that may be damaged."""
    return shutil.copytree(shipped, tmp_path / "tiny")


def sealed(folder):
    """The folder, whose checksums are those of its files."""
    files = sorted(path for path in folder.iterdir() if path.name != "SHA256SUMS")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(sums))
    return folder


# Export


def test_the_same_row_gives_the_same_bytes_also_over_an_older_model(shipped, export, copy):
    assert {path.name for path in shipped.iterdir()} == FILES
    before = bytes_of(shipped)
    (copy / "older.bin").write_bytes(b"1")
    assert bytes_of(export(copy)) == before
    assert not list(copy.parent.glob(".*"))


def test_its_config_says_what_it_is(shipped, results):
    config = read(shipped).config
    weights = results / "rows" / "both" / "seed13" / "model.safetensors"
    assert (config.name, config.row, config.seed, config.generated) == ("tiny", "both", 13, True)
    assert config.weights == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert config.scores["validation"]["tweets"] == 60
    predictions = json.loads((results / "rows" / "both" / "seed13" / "config.json").read_text())
    assert config.trained_on == f"{predictions['training_tweets']:,} generated tweets"


def test_the_scores_of_float32_are_those_of_its_training(shipped, results):
    import pyarrow.parquet as pq

    from crisisflow.evaluation.counts import scores_of
    from crisisflow.taxonomy import LABELS

    known = scores_of(pq.read_table(results / "rows" / "both" / "seed13" / "predictions.parquet"), LABELS)
    scores = read(shipped).config.scores["validation"]
    assert scores["float32"] == pytest.approx(known, abs=1e-3)
    assert scores["int8"]["classes_as_float32"] > 0.9


def test_a_card_of_generated_tweets_says_so(shipped):
    card = ModelCard.load(shipped / "README.md")
    assert card.data.license == "apache-2.0"
    assert "**This model was trained on generated tweets.**" in card.text
    assert "**Test split**: not opened for these weights." in card.text
    assert "**Gold spans**: not measured" in card.text
    assert "Not measured for this model." in card.text


def test_a_card_of_real_tweets_has_the_licence_of_its_source_and_all_that_is_known(export, origin, shipped, tmp_path):
    digest = read(shipped).config.weights
    write_json(tmp_path / "manifest.json", {"source": "all.tar.gz", "sha256": "0" * 64, "rows": 71024})
    write_json(tmp_path / "statistics.json", {"spans": 207521})
    marked = {"precision": 0.5, "recall": 0.5, "f1": 0.75, "gold": 10, "found": 10}
    quality = {"reference_scored": {"all": marked}, "idrisi_dev": {"LOCATION": {**marked, "gold": 2194, "f1": 0.853}}}
    write_json(tmp_path / "quality.json", {name: {"resolved": own} for name, own in quality.items()})
    scores = {"cls_macro_f1": {"mean": 0.7654, "deviation": 0.002}, "ner_micro_f1": {"mean": 0.9}}
    entry = {"weights": {"13": digest}, "test_tweets": 8400, "seeds": [13, 17], "scores": scores}
    write_json(tmp_path / "final_test.json", [{**entry, "weights": {"13": "other"}, "scores": {}}, entry])
    line = ["idrisi_dev", "people", "both", 13, "all", 500, 700, 690, 0.8, 0.8, 0.8123, 0.9, 0.85]
    other = [*line[:3], 17, *line[4:]]
    write_csv(tmp_path / "gold.csv", against_gold.COLUMNS, [line, other])
    files = ("manifest.json", "statistics.json", "quality.json", "gold.csv", "final_test.json")
    real = type(origin)(*(tmp_path / name for name in files))
    folder = export(tmp_path / "real", origin=real, speed="One tweet: p50 5 ms.")
    card, config = ModelCard.load(folder / "README.md"), read(folder).config
    assert (card.data.license, config.licence, config.generated) == ("cc-by-nc-sa-4.0", "CC-BY-NC-SA-4.0", False)
    for said in (
        "**CC BY-NC-SA 4.0**",
        "The code of crisisflow is Apache-2.0",
        "CLS macro-F1 0.7654 ± 0.0020, NER span micro-F1 0.9000",
        "(8,400 tweets, seeds 13, 17, float32)",
        "207,521 spans",
        "0.812",
        "2,194",
        "One tweet: p50 5 ms.",
        f"crisisflow export_model --row both --seed 13 --name tiny --out models/{config.name}",
        digest,
    ):
        assert said in card.text, said
    assert "generated tweets.**" not in card.text
    assert config.trained_on.endswith(
        "English tweets of HumAID (disasters of 2016–2019), whose entity labels are by rules"
    )
    assert config.annotation == {"spans": 207521, "f1_on_gold": {"idrisi_dev": 0.853, "reference_scored": 0.75}}


def test_what_is_of_another_run_is_refused(export, origin, tmp_path):
    write_json(tmp_path / "manifest.json", {"source": "all.tar.gz", "sha256": "0" * 64, "rows": 71024})
    write_json(tmp_path / "quality.json", {"generated": {}})
    other = origin._replace(manifest=tmp_path / "manifest.json", quality=tmp_path / "quality.json")
    with pytest.raises(CrisisflowError, match=r"quality\.json is of the generated corpus and not of this run"):
        export(tmp_path / "tiny", origin=other)
    with pytest.raises(CrisisflowError, match="has other values of row both than was trained"):
        export(tmp_path / "tiny", weighting="kendall")
    assert not (tmp_path / "tiny").exists()


def test_the_test_split_of_other_weights_is_not_theirs():
    assert scores_on_test([{"weights": {"13": "a"}}], "b") is None


def test_a_row_of_one_task_and_a_folder_of_something_else_are_refused(export, tmp_path):
    with pytest.raises(CrisisflowError, match="row tags, seed 13, which has one task; export a row of both"):
        export(tmp_path / "tags", row="tags")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").touch()
    with pytest.raises(CrisisflowError, match="holds no shipped model; name a new folder"):
        export(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes"]
    assert not (tmp_path / "tags").exists()


# Damage


@pytest.mark.parametrize("name", sorted(FILES - {"SHA256SUMS"}))
def test_a_damaged_or_absent_file_is_named_in_one_line(copy, name):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(CrisisflowError) as damaged:
        read(copy)
    (copy / name).unlink()
    with pytest.raises(CrisisflowError) as absent:
        read(copy)
    for error, said in ((damaged, f"{name} is damaged"), (absent, f"{name} is absent")):
        assert said in str(error.value)
        assert f"git checkout -- {copy}" in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "no checksums\n", f"{'0' * 64}  config.json\n", f"{'0' * 64}  ../model.onnx\n"])
def test_checksums_that_are_none_are_said_to_be_damaged(copy, text):
    (copy / "SHA256SUMS").write_text(text)
    with pytest.raises(CrisisflowError, match=r"SHA256SUMS is damaged; restore it: git checkout"):
        read(copy)


def test_a_foreign_folder_is_no_shipped_model(results, tmp_path):
    for folder in (results / "rows" / "both" / "seed13", tmp_path / "nothing"):
        with pytest.raises(CrisisflowError, match="is no model that crisisflow export_model has written"):
            read(folder)


@pytest.mark.parametrize(("key", "value"), [("format", 2), ("max_length", "48"), ("colour", "red")])
def test_a_config_of_another_version_is_refused(copy, key, value):
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, key: value}))
    with pytest.raises(CrisisflowError, match=rf"config\.json: {key}"):
        read(sealed(copy))


def test_a_graph_that_is_none_is_told_when_it_is_opened(copy, results, params):
    (copy / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(CrisisflowError, match=r"model\.onnx cannot be opened \(.*\); export it again"):
        open_served(choose(Choice(results, model=sealed(copy)), params), None, 1)


# What is served


def test_a_shipped_model_answers_as_its_row_in_int8(served_shipped, results, params):
    texts = ["17 people killed near Marawi", "water needed in Kerala, call us", "flood " * 100]
    row = open_served(choose(Choice(results), params), "onnx-int8", 1)
    assert served_shipped.predict(texts) == row.predict(texts)
    assert served_shipped.labels == row.labels
    facts = served_shipped.version
    assert (facts.name, facts.runtime, facts.row, facts.recorded) == ("tiny", "onnx-int8", "both", False)


@pytest.fixture
def of_source(params, tmp_path):
    """A params.yaml with this corpus.source."""

    def write(source):
        plain = yaml.safe_load(params.read_text())
        plain["corpus"]["source"] = source
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(plain))
        return tmp_path / "params.yaml"

    return write


def test_by_default_it_is_served_unless_a_row_learnt_from_real_tweets(shipped, results, of_source, tmp_path, capsys):
    absent = tmp_path / "results"
    assert by_default(results, shipped, of_source("sample")) == Choice(results, model=shipped)
    assert by_default(absent, shipped, of_source("sample")) == Choice(absent, model=shipped)
    assert capsys.readouterr().err == ""
    assert by_default(results, shipped, of_source("all.tar.gz")) == Choice(results)
    assert by_default(absent, shipped, of_source("all.tar.gz")) == Choice(absent, model=shipped)
    assert f"has no trained row; taking the model {shipped}" in capsys.readouterr().err
    for source in ("sample", "all.tar.gz"):
        assert by_default(results, tmp_path / "models", of_source(source)) == Choice(results)


def test_predict_needs_no_run(shipped, params, tmp_path, monkeypatch):
    shutil.copytree(shipped, tmp_path / "models" / "humaid_mini")
    monkeypatch.chdir(tmp_path)
    done = crisisflow("predict", "-", "--params", params, stdin='{"text": "17 dead in Kerala"}')
    assert json.loads(done.stdout)["class"]["score"] > 0
    assert done.stderr.splitlines() == [
        "predict: tiny learnt from generated tweets: its answers mean nothing about real tweets"
    ]


def test_another_runtime_than_its_own_is_refused(shipped, results, params):
    with pytest.raises(CrisisflowError, match="holds an int8 graph, which runtime torch cannot use; leave --runtime"):
        open_served(choose(Choice(results, model=shipped), params), "torch", 1)
