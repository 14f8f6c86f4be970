"""The engine on tasks of its own: what each learns, its losses against torch's, early stopping, and going on."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import f1_score
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from transformers import BertConfig, BertModel

from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.metrics import averages, class_scores, multi_label_scores
from crisisflow.labels import Labels
from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.heads import ClassHead, EntityHead
from crisisflow.model.weighting import Weighting
from crisisflow.training import loop
from crisisflow.training.batching import Examples, Shapes, collate
from crisisflow.training.classification import (
    Classification,
    MultiLabel,
    balanced_weights,
)
from crisisflow.training.device import open_device
from crisisflow.training.early_stopping import EarlyStopping
from crisisflow.training.history import history_table
from crisisflow.training.joint import Joint
from crisisflow.training.loop import Trainer
from crisisflow.training.schedule import Optimization, Stage
from crisisflow.training.soft_labels import TEACHER, TEACHER_WORDS, SoftLabels, SoftTags, TaughtWords, WithLabels
from crisisflow.training.tagging import Tagging

CLASSES = ("fire", "flood", "storm")
LABELS = Labels(entities=("PLACE", "PERSON"), classes=CLASSES)
EPOCHS = 6
WORDS = 20  # ids from 5 on
SHAPES = Shapes(multiple=1, longest=64, filled=False)
FILLED = Shapes(multiple=16, longest=64, filled=True)


class Headed(EncoderModel):
    """A tiny BERT under one head, whose logits are a tensor."""

    def __init__(self, head: nn.Module) -> None:
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
        super().__init__(BertModel(BertConfig(vocab_size=5 + WORDS, **sizes), add_pooling_layer=False))
        self.head = head

    def heads(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.head(hidden, mask) if isinstance(self.head, ClassHead) else self.head(hidden)


def toy(size: int, seed: int) -> Examples:
    """Texts whose first word says the class, each word its label, and the words that occur the classes."""
    generator = np.random.default_rng(seed)
    texts = [generator.integers(5, 5 + WORDS, generator.integers(3, 9)).tolist() for _ in range(size)]
    return Examples(
        [f"{seed}-{at}" for at in range(size)],
        texts,
        {
            "class_id": [ids[0] % 3 for ids in texts],
            "classes": [[int(any(word % 3 == own for word in ids[:2])) for own in range(3)] for ids in texts],
            "labels": [[word % len(LABELS.bio) if word % 4 else -100 for word in ids] for ids in texts],
        },
    )


TRAIN, VALIDATION = toy(320, 1), toy(80, 2)
TASKS = {
    "classification": (Classification(CLASSES), lambda: ClassHead(32, CLASSES, 0.1)),
    "weighted": (
        Classification(CLASSES, balanced_weights(TRAIN.targets["class_id"], CLASSES)),
        lambda: ClassHead(32, CLASSES, 0.1),
    ),
    "multi-label": (MultiLabel(CLASSES), lambda: ClassHead(32, CLASSES, 0.1)),
    "tagging": (Tagging(LABELS), lambda: EntityHead(32, LABELS.bio)),
}


def trainer(folder, name: str, rate: float = 5e-3, **options: Any) -> Trainer:
    task, head = TASKS[name]
    device = open_device("cpu", 1, 1)
    device.seed(3)
    return Trainer(
        name=name,
        model=Headed(head()),
        task=task,
        weighting=Weighting(1),
        optimization=Optimization(16, rate, 0.0, (0.9, 0.999), 0.01, 1.0),
        seed=5,
        device=device,
        padding_id=0,
        max_length=16,
        folder=folder / "checkpoint",
        run="toy",
        **options,
    )


def stages(epochs: int = EPOCHS) -> list[Stage]:
    return [Stage(epochs, 5, 0, False, True)]


@pytest.mark.parametrize("name", TASKS)
def test_each_task_learns_what_can_be_learnt(tmp_path, name):
    own = trainer(tmp_path, name)
    best = own.fit(stages(), TRAIN, VALIDATION)
    first, *_, last = own.records.history
    assert best.score > 0.9
    assert sum(last.losses.values()) < sum(first.losses.values()) / 3
    assert trainer(tmp_path / "still", name, rate=1e-12).fit(stages(1), TRAIN, VALIDATION).score < 0.6


def test_the_epoch_of_the_highest_score_is_kept(tmp_path):
    own = trainer(tmp_path, "multi-label", rate=2e-3)
    best = own.fit(stages(3), TRAIN, VALIDATION)
    scores = [line.score for line in own.records.history]
    assert scores[0] < max(scores) == best.score == scores[best.epoch - 1]
    assert own.task.scores(VALIDATION, best.predictions).chosen_by == best.score


def test_a_kept_epoch_predicts_other_texts_by_its_own_weights(tmp_path):
    own = trainer(tmp_path, "classification", rate=2e-3)
    best = own.fit(stages(3), TRAIN, VALIDATION)
    own.model.head.linear.bias.data += 100  # as of another epoch
    again = own.predict(best, VALIDATION)
    assert torch.equal(again["probabilities"], best.predictions["probabilities"])
    assert own.predict(best, toy(30, 3))["probabilities"].shape == (30, 3)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_names_what_is_recorded(tmp_path, name):
    own = trainer(tmp_path, name)
    own.fit(stages(1), TRAIN, VALIDATION)
    task = own.task
    head, (line,) = history_table(task, own.records.history)
    (loss,) = task.names
    assert head == [
        *("epoch", "stage", "steps", f"{loss}_loss", f"{loss}_weight", f"s_{loss}"),
        *("learning_rate", "weighting_learning_rate", *task.measures, "trainable_parameters"),
    ]
    cells = dict(zip(head, line, strict=True))
    assert [key for key, cell in cells.items() if cell is None] == [f"s_{loss}", "weighting_learning_rate"]
    names = LABELS.entities if name == "tagging" else CLASSES
    assert [(own.task, own.name) for own in own.records.scores] == [(loss, label) for label in names]


@pytest.mark.parametrize("name", TASKS)
def test_an_interrupted_run_ends_with_the_same_tensors_and_records(tmp_path, monkeypatch, name):
    whole = trainer(tmp_path / "whole", name)
    best = whole.fit(stages(3), TRAIN, VALIDATION)
    real = Trainer._step

    def step(self, running, train, indices, epoch, at):
        if (epoch, at) == (2, 12):
            raise KeyboardInterrupt
        return real(self, running, train, indices, epoch, at)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_step", step)
        patch.setattr(loop, "CHECKPOINT_SECONDS", 0)
        patch.setattr(loop, "CHECK_EVERY", 5)
        with pytest.raises(KeyboardInterrupt):
            trainer(tmp_path / "parted", name).fit(stages(3), TRAIN, VALIDATION)
    parted = trainer(tmp_path / "parted", name)
    again = parted.fit(stages(3), TRAIN, VALIDATION)
    assert parted.records.history == whole.records.history
    assert parted.records.scores == whole.records.scores
    assert (again.score, again.epoch) == (best.score, best.epoch)
    for one, other in ((again.tensors, best.tensors), (again.predictions, best.predictions)):
        assert set(one) == set(other)
        assert all(torch.equal(one[key], other[key]) for key in one)
    (*_, newest), (*_, theirs) = (
        sorted((tmp_path / end / "checkpoint").glob("*.safetensors")) for end in ("whole", "parted")
    )
    one, other = load_file(newest), load_file(theirs)
    assert all(torch.equal(one[key], other[key]) for key in one)


def batch_of(examples: Examples, indices: list[int], shapes: Shapes = SHAPES, share: slice = slice(None)):
    return collate(examples, indices, 0, shapes, 16, share)


STEP = list(range(11))


def logits_of(batch, name: str) -> torch.Tensor:
    """Logits that depend on the example alone."""
    width = len(LABELS.bio) if name == "tagging" else 3
    generator = torch.Generator().manual_seed(1)
    table = torch.randn(400, 16, width, generator=generator)
    rows = torch.stack(
        [table[index] for index in batch.indices] + [table[399]] * (len(batch.mask) - len(batch.indices))
    )
    return rows[:, : batch.mask.shape[1]] if name == "tagging" else rows[:, 0]


def loss_of(task, batch, name: str) -> float:
    logits = logits_of(batch, name)
    return task.losses(logits, batch.mask, task.targets(TRAIN, STEP, batch)).item()


WEIGHTS = torch.tensor([0.5, 3.0, 1.25])
WEIGHTED = {
    **{name: task for name, (task, _) in TASKS.items() if name != "weighted"},
    "weighted classification": Classification(CLASSES, WEIGHTS),
    "weighted multi-label": MultiLabel(CLASSES, WEIGHTS),
}


@pytest.mark.parametrize("name", WEIGHTED)
def test_the_losses_are_torch_s_means(name):
    task, batch = WEIGHTED[name], batch_of(TRAIN, STEP)
    weights = WEIGHTS if name.startswith("weighted") else None
    logits = logits_of(batch, name)
    chosen = TRAIN.at(STEP).targets
    if name == "tagging":
        labels = torch.full(batch.mask.shape, -100)
        for row, own in enumerate(chosen["labels"]):
            labels[row, : len(own)] = torch.tensor(own)
        expected = cross_entropy(logits.flatten(0, 1), labels.flatten())
    elif "multi" in name:
        answers = torch.tensor(chosen["classes"], dtype=torch.float32)
        expected = binary_cross_entropy_with_logits(logits, answers, pos_weight=weights)
    else:
        expected = cross_entropy(logits, torch.tensor(chosen["class_id"]), weight=weights)
    assert loss_of(task, batch, name) == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("shapes", [SHAPES, FILLED], ids=["as it is", "filled"])
@pytest.mark.parametrize("name", WEIGHTED)
def test_the_shares_of_a_batch_add_up_to_it_and_empty_rows_count_nothing(name, shapes):
    task = WEIGHTED[name]
    shares = [batch_of(TRAIN, STEP, shapes, slice(rank, None, 2)) for rank in (0, 1)]
    assert [len(share.mask) for share in shares] == ([16, 16] if shapes.filled else [6, 5])
    together = sum(loss_of(task, share, name) for share in shares)
    assert together == pytest.approx(loss_of(task, batch_of(TRAIN, STEP), name), rel=1e-6)


def test_class_weights_of_counts():
    class_ids = [0, 0, 0, 1, 2, 2]
    expected = compute_class_weight("balanced", classes=np.arange(3), y=class_ids)
    assert balanced_weights(class_ids, CLASSES).tolist() == pytest.approx(expected.tolist())


def test_a_class_without_an_example_has_no_weight():
    with pytest.raises(CrisisflowError, match="no training example is of class flood, so it can have no class weight"):
        balanced_weights([0, 2], CLASSES)


def test_f1_is_averaged_over_classes_by_support_and_without_the_rare_ones():
    truth, guess = [0] * 40 + [1] * 35 + [2] * 4, [0] * 30 + [1] * 45 + [2, 0, 1, 1]
    found = averages(class_scores(truth, guess, CLASSES)["per_class"], 30)
    assert found == {
        "macro_f1": pytest.approx(f1_score(truth, guess, average="macro")),
        "weighted_f1": pytest.approx(f1_score(truth, guess, average="weighted")),
        "supported_macro_f1": pytest.approx(f1_score(truth, guess, average="macro", labels=[0, 1])),
    }
    assert averages(class_scores(truth, guess, CLASSES)["per_class"], 41)["supported_macro_f1"] is None


def test_multi_label_scores_are_those_of_a_threshold_of_one_half():
    chosen = [[1, 0, 1], [0, 0, 0], [0, 1, 1], [1, 1, 0]]
    probabilities = torch.tensor([[0.5, 0.49, 0.9], [0.1, 0.2, 0.3], [0.2, 0.8, 0.4], [0.9, 0.4, 0.1]])
    scores = MultiLabel(CLASSES).scores(Examples([], [], {"classes": chosen}), {"probabilities": probabilities})
    predicted = [[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 0, 0]]
    expected = f1_score(chosen, predicted, average="macro")
    assert scores.measures == {"macro_f1": pytest.approx(expected), "accuracy": 0.5}
    assert scores.chosen_by == pytest.approx(expected)
    assert scores.per_label["classification"]["storm"] == {
        "precision": 1, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2,
    }  # fmt: skip


@pytest.mark.parametrize("chosen", [[[1], [0], [1], [1]], [[0], [0], [0], [0]]])
def test_one_class_of_its_own_is_scored_as_the_yes(chosen):
    predicted = [[1], [1], [0], [1]]
    found = multi_label_scores(chosen, predicted, ["fire"])
    assert found["macro_f1"] == f1_score(chosen, predicted, pos_label=1, zero_division=0)
    assert found["accuracy"] == (0.5 if any(map(sum, chosen)) else 0.25)
    assert found["per_class"]["fire"]["support"] == sum(map(sum, chosen))


def test_more_labels_than_a_byte_counts():
    many = Labels(entities=tuple(f"T{at}" for at in range(100)), classes=())
    task, last = Tagging(many), len(many.bio) - 1
    logits = torch.zeros(1, 2, len(many.bio))
    logits[0, 0, last - 1] = logits[0, 1, last] = 9
    labels = task.decode(logits, torch.ones(1, 2)).of_subwords["labels"]
    assert labels.tolist() == [[last - 1, last]]
    scores = task.scores(Examples(["a"], [[5, 6]], {"labels": [[last - 1, last]]}), {"labels": labels[0]})
    assert scores.measures["micro_f1"] == 1


@pytest.mark.parametrize("kind", [Classification, MultiLabel])
@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_a_class_weight_that_is_not_above_zero_is_refused(kind, weight):
    with pytest.raises(CrisisflowError, match=f"the class weight of flood is {weight}; give a number above 0"):
        kind(CLASSES, torch.tensor([1, weight, 1]))


@pytest.mark.parametrize("patience", [0, -1])
def test_a_patience_that_trains_no_epoch_is_refused(patience):
    with pytest.raises(CrisisflowError, match=f"the patience of early stopping is {patience}; give 1 epoch or more"):
        EarlyStopping(patience)


OPTIONS = {
    "plain": (None, None),
    "weights": (torch.tensor([1.0, 2.0, 1.0]), None),
    "other weights": (torch.tensor([2.0, 1.0, 1.0]), None),
    "patience 2": (None, EarlyStopping(2)),
    "patience 3": (None, EarlyStopping(3)),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_a_checkpoint_is_taken_up_with_the_same_options_alone(tmp_path, monkeypatch, capsys, name):
    def told(folder: Path, options: str) -> str:
        weights, stopping = OPTIONS[options]
        monkeypatch.setitem(TASKS, "own", (Classification(CLASSES, weights), lambda: ClassHead(32, CLASSES, 0.1)))
        trainer(folder, "own", early_stopping=stopping).fit(stages(1), TRAIN, VALIDATION)
        return capsys.readouterr().err

    told(tmp_path / "first", name)
    for other in OPTIONS:
        again = shutil.copytree(tmp_path / "first", tmp_path / other)
        assert ("it is not taken up" in told(again, other)) == (other != name)


def test_the_options_of_several_tasks_are_those_of_each():
    joint = Joint({"ner": Tagging(LABELS), "cls": Classification(CLASSES, WEIGHTS)})
    assert joint.options() == {"ner": {}, "cls": dict(zip(CLASSES, WEIGHTS.tolist(), strict=True))}


@pytest.mark.parametrize(
    ("patience", "threshold", "scores", "stops"),
    [
        (1, 0.0, [], False),
        (1, 0.0, [0.5], False),
        (1, 0.0, [0.5, 0.5], True),
        (2, 0.0, [0.5, 0.4], False),
        (2, 0.0, [0.5, 0.4, 0.5], True),
        (2, 0.0, [0.5, 0.4, 0.6, 0.6], False),
        (2, 0.1, [0.5, 0.58, 0.62], True),  # each less than 0.1 above the best one before
        (2, 0.1, [0.5, 0.55, 0.66], False),
        (2, 0.0, [0.0, 0.0, 0.0], True),
    ],
)
def test_early_stopping_counts_epochs_without_a_better_score(patience, threshold, scores, stops):
    assert EarlyStopping(patience, threshold).stops(scores) == stops


def test_early_stopping_ends_all_stages_and_stays_so_after_an_interruption(tmp_path):
    """At a rate of next to nothing no score rises: after the first epoch, two without a better one."""
    still = {"rate": 1e-12, "early_stopping": EarlyStopping(2)}
    own = trainer(tmp_path, "classification", **still)
    best = own.fit(stages(5) + stages(5), TRAIN, VALIDATION)
    assert [line.epoch for line in own.records.history] == [1, 2, 3]
    assert best.epoch == 1
    again = trainer(tmp_path, "classification", **still)
    assert again.fit(stages(5) + stages(5), TRAIN, VALIDATION).epoch == 1
    assert again.records.history == own.records.history
    assert len(trainer_without(tmp_path / "whole").records.history) == 4


def trainer_without(folder) -> Trainer:
    own = trainer(folder, "classification", rate=1e-12)
    own.fit(stages(4), TRAIN, VALIDATION)
    return own


def test_losses_of_steps_are_recorded_as_often_as_is_asked_and_also_across_an_interruption(tmp_path, monkeypatch):
    whole = trainer(tmp_path / "whole", "classification", loss_every=6)
    whole.fit(stages(2), TRAIN, VALIDATION)
    steps = [(line.epoch, line.step) for line in whole.records.losses]
    assert steps == [(epoch, step) for epoch in (1, 2) for step in range(0, 20, 6)]
    mean = whole.records.history[0].losses["classification"]
    first = [line.losses["classification"] for line in whole.records.losses if line.epoch == 1]
    assert min(first) < mean < max(first)
    parted = trainer(tmp_path / "parted", "classification", loss_every=6)
    parted.fit(stages(1), TRAIN, VALIDATION)
    again = trainer(tmp_path / "parted", "classification", loss_every=6)
    again.fit(stages(1), TRAIN, VALIDATION)
    assert again.records.losses == parted.records.losses != []
    assert trainer_without(tmp_path / "none").records.losses == []


def test_a_check_of_the_epochs_ends_the_training(tmp_path):
    seen = []

    def check(epochs):
        seen.append([own.epoch for own in epochs])
        if len(epochs) == 2:
            raise CrisisflowError("enough")

    with pytest.raises(CrisisflowError, match="enough"):
        trainer(tmp_path, "classification", check_epochs=check).fit(stages(4), TRAIN, VALIDATION)
    assert seen == [[1], [1, 2]]


@pytest.mark.parametrize(("precision", "dtype"), [("automatic", "float32"), ("bfloat16", "bfloat16")])
def test_the_forward_pass_is_as_precise_as_is_asked(precision, dtype):
    with open_device("cpu", 1, 1, precision).autocast():
        found = torch.ones(2, 2) @ torch.ones(2, 2)
    assert found.dtype == getattr(torch, dtype)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.parametrize("shapes", [SHAPES, FILLED], ids=["as it is", "filled"])
def test_soft_labels_are_learnt_by_the_divergence_from_the_teacher(shapes, temperature):
    """KL = cross-entropy with the teacher's probabilities, less their entropy, over the shares of a batch."""
    logits = np.random.default_rng(4).normal(size=(len(TRAIN.ids), 3)).astype(np.float32)
    examples = Examples(TRAIN.ids, TRAIN.input_ids, {**TRAIN.targets, TEACHER: list(logits)})
    task = SoftLabels(CLASSES, temperature)

    def loss(batch) -> float:
        student = logits_of(batch, "classification")
        return task.losses(student, batch.mask, task.targets(examples, STEP, batch)).item()

    whole = batch_of(TRAIN, STEP, shapes)
    teacher = (torch.from_numpy(logits[STEP]) / temperature).softmax(dim=-1)
    student = logits_of(batch_of(TRAIN, STEP), "classification") / temperature
    entropy = -(teacher * teacher.log()).sum(dim=-1).mean()
    expected = (cross_entropy(student, teacher) - entropy) * temperature**2
    assert loss(whole) == pytest.approx(expected.item(), rel=1e-5)
    shares = [batch_of(TRAIN, STEP, shapes, slice(rank, None, 2)) for rank in (0, 1)]
    assert sum(map(loss, shares)) == pytest.approx(expected.item(), rel=1e-5)


