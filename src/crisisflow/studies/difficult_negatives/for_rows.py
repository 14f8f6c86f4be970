"""For rows: the negatives that rows of a joint model learn from, and ordinary tweets that it is tried on.

The study's own settings have as many negatives as a class has positives. A joint model learns from all tweets of its
corpus, and wants more of them: the search of the pool goes on until it has found as many.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import TWEETS, read_parquet, write_json, write_parquet
from crisisflow.corpus.normalise import Step, normalise
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import Positive
from crisisflow.progress import say
from crisisflow.studies.difficult_negatives.bands import RANDOM, Band, band_of, base_of
from crisisflow.studies.difficult_negatives.collection import POSITIVES, TRAIN, quotas
from crisisflow.studies.difficult_negatives.mine_bands import MAX_LENGTH, SUBWORDS
from crisisflow.studies.difficult_negatives.mined_negatives import MINED
from crisisflow.studies.difficult_negatives.mining import PART, Anchors, Pick, Scorer, Search, Wanted, scales_of, unit
from crisisflow.studies.difficult_negatives.params import MiningParams, RowNegativesParams
from crisisflow.studies.difficult_negatives.pool import POOL
from crisisflow.studies.difficult_negatives.row_style import Texts, style_of
from crisisflow.studies.difficult_negatives.vectors import read_vectors

# Joint models read tweets as they were published. HumAID's lost their quotation marks and URLs, and end in no place
# tail; what an ordinary tweet has of these tells the two apart. Taking it out leaves other signs: row_style.py measures
# how much they tell.
AS_HUMAID: list[Step] = ["entities", "emoji_repair", "urls", "quotes", "place_tail", "ellipsis"]

# Of each set of negatives, in the order of the search: the band, how many tweets were asked for, the class for which a
# tweet was taken (null of any), and its z.
FOR_ROWS = pa.schema(
    [
        ("band", pa.string()),
        ("tweets", pa.int32()),
        ("class", pa.string()),
        ("id", pa.string()),
        ("text", pa.string()),
        ("z", pa.float64()),
    ]
)
ORDINARY = pa.schema([("id", pa.string()), ("text", pa.string())])


LEARNT = "train"  # the split of the corpus that rows learn from; they are scored on the others


class _Pool:
    """The pool in the order of the search; what the step mine_bands embedded is not embedded again."""

    def __init__(self, ids: Sequence[str], texts: Sequence[str], vectors: Mapping[str, np.ndarray], encoder: str):
        self.ids, self.texts, self.vectors, self.encoder = ids, texts, vectors, encoder
        self.model: Any = None

    def part(self, places: Sequence[int]) -> np.ndarray:
        """Embeddings [places, d], of length 1."""
        ids = [self.ids[place] for place in places]
        if all(own in self.vectors for own in ids):
            return np.stack([self.vectors[own] for own in ids])
        if self.model is None:
            from crisisflow.embedding import SentenceEncoder
            from crisisflow.training.device import open_device

            self.model = SentenceEncoder(self.encoder, MAX_LENGTH, 1, open_device("cpu", threads=1, processes=1))
        return unit(self.model.embed_in_blocks([self.texts[place] for place in places], SUBWORDS))


def _band(wanted: RowNegativesParams) -> Band | None:
    """The band that a row wants; None of random negatives.

    Raises:
        CrisisflowError: it is neither.
    """
    band = band_of(wanted.band)
    if base_of(wanted.band) != wanted.band or (band is None and wanted.band != RANDOM):
        raise CrisisflowError(
            f"a row wants {wanted.band} negatives; for rows there are {RANDOM} and the bands, such as 3sigma_upper or "
            "nearest_2sigma"
        )
    return band


class Found(NamedTuple):
    """A negative of a row: the number of what was wanted, its position in the order, the class and its z."""

    wanted: int
    position: int
    class_id: int | None
    z: float | None


def search(
    wanted: Sequence[RowNegativesParams],
    pool: _Pool,
    order: np.ndarray,
    scorer: Scorer,
    classes: int,
    taken: Sequence[int],
) -> list[Found]:
    """The negatives of each row, from the tweets of the pool in one order: each set by position.

    A band's are shared evenly among the classes.

    Args:
        order: places in the pool. taken: positions in the order that are no row's.

    Raises:
        CrisisflowError: the pool has too few.
    """
    bands = list(map(_band, wanted))
    asked = [
        Wanted(str(at), TRAIN, band, (own.tweets,) if band is None else tuple(quotas(own.tweets, classes)))
        for at, (own, band) in enumerate(zip(wanted, bands, strict=True))
    ]
    search = Search(asked, taken)
    z_of: dict[Pick, float] = {}
    while not search.full and (begin := search.position) < len(order):
        scored = scorer.score(pool.part(order[begin : begin + PART].tolist()))
        search.look(len(scored.similarities), scored.z)
        for pick in search.found():
            band = bands[int(pick.name)]
            if band is not None and pick.position >= begin:
                z_of[pick] = float(scored.z[band.scale][pick.position - begin, pick.class_id])
    for own, missing in zip(wanted, search.missing, strict=True):
        if any(missing):
            raise CrisisflowError(
                f"the pool of {len(order):,} tweets has {own.tweets - sum(missing):,} of the {own.tweets:,} negatives "
                f"of band {own.band} that a row wants; give a larger pool or another band, or lower the row's "
                "negatives.tweets"
            )
    return sorted(Found(int(pick.name), pick.position, pick.class_id, z_of.get(pick)) for pick in search.found())


def anchored(crisis: Sequence[Mapping[str, Any]], learnt: Collection[str]) -> list[Mapping[str, Any]]:
    """The positives that anchors may be made of: those among the tweets that rows learn from.

    A row is scored on the other splits of the corpus. Negatives that are chosen by tweets of these would have seen
    them.

    Args:
        crisis: training positives (collection.POSITIVES). learnt: ids of the corpus tweets in the split LEARNT.

    Raises:
        CrisisflowError: a class has none.
    """
    kept = [row for row in crisis if row["text_id"] in learnt]
    if bare := sorted({row["class"] for row in crisis} - {row["class"] for row in kept}):
        raise CrisisflowError(
            f"no positive of class {bare[0]} is in the split {LEARNT} of the corpus, which rows learn from; raise "
            "difficult_negatives.collection.positives.train"
        )
    return kept


def run(
    tweets: InputFile,
    positives: InputFile,
    pool: InputFile,
    mined: InputFile,
    embeddings: InputFile,
    params: MiningParams,
    wanted: list[RowNegativesParams],
    ordinary: Positive,
    out: Path,
    ordinary_out: Path,
    style_out: Path,
) -> None:
    """Write the negatives that rows want, and ordinary tweets that are in no training of a row or of this study.

    The tables and the list are empty where no row wants negatives.

    Args:
        tweets: the corpus, with its splits
        positives: of the step collection
        pool: of the step pool
        mined: of the step mine_bands
        embeddings: of the step mine_bands
        params: section difficult_negatives.mining
        wanted: bands, and how many tweets of each
        ordinary: how many ordinary tweets to try the rows on: difficult_negatives.joint.ordinary
        out: the negatives, with the columns band, tweets, class, id, text and z
        ordinary_out: the ordinary tweets, with the columns id and text
        style_out: JSON; how well typography alone tells both from the corpus tweets of the split train

    Raises:
        CrisisflowError: the pool has too few tweets, a class has no positive in the split train, there is no such
            band, or the encoder cannot be loaded.
    """
    rows: list[dict[str, Any]] = []
    styles: list[dict[str, Any]] = []
    tried: list[dict[str, Any]] = []
    if wanted:
        corpus = read_parquet(tweets, TWEETS).select(["tweet_id", "text", "split"]).to_pylist()
        learnt = {row["tweet_id"]: row["text"] for row in corpus if row["split"] == LEARNT}
        every = [row for row in read_parquet(positives, POSITIVES).to_pylist() if row["role"] == TRAIN]
        crisis = anchored(every, learnt)
        of_pool = read_parquet(pool, POOL).select(["text_id", "original", "text"]).to_pydict()
        ids, came = of_pool["text_id"], of_pool["original"]
        shown = [normalise(text, AS_HUMAID).text for text in came]
        order = np.random.default_rng(params.seed).permutation(len(ids))
        picks = read_parquet(mined, MINED).select(["position", "role"]).to_pylist()
        picked = {row["position"] for row in picks}
        # From the end: the search begins at the other one.
        free = [at for at in range(len(order) - 1, params.sample - 1, -1) if at not in picked][:ordinary]
        if len(free) < ordinary:
            raise CrisisflowError(
                f"the pool has {len(free):,} tweets that nothing is trained on, and difficult_negatives.joint.ordinary "
                f"is {ordinary:,}; lower it, or give a larger pool"
            )
        names = list(dict.fromkeys(row["class"] for row in crisis))
        known = read_vectors(embeddings)
        anchors = Anchors(
            np.stack([known[row["text_id"]] for row in crisis]), [names.index(row["class"]) for row in crisis]
        )
        sample = np.stack([known[ids[place]] for place in order[: params.sample]])
        scorer = Scorer(anchors, sample, names, scales_of(list(filter(None, map(_band, wanted)))))
        tests = [row["position"] for row in picks if row["role"] != TRAIN]
        searched = _Pool(ids, of_pool["text"], known, params.encoder)
        found = search(wanted, searched, order, scorer, len(names), [*free, *tests])
        rows = [
            {
                **wanted[own.wanted].model_dump(),
                "class": None if own.class_id is None else names[own.class_id],
                "id": ids[order[own.position]],
                "text": shown[order[own.position]],
                "z": own.z,
            }
            for own in found
        ]
        tried = [{"id": ids[order[at]], "text": shown[order[at]]} for at in free]
        sets = {
            f"{own.tweets:,} negatives of {own.band}": [each.position for each in found if each.wanted == number]
            for number, own in enumerate(wanted)
        }
        places = {name: order[positions] for name, positions in (sets | {"ordinary tweets": free}).items()}
        styles = style_of(
            list(learnt.values()),
            {name: Texts([came[at] for at in own], [shown[at] for at in own]) for name, own in places.items()},
            params.seed,
        )
    write_parquet(out, rows, FOR_ROWS)
    write_parquet(ordinary_out, tried, ORDINARY)
    write_json(style_out, {"style": styles})
    say(f"for_rows: {len(rows):,} negatives in {len(wanted)} sets, and {len(tried):,} ordinary tweets to try rows on")
