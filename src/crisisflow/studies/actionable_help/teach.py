"""Teach: the teacher's sentence embeddings of the corpus of the minis, made once and read by each distillation."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError

from crisisflow.artifacts import read_parquet
from crisisflow.embedding import SentenceEncoder
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import ComputeParams, Positive
from crisisflow.sources import digest
from crisisflow.studies.actionable_help.in_parts import Parts, read_arrays, write_arrays
from crisisflow.studies.actionable_help.mini_corpus import MINI_CORPUS
from crisisflow.training.device import open_device

PART = 10_000  # texts: what a kill costs at most
BATCH_SIZE = 64
EMBEDDINGS = "embeddings"  # the tensor of the file, float16 [texts, d]


def digest_of(texts: Sequence[str]) -> str:
    """A digest of texts in their order."""
    return hashlib.sha256(json.dumps(list(texts), ensure_ascii=False).encode()).hexdigest()


def read_taught(path: Path, texts: Sequence[str], teacher: str) -> np.ndarray:
    """The embeddings of these texts by this teacher that the step teach wrote, float16 [texts, d].

    Raises:
        CrisisflowError: the file is damaged, or of other texts or another teacher.
    """
    try:
        arrays, facts = read_arrays(path)
        embeddings = arrays[EMBEDDINGS]
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise CrisisflowError(f"{path} holds no readable embeddings ({error}); make it again") from error
    for key, given in (("texts", digest_of(texts)), ("teacher", teacher)):
        if facts.get(key) != given:
            what = "other texts than the corpus" if key == "texts" else f"the teacher {facts.get(key)}, not {teacher}"
            raise CrisisflowError(f"the embeddings in {path} are of {what}; make them again")
    return embeddings


def run(
    corpus: InputFile,
    teacher: str,
    max_length: Positive,
    compute: ComputeParams,
    checkpoint: Path,
    out: Path,
) -> None:
    """Write the teacher's mean-pooled embedding of each text of the corpus, in float16.

    They are made in parts. An interrupted run goes on behind the last whole part.

    Args:
        corpus: the texts of the step mini_corpus
        teacher: section actionable_help.minis.teacher
        max_length: subwords of a text, by the teacher's tokenizer
        compute: section compute; one process embeds
        checkpoint: folder of the parts, removed at the end
        out: safetensors

    Raises:
        CrisisflowError: the teacher cannot be loaded, or has fewer positions than max_length.
    """
    texts = read_parquet(corpus, MINI_CORPUS)["text"].to_pylist()
    device = open_device(compute.device, compute.threads, 1, "float32")
    encoder = SentenceEncoder(teacher, max_length, BATCH_SIZE, device, "minis.max_length")
    run_of = {
        "texts": digest_of(texts),
        "teacher": teacher,
        "run": [max_length, compute.model_dump(), digest("studies.actionable_help.teach")],
    }
    parts = Parts("teach", checkpoint, PART, run_of)
    arrays = parts.make(texts, lambda part: {EMBEDDINGS: encoder.embed(part).astype(np.float16)})
    write_arrays(out, arrays, {name: run_of[name] for name in ("texts", "teacher")})
    parts.discard(len(texts))
