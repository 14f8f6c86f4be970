"""Row negatives: ordinary tweets beside the training tweets of a row, of class not_humanitarian and without a span."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crisisflow.alignment.bio import align
from crisisflow.artifacts import ALIGNED, aligned_schema, read_parquet, write_parquet
from crisisflow.corpus.sources.texts import read_texts
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Alignment, identified
from crisisflow.pretrained import bare_name, load_tokenizer
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.studies.humaid_ner.params import NegativesParams
from crisisflow.taxonomy import CLASSES, LABELS
from crisisflow.training.batching import Examples

TRAIN = "train"  # the split
CLASS = "not_humanitarian"


def _chosen(mined: Path, wanted: NegativesParams) -> Iterator[tuple[str, str]]:
    """The ids and texts of a row's negatives: of its band the first ones.

    Where the table has a column `tweets`, several rows have theirs in it, and those count that were found for as many.

    Raises:
        CrisisflowError: there are fewer, or what `read_texts` raises.
    """
    rows = read_texts(mined, ("id", "tweets"), ("band",))
    number = str(wanted.tweets)
    own = [row for row in rows if row.values["band"] == wanted.band and row.values.get("tweets", number) == number]
    if len(own) < wanted.tweets:
        known = ", ".join(sorted({row.values["band"] for row in rows}))
        raise CrisisflowError(
            f"{mined} has {len(own):,} negatives of band {wanted.band}, and a row wants {wanted.tweets:,}; mine as "
            f"many, or lower humaid_ner.rows.NAME.negatives.tweets; its bands are: {known}"
        )
    for row in own[: wanted.tweets]:
        yield row.values.get("id") or hashlib.sha256(row.text.encode()).hexdigest(), row.text


def write_negatives(
    mined: Path | None, wanted: NegativesParams | None, encoder: str, max_length: int, out: Path
) -> None:
    """Write the negatives of a row in its encoder's subwords (artifacts.ALIGNED); none for a row without.

    Args:
        mined: a table with the columns `text` and `band`, and `id` and `tweets` where it has them.

    Raises:
        CrisisflowError: the row wants negatives and no table is given, or what `_chosen` raises.
    """
    rows: list[dict[str, Any]] = []
    if wanted is not None:
        if mined is None:
            raise CrisisflowError("the row wants negatives, and no table of them is given; give --mined")
        ids, texts = zip(*_chosen(mined, wanted), strict=True)
        aligned = align(load_tokenizer(encoder), texts, [[] for _ in texts], max_length, LABELS)
        rows = [
            {
                "tweet_id": text_id,
                "split": TRAIN,
                "input_ids": own.input_ids,
                "labels": own.labels,
                "class_id": CLASSES.index(CLASS),
                "truncated_spans": 0,
            }
            for text_id, own in zip(ids, aligned, strict=True)
        ]
    write_parquet(out, rows, identified(aligned_schema(LABELS), Alignment(STUDY, bare_name(encoder), max_length)))


def read_negatives(path: Path | None, wanted: NegativesParams | None, targets: tuple[str, ...]) -> Examples:
    """What `write_negatives` wrote for a row.

    Args:
        targets: the columns that are learnt.

    Raises:
        CrisisflowError: the row wants another number.
    """
    rows = [] if path is None else read_parquet(path, ALIGNED).to_pylist()
    number = 0 if wanted is None else wanted.tweets
    if len(rows) != number:
        there = "no negatives are given" if path is None else f"{path} has {len(rows):,} negatives"
        raise CrisisflowError(f"{there}, and the row wants {number:,}; make them with: crisisflow {STUDY} bio")
    ids, input_ids, *columns = ([row[name] for row in rows] for name in ("tweet_id", "input_ids", *targets))
    return Examples(ids, input_ids, dict(zip(targets, columns, strict=True)))
