"""Topics, clusters, labels and new posts of the study analytics, beside their rivals.

    python benchmarks/topics.py topics --data DATA --kept FOLDER
    python benchmarks/topics.py clusters --corpus humaid --data DATA --kept FOLDER
    python benchmarks/topics.py clusters --corpus disease --data DATA --kept FOLDER
    python benchmarks/topics.py labels --data DATA --kept FOLDER
    python benchmarks/topics.py new-posts

DATA holds the public sets: covid/covidsenti.tsv.gz, crisisnlp/crisisnlp_lrec2016_crowdflower.tsv.gz, and in humaid/ the
combined archive and humaid_events.tsv.gz. Without it the posts are generated. FOLDER keeps what was prepared.

topics: LDA of 20,000 posts with eight topics by tomotopy (100, 200 and 1,000 iterations) and by gensim (10 passes, the
rest as gensim has it), in turns, with gensim's c_v; ratios are of one seed.
clusters: the paper's methods (a) and (b), MiniLM with k-means, our methods, and BERTopic where it is installed
(pip install bertopic umap-learn hdbscan: it is no dependency), on the same embeddings.
labels: how well labels of the posts of a class pick its description among all (label_scores).
new-posts: memory and time of `crisisflow assign-topics` on generated posts, 100,000 and 1,000,000.

What is chosen with labels in sight is chosen on one half of the posts (--half chosen), and scored on the other one: of
HumAID by other tweets, of Ebola and MERS by other posts of the same corpus. One thread, CPU seconds.
"""

import argparse
import hashlib
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import yaml
from threadpoolctl import threadpool_limits

from crisisflow.artifacts import RAW, read_parquet
from crisisflow.corpus import fetch
from crisisflow.params import SampleParams
from crisisflow.studies.analytics import choose_k, clusters, coherence, embed, labels, lda, normalise, posts, terms
from crisisflow.studies.analytics.assign import Run
from crisisflow.studies.analytics.clusters import Material, clustered
from crisisflow.studies.analytics.documents import Documents, read_documents, rows_of
from crisisflow.studies.analytics.label_scores import identification
from crisisflow.studies.analytics.pandemic import generate
from crisisflow.studies.analytics.params import AnalyticsParams, CorpusParams
from crisisflow.studies.analytics.posts import POSTS
from crisisflow.studies.analytics.topic_model import read_model

PRESET = Path(__file__).parents[1] / "presets/laptop/analytics.yaml"
SEEDS = (13, 17, 19, 23, 29)
TOPICS = 8  # of the first part
PASSES, ITERATIONS = 10, (100, 200, 1000)
EVENTS = ["2014_ebola_cf", "2014_Middle_East_Respiratory_Syndrome_en"]
QUERY = frozenset({"ebola", "mers"})  # what these two corpora were collected by
HALVES = ("chosen", "scored")


class Corpus(NamedTuple):
    """A prepared corpus: the files of a run, its parameters, and its name there."""

    run: Run
    params: AnalyticsParams

    def documents(self) -> Documents:
        """Its posts and terms."""
        return read_documents(self.run.file("terms.parquet"), self.run.file("documents.parquet"))

    def column(self, name: str, post_ids: list[str]) -> list[str | None]:
        """A column of the posts, in the order of these ids."""
        rows = read_parquet(self.run.file("posts.parquet"), POSTS).select(["post_id", name]).to_pylist()
        found = {row["post_id"]: row[name] for row in rows}
        return [found[post_id] for post_id in post_ids]


def in_half(post_id: str, half: str) -> bool:
    """Whether a post is in the half on which something is chosen, or in that which is scored."""
    return hashlib.sha256(f"half{post_id}".encode()).digest()[-1] % 2 == HALVES.index(half)


