"""The mini models on a toy corpus: their texts, their teacher's embeddings, and what a student learns from them."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import BaseModel
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel

from crisisflow.artifacts import TWEETS, read_json, read_parquet, write_json, write_parquet
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.embedding import embed
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.linear import probe_score
from crisisflow.params import ComputeParams, TextsParams, check
from crisisflow.pretrained import load_tokenizer
from crisisflow.studies.actionable_help import distil, mini_corpus, teach, vocabulary
from crisisflow.studies.actionable_help.distil import refuse_collapse
from crisisflow.studies.actionable_help.mini_corpus import MINI_CORPUS, Text, choose
from crisisflow.studies.actionable_help.mini_params import DistillationParams, ShapeParams, VocabularyParams
from crisisflow.studies.actionable_help.params import ActionableHelpParams
from crisisflow.studies.actionable_help.projections import principal, projection_of
from crisisflow.studies.actionable_help.task_texts import TASK, read_task
from crisisflow.studies.actionable_help.word_vectors import subwords_of_entries
from crisisflow.training.history import Epoch
from tests.presets import read_preset

COMPUTE = ComputeParams(device="cpu", processes=1, threads=1, frozen_cache_gb=0)
SHAPE = ShapeParams(hidden=32, layers=2, heads=2, intermediate=64)
MINIS = {
    "projection": "pca",
    "updates": ["mean"],
    "start": "random",
    "epochs": 3,
    "batch_size": 16,
    "learning_rate": 8e-3,
    "warmup_steps": 10,
    "dropout": 0.0,
    "max_length": 24,
    "positions": 24,
    "precision": "float32",
    "seed": 13,
}
WORDS = ["water", "food", "shelter", "bridge", "road", "flood", "storm", "fire", "rescue", "boat", "school", "hospital"]
WORDS += ["people", "need", "send", "offer"]


class School(BaseModel):
    """What the students of the tests learn from, in one folder."""

    folder: Path

    @property
    def teacher(self) -> str:
        return str(self.folder / "encoder")

    def arguments(self, out: Path, shape: ShapeParams = SHAPE, **minis) -> dict:
        return {
            "name": "toy",
            "corpus": self.folder / "corpus.parquet",
            "counts": self.folder / "counts.json",
            "embeddings": self.folder / "teacher.safetensors",
            "vocabulary": self.folder / "vocabulary",
            "tweets": self.folder / "task.parquet",
            "statistics": self.folder / "task.json",
            "teacher": self.teacher,
            "shape": shape,
            "minis": DistillationParams.model_validate({**MINIS, **minis}),
            "compute": COMPUTE,
            "checkpoint": out / "checkpoint",
            "out": out / "toy",
            "speed": out / "speed.csv",
        }


@pytest.fixture(scope="module")
def school(tmp_path_factory) -> School:
    own = School(folder=tmp_path_factory.mktemp("school"))
    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    encoder = BertModel(BertConfig(vocab_size=30_522, **sizes), add_pooling_layer=False)
    encoder.save_pretrained(own.teacher)
    load_tokenizer("embedded:minilm-l6").save_pretrained(own.teacher)
    rng = random.Random(3)
    rows = [
        {"set": "toy", "tweet_id": str(at), "text": " ".join(rng.choices(WORDS, k=6)), "held_out": at % 8 == 0}
        for at in range(480)
    ]
    write_parquet(own.folder / "corpus.parquet", rows, MINI_CORPUS)
    write_json(own.folder / "counts.json", {"sets": {"toy": {"read": 480, "used": 480, "terms": mini_corpus.OWN}}})
    corpus, learnt = own.folder / "corpus.parquet", VocabularyParams(size=400, lower_case=True)
    files = own.folder / "vocabulary", own.folder / "vocabulary" / "subwords.json"
    vocabulary.run(corpus, own.teacher, learnt, 24, *files)
    teach.run(corpus, own.teacher, 24, COMPUTE, own.folder / "parts", own.folder / "teacher.safetensors")
    write_task(own.folder, rng)
    return own


def write_task(folder: Path, rng: random.Random) -> None:
    """A task of texts of the same words: whether the first one is a hazard."""
    splits = ["train"] * 120 + ["validation"] * 10 + ["test"] * 60
    rows = []
    for at, split in enumerate(splits):
        label, first = ("hazard", ["flood", "storm", "fire"]) if at % 2 else ("other", ["food", "boat", "school"])
        text = " ".join([rng.choice(first), *rng.choices(["people", "need", "send", "offer"], k=4)])
        rows.append({"set": "toy", "tweet_id": f"t{at}", "text": text, "label": label, "split": split, "group": at})
    write_parquet(folder / "task.parquet", rows, TASK)
    used = {split: {"used": splits.count(split)} for split in ("train", "validation", "test")}
    write_json(folder / "task.json", {"task": "toy", "kind": "built", "classes": ["hazard", "other"], "splits": used})


@pytest.fixture(scope="module")
def finished(school, tmp_path_factory) -> Path:
    """A student of its teacher's shape, by both kinds of update."""
    folder = tmp_path_factory.mktemp("finished")
    distil.run(**school.arguments(folder, updates=["mean", "cls"]))
    return folder


