"""Rows: fine-tuned encoders and others on a task, and their scores over seeds and against the baseline."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.torch import load_file
from sklearn.metrics import f1_score

from crisisflow.artifacts import PREDICTIONS, read_json, read_parquet, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Identity, of_config, of_parquet
from crisisflow.params import ComputeParams, check
from crisisflow.serving.help_model import Post
from crisisflow.serving.live_schema import MapPoint
from crisisflow.studies import Params
from crisisflow.studies.actionable_help import answers, encoder, figures, finetune, other, score, service
from crisisflow.studies.actionable_help.case_params import MatchParams
from crisisflow.studies.actionable_help.classifying import TrainedClassifier, load
from crisisflow.studies.actionable_help.mini_params import ShapeParams
from crisisflow.studies.actionable_help.reproduction import paper_table
from crisisflow.studies.actionable_help.row_params import FinetuneParams, RowParams
from crisisflow.studies.actionable_help.shapes import multiply_adds
from crisisflow.studies.actionable_help.task_texts import TASK, Task, Texts
from crisisflow.studies.actionable_help.trained import Guess, write_trained
from crisisflow.training.device import open_device
from tests.presets import read_preset

ROOT = Path(__file__).parents[3]
SAID = {"irrelevant": "sunny day with", "offer": "we give away", "request": "we need some"}
FINETUNE = {
    "epochs": 6,
    "batch_size": 16,
    "learning_rate": 5e-3,
    "patience": 2,
    "threshold": 1e-4,
    "class_weights": "balanced",
    "warmup_steps": 2,
    "weight_decay": 0.01,
    "clip_norm": 1.0,
    "max_length": 16,
    "pooling": "mean",
}
UNSEEN = {"event": "x", "row": "BERT", "requests": 5, "offers": 5, "irrelevant": 5, "seed": 1}
SHAPES = {"S": ShapeParams(hidden=32, layers=2, heads=2, intermediate=64)}
COMPUTE = ComputeParams(device="cpu", processes=1, threads=1, frozen_cache_gb=0)
FILES = {
    "history": "history.csv",
    "validation": "validation.parquet",
    "test": "test.parquet",
    "metrics": "metrics.json",
    "config": "config.json",
    "weights": "model.safetensors",
}


@pytest.fixture(scope="module")
def task(tmp_path_factory) -> Path:
    """A folder with a task of 96 texts, half of them irrelevant."""
    folder = tmp_path_factory.mktemp("task")
    labels = ["irrelevant", "offer", "irrelevant", "request"] * 24
    splits = ["train"] * 64 + ["validation"] * 12 + ["test"] * 20
    rows = [
        {"set": "mine", "tweet_id": f"{at:03}", "text": f"{SAID[label]} {thing}", "label": label, "split": split}
        for at, (label, split) in enumerate(zip(labels, splits, strict=True))
        for thing in [("water", "tents", "food", "boats", "clothes")[at % 5]]
    ]
    write_parquet(folder / "tweets.parquet", rows, TASK)
    used = {split: {"used": splits.count(split)} for split in ("train", "validation", "test")}
    write_json(folder / "counts.json", {"task": "toy", "kind": "built", "classes": sorted(SAID), "splits": used})
    return folder


def packed(name: Path | str, folder: Path, shapes=SHAPES) -> Path:
    """The encoder in one file; of minis and vocabulary nothing is read for one of elsewhere."""
    row = RowParams(encoder=str(name), layers=None, learning_rate=None)
    encoder.run(row, folder.parent, folder.parent, shapes, 64, 0.0, folder / "encoder.safetensors")
    return folder / "encoder.safetensors"


def tune(task: Path, begins: Path | str, folder: Path, name="tiny", keep=("tiny",), seed=13, row=None, **own):
    """Fine-tune the row in `folder`; returns its metrics."""
    finetune.run(
        name,
        task / "tweets.parquet",
        task / "counts.json",
        packed(begins, folder),
        RowParams.model_validate({"encoder": "x", "layers": 1, "learning_rate": None, **(row or {})}),
        FinetuneParams.model_validate({**FINETUNE, **own}),
        COMPUTE,
        3,
        list(keep),
        seed,
        folder / "checkpoint",
        **{name: folder / file for name, file in FILES.items()},
        speed=folder / "speed.csv",
    )
    return read_json(folder / "metrics.json")


def content(folder: Path) -> dict[str, bytes]:
    return {file: (folder / file).read_bytes() for file in FILES.values()}


@pytest.fixture(scope="module")
def tuned(task, tiny_encoder, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tuned")
    tune(task, tiny_encoder, folder)
    return folder


def test_a_row_learns_the_task_and_stops_early(tuned, task):
    metrics = read_json(tuned / "metrics.json")
    assert metrics["test"]["macro_f1"] > 0.9
    assert metrics["best_epoch"] <= metrics["epochs"] <= FINETUNE["epochs"]
    table = read_parquet(tuned / "test.parquet", PREDICTIONS)
    truth, guess = table["class_id"].to_pylist(), table["predicted_class_id"].to_pylist()
    assert metrics["test"]["macro_f1"] == pytest.approx(f1_score(truth, guess, average="macro"))
    assert metrics["test"]["weighted_f1"] == pytest.approx(f1_score(truth, guess, average="weighted"))
    assert [own["support"] for own in metrics["test"]["per_class"].values()] == [10, 5, 5]
    assert metrics["test"]["calibration"]["expected_error"] < 0.5
    lines = (tuned / "history.csv").read_text().splitlines()
    assert lines[0].startswith("study,row,seed,task,epoch,")
    assert len(lines) == 1 + metrics["epochs"]
    assert not (tuned / "checkpoint").exists()


def test_all_artifacts_say_of_which_row_task_and_seed_they_are(tuned):
    identity = Identity("actionable_help", "tiny", 13, task="toy")
    assert of_parquet(tuned / "test.parquet", PREDICTIONS, "actionable_help") == identity
    assert of_config(tuned / "config.json", "actionable_help") == identity
    assert read_json(tuned / "metrics.json").items() >= identity.facts().items()


def test_the_figure_of_speed_takes_the_sizes_that_a_row_leaves(tuned):
    own = read_json(tuned / "config.json")["encoder"]
    shape = ShapeParams(
        hidden=own["hidden_size"],
        layers=own["num_hidden_layers"],
        heads=own["num_attention_heads"],
        intermediate=own["intermediate_size"],
    )
    table = figures.speed({"rows": {"tiny": {"average": 0.5}, "linear": {"average": 0.4}}}, [tuned / "config.json"])
    assert table.to_dict("records") == [
        {"row": "tiny", "multiply_adds": multiply_adds(shape, figures.LENGTH), "macro_f1": 0.5}
    ]


def test_the_same_row_gives_the_same_bytes(tuned, task, tiny_encoder, tmp_path):
    tune(task, tiny_encoder, tmp_path)
    assert content(tmp_path) == content(tuned)


def load_row(folder: Path, weights: Path | None = None) -> TrainedClassifier:
    own = weights or folder / "model.safetensors"
    return load(own, folder / "config.json", folder / "encoder.safetensors", open_device("cpu", 1, 1))


def test_the_weights_that_are_kept_become_the_model_again(tuned, task):
    table = read_parquet(task / "tweets.parquet", TASK)
    texts = table.filter([split == "test" for split in table["split"].to_pylist()])["text"].to_pylist()
    written = read_parquet(tuned / "test.parquet", PREDICTIONS)["class_probabilities"].to_pylist()
    np.testing.assert_allclose(load_row(tuned).probabilities(texts), written, atol=1e-6)
    assert load_row(tuned).probabilities([]).shape == (0, 3)


def test_weights_of_another_seed_are_refused(tuned, task, tiny_encoder, tmp_path):
    tune(task, tiny_encoder, tmp_path, seed=17)
    with pytest.raises(CrisisflowError, match=r"does not belong to .*config\.json, which is of weights with another"):
        load_row(tuned, tmp_path / "model.safetensors")


def test_the_weights_of_other_rows_are_not_kept(tuned, task, tiny_encoder, tmp_path):
    tune(task, tiny_encoder, tmp_path, keep=())
    assert load_file(tmp_path / "model.safetensors") == {}
    assert read_json(tmp_path / "config.json")["weights"] is None
    with pytest.raises(CrisisflowError, match="the weights of row tiny, task toy, seed 13 were not kept; name the row"):
        load_row(tmp_path)
    assert (tmp_path / "test.parquet").read_bytes() == (tuned / "test.parquet").read_bytes()


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"max_length": 999}, r"finetune\.max_length is 999 but encoder .* takes 512"),
        ({"row": {"layers": 5}}, "layers is 5 but encoder .* has 4"),
        ({"warmup_steps": 24}, r"all 24 steps are warm-up.*finetune\.warmup_steps, which is 24"),
        ({"row": {"learning_rate": 1e30}}, r"row tiny, task toy, seed 13, epoch 1, .*the loss is not finite"),
    ],
)
def test_what_cannot_work_is_refused_and_nothing_is_written(task, tiny_encoder, tmp_path, own, message):
    with pytest.raises(CrisisflowError, match=message):
        tune(task, tiny_encoder, tmp_path, **own)
    assert not any((tmp_path / file).exists() for file in FILES.values())


def test_a_learning_rate_of_a_row_is_its_own(task, tiny_encoder, tmp_path):
    still = tune(task, tiny_encoder, tmp_path, row={"learning_rate": 1e-9})
    assert still["epochs"] == 3 < FINETUNE["epochs"]  # one that counts, and two without a better one
    assert still["test"]["macro_f1"] < 0.7


@pytest.mark.parametrize("own", [{"class_weights": None}, {"pooling": "cls"}, {"seed": 17}])
def test_class_weights_pooling_and_seed_change_what_is_learnt(tuned, task, tiny_encoder, tmp_path, own):
    tune(task, tiny_encoder, tmp_path, **own)
    assert (tmp_path / "model.safetensors").read_bytes() != (tuned / "model.safetensors").read_bytes()


def train_other(task: Path, name: str, teacher: Path, folder: Path, seed=13) -> dict:
    paths = {file: folder / FILES[file] for file in ("validation", "test", "metrics")}
    other.run(name, task / "tweets.parquet", task / "counts.json", str(teacher), 3, seed, **paths)
    return read_json(folder / "metrics.json")


@pytest.mark.parametrize("name", ["linear", "static", "purohit"])
def test_the_other_rows_learn_the_task_and_give_the_same_bytes(task, tiny_encoder, tmp_path, name):
    metrics = train_other(task, name, tiny_encoder, tmp_path)
    assert metrics["test"]["macro_f1"] > 0.9
    assert metrics["parameters"] > 0
    table = read_parquet(tmp_path / "test.parquet", PREDICTIONS)
    if name == "linear":
        assert metrics["test"]["calibration"] is None
    else:
        probabilities = np.array(table["class_probabilities"].to_pylist())
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
        assert probabilities.argmax(axis=1).tolist() == table["predicted_class_id"].to_pylist()
    first = {file: (tmp_path / file).read_bytes() for file in ("test.parquet", "metrics.json")}
    train_other(task, name, tiny_encoder, tmp_path)
    assert {file: (tmp_path / file).read_bytes() for file in first} == first


# Scores over rows, tasks and seeds


def trained(folder: Path, row: str, task: str, seed: int, right: int, size: int = 40) -> Path:
    """The files of a training that has `right` of the texts of three classes right."""
    class_ids = [at % 3 for at in range(size)]
    guess = [own if at < right else (own + 1) % 3 for at, own in enumerate(class_ids)]
    own = folder / f"{row}-{task}-{seed}"
    texts = Texts([str(at) for at in range(size)], [""] * size, class_ids)
    held = dict.fromkeys(("validation", "test"), texts)
    identity = Identity("actionable_help", row, seed, task=task)
    facts = {"best_epoch": 1, "epochs": 2, "training_texts": 9, "parameters": 5}
    paths = {name: own / f"{name}.parquet" for name in held}
    both = dict.fromkeys(held, Guess(guess, None))
    write_trained(identity, Task(task, sorted(SAID), held), both, facts, 10, paths, own / "metrics.json")
    return own


def scored(folder: Path, trainings: list[Path], kinds: dict[str, str], rows=("A", "B"), baseline="A") -> tuple:
    counts = []
    for name, kind in kinds.items():
        write_json(folder / f"{name}.json", {"task": name, "kind": kind})
        counts.append(folder / f"{name}.json")
    score.run(
        [own / "metrics.json" for own in trainings],
        [own / "test.parquet" for own in trainings],
        counts,
        {row: RowParams(encoder="embedded:minilm-l6", layers=None, learning_rate=None) for row in rows},
        baseline,
        folder / "scores.json",
        folder / "headline.json",
    )
    return read_json(folder / "scores.json"), read_json(folder / "headline.json")


def test_the_scores_are_means_over_seeds_with_intervals_and_wins_against_the_baseline(tmp_path):
    right = {("A", "help"): (20, 24), ("B", "help"): (38, 36), ("A", "place"): (30, 30), ("B", "place"): (30, 28)}
    right |= {("linear", "help"): (20, 24), ("linear", "place"): (12, 12)}
    trainings = [
        trained(tmp_path, row, task, seed, number)
        for (row, task), numbers in right.items()
        for seed, number in zip((13, 17), numbers, strict=True)
    ]
    found, headline = scored(tmp_path, trainings, {"help": "built", "place": "stand_in"})
    of_a = found["rows"]["A"]["tasks"]["help"]["test"]["macro_f1"]
    by_seed = [read_json(own / "metrics.json")["test"]["macro_f1"] for own in trainings[:2]]
    assert of_a["mean"] == pytest.approx(np.mean(by_seed))
    assert of_a["half_interval"] == pytest.approx(12.706 * np.std(by_seed, ddof=1) / 2**0.5, rel=1e-4)
    b = found["rows"]["B"]
    assert b["against_baseline"]["help"]["low"] > 0
    assert b["against_baseline"]["help"]["difference"] == pytest.approx(
        b["tasks"]["help"]["test"]["macro_f1"]["mean"] - of_a["mean"]
    )
    assert b["against_baseline"]["place"]["low"] < 0 == b["against_baseline"]["place"]["high"]
    assert b["wins"] == {"above": 1, "below": 1, "above_beyond_chance": 1, "below_beyond_chance": 0}
    assert found["rows"]["linear"]["wins"]["below_beyond_chance"] == 1
    assert found["rows"]["linear"]["against_baseline"]["help"]["difference"] == 0
    assert found["rows"]["A"]["against_baseline"] == {}
    assert found["best_on_validation"] == {"help": "B"}
    assert b["average_without_stand_ins"] == headline["B"]["help"] == b["tasks"]["help"]["test"]["macro_f1"]["mean"]
    assert b["average"] == pytest.approx((headline["B"]["help"] + headline["B"]["place"]) / 2)


def test_trainings_that_do_not_belong_together_are_refused(tmp_path):
    pairs = [trained(tmp_path, row, "help", 13, 30) for row in "AB"]
    with pytest.raises(CrisisflowError, match="row B, task help, seed 13, which was read before"):
        scored(tmp_path, [*pairs, pairs[1]], {"help": "built"})
    with pytest.raises(CrisisflowError, match="row A has the seeds 13, but row B has 13, 17"):
        scored(tmp_path, [*pairs, trained(tmp_path, "B", "help", 17, 30)], {"help": "built"})
    with pytest.raises(CrisisflowError, match="row B has no training on the task place"):
        own = trained(tmp_path, "A", "place", 13, 30)
        scored(tmp_path, [*pairs, own], {"help": "built", "place": "stand_in"})
    (pairs[0] / "test.parquet").write_bytes((pairs[1] / "test.parquet").read_bytes())
    with pytest.raises(CrisisflowError, match="there are metrics or predictions, and not both"):
        scored(tmp_path, pairs, {"help": "built"})


@pytest.mark.parametrize(("model", "of_the_rest"), [("BERT", 0.19), ("CT-M1-Complete", 0.54)])
def test_what_the_paper_s_scores_are_on_its_rarest_class_if_the_others_score_95_percent(model, of_the_rest):
    """ledger of actionable_help, entry 6."""
    (macro,) = paper_table("table1").set_index("model").loc[[model], "f1"].map(float)
    assert 4 * macro - 3 * 0.95 == pytest.approx(of_the_rest, abs=0.005)


def test_a_rare_class_is_left_out_of_one_average_and_its_support_stands_beside(tmp_path):
    """ledger of actionable_help, entry 6: 8 test tweets are a quarter of the paper's score."""
    own = trained(tmp_path, "A", "help", 13, 40)
    facts = read_json(own / "metrics.json")["test"]
    assert [facts["per_class"][label]["support"] for label in sorted(SAID)] == [14, 13, 13]
    assert facts["supported_macro_f1"] == 1


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "tasks.help.set",
            "nowhere",
            r"tasks\.help\.set: no set is called nowhere; there are: agreed, corpus, generated",
        ),
        ("baseline", "BERT", r"baseline: no row is called BERT; there are: minilm, "),
        ("keep_weights", ["BERT"], r"keep_weights: no row is called BERT"),
        ("unseen_event", UNSEEN, r"unseen_event\.row: no row is called BERT"),
        ("unseen_event", {**UNSEEN, "row": "S_T"}, r"unseen_event\.row: the row S_T begins with a mini, which may"),
        ("keep_weights", [], r"keep_weights: .*at least 1 item"),
        ("task_distillation.teacher", "S_N", r"task_distillation\.teacher: .* S_N are not kept; .*: best, minilm, S_T"),
        ("tasks.help.kind", "stand_in", r"tasks: none is of the kind built, which the minis of task_distillation"),
        ("rows.S_T.encoder", "mini:S_Q", r"rows\.S_T\.encoder: no mini is called S_Q; minis\.shapes has: S_T, S_N"),
        ("rows.S_T.encoder", "scratch:S_Q", r"rows\.S_T\.encoder: no mini is called S_Q"),
        ("seeds", [13, 13], r"seeds: each may stand there once"),
        ("others", ["svm"], r"others"),
    ],
)
def test_names_that_params_yaml_does_not_have_are_refused(path, value, message):
    plain = read_preset("sample", Path(__file__).parents[3] / "presets")[1]
    *parents, key = ["actionable_help", *path.split(".")]
    place = plain
    for parent in parents:
        place = place[parent]
    place[key] = value
    with pytest.raises(CrisisflowError, match=rf"actionable_help\.{message}"):
        check(plain, Params, "params.yaml")