def section(data: Path | None, name: str, kept: Path) -> dict[str, Any]:
    """A corpus as params.yaml would have it: of a public set, or generated."""
    own = {"terms": "confidential", "events": None, "size": "all", "seed": 13, "k": TOPICS, "query": None}
    if data is None:
        generated = {"reader": "pandemic_sample", "source": None, "size": 20_000 if name == "covid" else 3_000}
        return {**own, **generated, "k": 10 if name.startswith("humaid") else TOPICS}
    if name == "covid":
        source = data / "covid/covidsenti.tsv.gz"
        return {**own, "reader": "covidsenti", "source": str(source), "size": 20_000, "query": "paper"}
    if name == "disease":
        source = data / "crisisnlp/crisisnlp_lrec2016_crowdflower.tsv.gz"
        return {**own, "reader": "crisisnlp", "source": str(source), "events": EVENTS}
    return {**own, "reader": "jsonl", "source": str(humaid(data, name, kept)), "size": 5_000, "k": 10}


def humaid(data: Path, name: str, kept: Path) -> Path:
    """One half of HumAID's tweets as a table of one's own."""
    path, raw = kept / f"{name}.parquet", kept / "humaid_raw.parquet"
    if not raw.exists():
        folder = data / "humaid"
        sources = str(folder / "HumAID_data_all_combined.tar.gz"), str(folder / "humaid_events.tsv.gz")
        fetch.run(*sources, SampleParams(tweets=300, seed=13), raw, kept / "gold.parquet", kept / "manifest.json")
    if not path.exists():
        half = HALVES.index(name.removeprefix("humaid_"))
        rows = [row for row in read_parquet(raw, RAW).to_pylist() if row["event"] and _number(row["tweet_id"]) == half]
        names = {"id": "tweet_id", "text": "text", "label": "class_label", "group": "event"}
        pa.parquet.write_table(pa.table({own: [row[key] for row in rows] for own, key in names.items()}), path)
    return path


def _number(tweet_id: str) -> int:
    return hashlib.sha256(tweet_id.encode()).digest()[-1] % 2


def prepared(data: Path | None, name: str, kept: Path, embedded: bool) -> Corpus:
    """A corpus, normalised and, where it is asked for, embedded; what is there already is taken."""
    plain = yaml.safe_load(PRESET.read_text(encoding="utf-8"))["analytics"]
    corpus = CorpusParams.model_validate(section(data, name, kept))
    params = AnalyticsParams.model_validate(plain | {"corpora": plain["corpora"] | {name: corpus}})
    run = Run(kept, name)
    run.file("").mkdir(parents=True, exist_ok=True)
    table, manifest, words = (run.file(own) for own in ("posts.parquet", "posts.json", "normalised.parquet"))
    files = run.file("terms.parquet"), run.file("documents.parquet")
    if not manifest.exists():
        posts.run(name, corpus, table, manifest)
    if not words.exists():
        args = params.normalise, words, run.file("protected.json"), run.file("normalise.json")
        normalise.run(table, manifest, name, *args)
    if not files[1].exists():
        terms.run(words, name, params.terms, *files, run.file("terms.json"))
    if embedded and not run.file("embedded.parquet").exists():
        own = params.clusters
        embed.run(table, files[1], name, own.encoder, own.max_length, run.file("embedded.parquet"))
    return Corpus(run, params)


def model_of(corpus: Corpus, seed: int) -> Path:
    """The topic model with as many topics as the corpus has clusters."""
    k = corpus.params.corpora[corpus.run.corpus].k
    path = corpus.run.model(k, seed)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        files = corpus.run.file("terms.parquet"), corpus.run.file("documents.parquet")
        args = corpus.run.corpus, k, seed, corpus.params.lda, path, path.with_suffix(".json")
        lda.run(*files, *args)
    return path


@contextmanager
def timed(seconds: list[float]) -> Iterator[None]:
    """Append the CPU seconds of what is done."""
    began = time.process_time()
    yield
    seconds.append(time.process_time() - began)


