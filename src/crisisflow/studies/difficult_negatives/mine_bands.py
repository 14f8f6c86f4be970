"""Mine bands: the negatives of all train and test settings, found in one search of the pool."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import parquet_writer, read_parquet, write_json, write_parquet
from crisisflow.corpus.tweet_words import tokens
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.studies.difficult_negatives.bands import JUDGED, base_of
from crisisflow.studies.difficult_negatives.collection import POSITIVES, TEST, TRAIN
from crisisflow.studies.difficult_negatives.fitted_curves import facts_of
from crisisflow.studies.difficult_negatives.marked import read_marked
from crisisflow.studies.difficult_negatives.mined_negatives import MINED, embeddings_schema, rows_of
from crisisflow.studies.difficult_negatives.params import MiningParams, TestSetting, TrainSetting
from crisisflow.studies.difficult_negatives.pool import POOL
from crisisflow.studies.difficult_negatives.search_pool import Crisis, mine

SUBWORDS = 2048  # padded, of a block that is embedded at once: the fastest on a CPU
MAX_LENGTH = 128  # subwords of a tweet


def common(pool: Sequence[str], positives: Sequence[str]) -> list[int]:
    """The places of the texts of the pool that have the words of a positive."""
    known = {tokens(text) for text in positives}
    return [at for at, text in enumerate(pool) if tokens(text) in known]


def run(
    positives: InputFile,
    pool: InputFile,
    marked: InputFile,
    params: MiningParams,
    train: list[TrainSetting],
    further: list[TrainSetting],
    test: list[TestSetting],
    match_length: bool,
    out: Path,
    fit: Path,
    embeddings: Path,
) -> None:
    """Write the negatives of all settings, the curves that were fitted, and the embeddings.

    Args:
        positives: of the step collection
        pool: of the step pool
        marked: of the step mark
        params: section difficult_negatives.mining
        train: difficult_negatives.train
        further: difficult_negatives.further.train
        test: difficult_negatives.test
        match_length: whether random negatives have the lengths of the positives
        out: negatives by setting, class and position
        fit: JSON, by class
        embeddings: of the positives and of each tweet that was looked at

    Raises:
        CrisisflowError: the encoder cannot be loaded, a positive is in the pool, or what `mine` raises.
    """
    from crisisflow.embedding import SentenceEncoder
    from crisisflow.training.device import open_device

    crisis = read_parquet(positives, POSITIVES).to_pylist()
    ordinary = read_parquet(pool, POOL).select(["text_id", "text", "words"]).to_pydict()
    if both := common(ordinary["text"], [row["text"] for row in crisis]):
        raise CrisisflowError(
            f"{pool} has {len(both):,} texts with the words of a positive, {ordinary['text_id'][both[0]]} for one; "
            "make it again"
        )
    names = list(dict.fromkeys(row["class"] for row in crisis))
    encoder = SentenceEncoder(params.encoder, MAX_LENGTH, 1, open_device("cpu", threads=1, processes=1))
    mined = mine(
        lambda texts: encoder.embed_in_blocks(texts, SUBWORDS),
        ordinary["text"],
        ordinary["words"],
        {
            role: Crisis(
                [row["text"] for row in crisis if row["role"] == role],
                [names.index(row["class"]) for row in crisis if row["role"] == role],
                [row["words"] for row in crisis if row["role"] == role],
            )
            for role in (TRAIN, TEST)
        },
        names,
        [
            *((TEST, name) for name in dict.fromkeys(test)),
            *((TRAIN, name) for name in dict.fromkeys([*train, *further]) if base_of(name) not in JUDGED),
        ],
        params.sample,
        params.seed,
        match_length,
        read_marked(marked, ordinary["text_id"]),
    )
    write_parquet(out, rows_of(mined, names, ordinary["text_id"]), MINED)
    ids = [row["text_id"] for role in (TRAIN, TEST) for row in crisis if row["role"] == role]
    ids += [ordinary["text_id"][mined.order[position]] for position in mined.positions]
    vectors = np.concatenate([mined.positives, mined.vectors])
    schema = embeddings_schema(vectors.shape[1])
    with parquet_writer(embeddings, schema) as append:
        values = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        of_positive = [True] * len(mined.positives) + [False] * len(mined.vectors)
        append(pa.table([pa.array(ids), pa.array(of_positive), values], schema=schema))
    write_json(fit, facts_of(mined, names, params, len(ordinary["text"]), crisis))
    taken = Counter((pick.role, pick.name) for pick in mined.picks)
    say(
        f"mine_bands: {len(mined.picks):,} negatives for {len(taken)} settings; {len(mined.positions):,} of "
        f"{len(ordinary['text']):,} tweets of the pool were embedded"
    )
