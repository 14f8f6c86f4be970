"""The training loop of one row and seed: stages of epochs, validation after each, the best epoch kept."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.metrics import combined_score, entity_scores, event_scores
from crisisflow.model.freezing import freeze
from crisisflow.model.joint import JointModel, task_losses
from crisisflow.model.weighting import Kendall
from crisisflow.params import RowParams, TrainingParams
from crisisflow.progress import Progress, say
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training.batching import Examples, collate, evaluation_order, training_order
from crisisflow.training.device import Device

EVALUATION_BATCH = 64
LOOK_EVERY = 20  # steps between reads of the loss: a read makes an accelerator wait


class Stage(NamedTuple):
    """One stage of a schedule: epochs of the same trainable layers under one optimizer."""

    epochs: int
    warmup_steps: int
    freeze_layers: int
    freeze_embeddings: bool


class Epoch(NamedTuple):
    """One line of history.csv: mean training losses and s at the epoch's end, then the validation scores."""

    epoch: int
    stage: int
    entity_loss: float
    event_loss: float
    s_entity: float
    s_event: float
    ner_micro_f1: float
    cls_macro_f1: float
    combined_score: float
    trainable_parameters: int


class Predictions(NamedTuple):
    """Of one split, in the order of its examples."""

    labels: list[list[int]]
    class_ids: list[int]
    class_probabilities: list[list[float]]


@dataclass
class Best:
    """The best epoch so far by Eq. 5, with its weights in main memory."""

    score: float
    epoch: int
    tensors: dict[str, Tensor]


def stages_of(row: RowParams, training: TrainingParams) -> list[Stage]:
    """The stages of a row's schedule."""
    if row.schedule == "single":
        return [Stage(training.single.epochs, training.single.warmup_steps, 0, False)]
    first, second = training.two_stage.stage1, training.two_stage.stage2
    return [
        Stage(first.epochs, first.warmup_steps, 0, False),
        Stage(second.epochs, second.warmup_steps, row.freeze_layers, row.freeze_embeddings),
    ]


def rate_factor(step: int, warmup: int, total: int) -> float:
    """Share of the peak learning rate at 0-based `step`: linear warm-up, then linear decay to zero at `total`."""
    if step < warmup:
        return (step + 1) / warmup
    return (total - step) / max(total - warmup, 1)


def _optimizer(model: JointModel, weighting: nn.Module, params: TrainingParams, fused: bool) -> AdamW:
    """AdamW over what is trainable; biases, norms and s without weight decay."""
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {
            "params": [p for p in trainable if p.ndim > 1],
            "weight_decay": params.weight_decay,
            "peak": params.learning_rate,
        },
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0, "peak": params.learning_rate},
        {
            "params": list(weighting.parameters()),
            "weight_decay": 0.0,
            "peak": params.log_variance_learning_rate,
        },
    ]
    return AdamW([group for group in groups if group["params"]], betas=params.betas, fused=fused)


def predict(model: JointModel, examples: Examples, device: Device, padding_id: int, fixed: int | None) -> Predictions:
    """Labels at every subword, event classes and their probabilities."""
    model.eval()
    size = len(examples.input_ids)
    labels: list[list[int]] = [[]] * size
    class_ids, probabilities = [0] * size, [[0.0]] * size
    with torch.inference_mode():
        for indices in evaluation_order([len(ids) for ids in examples.input_ids], EVALUATION_BATCH):
            batch = collate(examples, indices, padding_id, fixed)
            logits = model(device.place(batch.input_ids), device.place(batch.mask))
            entity = device.to_host(logits.entity.argmax(dim=-1)).tolist()
            event = device.to_host(logits.event.float().softmax(dim=-1))
            for row, index in enumerate(indices):
                labels[index] = entity[row][: len(examples.input_ids[index])]
                class_ids[index] = int(event[row].argmax())
                probabilities[index] = event[row].tolist()
    return Predictions(labels, class_ids, probabilities)