def spread(values: list[float]) -> str:
    return f"{fmean(values):.3f} ± {stdev(values) if len(values) > 1 else 0:.3f}"


# Topics


def by_tomotopy(iterations: int, corpus: Corpus) -> Callable[[Documents, int], np.ndarray]:
    """The step's own, with so many iterations."""
    params = corpus.params.lda.model_copy(update={"model": "tomotopy", "iterations": iterations})
    return lambda read, seed: lda._tomotopy(read.counts, TOPICS, seed, params)[0]


def by_gensim(read: Documents, seed: int) -> np.ndarray:
    """LdaModel as most use it."""
    from gensim.models import LdaModel

    bags = [list(zip(terms.tolist(), map(int, times), strict=True)) for terms, times in rows_of(read.counts)]
    names = {number: str(number) for number in range(len(read.terms))}
    return LdaModel(bags, TOPICS, names, passes=PASSES, random_state=seed, eval_every=None).get_topics()


def topics(data: Path | None, kept: Path, seeds: tuple[int, ...]) -> None:
    """Print c_v and CPU seconds of each way, and the ratios to gensim of the same seed."""
    corpus = prepared(data, "covid", kept, embedded=False)
    read = corpus.documents()
    order = read.in_order_of_ids()
    order = order[np.diff(read.counts.indptr)[order] > 0]
    read = read._replace(post_ids=[read.post_ids[at] for at in order], counts=read.counts[order])
    print(f"{len(read.post_ids):,} posts with terms, {len(read.terms):,} terms, {TOPICS} topics")
    ways = {"gensim": by_gensim} | {f"tomotopy {own}": by_tomotopy(own, corpus) for own in ITERATIONS}
    scores: dict[str, list[float]] = {name: [] for name in ways}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for seed in seeds:
        for name, way in ways.items():
            with timed(seconds[name]):
                found = way(read, seed)
            tops = np.argsort(-found, axis=1, kind="stable")[:, : corpus.params.lda.top]
            scores[name].append(coherence.coherence(tops, read)["c_v"])
            print(f"seed {seed}, {name}: c_v {scores[name][-1]:.3f}, {seconds[name][-1]:.1f} s", flush=True)
    for name in ways:
        ratios = [own / other for own, other in zip(scores[name], scores["gensim"], strict=True)]
        times = [own / other for own, other in zip(seconds[name], seconds["gensim"], strict=True)]
        print(
            f"{name}: c_v {spread(scores[name])}, {fmean(seconds[name]):.1f} s; of gensim's: c_v {spread(ratios)}, "
            f"time {spread(times)}"
        )


# Clusters


def by_bertopic(own: Material, texts: list[str], k: int | None, seed: int) -> np.ndarray:
    """BERTopic on the same embeddings: UMAP and HDBSCAN as it has them, reduced to k topics; -1 is its outliers."""
    from bertopic import BERTopic
    from sklearn.feature_extraction.text import CountVectorizer
    from umap import UMAP

    reduced = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
    words = CountVectorizer(stop_words="english")
    # Outliers are a topic of theirs: k topics and -1 are k groups.
    model = BERTopic(umap_model=reduced, vectorizer_model=words, nr_topics=k)
    found, _ = model.fit_transform(texts, own.embeddings())
    return np.array(found)


