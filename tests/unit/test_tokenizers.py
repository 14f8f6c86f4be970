"""Tokenizers of every kind: whatever blanks and markers their offsets hold, the words are the text's own."""

from functools import cache
from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import (
    Regex,
    Tokenizer,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

from crisisflow.alignment.bio import align, words_of
from crisisflow.alignment.decoding import strict_spans
from crisisflow.alignment.windows import joined_words, windows_of
from crisisflow.inference import TrainedRow, find
from crisisflow.labels import IGNORED
from crisisflow.spans import Span
from crisisflow.taxonomy import BIO_LABELS, ENTITY_TYPES, LABELS

WORDS = ["Floods", "in", "Kerala", "17", "dead", "señor", "日本", "дождь", "केरल", "Ｗｉｄｅ"]
BLANKS = [" ", "  ", "   ", "\t", "\n", "\r\n", " \n ", "\u00a0", "\u3000", "\u2009 ", " \u200b ", "\u202f"]
MARKER = "\u2581"
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
LONG = 48

bytes_of = pre_tokenizers.ByteLevel
metaspace = pre_tokenizers.Metaspace
split = pre_tokenizers.Split
chain = pre_tokenizers.Sequence

ENDS = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
# What a byte-level tokenizer splits at, and what its post-processor makes of the offsets: the first one trims them.
TRIMS = "trimmed"
BYTE_LEVEL = {
    f"bytes-{name}-{prefix}": bytes_of(add_prefix_space=prefix, use_regex=regex)
    for name, regex in (("regex", True), ("whole", False))
    for prefix in (False, True)
}
OFFSETS = {
    TRIMS: processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True),
    "roberta": processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=False),
    "bert": processors.BertProcessing(("</s>", 2), ("<s>", 0)),
    "template": ENDS,
    "bytes": processors.Sequence([processors.ByteLevel(trim_offsets=False), ENDS]),
}
QWEN = Regex(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
# What other tokenizers split at, and how they normalise before.
OTHERS = {
    "qwen": (chain([split(QWEN, "isolated"), bytes_of(add_prefix_space=False, use_regex=False)]), None),
    "digits": (chain([pre_tokenizers.Digits(individual_digits=False), bytes_of(add_prefix_space=False)]), None),
    "camembert": (chain([pre_tokenizers.WhitespaceSplit(), metaspace()]), None),
    "metaspace": (metaspace(), None),
    "metaspace-never": (metaspace(prepend_scheme="never"), None),
    "metaspace-first": (metaspace(prepend_scheme="first"), None),
    "metaspace-whole": (metaspace(split=False), None),
    "xlm-roberta": (metaspace(), normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])),
    "albert": (
        chain([pre_tokenizers.WhitespaceSplit(), metaspace()]),
        normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]),
    ),
    "deberta": (
        chain([pre_tokenizers.Punctuation(), metaspace()]),
        normalizers.Sequence([normalizers.Strip(), normalizers.NFKC()]),
    ),
    "one-blank": (metaspace(), normalizers.Replace(Regex(r"\s+"), " ")),
    "llama": (None, normalizers.Sequence([normalizers.Prepend(MARKER), normalizers.Replace(" ", MARKER)])),
    "isolated": (split(Regex(r"\s+"), "isolated"), None),
    "behind": (split(Regex(r"\s"), "merged_with_previous"), None),
    "before": (split(Regex(r"\s"), "merged_with_next"), None),
    "contiguous": (split(Regex(r"\s"), "contiguous"), None),
    "scripts": (chain([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.UnicodeScripts()]), None),
    "bert": (pre_tokenizers.BertPreTokenizer(), normalizers.BertNormalizer()),
}
ALPHABET = sorted({MARKER, *"".join([*WORDS, *BLANKS])})


def made(pre_tokenizer, normalizer=None, processor=None, unigram=False):
    """A tokenizer that knows a few pieces of the words, so that most words have several subwords."""
    tokenizer = Tokenizer(models.Unigram() if unigram else models.BPE(unk_token="<unk>"))
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    alphabet = bytes_of.alphabet() if processor is not None else ALPHABET
    options = {"special_tokens": SPECIAL, "initial_alphabet": alphabet, "show_progress": False}
    if unigram:
        trainer = trainers.UnigramTrainer(vocab_size=150, unk_token="<unk>", **options)
    else:
        trainer = trainers.BpeTrainer(vocab_size=320, **options)
    tokenizer.train_from_iterator([f" {word}" for word in WORDS] * 3, trainer)
    tokenizer.post_processor = ENDS if processor is None else processor
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    )


@cache
def byte_level():
    """By what they split at, the byte-level tokenizers of one vocabulary by what their offsets hold."""
    return {
        name: {kind: made(splits, processor=processor) for kind, processor in OFFSETS.items()}
        for name, splits in BYTE_LEVEL.items()
    }


