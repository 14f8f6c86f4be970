"""The test split: only the final test scores a row on it, and nobody sees a score that is not recorded."""

import shutil
import subprocess
from math import sqrt

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch
from safetensors.torch import load_file, save_file

from crisisflow import inference
from crisisflow.artifacts import (
    ALIGNED,
    PREDICTIONS,
    SPANS,
    TWEETS,
    read_json,
    read_parquet,
    write_json,
    write_parquet,
)
from crisisflow.checksums import file_sha256
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.counts import scores_of
from crisisflow.identity import CONFIG, Identity
from crisisflow.studies.humaid_ner import (
    STUDY,
    against_gold,
    confident_errors,
    evaluate,
    final_test,
    floor,
    hold_out,
    learning_curve,
)
from crisisflow.studies.humaid_ner.final_test import RECORD, settled_commit
from crisisflow.studies.humaid_ner.params import RowParams
from crisisflow.taxonomy import LABELS
from tests.conftest import ROWS, train_row
from tests.unit.test_quality import ANNOTATION

EVENT = "hurricane_irma_2017"


def poisoned(table: pa.Table, schema: pa.Schema, poison: dict) -> pa.Table:
    """The table with other values in the test split."""
    rows = [row | poison if row["split"] == "test" else row for row in table.to_pylist()]
    return pa.Table.from_pylist(rows, schema=schema)


@pytest.fixture(scope="module")
def closed(trained, corpus, tmp_path_factory):
    """The corpus, its spans and its aligned form, the test split of which would be noticed."""
    folder = tmp_path_factory.mktemp("closed")
    tweets = read_parquet(corpus / "tweets.parquet", TWEETS)
    foreign = {"text": "poison", "class_label": "sympathy_and_support", "event": EVENT}
    write_parquet(folder / "tweets.parquet", poisoned(tweets, TWEETS, foreign), TWEETS)
    aligned = read_parquet(trained / "aligned.parquet", ALIGNED)
    ids = {"input_ids": [101, 5, 102], "labels": [-100, 1, -100], "class_id": 9}
    write_parquet(folder / "aligned.parquet", poisoned(aligned, aligned.schema, ids), aligned.schema)
    of_test = {row["tweet_id"] for row in tweets.to_pylist() if row["split"] == "test"}
    spans = read_parquet(corpus / "gold.parquet", SPANS).to_pylist()
    kept = [span | {"label": "RESCUE"} if span["tweet_id"] in of_test else span for span in spans]
    write_parquet(folder / "gold.parquet", kept, SPANS)
    return folder


def outputs(tweets, gold, aligned, repaired, encoder, folder):
    """What the steps write that train, choose, score or look for errors."""
    own = folder / "rows" / "both" / "seed13"
    train_row(own, aligned, encoder, "both")
    evaluate.run(own / "predictions.parquet", own / "config.json", own / "metrics.json")
    floor.run(tweets, "all", 13, folder / "floor.parquet", folder / "floor.json")
    hold_out.run(tweets, aligned, EVENT, folder / "held.parquet")
    learning_curve.run(tweets, folder / "curve.csv", metrics=[own / "metrics.json"])
    inputs = (repaired, gold, folder / "no_reference", tweets, gold, [own / "model.safetensors"])
    rows = {"both": RowParams.model_validate(ROWS["both"] | {"encoder": str(encoder)})}
    against_gold.run(rows, [13], "all", ANNOTATION, *inputs, folder / "against_gold.csv")
    write_json(folder / "chosen.json", {"chosen_row": "both"})
    confident_errors.run(folder / "chosen.json", tweets, [own / "predictions.parquet"], folder / "errors.csv")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "speed.csv"
    }