def cluster(data: Path | None, name: str, kept: Path, half: str, seeds: tuple[int, ...]) -> None:
    """Print NMI with classes and with groups, and purity, on the posts of the half, mean over the seeds."""
    from importlib.util import find_spec

    from crisisflow.evaluation.clustering import numbered, of_all

    corpus = prepared(data, name if name == "disease" else f"{name}_{half}", kept, embedded=True)
    run, params = corpus.run, corpus.params
    read = corpus.documents()
    groups = dict(zip(read.post_ids, corpus.column("group", read.post_ids), strict=True))
    k = params.corpora[run.corpus].k
    ways: dict[str, Callable[[Material, int], np.ndarray]] = {
        method: lambda own, seed, method=method: clustered(own, method, seed, params.clusters)
        for method in params.clusters.methods
    }
    tfidf = params.clusters.model_copy(update={"features": "tfidf"})
    ways["features, tf-idf"] = lambda own, seed: clustered(own, "features", seed, tfidf)
    if find_spec("bertopic"):
        ways["BERTopic"] = lambda own, seed: by_bertopic(own, texts, None, seed)
        ways[f"BERTopic, {k} topics"] = lambda own, seed: by_bertopic(own, texts, k, seed)
    found: dict[str, list[tuple[float, ...]]] = {own: [] for own in ways}
    seconds: dict[str, list[float]] = {own: [] for own in ways}
    for seed in seeds:
        model = read_model(model_of(corpus, seed))
        own = Material(read, model, groups, run.file("embedded.parquet"), run.corpus)
        texts = corpus.column("text", own.post_ids)
        looked_at = np.array([name != "disease" or in_half(post_id, half) for post_id in own.post_ids])
        classes = numbered([one or "" for one in corpus.column("label", own.post_ids)])[looked_at]
        events = numbered([groups[one] or "" for one in own.post_ids])[looked_at]
        for way, make in ways.items():
            with timed(seconds[way]):
                clusters_of = numbered(make(own, seed))
            there = numbered(clusters_of[looked_at])
            scores = of_all(classes, there)
            nmi = of_all(events, there)["nmi"]
            found[way].append((scores["nmi"], nmi, scores["purity"], float(clusters_of.max() + 1)))
    print(f"{run.corpus}, {looked_at.sum():,} of {len(read.post_ids):,} posts scored, k {k}, {len(seeds)} seeds")
    print("method,nmi_classes,nmi_groups,purity,clusters,cpu_seconds")
    for way, values in found.items():
        each = [list(own) for own in zip(*values, strict=True)]
        print(
            f"{way},{spread(each[0])},{fmean(each[1]):.3f},{fmean(each[2]):.3f},{fmean(each[3]):.0f},{fmean(seconds[way]):.1f}"
        )


# Labels


def label(data: Path | None, kept: Path, half: str, grid: bool) -> None:
    """Print the mean reciprocal rank of each method and length on the posts of the half."""
    corpus = prepared(data, "disease", kept, embedded=False)
    read = corpus.documents()
    at = np.flatnonzero([in_half(post_id, half) for post_id in read.post_ids])
    read = Documents(
        [read.post_ids[own] for own in at], read.terms, read.counts[at], read.weights[at], read.lengths[at]
    )
    of_posts = corpus.column("label", read.post_ids)
    classes = sorted({*of_posts} - {None})
    plain = corpus.params.labels
    choices: dict[str, tuple[Any, ...]] = {"salience": ("product", "weight")}
    if grid:
        choices = {
            "min_threshold": (3, 11, 20),
            "top_documents": (20, 50, 200),
            "salience": ("product", "weight"),
            "penalty": ("square", "drop"),
        }
    print(f"{len(at):,} posts, {len(classes)} classes")
    for values in itertools.product(*choices.values()):
        own = plain.model_copy(update=dict(zip(choices, values, strict=True)))
        for aside in (frozenset(), QUERY):
            args = corpus.params.clusters.encoder, corpus.params.clusters.max_length, 200
            lines = identification(read, of_posts, classes, own, aside, *args)["identification"]
            shown = [f"{one['method']} {one['length']}: {one['mrr']['value']:.3f}" for one in lines]
            if grid:
                shown = [one for one in shown if one.startswith("document_weight")]
            print(*values, "search words aside" if aside else "", "; ".join(shown), flush=True)


# New posts


