"""The constant output of frozen layers in evaluation mode: computed once, kept on disk, read in every epoch."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from crisisflow.errors import CrisisflowError
from crisisflow.progress import tracked
from crisisflow.training.batching import Batch, Examples, Shapes, collate, evaluation_order, rows_within
from crisisflow.training.device import Device

FLOAT_BYTES = 4


def size_of(examples: Examples, width: int) -> int:
    """Bytes that the states of all subwords take."""
    return sum(examples.lengths()) * width * FLOAT_BYTES


class FrozenStates:
    """The hidden states [d] of every subword of the examples, in a memory-mapped file that nobody else sees.

    The file has no name (it is unlinked at once), so that a kill leaves nothing behind; a run that goes on makes it
    anew, by the same batches and so to the same bytes.
    """

    def __init__(self, examples: Examples, width: int, folder: Path) -> None:
        lengths = examples.lengths()
        self.begins = np.concatenate([[0], np.cumsum(lengths)])
        shape = (int(self.begins[-1]), width)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                # Takes the space at once: a disk that is full later would kill the process without a word.
                os.posix_fallocate(file.fileno(), 0, size_of(examples, width))
                self.states = np.memmap(file, np.float32, "r+", shape=shape)
        except OSError as error:
            raise CrisisflowError(
                f"cannot keep the output of the frozen layers in {folder} ({error.strerror}): it takes "
                f"{size_of(examples, width) / 1e9:.1f} GB; free some space, or lower compute.frozen_cache_gb"
            ) from error

    def put(self, index: int, states: np.ndarray) -> None:
        """Keep the states [subwords, d] of one example."""
        self.states[self.begins[index] : self.begins[index + 1]] = states

    def at(self, positions: Sequence[Sequence[int]]) -> np.ndarray:
        """The states at these subwords of each example, one example behind the other: float32 [positions, d]."""
        return self.states[
            np.concatenate(
                [begin + np.array(own, dtype=np.int64) for begin, own in zip(self.begins[:-1], positions, strict=True)]
            )
        ]

    def batch(self, batch: Batch) -> Tensor:
        """The states of a batch, [rows, length, d], with zeros at the padding."""
        rows, length = batch.mask.shape
        hidden = np.zeros((rows, length, self.states.shape[1]), dtype=np.float32)
        for row, index in enumerate(batch.indices):
            begin, end = self.begins[index], self.begins[index + 1]
            hidden[row, : end - begin] = self.states[begin:end]
        return torch.from_numpy(hidden)


@torch.no_grad()  # XLA has no inference mode
def compute(
    lower: PreTrainedModel,
    examples: Examples,
    device: Device,
    padding_id: int,
    shapes: Shapes,
    subwords: int,
    folder: Path,
    name: str,
) -> FrozenStates:
    """Run the frozen layers over all examples, in batches of at most `subwords` padded subwords."""
    kept = FrozenStates(examples, lower.config.hidden_size, folder)
    lower.eval()
    batches = evaluation_order(examples.lengths(), subwords, shapes)
    for indices in tracked(
        batches, f"{name}, output of the frozen layers", len(batches), "batches", shown=device.writes
    ):
        length = shapes.length(len(examples.input_ids[indices[0]]))
        batch = collate(examples, indices, padding_id, shapes, rows_within(length, subwords))
        with device.autocast():
            output = lower(input_ids=device.place(batch.input_ids), attention_mask=device.place(batch.mask))
        device.sync()
        hidden = device.to_host(output.last_hidden_state).float().numpy()
        for row, index in enumerate(indices):
            kept.put(index, hidden[row, : len(examples.input_ids[index])])
    return kept
