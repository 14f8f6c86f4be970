"""The formats: each a writer of one split's file, whole or not there."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from crisisflow.artifacts import atomic_path, parquet_writer
from crisisflow.studies.humaid_ner.dataset.tokens import Tokenised
from crisisflow.studies.humaid_ner.dataset.tweets import Tweet
from crisisflow.taxonomy import CLASSES, ENTITY_TYPES

Append = Callable[[Sequence[Tokenised]], None]
Writer = Callable[[Path], AbstractContextManager[Append]]
# The column that says what the offsets count in: the text, or the sha256 of its UTF-8 for who has the text.
Content = Literal["text", "text_sha256"]


class Format(NamedTuple):
    """How a format is written; `standoff` is without the text, and None where there is nothing left then."""

    suffix: str
    writer: Writer
    standoff: Writer | None


def record(tweet: Tweet, content: Content) -> dict[str, Any]:
    """A tweet as JSON Lines have it."""
    return {
        "tweet_id": tweet.tweet_id,
        content: tweet.text if content == "text" else hashlib.sha256(tweet.text.encode()).hexdigest(),
        "class_label": tweet.class_label,
        "event": tweet.event,
        "split": tweet.split,
        "spans": [{key: value for key, value in span._asdict().items() if key != "tweet_id"} for span in tweet.spans],
    }


def schema(content: Content) -> pa.Schema:
    """The Parquet schema, with the metadata by which `datasets` sees ClassLabel features."""

    def value(dtype: str) -> dict[str, Any]:
        return {"dtype": dtype, "_type": "Value"}

    def label(names: Sequence[str]) -> dict[str, Any]:
        return {"names": list(names), "_type": "ClassLabel"}

    span: dict[str, tuple[pa.DataType, Any]] = {
        "start": (pa.int32(), value("int32")),
        "end": (pa.int32(), value("int32")),
        "label": (pa.int64(), label(ENTITY_TYPES)),
        "source": (pa.string(), value("string")),
        "rule": (pa.string(), value("string")),
    }
    columns: dict[str, tuple[pa.DataType, Any]] = {
        "tweet_id": (pa.string(), value("string")),
        content: (pa.string(), value("string")),
        "class_label": (pa.int64(), label(CLASSES)),
        "event": (pa.string(), value("string")),
        "spans": (
            pa.list_(pa.struct([(name, kind) for name, (kind, _) in span.items()])),
            {"feature": {name: feature for name, (_, feature) in span.items()}, "_type": "List"},
        ),
    }
    features = {name: feature for name, (_, feature) in columns.items()}
    return pa.schema(
        [(name, kind) for name, (kind, _) in columns.items()],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )


def _with_ids(row: Mapping[str, Any]) -> dict[str, Any]:
    spans = [{**span, "label": ENTITY_TYPES.index(span["label"])} for span in row["spans"]]
    return {**row, "class_label": CLASSES.index(row["class_label"]), "spans": spans}


@contextmanager
def parquet(path: Path, content: Content) -> Iterator[Append]:
    """Parquet for `datasets`: labels are ids of ClassLabel features. The split is the file's."""
    columns = schema(content)
    with parquet_writer(path, columns) as append:
        yield lambda batch: append(
            pa.Table.from_pylist([_with_ids(record(entry.tweet, content)) for entry in batch], columns)
        )


@contextmanager
def jsonl(path: Path, content: Content) -> Iterator[Append]:
    """JSON Lines: an object per tweet, labels by name."""
    with atomic_path(path) as partial_path, partial_path.open("w", encoding="utf-8") as file:
        yield lambda batch: file.writelines(
            json.dumps(record(entry.tweet, content), ensure_ascii=False) + "\n" for entry in batch
        )


@contextmanager
def conll(path: Path) -> Iterator[Append]:
    """CoNLL: comments that say which tweet follows, a token and its BIO tag per line, a blank line behind each tweet.

    A comment begins with "# "; no token does, since tokens hold no white space. Tokens that are white space are left
    out.
    """
    with atomic_path(path) as partial_path, partial_path.open("w", encoding="utf-8") as file:
        yield lambda batch: file.writelines(map(_block, batch))


def _block(entry: Tokenised) -> str:
    tweet = entry.tweet
    comments = {"tweet_id": tweet.tweet_id, "class_label": tweet.class_label, "event": tweet.event}
    lines = [f"# {key} = {value}" for key, value in comments.items() if value is not None]
    for token in entry.doc:
        if not token.is_space:
            tag = f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type else "O"
            lines.append(f"{token.text}\t{tag}")
    return "\n".join(lines) + "\n\n"


@contextmanager
def docbin(path: Path) -> Iterator[Append]:
    """spaCy's DocBin: entities and categories; no user data. It is held in memory until it is whole."""
    from spacy.tokens import DocBin

    docs = DocBin(attrs=["ENT_IOB", "ENT_TYPE"], store_user_data=False)

    def append(batch: Sequence[Tokenised]) -> None:
        for entry in batch:
            docs.add(entry.doc)

    yield append
    with atomic_path(path) as partial_path:
        docs.to_disk(partial_path)


FORMATS = {
    "parquet": Format("parquet", partial(parquet, content="text"), partial(parquet, content="text_sha256")),
    "conll": Format("conll", conll, None),
    "docbin": Format("spacy", docbin, None),
    "jsonl": Format("jsonl", partial(jsonl, content="text"), partial(jsonl, content="text_sha256")),
}
