"""BIO alignment: character spans to labels on the first subword of each word, and back.

The paper: offset mapping of the tokenizer; continuation subwords get -100. A word here is what the tokenizer's own
pre-tokenizer splits at, without blanks: `#flood` is two words for WordPiece and for byte-level BPE alike.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crisisflow.artifacts import (
    TWEETS,
    aligned_schema,
    batched,
    count_rows,
    parquet_writer,
    read_in_parts,
    table_of,
    write_json,
)
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Alignment, identified
from crisisflow.labels import IGNORED, Labels
from crisisflow.pretrained import bare_name, check_length, load_tokenizer
from crisisflow.progress import say, tracked
from crisisflow.spans import Span, by_tweet, read_spans

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BATCH = 1000
FATES = ("exact", "moved", "lost", "truncated")


class Word(NamedTuple):
    """A word of the tokenizer: its place in the text (code points) and its first subword."""

    start: int
    end: int
    token: int


def _divides(character: str) -> bool:
    """Whether it is white space; U+2581 stands for a blank in SentencePiece."""
    return character.isspace() or character == "\u2581"


def _is_blank(character: str) -> bool:
    """Whether it is white space, or a control or format character, which normalisers drop or turn into a blank.

    Format characters from U+E0000 on are parts of flags.
    """
    return _divides(character) or (character < "\U000e0000" and unicodedata.category(character) in ("Cc", "Cf"))


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The place without the blanks at its ends; empty where there is nothing else."""
    while start < end and _is_blank(text[start]):
        start += 1
    while start < end and _is_blank(text[end - 1]):
        end -= 1
    return start, end


def words_of(word_ids: Sequence[int | None], offsets: Sequence[tuple[int, int]], text: str) -> list[Word]:
    """The words of one encoded text; none begins or ends with a blank.

    It depends on the tokenizer whether a subword's offsets hold the blanks beside it, so they are trimmed here. Some
    tokenizers take a whole text as one word, which is divided at its blanks. What holds blanks alone is no word. A code
    point that is split over several subwords counts once.

    Args:
        word_ids: of each subword; None for a special token.
        offsets: of each subword, in code points of the text.
        text: what was encoded.
    """
    words: list[Word] = []
    previous: int | None = None
    marker: int | None = None  # a subword of blanks alone, which begins the word behind it
    is_new = True  # whether the next text begins a word
    for token, (word_id, offset) in enumerate(zip(word_ids, offsets, strict=True)):
        if word_id != previous:
            is_new, marker, previous = True, None, word_id
        if word_id is None:
            continue
        start, end = _trimmed(text, *offset)
        if start == end:
            marker = token if marker is None else marker
            continue
        if is_new or any(map(_divides, text[words[-1].end : start])):
            words.append(Word(start, end, token if marker is None else marker))
        else:
            words[-1] = words[-1]._replace(end=max(words[-1].end, end))
        is_new, marker = False, None
    return words


def encode(words: Sequence[Word], spans: Sequence[Span]) -> list[str]:
    """One BIO label per word: a span takes the words whose first character it covers.

    `spans` are ordered and do not overlap (the resolved spans of one tweet).
    """
    labels = ["O"] * len(words)
    current = 0
    for span in spans:
        while current < len(words) and words[current].start < span.start:
            current += 1
        prefix = "B"
        while current < len(words) and words[current].start < span.end:
            labels[current] = f"{prefix}-{span.label}"
            prefix = "I"
            current += 1
    return labels


def decode(words: Sequence[Word], labels: Sequence[str]) -> list[tuple[int, int, str]]:
    """(start, end, type) of each BIO span; an I- that continues no span of its type opens one."""
    found: list[tuple[int, int, str]] = []
    open_type = ""
    for word, label in zip(words, labels, strict=True):
        prefix, _, kind = label.partition("-")
        if prefix == "I" and kind == open_type:
            found[-1] = (found[-1][0], word.end, kind)
        elif kind:
            found.append((word.start, word.end, kind))
        open_type = kind
    return found


def fates_of(spans: Sequence[Span], found: Sequence[tuple[int, int, str]], reach: int) -> list[tuple[str, str]]:
    """The type of each span and what became of it, where `found` is what can be read back from the labels.

    `exact`: its borders are borders of words. `moved`: they are not, and the labelled words are the nearest form.
    `lost`: it begins inside a word and covers no other. `truncated`: it goes beyond `reach`, where the labels end.
    """
    exact = set(found)
    starts = {start for start, _, _ in found}
    fates = []
    for span in spans:
        if (span.start, span.end, span.label) in exact:
            fate = "exact"
        elif span.end > reach:
            fate = "truncated"
        else:
            fate = "moved" if any(span.start <= start < span.end for start in starts) else "lost"
        fates.append((span.label, fate))
    return fates


