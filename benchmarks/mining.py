"""Mining: one search for all classes and bands against the paper's loop, and the bands once embeddings exist.

    python benchmarks/mining.py --positives crisis.csv --pool ordinary.tsv.gz --number 216

The tables are those of `crisisflow mine`. Both ways use one encoder and one CPU thread, and must have the same picks.
The loop embeds tweet by tweet, anew for each class and band. Its embeddings are counted by going through it with
vectors that are there. Its time is that number at the rate of one by one, measured on some tweets in turn with blocks;
--whole runs it. Prints CPU seconds and ratios.
"""

import argparse
import platform
import random
import time
from pathlib import Path

import numpy as np

from crisisflow.corpus.normalise import normalise
from crisisflow.corpus.sources.texts import read_texts
from crisisflow.embedding import SentenceEncoder
from crisisflow.studies.difficult_negatives.bands import band_of
from crisisflow.studies.difficult_negatives.collection import TRAIN
from crisisflow.studies.difficult_negatives.mine_bands import MAX_LENGTH, SUBWORDS
from crisisflow.studies.difficult_negatives.mining import PART, Anchors, Scorer, Search, Wanted, unit
from crisisflow.studies.difficult_negatives.own_tables import ALL_BUT_CASE
from crisisflow.studies.difficult_negatives.search_pool import Crisis, mine
from crisisflow.training.device import open_device

BANDS = ("1sigma", "2sigma", "3sigma")
TURNS = 3


def cpu(work):
    """What it returns, and its CPU seconds."""
    begin = time.process_time()
    found = work()
    return found, time.process_time() - begin


def loop(embed_at, scorer, quotas, order):
    """The paper's: for each band and class one tweet after the other, until there are enough; picks and embeddings."""
    picks, embedded = {}, 0
    for band in map(band_of, BANDS):
        taken: set[int] = set()
        for class_id, quota in enumerate(quotas):
            found = []
            for position in range(len(order)):
                if len(found) == quota:
                    break
                z = scorer.score(embed_at(position)).z["anchor"][:, class_id]
                embedded += 1
                if position not in taken and band.holds(z)[0]:
                    found.append(position)
            taken |= set(found)
            picks[band.name, class_id] = found
    return picks, embedded


def bands_alone(tweets: int, classes: int, width: int) -> float:
    """CPU seconds of all bands for vectors that are there."""
    rng = np.random.default_rng(1)
    vectors = unit(rng.normal(size=(tweets, width)).astype(np.float32))
    anchors = Anchors(vectors[: 20 * classes], [at % classes for at in range(20 * classes)])
    scorer = Scorer(anchors, vectors[:3000], [str(at) for at in range(classes)], ["anchor"])
    search = Search([Wanted(name, TRAIN, band_of(name), (tweets,) * classes) for name in BANDS])

    def look() -> None:
        for begin in range(0, tweets, PART):
            part = vectors[begin : begin + PART]
            search.look(len(part), scorer.score(part).z)

    return cpu(look)[1]


def main() -> None:
    """Read the tables, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--positives", type=Path, required=True)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--number", type=int, default=216, help="positives of a class")
    parser.add_argument("--tweets", type=int, default=40_000, help="of the pool, at random")
    parser.add_argument("--sample", type=int, default=3_000)
    parser.add_argument("--encoder", default="embedded:minilm-l6")
    parser.add_argument("--timed", type=int, default=300, help="tweets whose embedding is timed one by one")
    parser.add_argument("--whole", action="store_true", help="run the paper's loop")
    given = parser.parse_args()
    rng = random.Random(13)
    by_class: dict[str, list[str]] = {}
    for row in read_texts(given.positives, ("class",)):
        by_class.setdefault(row.values.get("class", ""), []).append(row.text)
    names = list(by_class)
    texts = [text for own in by_class.values() for text in rng.sample(own, min(given.number, len(own)))]
    ids = [at for at, own in enumerate(by_class.values()) for _ in range(min(given.number, len(own)))]
    pool = [row.text for row in read_texts(given.pool)]
    pool = [normalise(text, ALL_BUT_CASE).text for text in rng.sample(pool, min(given.tweets, len(pool)))]
    pool = list(dict.fromkeys(text for text in pool if text))
    texts = [normalise(text, ALL_BUT_CASE).text for text in texts]
    encoder = SentenceEncoder(given.encoder, MAX_LENGTH, 1, open_device("cpu", 1, 1))
    print(f"{platform.processor() or platform.machine()}, {platform.system()}; {given.encoder}, one thread")
    print(f"{len(names)} classes of {given.number} positives, a pool of {len(pool):,}, p = {given.sample:,}")

    crisis = {TRAIN: Crisis(texts, ids, [len(own.split()) for own in texts])}
    words = [len(own.split()) for own in pool]
    settings = [(TRAIN, name) for name in BANDS]
    mined, once = cpu(
        lambda: mine(
            lambda own: encoder.embed_in_blocks(own, SUBWORDS), pool, words, crisis, names, settings, given.sample, 13
        )
    )
    print(f"one search: {len(mined.positions):,} tweets embedded, {once:.1f} s, positives among it")

    scorer = Scorer(mined.anchors, mined.vectors[: given.sample], names, ["anchor"])
    quotas = np.bincount(ids).tolist()
    (picks, embedded), _ = cpu(lambda: loop(lambda at: mined.vectors[at : at + 1], scorer, quotas, mined.order))
    same = all(
        found == [own.position for own in mined.picks if (own.name, own.class_id) == key]
        for key, found in picks.items()
    )
    print(f"the paper's loop: {embedded:,} embeddings; the same picks: {same}")

    timed = [pool[place] for place in mined.order[: given.timed]]
    seconds = {"one by one": 0.0, "blocks": 0.0}
    for _ in range(TURNS):
        seconds["one by one"] += cpu(lambda: [encoder.embed_in_blocks([text], SUBWORDS) for text in timed])[1]
        seconds["blocks"] += cpu(lambda: encoder.embed_in_blocks(timed, SUBWORDS))[1]
    rates = {name: TURNS * len(timed) / own for name, own in seconds.items()}
    print(", ".join(f"{name}: {rate:.0f} tweets per CPU second" for name, rate in rates.items()))
    looped = (embedded + given.sample + len(texts)) / rates["one by one"]
    print(f"the loop at that rate, with sample and positives: {looped:.0f} s, {looped / once:.1f} times the one search")
    if given.whole:
        _, measured = cpu(
            lambda: loop(
                lambda at: unit(encoder.embed_in_blocks([pool[mined.order[at]]], SUBWORDS)), scorer, quotas, mined.order
            )
        )
        print(f"the loop, run: {measured:.0f} s without sample and positives")
    print(f"all bands of 154,039 tweets and six anchors, embeddings there: {bands_alone(154_039, 6, 384):.2f} s")


if __name__ == "__main__":
    main()
