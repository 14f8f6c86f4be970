"""Sentence embeddings: against transformers itself, whatever the batches are, and the same bytes each time."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.embedding import SentenceEncoder, embed, tokenize
from crisisflow.errors import CrisisflowError
from crisisflow.pretrained import load_encoder, load_tokenizer
from crisisflow.training.device import open_device

TEXTS = ["Water is needed at the school", "", "Bridge closed", "We have 200 blankets to give away near the station"] * 3


@pytest.fixture(scope="module")
def sentence_encoder(tiny_encoder) -> SentenceEncoder:
    return SentenceEncoder(str(tiny_encoder), 16, 4, open_device("cpu", 1, 1))


def one_by_one(encoder: str, texts: list[str], max_length: int) -> np.ndarray:
    """The mean of the last hidden states, a text at a time: nothing is padded."""
    model, tokenizer = load_encoder(encoder, None).eval(), load_tokenizer(encoder)
    rows = []
    for text in texts:
        read = tokenizer(text, truncation=True, max_length=max_length, return_tensors="pt")
        with torch.no_grad():
            rows.append(model(**read).last_hidden_state[0].mean(dim=0).numpy())
    return np.stack(rows)


def test_embeddings_are_the_means_of_the_token_states_in_the_order_of_the_texts(tiny_encoder):
    found = embed(TEXTS, str(tiny_encoder), max_length=10, batch_size=5)
    assert found.dtype == np.float32 and found.shape == (12, 32)
    np.testing.assert_allclose(found, one_by_one(str(tiny_encoder), TEXTS, 10), atol=1e-5)


@settings(max_examples=20)
@given(st.lists(st.text(max_size=40), max_size=9), st.integers(1, 5))
def test_a_text_s_embedding_does_not_depend_on_its_batch(sentence_encoder, texts, batch_size):
    alone = SentenceEncoder.__new__(SentenceEncoder)
    alone.__dict__.update(sentence_encoder.__dict__, batch_size=batch_size)
    np.testing.assert_allclose(alone.embed(texts), sentence_encoder.embed(texts), atol=1e-5)


def test_no_text_gives_no_row(sentence_encoder):
    assert sentence_encoder.embed([]).shape == (0, 32)


PROCESS = """
import hashlib, sys
from crisisflow.embedding import embed
print(hashlib.sha256(embed(sys.argv[2:], sys.argv[1], 16, 4).tobytes()).hexdigest())
"""


def test_another_process_with_more_cores_gives_the_same_bytes(tiny_encoder):
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", PROCESS, str(tiny_encoder), *TEXTS]
    there = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()
    assert hashlib.sha256(embed(TEXTS, str(tiny_encoder), 16, 4).tobytes()).hexdigest() == there


def test_texts_are_cut_with_their_special_subwords(tiny_encoder, monkeypatch):
    monkeypatch.setattr("crisisflow.embedding.TOKENIZED_AT_ONCE", 5)
    tokenizer = load_tokenizer(str(tiny_encoder))
    found = tokenize(TEXTS, tokenizer, 6)
    assert found == [tokenizer(text, truncation=True, max_length=6)["input_ids"] for text in TEXTS]
    assert max(map(len, found)) == 6


def test_more_subwords_than_positions_are_refused_before_the_weights_are_read(tiny_encoder):
    with pytest.raises(CrisisflowError, match=r"study's minis\.max_length is 513 but encoder .* takes 512 subwords"):
        SentenceEncoder(str(tiny_encoder), 513, 4, open_device("cpu", 1, 1), "minis.max_length")