class Aligned(NamedTuple):
    """One tweet as a model reads it; `fates` pairs each span's type with what became of it."""

    input_ids: list[int]
    labels: list[int]
    fates: list[tuple[str, str]]
    cut: bool  # whether max_length ended the tweet


def align(
    tokenizer: "PreTrainedTokenizerBase",
    texts: Sequence[str],
    spans: Sequence[Sequence[Span]],
    max_length: int,
    names: Labels,
) -> Iterator[Aligned]:
    """Align the resolved spans of each text; a span that reaches beyond `max_length` subwords is truncated."""
    label_id = {name: number for number, name in enumerate(names.bio)}
    encoded = tokenizer(list(texts), truncation=True, max_length=max_length, return_offsets_mapping=True)
    for number, (text, own) in enumerate(zip(texts, spans, strict=True)):
        word_ids, offsets = encoded.word_ids(number), encoded["offset_mapping"][number]
        words = words_of(word_ids, offsets, text)
        labels = [IGNORED] * len(word_ids)
        tags = encode(words, own)
        for word, tag in zip(words, tags, strict=True):
            labels[word.token] = label_id[tag]
        cut = bool(encoded.encodings[number].overflowing)
        reach = max(end for _, end in offsets) if cut else len(text)
        yield Aligned(encoded["input_ids"][number], labels, fates_of(own, decode(words, tags), reach), cut)


def _with_spans(tweets: Path, resolved: Path) -> Iterator[tuple[dict[str, str], list[Span]]]:
    """The rows of a tweets file, each with its spans; both files are read side by side, as they are needed.

    Raises:
        CrisisflowError: one of them is not in the order of its tweet ids.
    """
    annotated = by_tweet(read_spans(resolved), resolved)
    spans = next(annotated, None)
    before = ""
    for table in read_in_parts(tweets, TWEETS):
        for row in table.to_pylist():
            tweet_id = row["tweet_id"]
            if tweet_id <= before:
                raise CrisisflowError(
                    f"{tweets}: tweet {tweet_id} comes after tweet {before}, but tweets must be ordered by their ids "
                    "(as strings); make it again with: crisisflow subset"
                )
            before = tweet_id
            while spans and spans[0].tweet_id < tweet_id:
                spans = next(annotated, None)
            yield row, spans if spans and spans[0].tweet_id == tweet_id else []


def write_aligned(
    study: str,
    tweets: Path,
    resolved: Path,
    encoder: str,
    max_length: int,
    labels: Labels,
    out: Path,
    statistics: Path,
) -> None:
    """Write the aligned tweets of one row's tokenizer and, per type, the fates of the spans.

    Args:
        study: whose they are.
        tweets: artifacts.TWEETS. resolved: their spans. Both are ordered by the tweets' ids.
        encoder: whose tokenizer, as embedded:NAME, NAME@REVISION, or a folder.
        max_length: subwords of a sequence at most.
        labels: what the ids in `out` mean.

    Raises:
        CrisisflowError: the encoder is not to be had, or takes no sequences as long as `max_length`; or the tweets or
            their spans are not in the order of the tweets' ids.
    """
    check_length(encoder, max_length)
    tokenizer = load_tokenizer(encoder)
    lengths: Counter[int] = Counter()
    fates: Counter[tuple[str, str]] = Counter()
    cut = 0
    schema = identified(aligned_schema(labels), Alignment(study, bare_name(encoder), max_length))
    batches = -(-count_rows(tweets, TWEETS) // BATCH)
    with parquet_writer(out, schema) as append:
        for batch in tracked(batched(_with_spans(tweets, resolved), BATCH), "bio", batches, "batches"):
            aligned = align(tokenizer, [row["text"] for row, _ in batch], [own for _, own in batch], max_length, labels)
            rows: list[Sequence[Any]] = []
            for (row, _), tweet in zip(batch, aligned, strict=True):
                class_id = labels.classes.index(row["class_label"])
                truncated = sum(fate == "truncated" for _, fate in tweet.fates)
                rows.append((row["tweet_id"], row["split"], tweet.input_ids, tweet.labels, class_id, truncated))
                lengths[len(tweet.input_ids)] += 1
                fates.update(tweet.fates)
                cut += tweet.cut
            append(table_of(rows, schema))
    subwords = sum(length * count for length, count in lengths.items())
    facts = {
        "tweets": lengths.total(),
        "subwords": {"mean": subwords / lengths.total(), "longest": max(lengths)},
        "tweets_cut": cut,
        "spans": {label: {fate: fates[label, fate] for fate in FATES} for label in labels.entities},
    }
    write_json(statistics, facts)
    exact = sum(count for (_, fate), count in fates.items() if fate == "exact")
    say(f"bio: {exact:,} of {fates.total():,} spans fall on word borders; {cut} tweets are cut")
