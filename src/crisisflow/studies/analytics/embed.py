"""Embed: the sentence embedding of each post that normalisation left, of unit length."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import parquet_writer, read_in_parts, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import Line, Positive
from crisisflow.progress import say
from crisisflow.studies.analytics.posts import POSTS
from crisisflow.studies.analytics.terms import DOCUMENTS

# In the order of the documents.
EMBEDDED = pa.schema([("post_id", pa.string()), ("vector", pa.list_(pa.float32()))])
SUBWORDS = 2048  # padded, of a block that is embedded at once: the fastest on a CPU
_AT_ONCE = 10_000  # rows of a table


def run(posts: InputFile, documents: InputFile, corpus: str, encoder: Line, max_length: Positive, out: Path) -> None:
    """Write the embeddings of the posts, as they came: an encoder needs no normalised words.

    Args:
        corpus: its name, for messages
        encoder: analytics.clusters.encoder
        max_length: subwords of a post at most; longer ones are cut

    Raises:
        CrisisflowError: the encoder cannot be loaded, or the documents are of other posts.
    """
    kept = [post_id for table in read_in_parts(documents, DOCUMENTS) for post_id in table["post_id"].to_pylist()]
    rows = read_parquet(posts, POSTS).select(["post_id", "text"]).to_pylist()
    texts = {row["post_id"]: row["text"] for row in rows}
    if not texts.keys() >= {*kept}:
        raise CrisisflowError(f"{documents} has posts that {posts} lacks; make both again, from the step posts on")
    found = encoder_of(encoder, max_length)([texts[post_id] for post_id in kept])
    with parquet_writer(out, EMBEDDED) as append:
        for start in range(0, len(kept), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            append(pa.table({"post_id": kept[part], "vector": list(found[part])}, schema=EMBEDDED))
    say(f"embed: {len(kept):,} posts of {corpus}, {found.shape[1]} dimensions")


def encoder_of(name: str, max_length: int) -> Callable[[Sequence[str]], np.ndarray]:
    """What embeds texts, on one thread: float32 [texts, d], of unit length.

    Raises:
        CrisisflowError: the encoder cannot be loaded.
    """
    from crisisflow.embedding import SentenceEncoder
    from crisisflow.training.device import open_device

    device = open_device("cpu", threads=1, processes=1)
    encoder = SentenceEncoder(name, max_length, SUBWORDS // max_length + 1, device)

    def encode(texts: Sequence[str]) -> np.ndarray:
        found = encoder.embed_in_blocks(texts, SUBWORDS)
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.finfo(np.float32).tiny)

    return encode


def read_embedded(path: Path) -> tuple[list[str], np.ndarray]:
    """The ids of the posts, and their embeddings [posts, d].

    Raises:
        CrisisflowError: what `read_parquet` raises.
    """
    table = read_parquet(path, EMBEDDED)
    vectors = table["vector"].combine_chunks()
    return table["post_id"].to_pylist(), vectors.flatten().to_numpy().reshape(len(vectors), -1).astype(float)
