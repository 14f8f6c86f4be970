"""Alignment: spans to labels on first subwords and back, for WordPiece and byte-level BPE."""

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow import artifacts
from crisisflow.alignment import bio
from crisisflow.alignment.bio import align, decode, encode, words_of, write_aligned
from crisisflow.artifacts import ALIGNED, SPANS, TWEETS, read_json, read_parquet, table_of, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.labels import IGNORED
from crisisflow.pretrained import load_tokenizer
from crisisflow.spans import Span, read_spans
from crisisflow.taxonomy import BIO_LABELS, ENTITY_TYPES, LABELS

TEXT = "RT @aid_now: 17 dead in #PuertoRico 🔥🔥 — Red Cross’s water trucks, señor! 👩‍👩‍👧 #flood"


@pytest.fixture(scope="session")
def wordpiece():
    return load_tokenizer("embedded:minilm-l6")


@pytest.fixture(scope="session")
def byte_bpe():
    """A byte-level BPE tokenizer as RoBERTa's, trained on a few words so that most words split into many subwords."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    )


@pytest.fixture(params=["wordpiece", "byte_bpe"])
def tokenizer(request):
    return request.getfixturevalue(request.param)


def span(start: int, end: int, label: str = "LOCATION") -> Span:
    return Span("1", start, end, label, "gold", "x")


def words(tokenizer, text):
    encoded = tokenizer([text], return_offsets_mapping=True)
    return words_of(encoded.word_ids(0), encoded["offset_mapping"][0], text), encoded


def test_words_are_the_text_s_own_and_start_at_their_first_subword(tokenizer):
    found, encoded = words(tokenizer, TEXT)
    texts = [TEXT[word.start : word.end] for word in found]
    assert {"17", "dead", "PuertoRico", "trucks", "flood"} <= set(texts)
    assert all(text == text.strip() for text in texts)
    assert [word.token for word in found] == sorted({word.token for word in found})
    ids = encoded.word_ids(0)
    assert all(ids[word.token] != ids[word.token - 1] for word in found)


def test_each_type_survives_in_a_tweet_with_hashtags_and_emoji(tokenizer):
    places = {"17 dead": "CASUALTY", "PuertoRico": "LOCATION", "Red Cross": "ORGANIZATION", "water trucks": "RESOURCE"}
    spans = sorted(span(TEXT.index(text), TEXT.index(text) + len(text), label) for text, label in places.items())
    (aligned,) = align(tokenizer, [TEXT], [spans], 128, LABELS)
    assert [fate for _, fate in aligned.fates] == ["exact"] * 4
    assert len(aligned.labels) == len(aligned.input_ids)
    found, _ = words(tokenizer, TEXT)
    first = {word.token for word in found}
    for token, label in enumerate(aligned.labels):
        assert (label != IGNORED) == (token in first)
    assert decode(found, [BIO_LABELS[aligned.labels[word.token]] for word in found]) == [
        (s.start, s.end, s.label) for s in spans
    ]


def test_adjacent_spans_of_one_type_stay_two(tokenizer):
    text = "Haiti Nepal"
    (aligned,) = align(tokenizer, [text], [[span(0, 5), span(6, 11)]], 128, LABELS)
    found, _ = words(tokenizer, text)
    assert [aligned.labels[word.token] for word in found] == [BIO_LABELS.index("B-LOCATION")] * 2


def test_a_span_inside_a_word_is_lost_and_one_that_ends_inside_is_moved(tokenizer):
    text = "prayformexico now"
    assert next(align(tokenizer, [text], [[span(7, 13)]], 128, LABELS)).fates == [("LOCATION", "lost")]
    assert next(align(tokenizer, [text], [[span(0, 5)]], 128, LABELS)).fates == [("LOCATION", "moved")]


def test_truncation_is_counted_and_keeps_what_is_left(tokenizer):
    text = "a " * 50 + "Haiti"
    (aligned,) = align(tokenizer, [text], [[span(0, 1), span(100, 105)]], 16, LABELS)
    assert len(aligned.input_ids) == 16
    assert aligned.cut
    assert not next(align(tokenizer, ["a " * 6], [[]], 16, LABELS)).cut
    assert [fate for _, fate in aligned.fates] == ["exact", "truncated"]


def test_what_the_encoder_has_no_positions_for_stops_before_any_work(tmp_path):
    own = [tmp_path / name for name in ("tweets", "spans", "out", "statistics")]
    with pytest.raises(CrisisflowError, match=r"alignment\.max_length is 513 but .* takes 512 subwords; lower it"):
        write_aligned("gnom", *own[:2], "embedded:minilm-l6", 513, LABELS, *own[2:])


def run_bio(folder, rows, spans, group=artifacts.ROW_GROUP, batch=bio.BATCH):
    """What `write_aligned` writes, from files in row groups of `group`, which it takes in batches."""
    with patch.object(artifacts, "ROW_GROUP", group):
        write_parquet(folder / "tweets", rows, TWEETS)
        write_parquet(folder / "spans", table_of(spans, SPANS), SPANS)
    own = [folder / name for name in ("tweets", "spans", "out", "statistics")]
    with patch.object(bio, "BATCH", batch):
        write_aligned("gnom", *own[:2], "embedded:minilm-l6", 16, LABELS, *own[2:])
    return own[2].read_bytes(), own[3].read_bytes()


def test_parts_of_any_size_make_one_file_of_each_tweet_with_its_own_spans(tmp_path, corpus):
    rows = read_parquet(corpus / "tweets.parquet", TWEETS).to_pylist()[::3]
    spans = list(read_spans(corpus / "gold.parquet"))  # also of the tweets between
    first = run_bio(tmp_path, rows, spans)
    assert run_bio(tmp_path, rows, spans, group=7, batch=9) == first
    own = [[span for span in spans if span.tweet_id == row["tweet_id"]] for row in rows]
    expected = list(align(load_tokenizer("embedded:minilm-l6"), [row["text"] for row in rows], own, 16, LABELS))
    table = read_parquet(tmp_path / "out", ALIGNED)
    assert table["tweet_id"].to_pylist() == [row["tweet_id"] for row in rows]
    assert table["labels"].to_pylist() == [tweet.labels for tweet in expected]
    facts = read_json(tmp_path / "statistics")
    lengths = [len(tweet.input_ids) for tweet in expected]
    assert facts["tweets"] == 100
    assert facts["subwords"] == {"mean": sum(lengths) / 100, "longest": max(lengths)}
    assert facts["tweets_cut"] == sum(tweet.cut for tweet in expected) > 0


def test_tweets_and_spans_out_of_order_are_named_and_nothing_is_written(tmp_path, corpus):
    rows = read_parquet(corpus / "tweets.parquet", TWEETS).to_pylist()[:3]
    spans = [Span(row["tweet_id"], 0, 1, "LOCATION", "gold", "x") for row in rows]
    with pytest.raises(CrisisflowError, match=f"tweets: tweet {rows[0]['tweet_id']} comes after tweet"):
        run_bio(tmp_path, [rows[1], rows[0]], spans)
    with pytest.raises(CrisisflowError, match=f"spans: tweet {rows[0]['tweet_id']} comes after tweet"):
        run_bio(tmp_path, rows, [spans[1], spans[0], spans[2]])
    assert not (tmp_path / "out").exists()


def test_byte_bpe_emoji_of_many_subwords_is_one_word(byte_bpe):
    found, encoded = words(byte_bpe, "fire 🔥 now")
    assert [(word.start, word.end) for word in found] == [(0, 4), (5, 6), (7, 10)]
    assert len(encoded["input_ids"][0]) > len(found) + 2


pieces = st.lists(
    st.sampled_from(
        ["flood", "#Kerala", "@user", "🔥", "doesnt", "1,000", "‘", "日本", "é", "e\u0301", "U.S.", "\u200d"]
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None, max_examples=200)
@given(data=st.data(), parts=pieces, gaps=st.lists(st.sampled_from([" ", "  ", "", "\n"]), min_size=12, max_size=12))
def test_spans_on_word_borders_come_back_exactly(wordpiece, byte_bpe, data, parts, gaps):
    text = "".join(part + gap for part, gap in zip(parts, gaps, strict=False))
    for tokenizer in (wordpiece, byte_bpe):
        found, _ = words(tokenizer, text)
        found = [word for word in found if word.start < word.end]
        borders = sorted(data.draw(st.sets(st.integers(0, len(found)), max_size=6)))
        spans = [
            span(found[first].start, found[last - 1].end, data.draw(st.sampled_from(ENTITY_TYPES)))
            for first, last in zip(borders[::2], borders[1::2], strict=False)
        ]
        assert decode(found, encode(found, spans)) == [(s.start, s.end, s.label) for s in spans]
        (aligned,) = align(tokenizer, [text], [spans], 512, LABELS)
        assert all(fate == "exact" for _, fate in aligned.fates)


@given(st.lists(st.sampled_from(BIO_LABELS), max_size=12))
def test_decoding_any_labels_gives_ordered_spans_that_encode_to_valid_labels(labels):
    from crisisflow.alignment.bio import Word

    found = [Word(2 * at, 2 * at + 1, at) for at in range(len(labels))]
    spans = [span(*one) for one in decode(found, labels)]
    again = encode(found, spans)
    assert decode(found, again) == [(s.start, s.end, s.label) for s in spans]
    assert [label[2:] for label in again] == [label[2:] for label in labels]


@pytest.mark.parametrize(
    ("text", "offsets", "expected"),
    [
        ("Floods in Kerala", [(0, 6), (6, 9), (9, 16)], [(0, 6), (7, 9), (10, 16)]),
        ("Floods in Kerala", [(0, 7), (7, 10), (10, 16)], [(0, 6), (7, 9), (10, 16)]),
        ("  in\u3000Kerala \n", [(0, 4), (4, 13)], [(2, 4), (5, 11)]),
        ("in  Kerala", [(0, 2), (2, 4), (4, 10)], [(0, 2), (4, 10)]),
        ("\u2067Kerala\u2069", [(0, 8)], [(1, 7)]),
    ],
)
def test_words_begin_and_end_with_letters_whatever_blanks_the_offsets_hold(text, offsets, expected):
    found = words_of(range(len(offsets)), offsets, text)
    assert [(word.start, word.end) for word in found] == expected
    last = expected[-1]
    assert encode(found, [span(*last)])[-1] == "B-LOCATION"


def test_one_word_for_the_whole_text_is_divided_at_its_blanks_and_nowhere_else():
    offsets = [(0, 2), (2, 3), (3, 6), (6, 9), (9, 12)]
    found = words_of([0] * 5, offsets, "in\u3000Kerala Ko")
    assert [tuple(word) for word in found] == [(0, 2, 0), (3, 9, 1), (10, 12, 4)]
    assert [tuple(word) for word in words_of([0] * 3, [(0, 1), (1, 2), (2, 3)], "👩\u200d👧")] == [(0, 3, 0)]
