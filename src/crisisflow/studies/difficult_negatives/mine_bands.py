"""Mine bands: the negatives of all train and test settings, found in one search of the pool."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import parquet_writer, read_parquet, write_json, write_parquet
from crisisflow.corpus.tweet_words import tokens
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.normality import normality
from crisisflow.evaluation.style import matched
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.studies.difficult_negatives.bands import (
    JUDGED,
    MODEL,
    NO,
    RANDOM,
    RANDOM_MATCHED,
    TOP,
    Band,
    band_of,
    base_of,
    quota_of,
)
from crisisflow.studies.difficult_negatives.collection import POSITIVES, TEST, TRAIN
from crisisflow.studies.difficult_negatives.marked import read_marked
from crisisflow.studies.difficult_negatives.mining import (
    PART,
    Anchors,
    Curve,
    Pick,
    Scored,
    Scorer,
    Search,
    Wanted,
    scales_of,
    top,
    unit,
)
from crisisflow.studies.difficult_negatives.params import MiningParams, TestSetting, TrainSetting
from crisisflow.studies.difficult_negatives.pool import POOL

SUBWORDS = 2048  # padded, of a block that is embedded at once: the fastest on a CPU
MAX_LENGTH = 128  # subwords of a tweet
STEP, LEAST, GREATEST = 0.2, -5.0, 9.0  # of z, in the histogram
NORMAL = {"1sigma": 0.682689, "2sigma": 0.271810, "3sigma": 0.042801, "beyond": 0.002700}  # shares of a normal curve

# `position`: in the order of the search, from 0. `class`: for which the tweet was taken; null of settings that have
# none. `similarity`: to the anchor of that class; `z`: of it, or of what the band goes by. `class_z`: to the anchor of
# each class, in the order of fit.json.
MINED = pa.schema(
    [
        ("setting", pa.string()),
        ("role", pa.string()),
        ("class", pa.string()),
        ("position", pa.int32()),
        ("text_id", pa.string()),
        ("similarity", pa.float64()),
        ("z", pa.float64()),
        ("class_z", pa.list_(pa.float64())),
    ]
)


def embeddings_schema(width: int) -> pa.Schema:
    """Of the positives and of the tweets that were looked at: vectors of length 1."""
    return pa.schema([("text_id", pa.string()), ("positive", pa.bool_()), ("embedding", pa.list_(pa.float32(), width))])


class Crisis(NamedTuple):
    """The positives of one role: texts, the numbers of their classes, and their numbers of words."""

    texts: Sequence[str]
    class_ids: Sequence[int]
    words: Sequence[int]


class Mined(NamedTuple):
    """What a search found.

    Args:
        order: places in the pool, in the order of the search. positions: those of it that were embedded, ascending;
            `vectors` and `scored` are theirs. positives: embeddings of those that train, then of those of the test.
        examined: of each setting with a band, how many tweets were looked at until each class had its quota.
    """

    order: np.ndarray
    positions: np.ndarray
    vectors: np.ndarray
    scored: Scored
    positives: np.ndarray
    anchors: Anchors
    curves: Sequence[Curve]
    picks: Sequence[Pick]
    examined: Mapping[tuple[str, str], Sequence[int]]


class _Pool:
    """The pool in the order of the search, embedded as far as it is looked at, in parts that begin at fixed places."""

    def __init__(self, texts: Sequence[str], order: np.ndarray, embed: Callable[[Sequence[str]], np.ndarray]) -> None:
        self.texts, self.order, self.embed = texts, order, embed
        self.embedded: dict[int, np.ndarray] = {}

    def part(self, number: int) -> np.ndarray:
        if number not in self.embedded:
            places = self.order[number * PART : (number + 1) * PART]
            self.embedded[number] = unit(self.embed([self.texts[place] for place in places]))
        return self.embedded[number]

    def until(self, size: int) -> np.ndarray:
        """The embeddings of the first `size` tweets."""
        return np.concatenate([self.part(number) for number in range(-(-size // PART))])[:size]


def common(pool: Sequence[str], positives: Sequence[str]) -> list[int]:
    """The places of the texts of the pool that have the words of a positive."""
    known = {tokens(text) for text in positives}
    return [at for at, text in enumerate(pool) if tokens(text) in known]


def mine(
    embed: Callable[[Sequence[str]], np.ndarray],
    pool: Sequence[str],
    words: Sequence[int],
    positives: Mapping[str, Crisis],
    names: Sequence[str],
    settings: Sequence[tuple[str, str]],
    sample: int,
    seed: int,
    match_length: bool = False,
    marked: Sequence[tuple[int, int]] = (),
) -> Mined:
    """The negatives of all settings, of each class by the number of its positives in that role.

    Args:
        embed: texts to embeddings, float32 [n, d]. pool: texts; words: of each. positives: by role. names: of the
            classes. settings: (role, name) of each. sample: tweets to which the curves are fitted. seed: of the order
            of the search, whose first tweets are that sample. match_length: `random` and `random+` are matched too.
        marked: of each text of the pool the spans and the words that a first tagger marks, for `model`.

    Raises:
        CrisisflowError: a class has no two positives, the pool is smaller than the sample or cannot fill a quota, or
            all similarities to a class are equal.
    """
    if sample > len(pool):
        raise CrisisflowError(f"the pool has {len(pool):,} tweets and the sample wants {sample:,}; lower mining.sample")
    for crisis in positives.values():
        for name, number in zip(names, np.bincount(crisis.class_ids, minlength=len(names)), strict=True):
            if number < 2:
                raise CrisisflowError(f"class {name} has {number} of the two positives that it needs; give more")
    order = np.random.default_rng(seed).permutation(len(pool))
    vectors = {role: unit(embed(crisis.texts)) for role, crisis in positives.items()}
    anchors = Anchors(vectors[TRAIN], positives[TRAIN].class_ids)
    searched = _Pool(pool, order, embed)
    by_band = [own for own in map(band_of, (name for _, name in settings)) if own is not None]
    scorer = Scorer(anchors, searched.until(sample), names, scales_of(by_band))

    lengths = [words[place] for place in order]
    chosen: dict[tuple[str, str], list[Pick]] = {}

    def whole_pool(role: str, name: str, taken: Sequence[int]) -> list[Pick]:
        """The picks of a setting that goes by the whole pool at once."""
        own, base = positives[role], base_of(name)
        if base == TOP:
            to_pool = anchors.similarities(searched.until(len(pool)))
            to_own = anchors.similarities(vectors[role])
            ids = np.asarray(own.class_ids)
            each = [to_own[ids == at, at] for at in range(len(names))]
            found = top(to_pool, [own[spread(len(own), quota_of(name, len(own)))] for own in each], taken)
            wanted = sum(quota_of(name, len(own)) for own in each)
            if sum(map(len, found)) < wanted:
                raise _too_small(len(pool), role, name, sum(map(len, found)), wanted)
            return [Pick(name, role, at, place) for at, places in enumerate(found) for place in places]
        free = np.setdiff1d(np.arange(len(pool)), taken)
        wanted = quota_of(name, len(own.texts))
        if wanted > len(free):
            raise _too_small(len(pool), role, name, len(free), wanted)
        if base == MODEL:
            if len(marked) != len(pool):
                raise CrisisflowError(f"{name}: no first tagger marked the {len(pool):,} texts of the pool; make both")
            spans, marks = np.array(marked)[order[free]].T
            places = free[np.lexsort((free, -marks, -spans))[:wanted]]
        else:
            like = np.asarray(own.words)[spread(len(own.words), wanted)]
            places = free[matched(like.tolist(), [lengths[place] for place in free])]
        return [Pick(name, role, None, int(place)) for place in sorted(places)]

    at_once = {name for _, name in settings if base_of(name) in {RANDOM_MATCHED, TOP, MODEL}}
    if match_length:
        at_once |= {name for _, name in settings if base_of(name) == RANDOM}
    for role, name in settings:
        if role == TEST and name in at_once:
            chosen[role, name] = whole_pool(role, name, [])
    search = Search(
        [_wanted(role, name, positives[role], len(names)) for role, name in settings if name not in {NO, *at_once}],
        [pick.position for own in chosen.values() for pick in own],
    )
    while not search.full and search.position < len(pool):
        part = searched.part(search.position // PART)
        search.look(len(part), scorer.score(part).z)
    search.refuse_missing(names)
    for pick in search.found():
        chosen.setdefault((pick.role, pick.name), []).append(pick)
    tested = sorted({pick.position for (role, _), own in chosen.items() if role == TEST for pick in own})
    for role, name in settings:
        if role == TRAIN and name in at_once:
            chosen[role, name] = whole_pool(role, name, tested)

    picks = [pick for key in settings for pick in chosen.get(key, [])]
    for number in sorted({pick.position // PART for pick in picks}):
        searched.part(number)
    numbers = sorted(searched.embedded)
    positions = np.concatenate([np.arange(at * PART, min((at + 1) * PART, len(pool))) for at in numbers])
    embedded = np.concatenate([searched.embedded[at] for at in numbers])
    examined = {
        (own.role, own.name): seen for own, seen in zip(search.wanted, search.examined, strict=True) if own.band
    }
    return Mined(
        order,
        positions,
        embedded,
        scorer.score(embedded),
        np.concatenate([vectors[role] for role in positives]),
        anchors,
        scorer.curves,
        picks,
        examined,
    )


def _too_small(pool: int, role: str, name: str, found: int, wanted: int) -> CrisisflowError:
    return CrisisflowError(
        f"the pool of {pool:,} tweets has {found} of the {wanted} negatives that {role}[{name}] wants; give a larger "
        "pool, or fewer positives"
    )


def _wanted(role: str, name: str, positives: Crisis, classes: int) -> Wanted:
    band = band_of(name)
    of_class = [len(positives.texts)] if band is None else np.bincount(positives.class_ids, minlength=classes).tolist()
    return Wanted(name, role, band, tuple(quota_of(name, number) for number in of_class))


def spread(number: int, wanted: int) -> list[int]:
    """So many places of a list, evenly over it, each as often as the next."""
    return [at * number // wanted for at in range(wanted)]


def shares(z: np.ndarray) -> dict[str, dict[str, float]]:
    """Of z the share in each of the paper's bands and at each end of it, and beyond, beside a normal curve's."""
    found = {}
    for number, (name, normal) in enumerate(NORMAL.items()):
        band = Band(name, "anchor", number, number + 1 if name != "beyond" else 10**9, "both")
        inside = band.holds(z)
        found[name] = {
            "share": float(inside.mean()),
            "upper": float((inside & (z > 0)).mean()),
            "lower": float((inside & (z < 0)).mean()),
            "normal": normal,
        }
    return found


def histogram(z: np.ndarray) -> dict[str, list[float] | list[int]]:
    """How many values are in each step of z from LEAST to GREATEST; what is beyond is in the first or last."""
    edges = np.linspace(LEAST, GREATEST, round((GREATEST - LEAST) / STEP) + 1)
    counts, _ = np.histogram(np.clip(z, LEAST, GREATEST), edges)
    return {"edges": edges.round(3).tolist(), "tweets": counts.tolist()}


def _rows(mined: Mined, names: Sequence[str], text_ids: Sequence[str]) -> list[dict[str, Any]]:
    place = {int(position): at for at, position in enumerate(mined.positions)}
    rows = []
    for pick in mined.picks:
        at, band = place[pick.position], band_of(pick.name)
        own = pick.class_id
        rows.append(
            {
                "setting": pick.name,
                "role": pick.role,
                "class": None if own is None else names[own],
                "position": pick.position,
                "text_id": text_ids[mined.order[pick.position]],
                "similarity": None if own is None else float(mined.scored.similarities[at, own]),
                "z": None if own is None else float(mined.scored.z[band.scale if band else "anchor"][at, own]),
                "class_z": mined.scored.z["anchor"][at].tolist(),
            }
        )
    return rows


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
    write_parquet(out, _rows(mined, names, ordinary["text_id"]), MINED)
    ids = [row["text_id"] for role in (TRAIN, TEST) for row in crisis if row["role"] == role]
    ids += [ordinary["text_id"][mined.order[position]] for position in mined.positions]
    vectors = np.concatenate([mined.positives, mined.vectors])
    schema = embeddings_schema(vectors.shape[1])
    with parquet_writer(embeddings, schema) as append:
        values = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        of_positive = [True] * len(mined.positives) + [False] * len(mined.vectors)
        append(pa.table([pa.array(ids), pa.array(of_positive), values], schema=schema))
    write_json(fit, _facts(mined, names, params, len(ordinary["text"]), crisis))
    taken = Counter((pick.role, pick.name) for pick in mined.picks)
    say(
        f"mine_bands: {len(mined.picks):,} negatives for {len(taken)} settings; {len(mined.positions):,} of "
        f"{len(ordinary['text']):,} tweets of the pool were embedded"
    )


def _facts(
    mined: Mined, names: Sequence[str], params: MiningParams, pool: int, crisis: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The content of fit.json."""
    similarities = mined.anchors.similarities(mined.positives)
    ids = np.array([names.index(row["class"]) for role in (TRAIN, TEST) for row in crisis if row["role"] == role])
    roles = np.array([role for role in (TRAIN, TEST) for row in crisis if row["role"] == role])
    by_class = {}
    for at, (name, curve) in enumerate(zip(names, mined.curves, strict=True)):
        own_z = {role: curve.z(similarities[(ids == at) & (roles == role), at]) for role in (TRAIN, TEST)}
        by_class[name] = {
            **normality(curve.sample, params.seed),
            "shares": shares(curve.z(curve.sample)),
            "histogram": histogram(curve.z(curve.sample)),
            "positives": {
                role: {"median_z": float(np.median(z)), "below_3": float((z < 3).mean())} for role, z in own_z.items()
            },
        }
    return {
        "classes": by_class,
        "encoder": params.encoder,
        "pool": pool,
        "embedded": len(mined.positions),
        "examined": [
            {"role": role, "setting": name, "class": own, "tweets": number}
            for (role, name), seen in mined.examined.items()
            for own, number in zip(names, seen, strict=True)
        ],
    }
