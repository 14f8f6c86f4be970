"""Joint minis: what they learn, from whom, and that whatever takes a trained row takes them."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from pandas import read_csv
from pydantic import BaseModel
from transformers import BertModel

from crisisflow.alignment.two_tokenizers import encoded
from crisisflow.artifacts import PREDICTIONS, TWEETS, read_json, read_parquet, write_json, write_parquet
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.corpus.stratify import draw_training
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Identity, of_parquet
from crisisflow.inference import find, load, predict_texts, torch_forward
from crisisflow.labels import IGNORED
from crisisflow.params import ComputeParams, check
from crisisflow.pretrained import load_tokenizer
from crisisflow.serving.choice import Choice, choose
from crisisflow.serving.runtime import open_runtime
from crisisflow.serving.served import open_served
from crisisflow.studies.actionable_help import distil_joint, joint_teacher, score_joint, vocabulary
from crisisflow.studies.actionable_help.byte_pairs import learn
from crisisflow.studies.actionable_help.joint_teacher import Taught, read_taught
from crisisflow.studies.actionable_help.joint_texts import JOINT_TEXTS, unlabelled
from crisisflow.studies.actionable_help.mini_corpus import MINI_CORPUS
from crisisflow.studies.actionable_help.mini_params import JointTrainingParams, ShapeParams
from crisisflow.studies.actionable_help.params import ActionableHelpParams
from crisisflow.studies.actionable_help.shapes import config_of
from tests.presets import read_preset

ROOT = Path(__file__).parents[3]
COMPUTE = ComputeParams(device="cpu", processes=1, threads=1, frozen_cache_gb=0)
JOINT = {
    "temperature": 1.0,
    "soft_weight": 0.5,
    "weighting": "kendall_optimal",
    "epochs": 3,
    "batch_size": 8,
    "learning_rate": 5e-3,
    "warmup_steps": 5,
}
OURS = [
    "Water is needed at the bridge in Springfield tonight",
    "Volunteers bring blankets to the school near Rivertown",
    "The road to Lakeside is closed because of the flood",
]


class School(BaseModel):
    """What the students of the tests learn from, in one folder."""

    folder: Path
    trained: Path  # rows of the leading study
    corpus: Path  # the tweets that they learnt from

    def teacher(self, out: Path, **own) -> dict:
        row = self.trained / "rows" / own.pop("row", "both") / "seed13"
        return {
            "teacher": "chosen",
            "metrics": self.folder / "metrics.json",
            "weights": [row / "model.safetensors"],
            "configs": [row / "config.json"],
            "predictions": [row / "predictions.parquet"],
            "tweets": self.corpus / "tweets.parquet",
            "resolved": self.corpus / "gold.parquet",
            "corpus": self.folder / "mini_corpus.parquet",
            "posts": [self.folder / "posts.parquet"],
            "manifests": [self.folder / "manifest.json"],
            "size": "all",
            "unlabelled_size": "all",
            "compute": COMPUTE,
            "checkpoint": out / "parts",
            "texts": out / "texts.parquet",
            "out": out / "teacher.safetensors",
            "chosen": out / "teacher.json",
            **own,
        }

    def student(self, out: Path, **own) -> dict:
        training = {name: own.pop(name, value) for name, value in JOINT.items()}
        return {
            "name": "S",
            "joint": JointTrainingParams.model_validate(training),
            "compute": COMPUTE,
            "seed": 13,
            "texts": self.folder / "texts.parquet",
            "teacher": self.folder / "teacher.safetensors",
            "mini": self.folder / "mini",
            "checkpoint": out / "checkpoint",
            "out": out / "S" / "seed13",
            "history": out / "S" / "seed13" / "history.csv",
            "speed": out / "speed.csv",
            **own,
        }


def write_posts(folder: Path, tweets: list[dict]) -> None:
    """A corpus of the minis: our texts, a retweet of a validation tweet, one of a test tweet, and a training tweet."""
    by_split = {row["split"]: row for row in tweets}
    texts = [*OURS, *(f"RT @someone {by_split[split]['text']}" for split in ("validation", "test"))]
    rows = [dict.fromkeys(POSTS.names) | {"tweet_id": str(at), "text": own} for at, own in enumerate(texts)]
    write_parquet(folder / "posts.parquet", rows, POSTS)
    write_json(folder / "manifest.json", {"set": "own", "terms": "open"})
    own = [{"set": "own", "tweet_id": row["tweet_id"], "text": "prepared", "held_out": False} for row in rows]
    own.append({"set": "corpus", "tweet_id": by_split["train"]["tweet_id"], "text": "prepared", "held_out": False})
    write_parquet(folder / "mini_corpus.parquet", own, MINI_CORPUS)


@pytest.fixture(scope="module")
def school(trained, corpus, tmp_path_factory) -> School:
    own = School(folder=tmp_path_factory.mktemp("joint"), trained=trained, corpus=corpus)
    tweets = read_parquet(corpus / "tweets.parquet", TWEETS).to_pylist()
    write_posts(own.folder, tweets)
    write_json(own.folder / "metrics.json", {"chosen_row": "both"})
    tokenizer = vocabulary.as_fast(learn([row["text"] for row in tweets], 600, True), 64)
    vocabulary.save(tokenizer, own.folder / "mini")
    torch.manual_seed(2)
    shape = ShapeParams(hidden=32, layers=2, heads=2, intermediate=64)
    config = config_of(shape, len(tokenizer), 64, 0.0, tokenizer.pad_token_id)
    BertModel(config, add_pooling_layer=False).save_pretrained(own.folder / "mini")
    joint_teacher.run(**own.teacher(own.folder))
    return own


@pytest.fixture(scope="module")
def finished(school, tmp_path_factory) -> Path:
    """The results of a joint mini: rows/S/seed13."""
    folder = tmp_path_factory.mktemp("finished")
    distil_joint.run(**school.student(folder / "rows"))
    return folder


def rows_of(folder: Path, part: str) -> list[dict]:
    return [row for row in read_parquet(folder / "texts.parquet", JOINT_TEXTS).to_pylist() if row["part"] == part]


def taught_texts(school: School) -> list[str]:
    return [row["text"] for part in ("train", "unlabelled") for row in rows_of(school.folder, part)]


# The teacher


def test_no_unlabelled_text_nearly_repeats_a_tweet_that_a_model_is_scored_on(school):
    assert [row["text"] for row in rows_of(school.folder, "unlabelled")] == OURS
    facts = read_json(school.folder / "teacher.json")
    assert facts["dropped"] == {"near duplicate of a labelled tweet": 3}
    assert facts["counts"] == {"train": 180, "validation": 60, "unlabelled": 3}
    assert facts["teacher"] == {"study": "humaid_ner", "row": "both", "seed": 13}


def test_the_teacher_says_what_its_row_says(school):
    rows = rows_of(school.folder, "train")
    texts = [row["text"] for row in rows] + OURS
    taught = read_taught(school.folder / "teacher.safetensors", texts)
    row = school.trained / "rows" / "both" / "seed13"
    found = find(teacher := load(row / "model.safetensors", row / "config.json"), torch_forward(teacher), texts[:8])
    for at, own in enumerate(found):
        np.testing.assert_allclose(np.exp(taught.classes[at]), [*own.probabilities.values()], atol=2e-3)
    guess = predict_texts(teacher, texts[:1])["predicted_labels"][0]
    (read,) = encoded(teacher.tokenizer, texts[:1], teacher.max_length)
    own = taught.labels[: taught.words[0]]
    assert own.argmax(axis=1).tolist() == [guess[word.token] for word in read.words]
    assert taught.places[: taught.words[0]].tolist() == [[word.start, word.end] for word in read.words]
    assert len(taught.words) == len(texts) and taught.words.sum() == len(taught.labels)


def test_fewer_tweets_and_texts_are_drawn_when_asked_for(school, tmp_path):
    joint_teacher.run(**school.teacher(tmp_path, size=60, unlabelled_size=2))
    assert read_json(tmp_path / "teacher.json")["counts"] == {"train": 60, "validation": 60, "unlabelled": 2}
    joint_teacher.run(**school.teacher(tmp_path / "none", unlabelled_size=0, posts=[], manifests=[]))
    assert not rows_of(tmp_path / "none", "unlabelled")


def test_the_student_learns_no_label_that_its_teacher_did_not_learn(school, tmp_path):
    row = school.trained / "rows" / "both" / "seed13"
    config = read_json(row / "config.json")
    write_json(tmp_path / "config.json", {**config, "training_tweets": 60})
    known = rows_of(school.folder, "train")
    of_teacher = [known[at]["tweet_id"] for at in draw_training([own["class_id"] for own in known], 60, 13)]
    for size in ("all", 90, 30):
        joint_teacher.run(**school.teacher(tmp_path, configs=[tmp_path / "config.json"], size=size))
        found = [own["tweet_id"] for own in rows_of(tmp_path, "train")]
        assert set(found) <= set(of_teacher) and len(found) == (60 if size == "all" else min(60, size))
    write_json(tmp_path / "config.json", {**config, "training_tweets": 181})
    with pytest.raises(CrisisflowError, match="the teacher learnt from 181 tweets, and the train split has 180"):
        joint_teacher.run(**school.teacher(tmp_path, configs=[tmp_path / "config.json"]))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"teacher": "C"}, "joint.teacher is C, and the leading study has no trained row C; there are: both"),
        ({"row": "tags", "teacher": "tags"}, "row tags, seed 13 has one task; let .* name a row of both"),
        ({"posts": [], "manifests": []}, "has texts of own, whose posts are not given"),
    ],
)
def test_a_teacher_that_cannot_teach_is_refused(school, tmp_path, given, said):
    with pytest.raises(CrisisflowError, match=said):
        joint_teacher.run(**school.teacher(tmp_path, **given))
    assert not any(path.suffix for path in tmp_path.rglob("*") if path.is_file())


def test_a_teacher_of_another_corpus_is_refused(school, tmp_path):
    tweets = read_parquet(school.corpus / "tweets.parquet", TWEETS)
    write_parquet(tmp_path / "tweets.parquet", tweets.slice(0, 200), TWEETS)
    with pytest.raises(CrisisflowError, match=r"was scored on other validation tweets than those of .*tweets\.parquet"):
        joint_teacher.run(**school.teacher(tmp_path, tweets=tmp_path / "tweets.parquet"))


# The student


def test_a_joint_mini_learns_and_says_what_share_it_keeps(finished):
    found = read_json(finished / "rows" / "S" / "seed13" / "metrics.json")
    assert found["ner_micro_f1"] > 0.25
    for name in ("ner_micro_f1", "cls_macro_f1"):
        assert found["kept"][name] == pytest.approx(found[name] / found["teacher"][name])
    predictions = finished / "rows" / "S" / "seed13" / "predictions.parquet"
    assert of_parquet(predictions, PREDICTIONS, "actionable_help") == Identity("actionable_help", "S", 13)
    history = read_csv(finished / "rows" / "S" / "seed13" / "history.csv")
    for loss in ("ner_loss", "cls_loss"):
        assert history[loss].is_monotonic_decreasing


def test_a_student_of_the_teacher_alone_learns_what_it_says_even_where_that_is_wrong(school, tmp_path):
    """A teacher that takes each class for the next one."""
    rows = rows_of(school.folder, "train") + rows_of(school.folder, "unlabelled")
    taught = read_taught(school.folder / "teacher.safetensors", [row["text"] for row in rows])
    sure = np.full_like(taught.classes, -12)
    for at, row in enumerate(rows):
        sure[at, ((row["class_id"] or 0) + 1) % sure.shape[1]] = 0
    arrays = {"classes": sure, "places": taught.places, "words": taught.words, "labels": taught.labels}
    joint_teacher.write_arrays(tmp_path / "turned.safetensors", arrays, taught.facts)
    turned = school.student(tmp_path, teacher=tmp_path / "turned.safetensors", soft_weight=1.0)
    distil_joint.run(**turned)
    table = read_parquet(tmp_path / "S" / "seed13" / "predictions.parquet", PREDICTIONS)
    found, true = (np.array(table[name].to_pylist()) for name in ("predicted_class_id", "class_id"))
    assert (found == (true + 1) % sure.shape[1]).mean() > 3 * (found == true).mean()


def test_labels_are_of_labelled_texts_and_the_teacher_speaks_on_common_words(school):
    rows = rows_of(school.folder, "train") + rows_of(school.folder, "unlabelled")
    taught = read_taught(school.folder / "teacher.safetensors", [row["text"] for row in rows])
    tokenizer = load_tokenizer(str(school.folder / "mini"))
    examples = distil_joint.examples_of(rows, tokenizer, 16, taught.known, taught)
    for at, row in enumerate(rows):
        labelled = row["class_id"] is not None
        assert (set(examples.targets["labels"][at]) != {IGNORED}) == labelled
        assert (examples.targets["class_id"][at] != IGNORED) == labelled
        words = examples.targets["teacher_words"][at]
        assert len(words.positions) == len(words.logits) > 0
        assert max(words.positions) < len(examples.input_ids[at]) <= 16


def test_the_teacher_s_word_stands_at_the_first_subword_of_the_same_word(school):
    """The student has the words "9" and "am" where its teacher has "9am", and cuts most words into subwords."""
    texts = ["Lakeside", "Xylophones at 9am near Rivertown"]
    rows = [{"tweet_id": text, "text": text, "class_id": None, "spans": []} for text in texts]
    places = np.array([[0, 8], [0, 10], [11, 13], [14, 17], [18, 22], [23, 32]], dtype=np.int32)
    known = read_taught(school.folder / "teacher.safetensors", taught_texts(school)).known
    logits = np.arange(6 * len(known.bio), dtype=np.float16).reshape(6, -1)
    taught = Taught(np.zeros((2, len(known.classes))), places, np.array([1, 5], dtype=np.int32), logits, {})
    tokenizer = load_tokenizer(str(school.folder / "mini"))
    found = distil_joint.examples_of(rows, tokenizer, 48, known, taught).targets["teacher_words"]
    begins = [at for at, own in enumerate(tokenizer(texts[1]).tokens()) if own.startswith("Ġ")]
    assert found[0].positions.tolist() == [1]
    assert begins[1] > 2  # the first word has several subwords
    assert found[1].positions.tolist() == begins[:2] + begins[3:]
    np.testing.assert_array_equal(found[0].logits, logits[:1])
    np.testing.assert_array_equal(found[1].logits, logits[[1, 2, 4, 5]])


def test_a_run_that_was_killed_goes_on_to_the_same_bytes(school, finished, tmp_path):
    command = [sys.executable, "-c", SCRIPT, school.model_dump_json(), str(tmp_path)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONHASHSEED": "5"}, stderr=subprocess.DEVNULL)
    while not list((tmp_path / "checkpoint").glob("epoch*.json")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "S").exists()
    distil_joint.run(**school.student(tmp_path))
    for path in (finished / "rows" / "S" / "seed13").iterdir():
        assert (tmp_path / "S" / "seed13" / path.name).read_bytes() == path.read_bytes(), path.name


# As lean as a process can be that has to import torch.
SCRIPT = """
import sys
from pathlib import Path
from tests.studies.actionable_help.test_distil_joint import School, distil_joint
distil_joint.run(**School.model_validate_json(sys.argv[1]).student(Path(sys.argv[2])))
"""


def test_what_cannot_be_learnt_from_is_refused(school, tmp_path):
    rows = read_parquet(school.folder / "texts.parquet", JOINT_TEXTS)
    write_parquet(tmp_path / "fewer.parquet", rows.slice(1), JOINT_TEXTS)
    with pytest.raises(CrisisflowError, match="is of other texts; make both again"):
        distil_joint.run(**school.student(tmp_path, texts=tmp_path / "fewer.parquet"))
    (tmp_path / "broken").write_bytes(b"0")
    with pytest.raises(CrisisflowError, match="is not what joint_teacher writes"):
        distil_joint.run(**school.student(tmp_path, teacher=tmp_path / "broken"))
    with pytest.raises(CrisisflowError, match="all 69 steps are warm-up, so the learning rate would never fall"):
        distil_joint.run(**school.student(tmp_path, warmup_steps=69))
    assert not (tmp_path / "S").exists()


def test_a_shape_that_no_mini_has_is_refused():
    plain = read_preset("sample", ROOT / "presets")[1]["actionable_help"]
    with pytest.raises(CrisisflowError, match=r"joint\.shapes: no mini is called X; minis\.shapes has: S_T, S_N"):
        check({**plain, "joint": {**plain["joint"], "shapes": ["X"]}}, ActionableHelpParams, "")


# A row as any other


def test_the_row_reads_texts_by_its_own_tokenizer_in_every_runtime(finished):
    folder = finished / "rows" / "S" / "seed13"
    row = load(folder / "model.safetensors", folder / "config.json")
    assert len(row.tokenizer) == 600
    for runtime in ("torch", "onnx", "onnx-int8"):
        (found,) = find(row, open_runtime(row, runtime, 1), ["Two people are trapped near the bridge"])
        assert sum(found.probabilities.values()) == pytest.approx(1)
        assert found.spans is not None


def test_a_tokenizer_that_is_not_the_one_of_the_training_is_refused(finished, tmp_path):
    folder = finished / "rows" / "S" / "seed13"
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "tokenizer.json").write_text((folder / "tokenizer.json").read_text() + " ")
    with pytest.raises(CrisisflowError, match=r"tokenizer\.json is not the tokenizer that .*config\.json names"):
        load(tmp_path / "model.safetensors", tmp_path / "config.json")
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(CrisisflowError, match=r"tokenizer\.json is not the tokenizer that"):
        load(tmp_path / "model.safetensors", tmp_path / "config.json")


def test_the_server_takes_the_row_and_refuses_other_weights(finished):
    weights = hashlib.sha256((finished / "rows" / "S" / "seed13" / "model.safetensors").read_bytes()).hexdigest()
    served = open_served(choose(Choice(finished, "S"), ROOT / "params.yaml", weights), "onnx-int8", 1)
    assert (served.version.row, served.version.model, served.version.runtime) == ("S", weights, "onnx-int8")
    (found,) = served.predict(["Two people are trapped near the bridge in Springfield"])
    assert found.probabilities.keys() == {*served.labels.classes}
    with pytest.raises(CrisisflowError, match="is not the expected file"):
        choose(Choice(finished, "S"), ROOT / "params.yaml", "0" * 64)


def test_a_row_below_a_folder_of_results_belongs_to_the_checkout_above(finished, tmp_path):
    (tmp_path / "dvc.yaml").touch()
    shutil.copytree(finished, tmp_path / "results" / "study" / "joint")
    chosen = choose(Choice(tmp_path / "results" / "study" / "joint", "S"), ROOT / "params.yaml")
    assert chosen.root == tmp_path


# The scores


def test_scores_over_the_seeds_stand_beside_the_teacher_s(finished, tmp_path):
    own = read_json(finished / "rows" / "S" / "seed13" / "metrics.json")
    better = {**own, "row": "L", "cls_macro_f1": 1.0}
    for name, facts in {"a": own, "b": {**own, "seed": 17, "ner_micro_f1": 0.0}, "c": better}.items():
        write_json(tmp_path / f"{name}.json", facts)
    paths = [tmp_path / f"{name}.json" for name in "abc"]
    written = tmp_path / "scores.json", tmp_path / "metrics.json"
    score_joint.run(["S", "L"], paths, *written)
    found = read_json(tmp_path / "metrics.json")
    assert found["chosen_row"] == "L"
    assert found["rows"]["L"]["cls_macro_f1"]["mean"] == 1
    mini = read_json(tmp_path / "scores.json")["rows"]["S"]
    assert mini["seeds"] == 2 and mini["ner_micro_f1"]["mean"] == pytest.approx(own["ner_micro_f1"] / 2)
    assert mini["ner_micro_f1"]["kept"] == pytest.approx(own["kept"]["ner_micro_f1"] / 2)
    with pytest.raises(CrisisflowError, match="the joint mini X has no metrics"):
        score_joint.run(["X"], paths, *written)
    write_json(paths[0], {**own, "teacher": {**own["teacher"], "seed": 17}})
    with pytest.raises(CrisisflowError, match="the joint minis had different teachers"):
        score_joint.run(["S", "L"], paths, *written)


def test_texts_that_repeat_each_other_are_taken_once():
    rows = [{"text": text} for text in ("help us at the old mill", "RT @a: help us at the old mill", "send two boats")]
    found = unlabelled(rows, [], "all", 13)
    assert [row["text"] for row in found.rows] == [rows[0]["text"], rows[2]["text"]]
    assert found.dropped == {"near duplicate": 1}
