"""Mining: one search for all bands against `mine_hard_negatives` of sentence-transformers, in time and memory.

    python benchmarks/mining_libraries.py --positives crisis.csv --pool ordinary.tsv.gz --number 216

The tables are those of `crisisflow mine`. Both read the same normalised texts, with the same weights, on one CPU
thread. The library is no dependency: pip install sentence-transformers datasets. It gets its defaults and one negative
for each positive, and embeds the whole pool. The search finds as many negatives in each of the bands 1σ to 3σ. Each way
runs in processes of its own, in turns; prints seconds, peak memory and ratios.
"""

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from crisisflow.corpus.normalise import normalise
from crisisflow.corpus.sources.texts import read_texts
from crisisflow.pretrained import embedded_folder
from crisisflow.studies.difficult_negatives.own_tables import ALL_BUT_CASE

ENCODER = "minilm-l6"  # embedded
BANDS = ("1sigma", "2sigma", "3sigma")
SAMPLE = 3_000
WAYS = ("one search", "mine_hard_negatives")


def search(texts: dict) -> int:
    """Ours; how many tweets of the pool were embedded."""
    from crisisflow.embedding import SentenceEncoder
    from crisisflow.studies.difficult_negatives.collection import TRAIN
    from crisisflow.studies.difficult_negatives.mine_bands import MAX_LENGTH, SUBWORDS
    from crisisflow.studies.difficult_negatives.search_pool import Crisis, mine
    from crisisflow.training.device import open_device

    encoder = SentenceEncoder(f"embedded:{ENCODER}", MAX_LENGTH, 1, open_device("cpu", 1, 1))
    names = list(dict.fromkeys(texts["classes"]))
    crisis = Crisis(texts["positives"], [names.index(own) for own in texts["classes"]], [1] * len(texts["positives"]))
    pool, settings = texts["pool"], [(TRAIN, name) for name in BANDS]
    mined = mine(
        lambda own: encoder.embed_in_blocks(own, SUBWORDS),
        pool,
        [1] * len(pool),
        {TRAIN: crisis},
        names,
        settings,
        SAMPLE,
        13,
    )
    return len(mined.positions)


def library(texts: dict) -> int:
    """That of the library; how many texts of the pool were embedded."""
    import torch
    from datasets import Dataset, disable_progress_bars
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from sentence_transformers.util import mine_hard_negatives

    torch.set_num_threads(1)
    disable_progress_bars()
    words = Transformer(str(embedded_folder(ENCODER)), max_seq_length=128)
    pooling = Pooling(words.get_embedding_dimension(), pooling_mode="mean")
    model = SentenceTransformer(modules=[words, pooling, Normalize()], device="cpu")
    own = texts["positives"]
    pairs = Dataset.from_dict({"anchor": own, "positive": [*own[1:], own[0]]})
    mine_hard_negatives(pairs, model, corpus=texts["pool"], num_negatives=1, verbose=False)
    return len(texts["pool"])


def measured(way: str, file: Path) -> dict:
    """One run, in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--way", way, "--texts", str(file)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Read the tables, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--positives", type=Path)
    parser.add_argument("--pool", type=Path)
    parser.add_argument("--number", type=int, default=216, help="positives of a class")
    parser.add_argument("--tweets", type=int, default=20_000, help="of the pool, at random")
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--texts", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        texts = json.loads(given.texts.read_text(encoding="utf-8"))
        begin = time.process_time()
        embedded = (search if given.way == WAYS[0] else library)(texts)
        seconds, peak = time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "megabytes": peak, "embedded": embedded}))
        return
    if absent := [name for name in ("sentence_transformers", "datasets") if find_spec(name) is None]:
        sys.exit(f"{' and '.join(absent)} not installed: pip install sentence-transformers datasets")
    if not (given.positives and given.pool):
        parser.error("--positives and --pool are needed")
    rng = random.Random(13)
    by_class: dict[str, list[str]] = {}
    for row in read_texts(given.positives, ("class",)):
        by_class.setdefault(row.values.get("class", ""), []).append(normalise(row.text, ALL_BUT_CASE).text)
    chosen = {name: rng.sample(own, min(given.number, len(own))) for name, own in by_class.items()}
    pool = [normalise(row.text, ALL_BUT_CASE).text for row in read_texts(given.pool)]
    pool = list(dict.fromkeys(text for text in pool if text))
    pool = rng.sample(pool, min(given.tweets, len(pool)))
    texts = {
        "positives": [text for own in chosen.values() for text in own],
        "classes": [name for name, own in chosen.items() for _ in own],
        "pool": pool,
    }
    print(f"{platform.processor() or platform.machine()}, {platform.system()}; embedded:{ENCODER}, one thread")
    print(f"{len(texts['positives'])} positives of {len(chosen)} classes, a pool of {len(pool):,}, p = {SAMPLE:,}")
    found: dict[str, list[dict]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.json"
        file.write_text(json.dumps(texts), encoding="utf-8")
        for _ in range(given.turns):
            for way in WAYS:
                found[way].append(measured(way, file))
    best = {way: min(own["seconds"] for own in runs) for way, runs in found.items()}
    peak = {way: max(own["megabytes"] for own in runs) for way, runs in found.items()}
    for way in WAYS:
        print(f"{way}: {found[way][0]['embedded']:,} embedded, {best[way]:.0f} CPU s, peak memory {peak[way]:,.0f} MB")
    ours, theirs = WAYS
    print(f"ratio of time {best[theirs] / best[ours]:.2f}, of peak memory {peak[theirs] / peak[ours]:.2f}")


if __name__ == "__main__":
    main()
