"""BIO alignment: character spans to labels on the first subword of each word, and back.

The paper: offset mapping of the tokenizer; continuation subwords get -100. A word here is what the tokenizer's own
pre-tokenizer splits at, so `#flood` is two words for WordPiece and for byte-level BPE alike.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crisisflow.annotation.span import Span, read_spans
from crisisflow.artifacts import ALIGNED, TWEETS, read_parquet, write_json, write_parquet
from crisisflow.params import AlignmentParams
from crisisflow.pretrained import check_length, load_tokenizer
from crisisflow.progress import say, tracked
from crisisflow.taxonomy import BIO_LABELS, ENTITY_TYPES, EVENT_CLASSES, IGNORED

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BATCH = 1000
FATES = ("exact", "moved", "lost", "truncated")
LABEL_ID = {label: number for number, label in enumerate(BIO_LABELS)}


class Word(NamedTuple):
    """A word of the tokenizer: its place in the text (code points) and its first subword."""

    start: int
    end: int
    token: int


def words_of(word_ids: Sequence[int | None], offsets: Sequence[tuple[int, int]]) -> list[Word]:
    """The words of one encoded text.

    Empty offsets (a lone space marker of byte-level BPE) do not move a word's borders, and a code point that is split
    over several subwords counts once.
    """
    words: list[Word] = []
    previous: int | None = None
    for token, (word_id, (start, end)) in enumerate(zip(word_ids, offsets, strict=True)):
        if word_id is None:
            continue
        if word_id != previous:
            words.append(Word(start, end, token))
        elif start < end:
            first = words[-1]
            begin = start if first.start == first.end else first.start
            words[-1] = Word(begin, max(first.end, end), first.token)
        previous = word_id
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
    tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str], spans: Sequence[Sequence[Span]], max_length: int
) -> Iterator[Aligned]:
    """Align the resolved spans of each text; a span that reaches beyond `max_length` subwords is truncated."""
    encoded = tokenizer(list(texts), truncation=True, max_length=max_length, return_offsets_mapping=True)
    for number, (text, own) in enumerate(zip(texts, spans, strict=True)):
        word_ids, offsets = encoded.word_ids(number), encoded["offset_mapping"][number]
        words = words_of(word_ids, offsets)
        labels = [IGNORED] * len(word_ids)
        tags = encode(words, own)
        for word, tag in zip(words, tags, strict=True):
            labels[word.token] = LABEL_ID[tag]
        cut = bool(encoded.encodings[number].overflowing)
        reach = max(end for _, end in offsets) if cut else len(text)
        yield Aligned(encoded["input_ids"][number], labels, fates_of(own, decode(words, tags), reach), cut)


def run(tweets: Path, resolved: Path, encoder: str, params: AlignmentParams, out: Path, statistics: Path) -> None:
    """Write the aligned tweets of one row's tokenizer and, per type, the fates of the spans.

    Raises:
        CrisisflowError: the encoder is not to be had, or takes no sequences as long as `max_length`.
    """
    check_length(encoder, params.max_length)
    tokenizer = load_tokenizer(encoder)
    table = read_parquet(tweets, TWEETS)
    spans: dict[str, list[Span]] = defaultdict(list)
    for span in read_spans(resolved):
        spans[span.tweet_id].append(span)
    ids, texts = table["tweet_id"].to_pylist(), table["text"].to_pylist()
    classes, splits = table["class_label"].to_pylist(), table["split"].to_pylist()
    rows: list[dict[str, Any]] = []
    fates: Counter[tuple[str, str]] = Counter()
    cut = 0
    batches = range(0, len(ids), BATCH)
    for begin in tracked(batches, "bio", len(batches), "batches"):
        part = slice(begin, begin + BATCH)
        own = [spans[tweet_id] for tweet_id in ids[part]]
        aligned = align(tokenizer, texts[part], own, params.max_length)
        for tweet_id, split, label, tweet in zip(ids[part], splits[part], classes[part], aligned, strict=True):
            rows.append(
                {
                    "tweet_id": tweet_id,
                    "split": split,
                    "input_ids": tweet.input_ids,
                    "labels": tweet.labels,
                    "class_id": EVENT_CLASSES.index(label),
                    "truncated_spans": sum(fate == "truncated" for _, fate in tweet.fates),
                }
            )
            fates.update(tweet.fates)
            cut += tweet.cut
    write_parquet(out, rows, ALIGNED)
    lengths = sorted(len(row["input_ids"]) for row in rows)
    facts = {
        "tweets": len(rows),
        "subwords": {"mean": sum(lengths) / len(lengths), "longest": lengths[-1]},
        "tweets_cut": cut,
        "spans": {label: {fate: fates[label, fate] for fate in FATES} for label in ENTITY_TYPES},
    }
    write_json(statistics, facts)
    exact = sum(count for (_, fate), count in fates.items() if fate == "exact")
    say(f"bio: {exact:,} of {fates.total():,} spans fall on word borders; {cut} tweets are cut")
