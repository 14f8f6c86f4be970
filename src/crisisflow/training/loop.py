"""The training loop of any task: stages of epochs, validation after each, the best epoch kept."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import AdamW
from transformers import PreTrainedModel

from crisisflow.errors import CrisisflowError
from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.freezing import freeze, frozen_parts, split
from crisisflow.model.weighting import Weighting
from crisisflow.progress import Progress, say
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training import frozen, seeds
from crisisflow.training.batching import Batch, Examples, collate, training_order
from crisisflow.training.device import Device
from crisisflow.training.early_stopping import EarlyStopping
from crisisflow.training.gradients import cosines
from crisisflow.training.history import Epoch, Speed, StepLosses, score_lines
from crisisflow.training.predict import EVALUATION_SUBWORDS, Forward, predict
from crisisflow.training.schedule import Optimization, Stage, make_optimizer, rate_factor
from crisisflow.training.state import Best, EpochPosition, Records, RunState, pack, unpack
from crisisflow.training.task import Task, Tensors, over, under

CHECK_EVERY = 20  # steps between reads of the losses: a read makes an accelerator wait
# A kill costs at most these and the steps to the next look; after an epoch's last step also its validation, and in a
# stage with kept states (frozen.py) making them.
CHECKPOINT_SECONDS = 300.0
SHOWN_IDS = 8


class Running(NamedTuple):
    """One stage while it runs."""

    number: int
    stage: Stage
    first_epoch: int
    optimizer: AdamW
    forward: dict[str, Forward]  # by split


class Trainer:
    """Trains a model for a task with one seed, from the beginning or from its last checkpoint.

    Args:
        name: shown in progress and errors, such as `row A, seed 13`.
        model: gives the logits that the task takes.
        max_length: of the examples in subwords.
        folder: where checkpoints lie; emptied by the caller once the results are written.
        run: fingerprint of all that the result depends on; the task's options and early stopping are added to it.
        frozen_cache_gb: disk for the constant output of frozen layers.
        gradient_cosine_every: steps between looks at the cosine of two tasks' gradients; 0 never looks.
        early_stopping: None trains all epochs.
        loss_every: steps between records of the losses of one step; 0 keeps none.
        check_epochs: looks at the records of all epochs after each, and may end the training by a CrisisflowError.
    """

    def __init__(
        self,
        name: str,
        model: EncoderModel,
        task: Task,
        weighting: Weighting,
        optimization: Optimization,
        seed: int,
        device: Device,
        padding_id: int,
        max_length: int,
        folder: Path,
        run: str,
        frozen_cache_gb: float = 0.0,
        gradient_cosine_every: int = 0,
        early_stopping: EarlyStopping | None = None,
        loss_every: int = 0,
        check_epochs: Callable[[Sequence[Epoch]], None] = lambda epochs: None,
    ) -> None:
        self.name, self.task, self.optimization, self.seed, self.device = name, task, optimization, seed, device
        device.prepare(model)
        self.model, self.weighting = device.place(model), device.place(weighting)
        self.padding_id, self.shapes = padding_id, device.shapes(max_length)
        self.folder = folder
        self.run = checkpoints.fingerprint(run, task.options(), early_stopping and asdict(early_stopping))
        self.frozen_cache_gb, self.gradient_cosine_every = frozen_cache_gb, gradient_cosine_every
        self.early_stopping, self.loss_every, self.check_epochs = early_stopping, loss_every, check_epochs
        self.records = Records()
        self.best: Best | None = None
        self.sums = device.place(torch.zeros(len(task.names)))  # of the losses of the epoch's steps so far
        self.shape = (0, 0)  # of the last batch, to be told when memory runs out
        self.constant: set[str] = set()  # the names of weights that are never trained

    def fit(self, stages: list[Stage], train: Examples, validation: Examples) -> Best:
        """Train all stages, or until early stopping, and return the epoch of the highest score over all of them.

        Raises:
            CrisisflowError: a loss is not finite, or memory or disk does not suffice.
        """
        try:
            return self._fit(stages, train, validation)
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            rows, length = self.shape
            raise CrisisflowError(
                f"{self.name}: out of memory on a batch of {rows} tweets x {length} subwords; lower "
                "the study's batch_size or max_length, or train fewer rows at once "
                "(snakemake --cores)"
            ) from error

    def predict(self, best: Best, examples: Examples) -> Tensors:
        """What a kept epoch predicts of other examples; the model has that epoch's weights from then on."""
        self.model.load_state_dict(under(best.tensors, "model"))
        return predict(self.task, self.model, self._whole, examples, self.device, self.padding_id, self.shapes)

    def _fit(self, stages: list[Stage], train: Examples, validation: Examples) -> Best:
        freeze(self.model.encoder, stages[0].freeze_layers, stages[0].freeze_embeddings)
        # No later stage trains them either: a checkpoint can do without what may be the largest part of an encoder.
        self.constant = {name for name, own in self.model.named_parameters(prefix="model") if not own.requires_grad}
        position, moments = self._resume()
        first = 1
        for number, stage in enumerate(stages, start=1):
            freeze(self.model.encoder, stage.freeze_layers, stage.freeze_embeddings)
            if self._goes_on(position, first + stage.epochs):
                running = self._begin(number, stage, first, train, validation)
                if moments and (position.epoch > first or position.batches):
                    checkpoints.restore_optimizer(running.optimizer, moments)
                moments = {}
                while self._goes_on(position, first + stage.epochs):
                    self._epoch(running, position, train, validation)
                    self.check_epochs(self.records.history)
                    position = EpochPosition(position.epoch + 1, 0, 0.0)
                    self._save(running.optimizer, position)
            first += stage.epochs
        return self.best

    def _goes_on(self, position: EpochPosition, end: int) -> bool:
        """Whether an epoch before `end` is left to train; early stopping ends all stages."""
        scores = [line.score for line in self.records.history]
        stopped = self.early_stopping is not None and self.early_stopping.stops(scores)
        return position.epoch < end and not stopped

    def _begin(self, number: int, stage: Stage, first: int, train: Examples, validation: Examples) -> Running:
        """The stage's optimizer, and its way through the model: past the frozen layers where their output is kept."""
        optimizer = make_optimizer(self.model, self.weighting, self.optimization, self.device.optimizer_options)
        forward = {"train": self._whole, "validation": self._whole}
        if stage.freeze_layers == 0 or stage.frozen_dropout:
            return Running(number, stage, first, optimizer, forward)
        lower, upper = split(self.model.encoder, stage.freeze_layers)
        splits = {"train": train, "validation": validation}
        size = sum(frozen.size_of(examples, lower.config.hidden_size) for examples in splits.values())
        limit = self.frozen_cache_gb / self.device.processes
        if any(parameter.requires_grad for parameter in lower.parameters()):
            self._say(f"{self.name}: what the frozen layers use is partly trained, so their output is not kept")
        elif size > limit * 1e9:
            self._say(
                f"{self.name}: the output of the frozen layers takes {size / 1e9:.1f} GB and compute.frozen_cache_gb "
                f"allows {limit:g} GB a process: it is computed anew in each step"
            )
        else:
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
        return Running(number, stage, first, optimizer, forward)

    def _whole(self, batch: Batch) -> Any:
        self.shape = batch.mask.shape
        with self.device.autocast():
            return self.model(batch.input_ids, batch.mask)

    def _above(self, upper: PreTrainedModel, states: frozen.FrozenStates) -> Forward:
        """The way through the layers above the frozen ones, from their kept output."""

        def forward(batch: Batch) -> Any:
            self.shape = batch.mask.shape
            hidden, mask = self.device.place(states.batch(batch)), batch.mask
            with self.device.autocast():
                last = upper(inputs_embeds=hidden, attention_mask=mask).last_hidden_state
                return self.model.above(last, mask, batch.input_ids)

        return forward

    def _epoch(self, running: Running, start: EpochPosition, train: Examples, validation: Examples) -> None:
        epoch, stage, optimizer = start.epoch, running.stage, running.optimizer
        batches = training_order(train.lengths(), self.optimization.batch_size, [seeds.of_order(self.seed, epoch)])
        total = stage.epochs * len(batches)
        if start.batches == 0:
            self.sums = self.device.place(torch.zeros(len(self.task.names)))
        self._train_mode(stage)
        done = sum(map(len, batches[: start.batches]))
        progress = Progress(f"{self.name}, epoch {epoch}", len(train.input_ids) - done, shown=self.device.writes)
        unseen: list[Tensor] = []  # the losses of the steps since the last look
        began = saved = time.monotonic()
        for at in range(start.batches, len(batches)):
            factor = rate_factor((epoch - running.first_epoch) * len(batches) + at, stage.warmup_steps, total)
            for group in optimizer.param_groups:
                self.device.set_rate(group, group["peak"] * (1.0 if group["constant"] else factor))
            unseen.append(self._step(running, train, batches[at], epoch, at))
            note = ""
            if len(unseen) == CHECK_EVERY or at == len(batches) - 1:
                note = self._check_losses(unseen, at, epoch, batches, train)
                unseen = []
                if time.monotonic() - saved >= CHECKPOINT_SECONDS and at < len(batches) - 1:
                    self._save(optimizer, EpochPosition(epoch, at + 1, start.seconds + time.monotonic() - began))
                    saved = time.monotonic()
            progress.advance(len(batches[at]), note)
        progress.close()
        trained = time.monotonic()
        seconds = start.seconds + trained - began
        means = self.device.to_host(self.sums) / len(batches)
        predicted = predict(
            self.task, self.model, running.forward["validation"], validation, self.device, self.padding_id, self.shapes
        )
        self._record(running, epoch, len(batches), means, predicted, validation)
        self.weighting.end_epoch(self.device.place(means))
        speed = Speed(
            epoch, seconds, len(train.input_ids) / seconds, time.monotonic() - trained, self.device.peak_memory()
        )
        self.records.speeds.append(speed)
        self._report(self.records.history[-1], speed)

    def _train_mode(self, stage: Stage) -> None:
        self.model.train()
        if not stage.frozen_dropout:
            for part in frozen_parts(self.model.encoder, stage.freeze_layers, stage.freeze_embeddings):
                part.eval()

    def _step(self, running: Running, train: Examples, indices: list[int], epoch: int, at: int) -> Tensor:
        """One update; returns the losses [tasks], on the device."""
        device, optimizer = self.device, running.optimizer
        device.seed(seeds.of_dropout(self.seed, epoch, at, device.rank))
        batch = collate(train, indices, self.padding_id, self.shapes, self.optimization.batch_size, device.share)
        targets = {name: device.place(own) for name, own in self.task.targets(train, indices, batch).items()}
        batch = device.place_batch(batch)
        losses = device.total(self.task.losses(running.forward["train"](batch), batch.mask, targets))
        every = self.gradient_cosine_every
        if every and at % every == 0 and len(self.task.names) == 2:
            self.records.cosines += cosines(losses, self.model, device.reduce, epoch, at)
        optimizer.zero_grad()
        self.weighting.backward(losses, self.model, device.reduce)
        scheduled = [group["params"] for group in optimizer.param_groups if not group["constant"]]
        torch.nn.utils.clip_grad_norm_(chain(*scheduled), self.optimization.clip_norm)
        device.step(optimizer)
        self.weighting.after_step()
        losses = losses.detach()
        self.sums += losses
        device.sync()
        return losses

    def _check_losses(
        self, unseen: list[Tensor], at: int, epoch: int, batches: list[list[int]], train: Examples
    ) -> str:
        """Record the losses, and return their means so far as a note; a loss that is no number ends the run."""
        for step, losses in enumerate(map(self.device.to_host, unseen), start=at - len(unseen) + 1):
            if self.loss_every and step % self.loss_every == 0:
                self.records.losses.append(StepLosses(epoch, step, self._by_task(losses)))
            if not torch.isfinite(losses).all():
                ids = [train.ids[index] for index in batches[step]]
                more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
                values = " and ".join(
                    f"{task} {loss}" for task, loss in zip(self.task.names, losses.tolist(), strict=True)
                )
                raise CrisisflowError(
                    f"{self.name}, epoch {epoch}, step {step + 1}: the loss is not finite ({values}); tweets "
                    f"{', '.join(ids[:SHOWN_IDS])}{more}; lower the study's learning_rate"
                )
        means = (self.device.to_host(self.sums) / (at + 1)).tolist()
        return "losses " + " + ".join(f"{mean:.3f}" for mean in means)

    def _record(
        self, running: Running, epoch: int, steps: int, means: Tensor, predicted: Tensors, validation: Examples
    ) -> None:
        """Add the epoch to the records, and keep it if it is the best."""
        scores = self.task.scores(validation, predicted)
        groups = running.optimizer.param_groups
        self.records.history.append(
            Epoch(
                epoch=epoch,
                stage=running.number,
                steps=steps,
                losses=self._by_task(means),
                weights=self._by_task(self.weighting.weights()),
                log_variances=self._by_task(self.weighting.log_variances()),
                learning_rate=float(groups[0]["lr"]),
                weighting_learning_rate=float(groups[-1]["lr"]) if list(self.weighting.parameters()) else None,
                measures=scores.measures,
                score=scores.chosen_by,
                trainable_parameters=sum(p.numel() for group in groups for p in group["params"]),
            )
        )
        self.records.scores += score_lines(epoch, scores)
        if self.best is None or scores.chosen_by > self.best.score:
            weights = {name: self.device.to_host(tensor) for name, tensor in self._weights().items()}
            self.best = Best(scores.chosen_by, epoch, weights, predicted)

    def _by_task(self, values: Tensor | None) -> dict[str, float]:
        found = () if values is None else self.device.to_host(values).tolist()
        return dict(zip(self.task.names, found, strict=bool(found)))

    def _report(self, line: Epoch, speed: Speed) -> None:
        facts = {f"{name} loss": loss for name, loss in line.losses.items()} | line.measures
        told = ", ".join(f"{name} {value:.3f}" for name, value in facts.items())
        self._say(f"{self.name}, epoch {line.epoch}: {told}; {speed.tweets_per_second:,.0f} tweets/s")

    def _say(self, message: str) -> None:
        if self.device.writes:
            say(message)

    def _weights(self) -> Tensors:
        """Of the model and of the weighting, on the device."""
        return over(self.model.state_dict(), "model") | over(self.weighting.state_dict(), "weighting")

    def _changing(self, weights: Tensors) -> Tensors:
        """Those of the weights that are trained, and what is no parameter."""
        return {name: own for name, own in weights.items() if name not in self.constant}

    def _save(self, optimizer: AdamW, position: EpochPosition) -> None:
        if self.device.writes:
            moments = checkpoints.optimizer_tensors(optimizer)
            best = self.best and replace(self.best, tensors=self._changing(self.best.tensors))
            state = RunState(position, self._changing(self._weights()), moments, self.sums, self.records, best)
            checkpoints.save(self.folder, self.device, pack(state, self.run))

    def _resume(self) -> tuple[EpochPosition, Tensors]:
        """Where to begin, and the optimizer's moments there; none of them at the very beginning."""
        found = checkpoints.load(self.folder, self.run, self._say)
        self.device.wait()  # all processes have read before one of them writes
        if self.device.writes:
            checkpoints.remove_unusable(self.folder, found)
        if found is None:
            return EpochPosition(1, 0, 0.0), {}
        state = unpack(found)
        epoch, batches, _ = state.position
        self._say(f"{self.name}: going on in epoch {epoch} after {batches} of its batches")
        constant = {name: own for name, own in self._weights().items() if name in self.constant}
        self.model.load_state_dict(under(constant | state.now, "model"))
        self.weighting.load_state_dict(under(state.now, "weighting"))
        self.sums = self.device.place(state.sums)
        self.records, self.best = state.records, state.best
        if self.best:
            self.best.tensors |= {name: self.device.to_host(own) for name, own in constant.items()}
        return state.position, state.optimizer


def _is_out_of_memory(error: RuntimeError) -> bool:
    """PyTorch has a class for it on GPUs; its allocator for the CPU and XLA raise a plain RuntimeError."""
    words = ("can't allocate memory", "RESOURCE_EXHAUSTED")
    return isinstance(error, torch.OutOfMemoryError) or any(word in str(error) for word in words)