class Trainer:
    """Trains one row with one seed, from the beginning or from its last checkpoint.

    Args:
        name: shown in progress and errors, such as `row A, seed 13`.
        fixed_length: the one padded length for devices with fixed shapes; None pads to the batch.
        folder: where checkpoints lie; emptied by the caller once the results are written.
        run: fingerprint of all that the result depends on.
    """

    def __init__(
        self,
        name: str,
        model: JointModel,
        weighting: nn.Module,
        params: TrainingParams,
        seed: int,
        device: Device,
        padding_id: int,
        fixed_length: int | None,
        folder: Path,
        run: str,
    ) -> None:
        self.name, self.params, self.seed, self.device = name, params, seed, device
        self.model, self.weighting = device.place(model), device.place(weighting)
        self.padding_id, self.fixed_length = padding_id, fixed_length
        self.folder, self.run = folder, run
        self.history: list[Epoch] = []
        self.best: Best | None = None

    def fit(self, stages: list[Stage], train: Examples, validation: Examples) -> Best:
        """Train all stages and return the best epoch over all of them (Eq. 5, no early stopping)."""
        done = self._resume()
        epoch = 0
        for number, stage in enumerate(stages, start=1):
            freeze(self.model.encoder, stage.freeze_layers, stage.freeze_embeddings)
            optimizer = _optimizer(self.model, self.weighting, self.params, self.device.fused_optimizer)
            first = epoch + 1
            if done is not None and first <= done.state["epoch"] < first + stage.epochs:
                checkpoints.restore_optimizer(optimizer, _under(done.tensors, "optimizer"))
            for epoch in range(first, first + stage.epochs):
                if done is not None and epoch <= done.state["epoch"]:
                    continue
                self._epoch(number, epoch, epoch - first, stage, optimizer, train, validation)
                self._save(optimizer, epoch)
        return self.best

    def _epoch(
        self,
        stage_number: int,
        epoch: int,
        epoch_of_stage: int,
        stage: Stage,
        optimizer: AdamW,
        train: Examples,
        validation: Examples,
    ) -> None:
        lengths = [len(ids) for ids in train.input_ids]
        batches = training_order(lengths, self.params.batch_size, [self.seed, epoch])
        total = stage.epochs * len(batches)
        trainable = [p for group in optimizer.param_groups for p in group["params"]]
        sums = self.device.place(torch.zeros(2))
        self.model.train()
        started = time.monotonic()
        progress = Progress(f"{self.name}, epoch {epoch}", len(train.input_ids))
        for at, indices in enumerate(batches):
            batch = collate(train, indices, self.padding_id, self.fixed_length)
            logits = self.model(self.device.place(batch.input_ids), self.device.place(batch.mask))
            losses = task_losses(logits, self.device.place(batch.labels), self.device.place(batch.class_ids))
            optimizer.zero_grad()
            self.weighting(losses).backward()
            torch.nn.utils.clip_grad_norm_(trainable, self.params.clip_norm)
            step = epoch_of_stage * len(batches) + at
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * rate_factor(step, stage.warmup_steps, total)
            self.device.step(optimizer)
            sums += torch.stack(losses).detach()
            self.device.sync()
            note = ""
            if at % LOOK_EVERY == 0 or at == len(batches) - 1:
                note = self._look(sums, at + 1, epoch, step)
            progress.advance(len(indices), note)
        progress.close()
        seconds = time.monotonic() - started
        means = (self.device.to_host(sums) / len(batches)).tolist()
        s = (
            self.device.to_host(self.weighting.log_variance).tolist()
            if isinstance(self.weighting, Kendall)
            else [0.0, 0.0]
        )
        guess = predict(self.model, validation, self.device, self.padding_id, self.fixed_length)
        entity_f1 = entity_scores(validation.labels, guess.labels)["micro"]["f1"]
        event_f1 = event_scores(validation.class_ids, guess.class_ids)["macro_f1"]
        score = combined_score(entity_f1, event_f1)
        self.history.append(
            Epoch(
                epoch=epoch,
                stage=stage_number,
                entity_loss=means[0],
                event_loss=means[1],
                s_entity=s[0],
                s_event=s[1],
                ner_micro_f1=entity_f1,
                cls_macro_f1=event_f1,
                combined_score=score,
                trainable_parameters=sum(p.numel() for p in trainable),
            )
        )
        if self.best is None or score > self.best.score:
            self.best = Best(score, epoch, self._weights())
        say(
            f"{self.name}, epoch {epoch}: losses {means[0]:.3f} + {means[1]:.3f}, NER {entity_f1:.3f}, "
            f"CLS {event_f1:.3f}, combined {score:.3f}; {len(train.input_ids) / seconds:,.0f} tweets/s"
        )

    def _look(self, sums: Tensor, steps: int, epoch: int, step: int) -> str:
        """The mean losses so far, as a note; a loss that is no number ends the run."""
        entity, event = (self.device.to_host(sums) / steps).tolist()
        if not math.isfinite(entity + event):
            raise CrisisflowError(
                f"{self.name}, epoch {epoch}, within {LOOK_EVERY} steps before step {step}: the loss is not finite; "
                "lower training.learning_rate"
            )
        return f"losses {entity:.3f} + {event:.3f}"

    def _weights(self) -> dict[str, Tensor]:
        parts = {"model": self.model, "weighting": self.weighting}
        return {
            f"{part}.{name}": self.device.to_host(tensor)
            for part, module in parts.items()
            for name, tensor in module.state_dict().items()
        }

    def _save(self, optimizer: AdamW, epoch: int) -> None:
        tensors = {
            **{f"now.{name}": tensor for name, tensor in self._weights().items()},
            **{f"best.{name}": tensor for name, tensor in self.best.tensors.items()},
            **{f"optimizer.{name}": tensor for name, tensor in checkpoints.optimizer_tensors(optimizer).items()},
            "rng": torch.get_rng_state(),
        }
        state = {
            "fingerprint": self.run,
            "epoch": epoch,
            "history": [line._asdict() for line in self.history],
            "best_epoch": self.best.epoch,
            "best_score": self.best.score,
        }
        checkpoints.save(self.folder, self.device, checkpoints.Checkpoint(tensors, state), epoch)

    def _resume(self) -> checkpoints.Checkpoint | None:
        found = checkpoints.load(self.folder, self.run)
        if found is None:
            return None
        say(f"{self.name}: going on after epoch {found.state['epoch']}")
        self.model.load_state_dict(_under(found.tensors, "now.model"))
        self.weighting.load_state_dict(_under(found.tensors, "now.weighting"))
        torch.set_rng_state(found.tensors["rng"])
        self.history = [Epoch(**line) for line in found.state["history"]]
        self.best = Best(found.state["best_score"], found.state["best_epoch"], _under(found.tensors, "best"))
        return found


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix.`, without it."""
    return {
        name.removeprefix(f"{prefix}."): tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")
    }