def lines_of(number: int) -> Iterator[str]:
    """Generated posts as JSON Lines, each with two words drawn by Zipf's law, so that new words come for ever."""
    drawn = np.random.default_rng(13)
    rng = random.Random(13)
    own = [post._asdict() for post in generate(20_000, 13)]
    for at in range(number):
        post = rng.choice(own)
        words = " ".join(f"word{int(one) % 10**7}" for one in drawn.zipf(1.3, 2))
        yield json.dumps({"id": str(at), "text": f"{post['text']} {words}", "group": post["event"]})


def new_posts(kept: Path, sizes: tuple[int, ...], method: str) -> None:
    """Print the peak memory and the seconds of the command on so many posts."""
    name = "pandemic"
    folder = kept / "generated"
    corpus = prepared(None, name, folder, embedded=True)
    run, seed = corpus.run, corpus.params.clusters.seeds[0]
    k = corpus.params.corpora[name].k
    model, files = model_of(corpus, seed), (run.file("terms.parquet"), run.file("documents.parquet"))
    scores = folder / "coherence.json"
    coherence.run(model, model.with_suffix(".json"), *files, name, corpus.params.lda.top, scores)
    choose_k.run([scores], name, k, [k], run.file("k.json"), folder / "k.csv")
    args = run.file("posts.json"), corpus.params.normalise.stop_words, corpus.params.labels, run.file("labels.parquet")
    labels.run([model], run.file("k.json"), *files, name, *args)
    run.clusters(method, seed).parent.mkdir(parents=True, exist_ok=True)
    options = corpus.params.clusters
    paths = run.file("posts.parquet"), *files, [model], run.file("embedded.parquet")
    clusters.run(*paths, name, method, k, seed, options, run.clusters(method, seed))
    params = folder / "params.yaml"
    params.write_text(yaml.safe_dump({"analytics": corpus.params.model_dump(mode="json")}), encoding="utf-8")
    for size in sizes:
        with tempfile.TemporaryDirectory() as at:
            path = Path(at, "posts.jsonl")
            with path.open("w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines_of(size))
            command = [
                sys.executable,
                "-m",
                "crisisflow",
                "assign-topics",
                str(path),
                "--corpus",
                name,
                "--method",
                method,
            ]
            command += ["--folder", str(folder), "--params", str(params)]
            began = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            _, process.returncode, used = os.wait4(process.pid, 0)
            assert process.returncode == 0, process.returncode
            seconds = used.ru_utime + used.ru_stime
            print(
                f"{size:,} posts: {used.ru_maxrss / 1024:.0f} MB, {seconds:.0f} CPU seconds, "
                f"{time.perf_counter() - began:.0f} s, {size / seconds:,.0f} posts a CPU second",
                flush=True,
            )


def main() -> None:
    """Read the options and run a part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["topics", "clusters", "labels", "new-posts"])
    parser.add_argument("--data", type=Path, help="folder of the public sets; without it, generated posts")
    parser.add_argument("--kept", type=Path, help="folder for what is prepared; a temporary one without it")
    parser.add_argument("--corpus", choices=["humaid", "disease"], default="humaid", help="of clusters")
    parser.add_argument("--half", choices=HALVES, default="scored", help="of clusters and labels")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="how many")
    parser.add_argument("--grid", action="store_true", help="labels by several parameters; to choose, not to score")
    parser.add_argument("--method", default="tfidf_centred", help="of new-posts, whose clusters")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000], help="of new-posts")
    own = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, threadpool_limits(1):
        kept = own.kept or Path(temporary)
        kept.mkdir(parents=True, exist_ok=True)
        seeds = SEEDS[: own.seeds]
        if own.part == "topics":
            topics(own.data, kept, seeds)
        elif own.part == "clusters":
            cluster(own.data, own.corpus, kept, own.half, seeds)
        elif own.part == "labels":
            label(own.data, kept, own.half, own.grid)
        else:
            new_posts(kept, tuple(own.sizes), own.method)


if __name__ == "__main__":
    main()
