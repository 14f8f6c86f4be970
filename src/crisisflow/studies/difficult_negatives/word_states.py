"""Word states: what the tagger of a row reads of each word, made once for all its settings, seeds and folds."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from crisisflow.artifacts import read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import KEY
from crisisflow.inputs import InputFile
from crisisflow.labels import IGNORED
from crisisflow.model.word_states import begins
from crisisflow.pretrained import load_encoder, load_tokenizer
from crisisflow.progress import say
from crisisflow.studies.difficult_negatives import STUDY
from crisisflow.studies.difficult_negatives.datasets import DATASETS
from crisisflow.studies.difficult_negatives.tagger_params import TaggerParams, TaggingParams, encoder_of, vectors_of
from crisisflow.tensors import write_tensors
from crisisflow.training.batching import Examples
from crisisflow.training.device import open_device
from crisisflow.training.frozen import compute
from crisisflow.training.predict import EVALUATION_SUBWORDS
from crisisflow.word_vectors import plain, read_vectors

KEPT, STATIC, TUNED = "kept", "static", "tuned"


class WordStates(NamedTuple):
    """What the step wrote.

    Args:
        kind: `kept`, states of a frozen encoder; `static` vectors; `tuned`, where the states change in training.
        numbers: of each word of all tweets, one behind the other, as the module of model/word_states.py takes it.
        table: [rows, d]; None of `tuned`.
        coverage: of `static`, how many of the words have a vector.
    """

    kind: str
    numbers: Tensor
    table: Tensor | None
    coverage: dict[str, Any] | None


def first_subwords(labels: Sequence[Sequence[int]]) -> list[list[int]]:
    """Where the words of each tweet begin."""
    return [[place for place, label in enumerate(own) if label != IGNORED] for own in labels]


def _words(encoder: str, input_ids: Sequence[Sequence[int]], firsts: Sequence[Sequence[int]]) -> Iterator[str]:
    """The words of all tweets in the form in which static vectors have them: what their subwords spell."""
    tokenizer = load_tokenizer(encoder)
    special = set(tokenizer.all_special_ids)
    for ids, places in zip(input_ids, firsts, strict=True):
        for begin, end in zip(places, [*places[1:], len(ids)], strict=True):
            own = [subword for subword in ids[begin:end] if subword not in special]
            yield plain(tokenizer.decode(own, clean_up_tokenization_spaces=False).strip())


def run(name: str, aligned: InputFile, row: TaggerParams, tagging: TaggingParams, out: Path) -> None:
    """Write the states of all words of the aligned tweets (safetensors); of an encoder that is tuned only their places.

    Args:
        name: name of the row
        aligned: the datasets, aligned for this row
        row: section difficult_negatives.taggers.NAME
        tagging: section difficult_negatives.tagging
        out: the states

    Raises:
        CrisisflowError: the encoder or the vectors cannot be loaded, or disk does not suffice.
    """
    table = read_parquet(aligned, DATASETS)
    states = compute_states(row, tagging, table["input_ids"].to_pylist(), table["labels"].to_pylist(), out.parent)
    if states.coverage:
        share = states.coverage["with_vector"] / states.coverage["words"]
        say(f"word_states: {share:.1%} of {states.coverage['words']:,} words have a vector")
    tensors = {"numbers": states.numbers} | ({} if states.table is None else {"table": states.table})
    facts = {"study": STUDY, "row": name, "kind": states.kind, "coverage": states.coverage}
    write_tensors(out, tensors, {KEY: json.dumps(facts, sort_keys=True)})


def compute_states(
    row: TaggerParams,
    tagging: TaggingParams,
    input_ids: list[list[int]],
    labels: Sequence[Sequence[int]],
    folder: Path,
) -> WordStates:
    """What the tagger of a row reads of the words of these tweets.

    Args:
        input_ids: subwords of each tweet. labels: of each subword, IGNORED where no word begins. folder: of temporary
            files.

    Raises:
        CrisisflowError: the encoder or the vectors cannot be loaded, or disk does not suffice.
    """
    firsts = first_subwords(labels)
    encoder, vectors = encoder_of(row.embedding), vectors_of(row.embedding)
    if vectors is not None:
        words = list(_words(encoder, input_ids, firsts))
        found = read_vectors(vectors, words)
        numbers = [found.numbers.get(word, -1) + 1 for word in words]
        known = sum(number > 0 for number in numbers)
        coverage = {"words": len(words), "with_vector": known, "different": len(found.numbers)}
        return WordStates(STATIC, torch.tensor(numbers), torch.from_numpy(found.vectors), coverage)
    if row.tuned:
        starts = begins(map(len, input_ids))
        own = [start + place for start, places in zip(starts, firsts, strict=False) for place in places]
        return WordStates(TUNED, torch.tensor(own), None, None)
    states = _kept(encoder, input_ids, firsts, tagging, folder)
    return WordStates(KEPT, torch.arange(len(states)), torch.from_numpy(states), None)


def _kept(
    encoder: str,
    input_ids: list[list[int]],
    firsts: Sequence[Sequence[int]],
    tagging: TaggingParams,
    folder: Path,
) -> np.ndarray:
    """The states [words, d] of a frozen encoder."""
    device = open_device(tagging.device, tagging.threads, 1)
    model, padding_id = load_encoder(encoder, None), load_tokenizer(encoder).pad_token_id
    device.prepare(model)
    model = device.place(model)
    shapes = device.shapes(tagging.max_length)
    kept = compute(
        model,
        Examples([""] * len(input_ids), input_ids, {}),
        device,
        padding_id,
        shapes,
        EVALUATION_SUBWORDS,
        folder,
        f"Word states by {encoder}",
    )
    return kept.at(firsts)


def read_states(path: Path, name: str) -> WordStates:
    """What the step wrote for a row; the table is read as it is needed.

    Raises:
        CrisisflowError: it is damaged, or of another row.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get(KEY, "{}"))
            found = {tensor: file.get_tensor(tensor) for tensor in file.keys()}  # noqa: SIM118, no mapping
    except (OSError, ValueError, SafetensorError) as error:
        raise CrisisflowError(f"{path} is no readable safetensors file ({error}); make it again") from error
    if (facts.get("study"), facts.get("row")) != (STUDY, name):
        raise CrisisflowError(f"{path} is not of the row {name}; make it again")
    return WordStates(facts["kind"], found["numbers"], found.get("table"), facts["coverage"])