def test_a_student_follows_its_teacher_and_not_the_classes(tmp_path, monkeypatch):
    """The teacher swaps two classes."""

    def taught(examples: Examples) -> Examples:
        swapped = [[4.0 * (own == (class_id + 1) % 3) for own in range(3)] for class_id in examples.targets["class_id"]]
        return Examples(examples.ids, examples.input_ids, {**examples.targets, TEACHER: swapped})

    monkeypatch.setitem(TASKS, "soft", (SoftLabels(CLASSES, 1.0), lambda: ClassHead(32, CLASSES, 0.1)))
    best = trainer(tmp_path, "soft").fit(stages(5), taught(TRAIN), taught(VALIDATION))
    told = [int(own.argmax()) for own in best.predictions["probabilities"]]
    swapped = [(class_id + 1) % 3 for class_id in VALIDATION.targets["class_id"]]
    assert f1_score(swapped, told, average="macro") > 0.9 > 0.1 > best.score


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), float("inf")])
def test_a_temperature_that_is_not_above_zero_is_refused(temperature):
    with pytest.raises(
        CrisisflowError, match=f"the temperature of soft labels is {temperature:g}; give a number above"
    ):
        SoftLabels(CLASSES, temperature)


def taught_words(examples: Examples) -> Examples:
    """A teacher of the first two words of each text, sure of the label behind the word's own."""
    size = len(LABELS.bio)
    said = [
        TaughtWords(
            np.arange(2), np.array([[9.0 * (own == (word + 1) % size) for own in range(size)] for word in ids[:2]])
        )
        for ids in examples.input_ids
    ]
    return Examples(examples.ids, examples.input_ids, {**examples.targets, TEACHER_WORDS: said})


