"""A shipped model: a folder that answers without a run.

It holds an int8 ONNX graph, its tokenizer, what it is (config.json), a model card, and the sha256 of each file in the
form of `sha256sum`. A file is used only while it is the one that was written.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from crisisflow.artifacts import write_json, write_text
from crisisflow.errors import CrisisflowError
from crisisflow.labels import Labels
from crisisflow.params import Name, Positive, Section, Seed, Text, check

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from crisisflow.inference import Forward

GRAPH, CONFIG, CARD, SUMS = "model.onnx", "config.json", "README.md", "SHA256SUMS"
SUM = re.compile(r"([0-9a-f]{64})  ([\w.-]+)", re.ASCII)
RUNTIME = "onnx-int8"  # the only one that a shipped model has


class ShippedConfig(Section):
    """What a shipped model says of itself.

    Args:
        trained_on: in words, for the page. generated: whether its training tweets were.
        study, row, seed, preset: of the training. weights: sha256 of the float32 weights, a safetensors file.
        corpus: name, sha256 and tweets of the source. annotation: spans, and their scores on gold.
        scores: on the validation tweets by float32 and int8; on the test tweets, where they were opened; on generated
            tweets, by which a damaged graph is found.
    """

    format: Literal[1]
    name: Name
    trained_on: Text
    generated: bool
    licence: Text
    entities: list[Text]
    classes: list[Text]
    max_length: Positive
    study: Name
    row: Name
    seed: Seed
    preset: Name
    weights: Text
    corpus: dict[str, Any]
    annotation: dict[str, Any]
    scores: dict[str, Any]

    @property
    def labels(self) -> Labels:
        """What it can find."""
        return Labels(tuple(self.entities), tuple(self.classes))


class Shipped(NamedTuple):
    """A shipped model whose files are as they were written; its graph is not opened yet."""

    folder: Path
    config: ShippedConfig
    graph: bytes
    digest: str  # sha256 of the graph


class ShippedReader(NamedTuple):
    """How a shipped model reads texts: an `inference.Reader`."""

    tokenizer: "PreTrainedTokenizerBase"
    max_length: int
    labels: Labels


def read(folder: Path) -> Shipped:
    """Read and check a shipped model.

    Raises:
        CrisisflowError: it is none, a file is absent or damaged, or it was written by another version.
    """
    again = f"restore it: git checkout -- {folder}; or export it again"
    try:
        listed = (folder / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        raise CrisisflowError(
            f"{folder} is no model that crisisflow export_model has written: it has no readable {SUMS}"
        ) from None
    sums = [SUM.fullmatch(line) for line in listed]
    digests = {found[2]: found[1] for found in sums if found}
    if None in sums or not digests.keys() >= {GRAPH, CONFIG}:
        raise CrisisflowError(f"{folder / SUMS} is damaged; {again}")
    files = {}
    for name, expected in digests.items():
        try:
            files[name] = (folder / name).read_bytes()
        except OSError:
            raise CrisisflowError(f"{folder / name} is absent or cannot be read; {again}") from None
        if hashlib.sha256(files[name]).hexdigest() != expected:
            raise CrisisflowError(f"{folder / name} is damaged: it is not the file that {SUMS} names; {again}")
    try:
        plain = json.loads(files[CONFIG])
    except ValueError:
        raise CrisisflowError(f"{folder / CONFIG} is no readable JSON; {again}") from None
    config = check(plain, ShippedConfig, str(folder / CONFIG))
    return Shipped(folder, config, files[GRAPH], digests[GRAPH])


def open_shipped(shipped: Shipped, threads: int) -> tuple[ShippedReader, "Forward"]:
    """How it reads texts, and its forward pass.

    Args:
        threads: CPU threads of one pass.

    Raises:
        CrisisflowError: its tokenizer or its graph cannot be used.
    """
    from crisisflow.pretrained import load_tokenizer
    from crisisflow.serving.runtime import onnx_forward

    config = shipped.config
    try:
        forward = onnx_forward(shipped.graph, threads)
    except Exception as error:  # what ONNX Runtime raises has no class of its own
        reason = str(error).strip().splitlines()[0][:200]
        raise CrisisflowError(f"{shipped.folder / GRAPH} cannot be opened ({reason}); export it again") from error
    return ShippedReader(load_tokenizer(str(shipped.folder)), config.max_length, config.labels), forward


def write(
    folder: Path, graph: bytes, tokenizer: "PreTrainedTokenizerBase", config: Mapping[str, Any], card: str
) -> dict[str, int]:
    """Write a shipped model in place of the one that is there; returns the bytes of each file.

    The files come into a folder beside it, which takes the name once it is whole.

    Raises:
        CrisisflowError: the config is not as it should be, or `folder` holds something else.
    """
    if folder.exists() and not (folder / SUMS).is_file():
        raise CrisisflowError(f"{folder} is there and holds no shipped model; name a new folder")
    known = check(dict(config), ShippedConfig, CONFIG)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / GRAPH).write_bytes(graph)
    tokenizer.save_pretrained(partial)
    write_json(partial / CONFIG, known.model_dump())
    write_text(partial / CARD, card)
    files = sorted(path for path in partial.iterdir())
    sizes = {path.name: path.stat().st_size for path in files}
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    write_text(partial / SUMS, "".join(sums))
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)
    return sizes