def texts_of(school: School) -> list[str]:
    return read_parquet(school.folder / "corpus.parquet", MINI_CORPUS)["text"].to_pylist()


# Distillation


def test_a_student_of_its_teacher_s_shape_learns_the_embeddings(school, finished):
    own = read_json(finished / "toy" / "metrics.json")["updates"]["mean"]
    assert own["explained_variance"] > 0.9
    assert own["neighbours"] > 3 * read_json(finished / "toy" / "metrics.json")["neighbours_by_chance"]
    assert 0.7 < own["variance"] < 1.1


def test_the_mini_opens_with_transformers_and_is_the_student_that_was_scored(school, finished):
    folder = finished / "toy"
    assert isinstance(AutoModel.from_pretrained(folder), BertModel)
    assert AutoTokenizer.from_pretrained(folder).is_fast
    held_out = np.array(read_parquet(school.folder / "corpus.parquet", MINI_CORPUS)["held_out"].to_pylist())
    target = teach.read_taught(school.folder / "teacher.safetensors", texts_of(school), school.teacher)
    projected = projection_of("pca", target[~held_out], 32, 13)(target)
    found = embed(texts_of(school), str(folder), 24, 32)
    wrong = ((found - projected)[held_out] ** 2).sum(axis=1).mean()
    own = read_json(folder / "metrics.json")["updates"]["mean"]["explained_variance"]
    assert 1 - wrong / projected[held_out].var(axis=0).sum() == pytest.approx(own, abs=1e-4)


def test_mean_and_cls_differ_and_only_the_first_is_kept(finished):
    found = read_json(finished / "toy" / "metrics.json")["updates"]
    assert found["mean"]["explained_variance"] > found["cls"]["explained_variance"] + 0.05
    head, *lines = (finished / "toy" / "losses.csv").read_text().splitlines()
    assert head == "mini,update,step,loss"
    steps = [int(line.split(",")[2]) for line in lines if line.startswith("toy,mean,")]
    assert steps == list(range(1, 27 * 3 + 1)) == [int(line.split(",")[2]) for line in lines[len(steps) :]]
    files = {"README.md", "config.json", "epochs.csv", "losses.csv", "metrics.json", "model.safetensors", "probe.csv"}
    assert {path.name for path in (finished / "toy").iterdir()} == files | {*vocabulary.TOKENIZER_FILES}
    assert not (finished / "checkpoint").exists()


def test_a_probe_is_scored_before_the_first_step_and_after_each_epoch(school, finished):
    lines = [line.split(",") for line in (finished / "toy" / "probe.csv").read_text().splitlines()]
    assert lines[0] == ["mini", "update", "step", "macro_f1"]
    of_mean = {int(step): float(score) for _, update, step, score in lines[1:] if update == "mean"}
    assert list(of_mean) == [0, 27, 54, 81] and len(lines) == 1 + 2 * len(of_mean)
    assert of_mean[81] > of_mean[0] - 0.05 and of_mean[81] > 0.8
    # It is that of the mini that was written, over embeddings as anybody computes them.
    task = read_task(school.folder / "task.parquet", school.folder / "task.json")
    known, asked = (task.splits[split] for split in ("train", "test"))
    vectors = (embed(own.texts, str(finished / "toy"), 24, 32) for own in (known, asked))
    (first, second) = vectors
    best = read_json(finished / "toy" / "metrics.json")["updates"]["mean"]
    score = probe_score(first, known.class_ids, second, asked.class_ids, task.classes)
    assert score == pytest.approx(best["probe"], abs=0.02) and best["probe"] == of_mean[27 * best["best_epoch"]]


def test_a_probe_learns_from_no_text_on_which_it_is_scored(school, tmp_path):
    """Test labels that contradict those of training are got wrong."""
    other = {"hazard": "other", "other": "hazard"}
    rows = read_parquet(school.folder / "task.parquet", TASK).to_pylist()
    lies = [row | {"label": other[row["label"]]} if row["split"] == "test" else row for row in rows]
    write_parquet(tmp_path / "lies.parquet", lies, TASK)
    distil.run(**school.arguments(tmp_path, epochs=1) | {"tweets": tmp_path / "lies.parquet"})
    _, *lines = (tmp_path / "toy" / "probe.csv").read_text().splitlines()
    assert [float(line.split(",")[3]) < 0.3 for line in lines] == [True, True]