def test_the_server_is_given_the_best_row_and_says_what_the_command_says(tuned, task, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain = read_preset("sample", ROOT / "presets")[1]
    Path("params.yaml").write_text(yaml.safe_dump(plain))
    with pytest.raises(CrisisflowError, match=r"was not run here; run: make reproduce STUDY=actionable_help"):
        service.open_help(Path("params.yaml"))
    row = answers.RESULTS / "rows" / "tiny" / "toy" / "seed13"
    shutil.copytree(tuned, row)
    facts = read_json(row / "config.json")
    facts["row"]["encoder"] = encoder.name_of(tuned / "encoder.safetensors")  # `tune` says another one
    write_json(row / "config.json", facts)
    score.run(
        [row / "metrics.json"],
        [row / "test.parquet"],
        [task / "counts.json"],
        {"tiny": RowParams(encoder="x", layers=1, learning_rate=None)},
        "tiny",
        answers.RESULTS / "scores.json",
        answers.RESULTS / "headline.json",
    )
    answers.ENCODERS.mkdir(parents=True)
    shutil.copy(tuned / "encoder.safetensors", answers.ENCODERS)
    model = service.open_help(Path("params.yaml"))
    assert model.labels == ("request", "offer", "irrelevant")  # those of which there were tweets
    assert (model.facts.name, model.facts.recorded, model.facts.generated) == ("row tiny, seed 13", False, True)
    assert model.facts.trained_on == "64 generated tweets with labels by agreement"
    texts = ["we need some\n water", "we give away &amp; lend tents", "we need some food " * 40]
    found = model.predict(texts)
    assert [own.resources for own in found] == [["water"], ["shelter"], ["food"]]
    assert not any(own.cut for own in found)  # a long text is read in windows
    by_command = answers.by_row(answers.best_row(answers.RESULTS, answers.ENCODERS))(texts[:1] + texts[2:])
    for own, said in zip([found[0], found[2]], by_command, strict=True):
        assert said["label"] == max(own.probabilities, key=own.probabilities.__getitem__)
        assert said["probabilities"] == pytest.approx(own.probabilities, abs=1e-3)
    (row / "model.safetensors").write_bytes(b"")
    with pytest.raises(CrisisflowError, match=r"model\.safetensors"):
        service.open_help(Path("params.yaml"))


def test_the_requests_that_an_offer_fits_are_near_soon_and_of_its_resources():
    def post(resources, latitude, day):
        here = {} if latitude is None else {"latitude": latitude, "longitude": 0.0}
        places = [MapPoint(name="x", country="y", kind="city", **here)] if here else []
        return Post(places, resources, datetime(2026, 1, day, tzinfo=UTC))

    params = MatchParams(resource=1.0, distance=1.0, days=0.5, similarity=1.0, best=2, least=0.0, encoder="nowhere")
    asked = [post(["food"], 0.0, 1), post(["water"], 50.0, 20), post(["water", "food"], 1.0, 3), post([], None, 1)]
    best, other = service.nearest(post(["water", "food"], 0.0, 1), asked, params)
    assert (best.at, best.score, best.resources, best.kilometres, best.days) == (0, 1.0, ["food"], 0.0, 0.0)
    assert (other.at, other.resources, other.days) == (3, [], 0.0)
    assert other.kilometres is None
    third = service.nearest(post(["water", "food"], 0.0, 1), asked[2:3], params)[0]
    assert third.kilometres == pytest.approx(111.2, abs=0.1)
    assert third.resources == ["food", "water"]
    assert service.nearest(post(["water"], 0.0, 1), [], params) == []
