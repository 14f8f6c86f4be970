"""The vocabulary of the minis: the same bytes in two processes, any text in and out, and how transformers opens it."""

import hashlib
import os
import random
import subprocess
import sys
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from crisisflow.errors import CrisisflowError
from crisisflow.studies.actionable_help.byte_pairs import learn
from crisisflow.studies.actionable_help.vocabulary import as_fast, save

SYLLABLES = ["wa", "ter", "flo", "od", "ne", "ed", "shel", "sto", "rm", "no", "rth", "hel", "p", "é", "水"]


def texts_of(number: int) -> list[str]:
    """Words of syllables: pairs occur equally often, which a trainer without an order would take as they come."""
    rng = random.Random(5)
    return [" ".join("".join(rng.choices(SYLLABLES, k=3)) for _ in range(8)).title() for _ in range(number)]


PROCESS = """
import hashlib, sys
from crisisflow.studies.actionable_help.byte_pairs import learn
print(hashlib.sha256(learn(sys.stdin.read().splitlines(), 900, True).to_str().encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def tokenizer():
    return learn(texts_of(3000), 900, True)


def test_two_processes_learn_the_same_bytes(tokenizer):
    environment = {**os.environ, "RAYON_NUM_THREADS": "2", "PYTHONHASHSEED": "3", "TOKENIZERS_PARALLELISM": "true"}
    texts, command = "\n".join(texts_of(3000)), [sys.executable, "-c", PROCESS]
    ran = subprocess.run(command, input=texts, check=True, capture_output=True, text=True, env=environment)
    assert ran.stdout.strip() == hashlib.sha256(tokenizer.to_str().encode()).hexdigest()
    assert tokenizer.get_vocab_size() == 900


@given(st.text())
def test_any_text_is_subwords_and_comes_back_in_lower_case(tokenizer, text):
    found = tokenizer.encode(text)
    assert found.tokens[0] == "[CLS]" and found.tokens[-1] == "[SEP]"
    plain = " ".join(normalize("NFC", text).split())
    again = tokenizer.decode(tokenizer.encode(plain, add_special_tokens=False).ids)
    assert again.strip() == tokenizer.normalizer.normalize_str(plain).strip()


def test_transformers_opens_it_with_offsets_without_blanks(tokenizer, tmp_path):
    save(as_fast(tokenizer, 64), tmp_path)
    opened = AutoTokenizer.from_pretrained(tmp_path)
    assert (opened.is_fast, opened.pad_token_id, opened.model_max_length) == (True, 0, 64)
    read = opened("Water NEEDED", return_offsets_mapping=True)
    assert read["input_ids"] == tokenizer.encode("Water NEEDED").ids
    assert "".join("Water NEEDED"[start:end] for start, end in read["offset_mapping"]) == "WaterNEEDED"
    assert opened(["a", "a b"], padding=True)["attention_mask"][0][-1] == 0


def test_case_is_kept_where_it_is_asked_for(tokenizer):
    kept = learn(texts_of(50), 300, False)
    assert kept.decode(kept.encode("Water").ids).strip() == "Water"
    assert tokenizer.decode(tokenizer.encode("Water").ids).strip() == "water"


def test_fewer_entries_than_bytes_are_refused():
    with pytest.raises(CrisisflowError, match="a vocabulary of 259 entries cannot hold the byte alphabet; give 260"):
        learn(["water"], 259, True)