@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.parametrize("shapes", [SHAPES, FILLED], ids=["as it is", "filled"])
def test_soft_tags_are_learnt_at_the_words_that_the_teacher_speaks_on(shapes, temperature):
    examples, task = taught_words(TRAIN), SoftTags(LABELS, temperature)

    def loss(batch) -> float:
        logits = logits_of(batch, "tagging")
        return task.losses(logits, batch.mask, task.targets(examples, STEP, batch)).item()

    said = np.concatenate([examples.targets[TEACHER_WORDS][at].logits for at in STEP])
    teacher = (torch.from_numpy(said).float() / temperature).softmax(dim=-1)
    student = logits_of(batch_of(TRAIN, STEP), "tagging")[:, :2].flatten(0, 1) / temperature
    entropy = -(teacher * teacher.log()).sum(dim=-1).mean()
    expected = ((cross_entropy(student, teacher) - entropy) * temperature**2).item()
    assert loss(batch_of(TRAIN, STEP, shapes)) == pytest.approx(expected, rel=1e-5)
    shares = [batch_of(TRAIN, STEP, shapes, slice(rank, None, 2)) for rank in (0, 1)]
    assert sum(map(loss, shares)) == pytest.approx(expected, rel=1e-5)


def test_an_example_without_labels_counts_for_the_teacher_alone():
    """The loss of labels is the mean over the labelled examples of the step, the teacher's over all of them."""
    logits = np.random.default_rng(4).normal(size=(len(TRAIN.ids), 3)).astype(np.float32)
    class_ids = [own if at % 2 else -100 for at, own in enumerate(TRAIN.targets["class_id"])]
    examples = Examples(TRAIN.ids, TRAIN.input_ids, {"class_id": class_ids, TEACHER: list(logits)})
    soft, hard = SoftLabels(CLASSES, 1.0), Classification(CLASSES)

    def loss(task, indices) -> float:
        batch = batch_of(TRAIN, indices)
        return task.losses(
            logits_of(batch, "classification"), batch.mask, task.targets(examples, indices, batch)
        ).item()

    whole, labelled, others = STEP, [at for at in STEP if at % 2], [at for at in STEP if at % 2 == 0]
    assert labelled and others
    both = WithLabels(soft, hard, 0.25)
    expected = 0.25 * loss(soft, whole) + 0.75 * loss(hard, labelled)
    assert loss(both, whole) == pytest.approx(expected, rel=1e-5)
    assert loss(both, others) == pytest.approx(0.25 * loss(soft, others), rel=1e-5)
    weighted = Classification(CLASSES, torch.tensor([1.0, 2.0, 3.0]))
    assert loss(weighted, whole) == pytest.approx(loss(weighted, labelled), rel=1e-5)
    assert loss(weighted, others) == 0