def test_what_stands_in_the_test_split_changes_no_training_choice_or_score(
    trained, corpus, closed, tiny_encoder, tmp_path
):
    aligned, repaired = trained / "aligned.parquet", corpus / "repaired.parquet"
    inputs = [(corpus / "tweets.parquet", corpus / "gold.parquet", aligned)]
    inputs += [(closed / "tweets.parquet", closed / "gold.parquet", closed / "aligned.parquet")]
    for one, other in zip(*inputs, strict=True):
        assert one.read_bytes() != other.read_bytes()
    left, right = (
        outputs(*own, repaired, tiny_encoder, tmp_path / name)
        for name, own in zip(("left", "right"), inputs, strict=True)
    )
    assert {"held.parquet", "rows/both/seed13/model.safetensors", "against_gold.csv", "errors.csv"} < set(left)
    assert [name for name in left if left[name] != right[name]] == []


def test_the_final_test_predicts_each_test_tweet_as_the_row_was_aligned(trained, corpus):
    folder = trained / "rows" / "both" / "seed13"
    row = inference.load(folder / "model.safetensors", folder / "config.json")
    tweets = read_parquet(corpus / "tweets.parquet", TWEETS)
    aligned = read_parquet(trained / "aligned.parquet", ALIGNED)
    of_test = pc.equal(tweets["split"], "test")
    found = inference.predict_aligned(row, tweets.filter(of_test), aligned.filter(of_test))
    assert found.schema.equals(PREDICTIONS)
    expected = [line for line in aligned.to_pylist() if line["split"] == "test"]
    assert found["tweet_id"].to_pylist() == [line["tweet_id"] for line in expected]
    assert found["labels"].to_pylist() == [line["labels"] for line in expected]
    # the model reads the very subwords that its labels stand at
    assert list(map(len, found["predicted_labels"].to_pylist())) == [len(line["input_ids"]) for line in expected]


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(trained, corpus, tmp_path, monkeypatch):
    """A git checkout with a run of row `both` and a closed test split, in which Snakemake has nothing to do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(final_test, "nothing_to_do", lambda study: study == "humaid_ner")
    (tmp_path / "data" / "corpus").mkdir(parents=True)
    (tmp_path / "data" / "corpus" / "tweets.parquet").symlink_to(corpus / "tweets.parquet")
    (tmp_path / "data" / "humaid_ner" / "aligned").mkdir(parents=True)
    (tmp_path / "data" / "humaid_ner" / "aligned" / "both.parquet").symlink_to(trained / "aligned.parquet")
    write_json(tmp_path / "data" / "raw" / "manifest.json", {"source": "sample", "sha256": None})
    write_json(tmp_path / "results" / "humaid_ner" / "metrics.json", {"chosen_row": "both"})
    (tmp_path / "results" / "humaid_ner" / "rows").symlink_to(trained / "rows")
    write_json(RECORD, [])
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "run")
    return tmp_path


def test_an_opening_is_recorded_counted_and_not_repeated(checkout, trained, capsys):
    final_test.run([13])
    said = capsys.readouterr().err
    assert "row both; it was opened 0 times before" in said
    (entry,) = read_json(RECORD)
    assert (entry["commit"], entry["row"], entry["seeds"], entry["test_tweets"]) == (
        git("rev-parse", "HEAD"),
        "both",
        [13],
        60,
    )
    scores = {name: own["mean"] for name, own in entry["scores"].items()}
    assert set(scores) == {"ner_micro_f1", "cls_macro_f1", "combined_score"}
    assert scores["combined_score"] == pytest.approx((scores["ner_micro_f1"] + scores["cls_macro_f1"]) / 2)
    with pytest.raises(
        CrisisflowError, match=f"opened for this commit already .*ner_micro_f1 {scores['ner_micro_f1']:.4f}"
    ):
        final_test.run([13])
    git("commit", "-qam", "recorded")  # another commit, of the same weights
    with pytest.raises(CrisisflowError, match="opened for these very weights already"):
        final_test.run([13])
    assert read_json(RECORD) == [entry]
    capsys.readouterr()
    write_json(checkout / "results" / "humaid_ner" / "metrics.json", {"chosen_row": "tags"})
    (checkout / "data" / "humaid_ner" / "aligned" / "tags.parquet").symlink_to(trained / "aligned.parquet")
    git("add", "-A")
    git("commit", "-qm", "another row")
    final_test.run([13])
    assert "row tags; it was opened 1 times before" in capsys.readouterr().err
    assert [own["row"] for own in read_json(RECORD)] == ["both", "tags"]


def test_several_seeds_give_mean_and_deviation(checkout, trained, capsys):
    """The second seed is of a row with another entity head, so that NER's scores differ."""
    (checkout / "results" / "humaid_ner" / "rows").unlink()
    first, second = (checkout / "results" / "humaid_ner" / "rows" / "both" / f"seed{seed}" for seed in (13, 17))
    for folder in (first, second):
        shutil.copytree(trained / "rows" / "both" / "seed13", folder)
    tensors = load_file(second / "model.safetensors")
    (head,) = [name for name in tensors if name.endswith("entity_head.bias")]
    save_file(tensors | {head: tensors[head] + torch.arange(len(tensors[head]))}, second / "model.safetensors")
    git("add", "-A")
    git("commit", "-qm", "two seeds")
    with pytest.raises(CrisisflowError, match=r"seed17/config\.json is of row both, seed 13, not of row both, seed 17"):
        final_test.run([13, 17])
    assert read_json(RECORD) == []
    config = read_json(second / "config.json")
    own = {CONFIG: Identity(STUDY, "both", 17).facts(), "weights": file_sha256(second / "model.safetensors")}
    write_json(second / "config.json", config | own)
    git("commit", "-qam", "the other seed")
    final_test.run([13, 17])
    (entry,) = read_json(RECORD)
    assert len(set(entry["weights"].values())) == 2
    tweets, aligned = (
        read_parquet(checkout / "data" / name, schema)
        for name, schema in (("corpus/tweets.parquet", TWEETS), ("humaid_ner/aligned/both.parquet", ALIGNED))
    )
    of_test = pc.equal(tweets["split"], "test")
    scores = []
    for folder in (first, second):
        row = inference.load(folder / "model.safetensors", folder / "config.json")
        found = inference.predict_aligned(row, tweets.filter(of_test), aligned.filter(of_test))
        scores.append(scores_of(found, LABELS)["ner_micro_f1"])
    assert scores[0] != scores[1]
    ner = entry["scores"]["ner_micro_f1"]
    assert ner["mean"] == pytest.approx(sum(scores) / 2)
    assert ner["deviation"] == pytest.approx(abs(scores[0] - scores[1]) / sqrt(2))
    assert entry["scores"]["cls_macro_f1"]["deviation"] == 0


def test_no_score_is_said_that_is_not_recorded(checkout, monkeypatch, capsys):
    def full(*arguments):
        raise OSError("no space left")

    monkeypatch.setattr(final_test, "write_json", full)
    with pytest.raises(OSError, match="no space"):
        final_test.run([13])
    assert "_f1" not in capsys.readouterr().err


def test_a_checkout_with_changes_is_refused_but_for_the_record(checkout):
    write_json(RECORD, [{"commit": "of another one"}])
    assert settled_commit([]) == git("rev-parse", "HEAD")
    (checkout / "note").write_text("new")
    with pytest.raises(CrisisflowError, match="note is not committed; the test is of a commit: git commit first"):
        settled_commit([])


def test_stale_results_are_refused(checkout, monkeypatch):
    monkeypatch.setattr(final_test, "nothing_to_do", lambda study: False)
    with pytest.raises(CrisisflowError, match="the results are not those of this commit; run first: snakemake"):
        settled_commit([])


def test_outside_git_it_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CrisisflowError, match="run it in a git checkout") as error:
        final_test.run([13])
    assert "\n" not in str(error.value)
