"""The training loop of one row and seed: stages of epochs, validation after each, the best epoch kept."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim import AdamW
from transformers import PreTrainedModel

from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.metrics import combined_score
from crisisflow.model.freezing import freeze, frozen_parts, split
from crisisflow.model.joint import JointModel, Logits, task_losses
from crisisflow.model.weighting import Kendall, Weighting
from crisisflow.params import TrainingParams
from crisisflow.progress import Progress, say
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training import frozen, seeds
from crisisflow.training.batching import Batch, Examples, collate, training_order
from crisisflow.training.device import Device
from crisisflow.training.gradients import Cosine, cosines
from crisisflow.training.history import Epoch, Score, Speed, score_lines
from crisisflow.training.predict import EVALUATION_SUBWORDS, Forward, Predictions, predict
from crisisflow.training.schedule import Stage, make_optimizer, rate_factor

LOOK_EVERY = 20  # steps between reads of the losses: a read makes an accelerator wait
CHECKPOINT_SECONDS = 300.0  # a kill costs at most these and the steps to the next look
SHOWN_IDS = 8


@dataclass
class Best:
    """The best epoch so far by Eq. 5, with its weights and validation predictions in main memory."""

    score: float
    epoch: int
    tensors: dict[str, Tensor]
    predictions: Predictions


@dataclass
class Records:
    """What a run has recorded so far."""

    history: list[Epoch] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    cosines: list[Cosine] = field(default_factory=list)
    speeds: list[Speed] = field(default_factory=list)


class Position(NamedTuple):
    """How far a run is: in which epoch, how many of its batches are done, and in how many seconds."""

    epoch: int
    batches: int
    seconds: float


class Running(NamedTuple):
    """One stage while it runs."""

    number: int
    stage: Stage
    first_epoch: int
    optimizer: AdamW
    forward: dict[str, Forward]  # by split


class Trainer:
    """Trains one row with one seed, from the beginning or from its last checkpoint.

    Args:
        name: shown in progress and errors, such as `row A, seed 13`.
        max_length: of the aligned tweets in subwords.
        folder: where checkpoints lie; emptied by the caller once the results are written.
        run: fingerprint of all that the result depends on.
    """

    def __init__(
        self,
        name: str,
        model: JointModel,
        weighting: Weighting,
        params: TrainingParams,
        seed: int,
        device: Device,
        padding_id: int,
        max_length: int,
        folder: Path,
        run: str,
    ) -> None:
        self.name, self.params, self.seed, self.device = name, params, seed, device
        device.prepare(model)
        self.model, self.weighting = device.place(model), device.place(weighting)
        self.padding_id, self.shapes = padding_id, device.shapes(max_length)
        self.folder, self.run = folder, run
        self.records = Records()
        self.best: Best | None = None
        self.sums = device.place(torch.zeros(len(model.tasks)))  # of the losses of the epoch's steps so far

    def fit(self, stages: list[Stage], train: Examples, validation: Examples) -> Best:
        """Train all stages and return the best epoch over all of them (Eq. 5, no early stopping).

        Raises:
            CrisisflowError: a loss is not finite, or memory does not suffice.
        """
        found = checkpoints.load(self.folder, self.run)
        position = self._restore(found) if found else Position(1, 0, 0.0)
        first = 1
        for number, stage in enumerate(stages, start=1):
            freeze(self.model.encoder, stage.freeze_layers, stage.freeze_embeddings)
            if position.epoch < first + stage.epochs:
                running = self._begin(number, stage, first, train, validation)
                if found and (position.epoch > first or position.batches):
                    checkpoints.restore_optimizer(running.optimizer, _under(found.tensors, "optimizer"))
                while position.epoch < first + stage.epochs:
                    self._epoch(running, position, train, validation)
                    position = Position(position.epoch + 1, 0, 0.0)
                    self._save(running.optimizer, position)
            first += stage.epochs
        return self.best

    def _begin(self, number: int, stage: Stage, first: int, train: Examples, validation: Examples) -> Running:
        """The stage's optimizer, and its way through the model: past the frozen layers where their output is kept."""
        optimizer = make_optimizer(self.model, self.weighting, self.params, self.device.optimizer_options)
        forward = {"train": self._whole, "validation": self._whole}
        splits = {"train": train, "validation": validation}
        constant = stage.freeze_layers > 0 and stage.freeze_embeddings and not stage.frozen_dropout
        size = sum(frozen.size_of(examples, self.model.encoder.config.hidden_size) for examples in splits.values())
        if constant and size <= self.params.frozen_cache_gb * 1e9:
            lower, upper = split(self.model.encoder, stage.freeze_layers)
            self.folder.mkdir(parents=True, exist_ok=True)
            for name, examples in splits.items():
                states = frozen.compute(
                    lower,
                    examples,
                    self.device,
                    self.padding_id,
                    self.shapes,
                    EVALUATION_SUBWORDS,
                    self.folder,
                    f"{self.name}, {name}",
                )
                forward[name] = self._above(upper, states)
        elif constant:
            self._say(
                f"{self.name}: the output of the frozen layers takes {size / 1e9:.1f} GB and training.frozen_cache_gb "
                f"is {self.params.frozen_cache_gb:g}: it is computed anew in each step"
            )
        return Running(number, stage, first, optimizer, forward)

    def _whole(self, batch: Batch) -> Logits:
        with self.device.autocast():
            return self.model(self.device.place(batch.input_ids), self.device.place(batch.mask))

    def _above(self, upper: PreTrainedModel, states: frozen.FrozenStates) -> Forward:
        """The way through the layers above the frozen ones, from their kept output."""

        def forward(batch: Batch) -> Logits:
            hidden, mask = self.device.place(states.batch(batch)), self.device.place(batch.mask)
            with self.device.autocast():
                return self.model.heads(upper(inputs_embeds=hidden, attention_mask=mask).last_hidden_state, mask)

        return forward

    def _epoch(self, running: Running, start: Position, train: Examples, validation: Examples) -> None:
        epoch, stage, optimizer = start.epoch, running.stage, running.optimizer
        batches = training_order(train.lengths(), self.params.batch_size, [seeds.of_order(self.seed, epoch)])
        total = stage.epochs * len(batches)
        if start.batches == 0:
            self.sums = self.device.place(torch.zeros(self.sums.shape))  # made on XLA, it would be a part of the step
        self._train_mode(stage)
        done = sum(map(len, batches[: start.batches]))
        progress = Progress(f"{self.name}, epoch {epoch}", len(train.input_ids) - done)
        unseen: list[Tensor] = []  # the losses of the steps since the last look
        began = saved = time.monotonic()
        for at in range(start.batches, len(batches)):
            step = (epoch - running.first_epoch) * len(batches) + at
            for group in optimizer.param_groups:
                self.device.set_rate(group, group["peak"] * rate_factor(step, stage.warmup_steps, total))
            unseen.append(self._step(running, train, batches[at], epoch, at))
            note = ""
            if len(unseen) == LOOK_EVERY or at == len(batches) - 1:
                note = self._look(unseen, at, epoch, batches, train)
                unseen = []
                if time.monotonic() - saved >= CHECKPOINT_SECONDS and at < len(batches) - 1:
                    self._save(optimizer, Position(epoch, at + 1, start.seconds + time.monotonic() - began))
                    saved = time.monotonic()
            if self.device.writes:
                progress.advance(len(batches[at]), note)
        progress.close()
        trained = time.monotonic()
        seconds = start.seconds + trained - began
        means = self.device.to_host(self.sums) / len(batches)
        guess = predict(
            self.model, running.forward["validation"], validation, self.device, self.padding_id, self.shapes
        )
        self._record(running, epoch, len(batches), means, guess, validation)
        self.weighting.end_epoch(self.device.place(means))
        speed = Speed(
            epoch,
            seconds,
            len(train.input_ids) / seconds,
            time.monotonic() - trained,
            self.device.peak_memory(),
        )
        self.records.speeds.append(speed)
        self._tell(self.records.history[-1], speed)

    def _train_mode(self, stage: Stage) -> None:
        self.model.train()
        if not stage.frozen_dropout:
            for part in frozen_parts(self.model.encoder, stage.freeze_layers, stage.freeze_embeddings):
                part.eval()

    def _step(self, running: Running, train: Examples, indices: list[int], epoch: int, at: int) -> Tensor:
        """One update; returns the losses [tasks], on the device."""
        device, optimizer = self.device, running.optimizer
        device.seed(seeds.of_dropout(self.seed, epoch, at, device.rank))
        batch = collate(train, indices, self.padding_id, self.shapes, self.params.batch_size, device.share)
        try:
            logits = running.forward["train"](batch)
            labels, classes, counts = map(device.place, (batch.labels, batch.class_ids, batch.counts))
            losses = device.total(task_losses(logits, labels, classes, counts))
            every = self.params.gradient_cosine_every
            if every and at % every == 0 and len(self.model.tasks) == 2:
                self.records.cosines += cosines(losses, self.model, device.reduce, epoch, at)
            optimizer.zero_grad()
            self.weighting.backward(losses, self.model, device.reduce)
            torch.nn.utils.clip_grad_norm_(self._trainable(optimizer), self.params.clip_norm)
            device.step(optimizer)
            self.weighting.after_step()
            losses = losses.detach()
            self.sums += losses
            device.sync()
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            rows, length = batch.mask.shape
            raise CrisisflowError(
                f"{self.name}, epoch {epoch}: out of memory on a batch of {rows} tweets x {length} subwords; "
                "lower training.batch_size or alignment.max_length, or train fewer rows at once (snakemake --cores)"
            ) from error
        return losses

    def _trainable(self, optimizer: AdamW) -> list[Tensor]:
        return [parameter for group in optimizer.param_groups for parameter in group["params"]]

    def _look(self, unseen: list[Tensor], at: int, epoch: int, batches: list[list[int]], train: Examples) -> str:
        """The mean losses so far, as a note; a loss that is no number ends the run."""
        for back, losses in enumerate(map(self.device.to_host, unseen)):
            if not torch.isfinite(losses).all():
                bad = at - len(unseen) + 1 + back
                ids = [train.tweet_ids[index] for index in batches[bad]]
                more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
                values = " and ".join(
                    f"{task} {loss}" for task, loss in zip(self.model.tasks, losses.tolist(), strict=True)
                )
                raise CrisisflowError(
                    f"{self.name}, epoch {epoch}, step {bad + 1}: the loss is not finite ({values}); tweets "
                    f"{', '.join(ids[:SHOWN_IDS])}{more}; lower training.learning_rate"
                )
        means = (self.device.to_host(self.sums) / (at + 1)).tolist()
        return "losses " + " + ".join(f"{mean:.3f}" for mean in means)

    def _record(
        self, running: Running, epoch: int, steps: int, means: Tensor, guess: Predictions, validation: Examples
    ) -> None:
        """Add the epoch to the records, and keep it if it is the best."""
        ner, cls = guess.scores(validation)
        score = combined_score(ner and ner["micro"]["f1"], cls and cls["macro_f1"])
        tasks = self.model.tasks
        losses = dict(zip(tasks, means.tolist(), strict=True))
        weights = dict(zip(tasks, self.device.to_host(self.weighting.weights()).tolist(), strict=True))
        s = {}
        if isinstance(self.weighting, Kendall):
            s = dict(zip(tasks, self.device.to_host(self.weighting.log_variance).tolist(), strict=True))
        rates = [float(group["lr"]) for group in running.optimizer.param_groups]
        self.records.history.append(
            Epoch(
                epoch=epoch,
                stage=running.number,
                steps=steps,
                ner_loss=losses.get("ner"),
                cls_loss=losses.get("cls"),
                ner_weight=weights.get("ner"),
                cls_weight=weights.get("cls"),
                s_ner=s.get("ner"),
                s_cls=s.get("cls"),
                learning_rate=rates[0],
                weighting_learning_rate=rates[-1] if list(self.weighting.parameters()) else None,
                ner_precision=ner["micro"]["precision"] if ner else None,
                ner_recall=ner["micro"]["recall"] if ner else None,
                ner_micro_f1=ner["micro"]["f1"] if ner else None,
                cls_macro_f1=cls["macro_f1"] if cls else None,
                cls_accuracy=cls["accuracy"] if cls else None,
                combined_score=score,
                trainable_parameters=sum(parameter.numel() for parameter in self._trainable(running.optimizer)),
            )
        )
        self.records.scores += score_lines(epoch, ner, cls)
        if self.best is None or score > self.best.score:
            self.best = Best(score, epoch, self._weights(), guess)

    def _tell(self, line: Epoch, speed: Speed) -> None:
        facts = {
            "NER loss": line.ner_loss,
            "CLS loss": line.cls_loss,
            "NER": line.ner_micro_f1,
            "CLS": line.cls_macro_f1,
        }
        told = ", ".join(f"{name} {value:.3f}" for name, value in facts.items() if value is not None)
        self._say(f"{self.name}, epoch {line.epoch}: {told}; {speed.tweets_per_second:,.0f} tweets/s")

    def _say(self, message: str) -> None:
        if self.device.writes:
            say(message)

    def _weights(self) -> dict[str, Tensor]:
        parts = {"model": self.model, "weighting": self.weighting}
        return {
            f"{part}.{name}": self.device.to_host(tensor)
            for part, module in parts.items()
            for name, tensor in module.state_dict().items()
        }

    def _save(self, optimizer: AdamW, position: Position) -> None:
        if not self.device.writes:
            return
        tensors = {
            **{f"now.{name}": tensor for name, tensor in self._weights().items()},
            **{f"optimizer.{name}": tensor for name, tensor in checkpoints.optimizer_tensors(optimizer).items()},
            "sums": self.sums,
        }
        state = {
            "fingerprint": self.run,
            **position._asdict(),
            "records": {name: [line._asdict() for line in lines] for name, lines in vars(self.records).items()},
        }
        if self.best:
            found = self.best.predictions._asdict()
            tensors |= {f"best.{name}": tensor for name, tensor in self.best.tensors.items()}
            tensors |= {f"predictions.{name}": tensor for name, tensor in found.items() if tensor is not None}
            state["best"] = {"score": self.best.score, "epoch": self.best.epoch}
        checkpoints.save(self.folder, self.device, checkpoints.Checkpoint(tensors, state))

    def _restore(self, found: checkpoints.Checkpoint) -> Position:
        tensors, state = found
        position = Position(state["epoch"], state["batches"], state["seconds"])
        self._say(f"{self.name}: going on in epoch {position.epoch} after {position.batches} of its batches")
        self.model.load_state_dict(_under(tensors, "now.model"))
        self.weighting.load_state_dict(_under(tensors, "now.weighting"))
        self.sums = self.device.place(tensors["sums"])
        kinds = {"history": Epoch, "scores": Score, "cosines": Cosine, "speeds": Speed}
        self.records = Records(
            **{name: [kind(**line) for line in state["records"][name]] for name, kind in kinds.items()}
        )
        if "best" in state:
            guess = _under(tensors, "predictions")
            predictions = Predictions(guess.get("labels"), guess.get("probabilities"))
            self.best = Best(state["best"]["score"], state["best"]["epoch"], _under(tensors, "best"), predictions)
        return position


def _is_out_of_memory(error: RuntimeError) -> bool:
    """PyTorch has a class for it on GPUs; its allocator for the CPU and XLA raise a plain RuntimeError."""
    words = ("can't allocate memory", "RESOURCE_EXHAUSTED")
    return isinstance(error, torch.OutOfMemoryError) or any(word in str(error) for word in words)


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix.`, without it."""
    return {
        name.removeprefix(f"{prefix}."): tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")
    }