@cache
def every():
    """Tokenizers of every kind by name."""
    others = {
        f"{name}-{model}": made(*parts, unigram=model == "unigram")
        for name, parts in OTHERS.items()
        for model in ("bpe", "unigram")
    }
    bytewise = {f"{name}-{kind}": own for name, kinds in byte_level().items() for kind, own in kinds.items()}
    return {**bytewise, **others}


def read(tokenizer, text):
    encoded = tokenizer([text], return_offsets_mapping=True)
    return words_of(encoded.word_ids(0), encoded["offset_mapping"][0], text)


@st.composite
def spanned(draw):
    """A text of words between blanks, its words' places, and spans of some of them, in order."""
    parts = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8))
    gaps = draw(st.lists(st.sampled_from(BLANKS), min_size=len(parts) - 1, max_size=len(parts) - 1))
    first, last = draw(st.sampled_from(["", *BLANKS])), draw(st.sampled_from(["", *BLANKS]))
    text, places = first, []
    for part, gap in zip(parts, [*gaps, last], strict=True):
        places.append((len(text), len(text) + len(part)))
        text += part + gap
    borders = sorted(draw(st.sets(st.integers(0, len(parts)), max_size=6)))
    spans = [
        Span("1", places[begin][0], places[end - 1][1], draw(st.sampled_from(ENTITY_TYPES)), "gold", "x")
        for begin, end in zip(borders[::2], borders[1::2], strict=False)
    ]
    return text, places, spans


@given(spanned())
def test_words_are_what_stands_between_blanks_and_no_span_of_them_is_lost(case):
    text, places, spans = case
    for name, tokenizer in every().items():
        words = read(tokenizer, text)
        # Some divide a word further: before vowel signs, or between two scripts.
        assert {word.start for word in words} >= {start for start, _ in places}, name
        assert {word.end for word in words} >= {end for _, end in places}, name
        (aligned,) = align(tokenizer, [text], [spans], 512, LABELS)
        assert [fate for _, fate in aligned.fates] == ["exact"] * len(spans), name
        begun = [BIO_LABELS[label] for label in aligned.labels if label != IGNORED]
        assert [label[2:] for label in begun if label[0] == "B"] == [span.label for span in spans], name


@given(spanned(), st.text(max_size=20))
def test_labels_are_those_of_the_tokenizer_that_trims(case, tail):
    text, _, spans = case
    for kinds in byte_level().values():
        (expected,) = align(kinds[TRIMS], [text + tail], [spans], 512, LABELS)
        for tokenizer in kinds.values():
            (aligned,) = align(tokenizer, [text + tail], [spans], 512, LABELS)
            assert aligned == expected


@given(st.text(max_size=60) | st.lists(st.sampled_from([*WORDS, *BLANKS, "<unk>", "#", "1"]), max_size=30).map("".join))
def test_whatever_is_labelled_begins_and_ends_with_no_blank(text):
    for name, tokenizer in every().items():
        words = read(tokenizer, text)
        assert [word.token for word in words] == sorted({word.token for word in words}), name
        for labels in (["B-LOCATION"] * len(words), ["B-LOCATION", *["I-LOCATION"] * len(words)][: len(words)]):
            for span in strict_spans(words, labels, [1.0] * len(words)):
                found = text[span.start : span.end]
                assert found, name
                assert found == found.strip(), name


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=120), st.sampled_from(BLANKS))
def test_a_text_of_many_windows_has_each_word_once(parts, blank):
    text = blank.join(parts)
    for name in ("bytes-regex-False-roberta", "bytes-whole-True-bert", "metaspace-whole-unigram", "llama-bpe"):
        (windows,) = windows_of(every()[name], LONG, [text])
        joined, places = joined_words(windows, text)
        assert "".join(text[word.start : word.end] for word in joined) == "".join(parts), name
        assert [word.token for word in joined] == [place.token for place in places], name


def everywhere(ids, mask):
    """A forward pass that finds a place in every subword."""
    entity = np.zeros((*ids.shape, len(BIO_LABELS)))
    entity[..., BIO_LABELS.index("B-LOCATION")] = 9
    return entity, None


@given(st.lists(st.sampled_from([*WORDS, *BLANKS]), max_size=60).map("".join))
def test_spans_that_are_found_everywhere_are_the_words(text):
    for name in ("bytes-regex-True-template", "xlm-roberta-unigram", "before-bpe", "behind-bpe"):
        row = TrainedRow(SimpleNamespace(labels=LABELS), every()[name], LONG)
        (found,) = find(row, everywhere, [text])
        words = "".join(text[span.start : span.end] for span in found.spans)
        assert words == "".join(text.replace("\u200b", "").split()), name
