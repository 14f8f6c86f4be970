"""Whole words as nodes: against a loop over the tokens of each text."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.pretrained import load_tokenizer
from crisisflow.studies.gnom.cooccurrence import chunk_of
from crisisflow.studies.gnom.words import WordIds, marks_of, means_of, name_of, words_in

ENCODERS = ("embedded:minilm-l6", "embedded:e5-small-multilingual")
TEXT = st.text("aeéhoñrstw 1.,#@!(😀\n", max_size=40)


@pytest.fixture(scope="module", params=ENCODERS)
def tokenizer(request):
    return load_tokenizer(request.param)


@pytest.fixture(scope="module")
def marks(tokenizer):
    return marks_of(tokenizer)


def split(tokenizer, ids):
    """The words of a text, each as its tokens."""
    tokens = tokenizer.convert_ids_to_tokens(list(ids))
    marked = tokenizer.convert_tokens_to_ids("##s") != tokenizer.unk_token_id
    words, before = [], None
    for number, token in zip(ids, tokens, strict=True):
        bare = token.removeprefix("##").lstrip("▁")
        alone = number in tokenizer.all_special_ids or not any(map(str.isalnum, bare))
        begins = not token.startswith("##") if marked else token.startswith("▁")
        if begins or alone or before is None or before:
            words.append([])
        words[-1].append(number)
        before = alone
    return [tuple(own) for own in words]


@settings(max_examples=30)
@given(st.lists(TEXT, min_size=1, max_size=5))
def test_words_are_those_of_a_loop(tokenizer, marks, texts):
    ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
    expected = [split(tokenizer, own) for own in ids]
    whole = WordIds(marks, sorted({own for text in expected for own in text if len(own) > 1}))
    found = whole.chunk(chunk_of(ids))
    assert found.lengths.tolist() == [len(own) for own in expected]
    assert [whole.pieces(own) for own in found.ids.tolist()] == [own for text in expected for own in text]
    assert {*whole.several(chunk_of(ids))} == {*whole.words}
    padded = torch.nn.utils.rnn.pad_sequence(
        [torch.tensor([tokenizer.cls_token_id, *own, tokenizer.sep_token_id]) for own in ids],
        batch_first=True,
        padding_value=tokenizer.pad_token_id,
    )
    for row, own in zip(whole(padded).tolist(), expected, strict=True):
        behind = [number for word in own for number in word]
        known = [whole.pieces(number) for number in row[1 : 1 + len(behind)]]
        assert known == [word for word in own for _ in word]
    assert (WordIds(marks, [])(padded) < len(tokenizer)).sum() == (whole(padded) < len(tokenizer)).sum()


def test_the_words_of_texts_do_not_depend_on_their_order_and_have_names(tokenizer):
    texts = ["evacuees sheltered, evacuees!", "Firefighters sheltered evacuees", "water"]
    ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
    one, other = (
        words_in(tokenizer, [chunk_of(own) for own in order]) for order in ([ids], [[own] for own in ids[::-1]])
    )
    assert one.words == other.words and one.words
    names = {name_of(tokenizer.convert_ids_to_tokens(list(own))).lstrip("▁").lower() for own in one.words}
    assert names <= {"evacuees", "sheltered", "firefighters"} and "evacuees" in names


def test_the_vector_of_a_word_is_the_mean_of_its_tokens():
    table = np.arange(12, dtype=np.float32).reshape(6, 2) ** 2
    np.testing.assert_array_equal(
        means_of(table, [(3,), (0, 2), (5,)]), [table[3], (table[0] + table[2]) / 2, table[5]]
    )