def test_the_card_names_what_the_mini_learnt_from(finished):
    card = (finished / "toy" / "README.md").read_text()
    assert "| toy | 480 | 480 | our own templates |" in card
    assert "**This model learnt from generated texts.**" in card
    assert "biased predictions" in card


# As lean as a process can be that has to import torch.
SCRIPT = """
import sys
from tests.studies.actionable_help.test_minis import School, distil
from pathlib import Path
distil.run(**School(folder=Path(sys.argv[1])).arguments(Path(sys.argv[2]), updates=["mean", "cls"]))
"""


def test_a_run_that_was_killed_goes_on_to_the_same_bytes(school, finished, tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(school.folder), str(tmp_path)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONHASHSEED": "5"}, stderr=subprocess.DEVNULL)
    while not list((tmp_path / "checkpoint" / "cls").glob("epoch*.json")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "toy").exists()
    distil.run(**school.arguments(tmp_path, updates=["mean", "cls"]))
    for path in (finished / "toy").iterdir():
        assert (tmp_path / "toy" / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_projection_that_is_learnt_by_the_loss_alone_shrinks_and_the_alarm_fires(school, tmp_path):
    collapsed = school.arguments(tmp_path, projection="learned_down", learning_rate=2e-2, updates=["cls"])
    with pytest.raises(
        CrisisflowError, match=r"mini toy, updated by cls: it has collapsed: after epoch \d its .* 0\.\d"
    ):
        distil.run(**collapsed)
    assert not (tmp_path / "toy").exists()


def epoch_of(variance: float) -> Epoch:
    measures = {"variance": variance}
    return Epoch(1, 1, 1, {"distillation": 0.1}, {}, {}, 0.1, None, measures, 0.0, 1)


@pytest.mark.parametrize(
    ("variances", "stops"),
    [
        ([0.001], False),  # its first steps
        ([0.001, 0.005], False),  # it rises
        ([0.001, 0.02], False),
        ([0.5, 0.005], True),
        ([0.001, 0.001], True),
        ([0.001, 0.002, 0.009], True),  # the last epoch
        ([0.3, 0.2, 0.1], False),
    ],
)
def test_a_student_has_collapsed_where_its_variance_is_small_and_does_not_rise(variances, stops):
    check = refuse_collapse("mini toy", 3)
    epochs = [epoch_of(variance) for variance in variances]
    if stops:
        with pytest.raises(CrisisflowError, match="it has collapsed"):
            check(epochs)
    else:
        check(epochs)


def brief(school: School, out: Path, shape: ShapeParams = SHAPE, **minis) -> dict:
    """What one epoch gives, or what is raised before it."""
    distil.run(**school.arguments(out, shape, epochs=1, **minis))
    return read_json(out / "toy" / "metrics.json")["updates"]["mean"]


WIDE = ShapeParams(hidden=48, layers=1, heads=2, intermediate=64)


def test_a_mini_wider_than_its_teacher_only_goes_up(school, tmp_path):
    for projection in ("pca", "random", "learned_down"):
        with pytest.raises(
            CrisisflowError, match=f"toy is 48 wide and its teacher 32: the projection {projection} goes"
        ):
            brief(school, tmp_path, WIDE, projection=projection)
    assert brief(school, tmp_path, WIDE, projection="learned_up")["variance"] > 0.01
    with pytest.raises(CrisisflowError, match="a mini that is 48 wide cannot start from the word vectors of"):
        brief(school, tmp_path, WIDE, projection="learned_up", start="teacher")


def test_word_vectors_of_the_teacher_are_a_better_start(school, tmp_path):
    small = {"shape": ShapeParams(hidden=16, layers=1, heads=2, intermediate=32), "learning_rate": 2e-3}
    other = brief(school, tmp_path / "random", **small)
    own = brief(school, tmp_path / "teacher", **small, start="teacher")
    assert own["explained_variance"] > other["explained_variance"]


def test_embeddings_of_other_texts_or_of_another_teacher_are_refused(school, tmp_path):
    own, other = school.arguments(tmp_path), tmp_path / "other.parquet"
    table = read_parquet(own["corpus"], MINI_CORPUS)
    write_parquet(other, table.slice(1), MINI_CORPUS)
    with pytest.raises(CrisisflowError, match="are of other texts than the corpus; make them again"):
        distil.run(**{**own, "corpus": other})
    with pytest.raises(CrisisflowError, match=r"are of the teacher .*, not embedded:minilm-l6; make them again"):
        distil.run(**{**own, "teacher": "embedded:minilm-l6"})
    own["embeddings"] = tmp_path / "broken"
    own["embeddings"].write_bytes(b"0")
    with pytest.raises(CrisisflowError, match="holds no readable embeddings"):
        distil.run(**own)


def test_a_distillation_that_is_all_warm_up_is_refused(school, tmp_path):
    with pytest.raises(CrisisflowError, match="all 27 steps are warm-up, so the learning rate would never fall"):
        brief(school, tmp_path, warmup_steps=27)


@pytest.mark.parametrize("epoch", [{}, {"batch_size": 420, "warmup_steps": 0}])
def test_what_is_no_number_ends_the_distillation_and_nothing_is_written(school, tmp_path, epoch):
    """A loss, or behind the last step of an epoch the embeddings."""
    with pytest.raises(CrisisflowError, match="not finite"):
        brief(school, tmp_path, learning_rate=1e38, **epoch)
    assert not (tmp_path / "toy").exists()


# The teacher


def test_parts_that_are_there_are_not_made_again(school, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(teach, "PART", 200)
    own = (
        school.folder / "corpus.parquet",
        school.teacher,
        24,
        COMPUTE,
        tmp_path / "parts",
        tmp_path / "a.safetensors",
    )
    real, made = teach.SentenceEncoder.embed, []

    def embed_two(encoder, texts):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(len(texts))
        return real(encoder, texts)

    monkeypatch.setattr(teach.SentenceEncoder, "embed", embed_two)
    with pytest.raises(KeyboardInterrupt):
        teach.run(*own)
    assert not own[-1].exists()
    (tmp_path / "parts" / "part000000.safetensors").write_bytes(b"damaged")
    made.clear()
    teach.run(*own)
    assert made == [200, 80]  # the damaged part, and the one that was not there
    assert "part000001.safetensors is there already" in capsys.readouterr().err
    found = teach.read_taught(own[-1], texts_of(school), school.teacher)
    monkeypatch.setattr(teach.SentenceEncoder, "embed", real)
    whole = embed(texts_of(school), school.teacher, 24, 64)
    np.testing.assert_allclose(found.astype(np.float32), whole, atol=2e-3)
    assert found.dtype == np.float16 and not (tmp_path / "parts").exists()


# The projection and the word vectors


def test_pca_keeps_the_variance_in_the_order_of_its_directions():
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(1)
    own = (rng.normal(size=(300, 8)) @ rng.normal(size=(8, 8)) + 3).astype(np.float16)
    found = principal(own, 5)
    expected = PCA(5, svd_solver="full").fit(own.astype(np.float64))
    np.testing.assert_allclose(np.abs(found(own)), np.abs(expected.transform(own.astype(np.float64))), atol=1e-3)
    assert (found.weight[range(5), np.abs(found.weight).argmax(axis=1)] > 0).all()


def test_random_directions_are_orthonormal_and_the_seed_s():
    own = np.random.default_rng(1).normal(size=(50, 6))
    first, again, other = (projection_of("random", own, 4, seed).weight for seed in (1, 1, 2))
    np.testing.assert_allclose(first @ first.T, np.eye(4), atol=1e-6)
    assert (first == again).all() and not np.allclose(first, other)


def test_an_entry_has_the_teacher_s_subwords_of_its_text(school):
    own, teachers = load_tokenizer(str(school.folder / "vocabulary")), load_tokenizer(school.teacher)
    found = subwords_of_entries(own, teachers)
    water = own.encode("water", add_special_tokens=False)
    assert len(water) == 1 and found[water[0]] == teachers.encode("water", add_special_tokens=False)
    assert found[own.cls_token_id] == [teachers.cls_token_id]
    assert [] in found  # half a letter is no text
    assert subwords_of_entries(teachers, teachers)[:3] == [[0], [1], [2]]


# The corpus


def test_texts_are_long_enough_each_once_and_none_that_a_task_is_tested_on():
    texts = [
        Text("a", "1", "Water is needed at the school"),
        Text("a", "2", "water is needed at the SCHOOL! HTTPURL"),
        Text("a", "3", "Pray now @USER"),
        Text("b", "4", "The bridge over the river is closed today"),
        Text("b", "5", "We can give blankets away near the station"),
    ]
    chosen, dropped = choose(texts, ["RT the bridge over the river is closed today"])
    assert [own.tweet_id for own in chosen] == ["1", "5"]
    assert dropped == {"fewer than 3 words": 1, "near duplicate": 1, "near duplicate of a scored text": 1}


def sets_of(folder: Path, terms: str = "MIT") -> dict:
    rows = [
        {"tweet_id": f"s:{at}", "text": f"Need water{at} at place{at * 7} now http://t.co/{at}"} for at in range(120)
    ]
    nothing = {"labels": [], "language": "en", "event": None, "time": None, "official_split": None, "group": 0}
    write_parquet(folder / "posts.parquet", [{**row, **nothing} for row in rows], POSTS)
    write_json(folder / "manifest.json", {"set": "some", "terms": terms})
    # The joint minis are scored on the last two, of which s:7 and s:8 are near duplicates.
    shared = {"train": "Storm in the town", "validation": "RT @a: Need water7 at place49 now"}
    shared["test"] = "Need water8 at place56 now http://t.co/other"
    tweets = [
        {"tweet_id": split, "text": text, "class_label": "x", "event": "e", "split": split}
        for split, text in shared.items()
    ]
    write_parquet(folder / "tweets.parquet", tweets, TWEETS)
    write_json(folder / "source.json", {"source": "sample"})
    own = {"set": "some", "tweet_id": "s:5", "label": "x", "group": 0, "event": None}
    parts = [("Need water5 at place35 now", "test"), ("Need water6 at place42 now", "train")]
    write_parquet(folder / "task.parquet", [{**own, "text": text, "split": split} for text, split in parts], TASK)
    return {
        "size": "all",
        "texts": TextsParams(repair=True, entities=True, urls=True, mentions=True, emoji=True, white_space=True),
        "held_out": 0.2,
        "seed": 13,
        "tweets": folder / "tweets.parquet",
        "source": folder / "source.json",
        "posts": [folder / "posts.parquet"],
        "manifests": [folder / "manifest.json"],
        "tasks": [folder / "task.parquet"],
        "out": folder / "corpus.parquet",
        "counts": folder / "counts.json",
    }


def test_the_corpus_is_of_its_sets_prepared_and_partly_held_out(tmp_path):
    mini_corpus.run(["some", "corpus"], **sets_of(tmp_path))
    rows = read_parquet(tmp_path / "corpus.parquet", MINI_CORPUS).to_pylist()
    assert [row["set"] for row in rows] == ["some"] * 117 + ["corpus"]
    assert {"s:5", "s:7", "s:8", "validation", "test"}.isdisjoint(row["tweet_id"] for row in rows)
    assert rows[0]["text"] == "Need water0 at place0 now HTTPURL"
    assert sum(row["held_out"] for row in rows) == round(0.2 * 118)
    facts = read_json(tmp_path / "counts.json")
    assert facts["sets"]["some"] == {"read": 120, "used": 117, "terms": "MIT"}
    assert facts["sets"]["corpus"]["terms"] == "our own templates"
    mini_corpus.run(["some"], **{**sets_of(tmp_path), "size": 100})
    assert read_json(tmp_path / "counts.json")["dropped"] == {
        "near duplicate of a scored text": 3,
        "not drawn": 17,
    }


@pytest.mark.parametrize(
    ("sets", "other", "said"),
    [
        (["other"], {}, "names other, which is no set that is read; there are: corpus, some"),
        (["some"], {"held_out": 0.01}, "of 117 texts 1 would be held out, which must be 20 or more"),
    ],
)
def test_a_corpus_that_cannot_be_is_refused(tmp_path, sets, other, said):
    with pytest.raises(CrisisflowError, match=said):
        mini_corpus.run(sets, **{**sets_of(tmp_path), **other})
    assert not (tmp_path / "corpus.parquet").exists()


@pytest.mark.parametrize(
    ("corpus", "terms", "said"),
    [
        (
            ["own"],
            "confidential",
            r"minis\.corpus: the texts of own are confidential, and a mini is made to be given away",
        ),
        (
            ["corpus", "other"],
            "open",
            r"minis\.corpus: no set is called other; there are: generated, .*, own",
        ),
    ],
)
def test_confidential_and_unknown_sets_make_no_mini(corpus, terms, said):
    plain = read_preset("sample", Path(__file__).parents[3] / "presets")[1]["actionable_help"]
    own = {"reader": "crowdflower", "path": "x", "columns": None, "labels": {}, "encoding": None, "terms": terms}
    changed = {**plain, "sets": {"own": own}, "minis": {**plain["minis"], "corpus": corpus}}
    with pytest.raises(CrisisflowError, match=said):
        check(changed, ActionableHelpParams, "")
