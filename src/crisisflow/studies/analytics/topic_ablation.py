"""Topic ablation: one step of normalisation switched, and what becomes of words, topics, clusters and classes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from crisisflow.artifacts import read_json, read_parquet, write_json, write_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.splits import SPLITS, by_group
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation import linear
from crisisflow.evaluation.metrics import class_scores
from crisisflow.inputs import InputFile
from crisisflow.params import Name, Positive, SplitParams
from crisisflow.progress import say
from crisisflow.studies.analytics import STUDY, lda, normalise, terms
from crisisflow.studies.analytics.cluster_scores import Clustered, against
from crisisflow.studies.analytics.clusters import Material, clustered
from crisisflow.studies.analytics.coherence import coherence
from crisisflow.studies.analytics.documents import read_documents
from crisisflow.studies.analytics.normalise import NORMALISED
from crisisflow.studies.analytics.params import (
    AS_SET,
    AblationParams,
    ClustersParams,
    LdaParams,
    NormaliseParams,
    TermsParams,
)
from crisisflow.studies.analytics.posts import POSTS, query_of
from crisisflow.studies.analytics.protection import query_words
from crisisflow.studies.analytics.topic_model import read_model

PROTECT_ABOVE = 20  # where the run protects nothing
SHARES = SplitParams(train=0.7, validation=0.1, test=0.2)  # of the SVM; it has no use for a validation split
SEED = 0  # of the split and of the SVM


class Settings(NamedTuple):
    """What a switch changes: the normalisation, the terms, and whether the words of the search terms are taken out."""

    normalise: NormaliseParams
    terms: TermsParams
    without_query: bool = False


def switched(name: str, plain: Settings) -> tuple[Settings, str]:
    """The settings with one switch turned to its other value, and what that is in words."""
    own = plain.normalise
    if name == "hashtags":
        other = "segment" if own.hashtags == "drop" else "drop"
        return plain._replace(normalise=own.model_copy(update={"hashtags": other})), f"hashtags: {other}"
    if name == "protection":
        above = PROTECT_ABOVE if own.protect_above is None else None
        words = "nothing is protected" if above is None else f"words above {above} occurrences are protected"
        return plain._replace(normalise=own.model_copy(update={"protect_above": above})), words
    if name == "bigrams":
        both = [1] if 2 in plain.terms.ngrams else [1, 2]
        words = "words and pairs" if 2 in both else "words alone"
        return plain._replace(terms=plain.terms.model_copy(update={"ngrams": both})), words
    if name == "query_words":
        return plain._replace(without_query=True), "words of the search terms dropped"
    if name == AS_SET:
        return plain, "as set"
    step = {"spelling": "spelling", "wordnet_filter": "wordnet_filter", "synonyms": "wordnet_synonyms"}[name]
    if step in own.steps:
        steps, words = [one for one in own.steps if one != step], f"without {step}"
    else:
        at = own.steps.index("short") if "short" in own.steps else len(own.steps)
        steps, words = [*own.steps[:at], step, *own.steps[at:]], f"with {step}"
    return plain._replace(normalise=own.model_copy(update={"steps": steps})), words


def run(
    posts: InputFile,
    manifest: InputFile,
    corpus: Name,
    switch: Name,
    k: Positive,
    normalise_params: NormaliseParams,
    terms_params: TermsParams,
    lda_params: LdaParams,
    clusters_params: ClustersParams,
    params: AblationParams,
    out: Path,
) -> None:
    """Write what is left of words and posts, c_v, NMI of the clusters with the classes, and macro-F1 of an SVM.

    Args:
        manifest: of the step posts
        corpus: its name
        switch: one of analytics.ablation.switches
        k: topics and clusters, analytics.corpora.NAME.k
        normalise_params: section analytics.normalise
        terms_params: section analytics.terms
        lda_params: section analytics.lda
        clusters_params: section analytics.clusters
        params: section analytics.ablation
        out: JSON

    Raises:
        CrisisflowError: no post or no term is left, or a centred method where no post has a group.
    """
    from threadpoolctl import threadpool_limits

    own, words = switched(switch, Settings(normalise_params, terms_params))
    rows = read_parquet(posts, POSTS).select(["post_id", "text", "label", "group"]).to_pylist()
    with TemporaryDirectory() as folder:
        at = Path(folder)
        kept, protected, counts = (at / name for name in ("normalised.parquet", "protected.json", "normalise.json"))
        normalise.run(posts, manifest, corpus, own.normalise, kept, protected, counts)
        normalised = read_parquet(kept, NORMALISED).to_pylist()
        if own.without_query:
            aside = query_words(query_of(manifest, corpus), own.normalise.stop_words)
            normalised = list(_without(normalised, aside, own.normalise))
            if not normalised:
                raise CrisisflowError(f"corpus {corpus}: no post has a word besides those of its search terms")
            write_parquet(kept, normalised, NORMALISED)
        files = (at / "terms.parquet", at / "documents.parquet")
        terms.run(kept, corpus, own.terms, *files, at / "terms.json")
        models = [at / f"seed{seed}.safetensors" for seed in clusters_params.seeds]
        for seed, path in zip(clusters_params.seeds, models, strict=True):
            lda.run(*files, corpus, k, seed, lda_params, path, at / "model.json")
        with threadpool_limits(1):
            topics = [_of_model(path, files, rows, at, corpus, lda_params, clusters_params, params) for path in models]
        told = read_json(counts, "posts", "words")
        facts = {
            "study": STUDY,
            "corpus": corpus,
            "switch": switch,
            "what": words,
            "posts": {"read": told["posts"]["read"], "kept": len(normalised)},
            "words": sum(len(row["words"]) for row in normalised),
            "terms": sum(read_json(at / "terms.json", "terms")["terms"].values()),
            "k": k,
            "seeds": list(clusters_params.seeds),
            "c_v": _mean([own for own, _ in topics]),
            "c_v_of_seeds": [own for own, _ in topics],
            "method": params.method,
            "nmi": _mean([own for _, own in topics]),
            "nmi_of_seeds": [own for _, own in topics],
            "svm_macro_f1": svm(rows, {row["post_id"]: row["words"] for row in normalised}),
        }
    write_json(out, facts)
    say(f"topic_ablation: {corpus}, {words}: {facts['posts']['kept']:,} posts, {facts['words']:,} words")


def _without(
    rows: Sequence[Mapping[str, Any]], aside: frozenset[str], params: NormaliseParams
) -> Iterator[dict[str, Any]]:
    least = params.least_words if "short" in params.steps else 1
    for row in rows:
        words = [word for word in row["words"] if word not in aside]
        if len(words) >= least:
            yield {"post_id": row["post_id"], "words": words}


def _mean(values: Sequence[float | None]) -> float | None:
    return None if None in values else fmean(values)


def _of_model(
    path: Path,
    files: tuple[Path, Path],
    rows: Sequence[Mapping[str, Any]],
    folder: Path,
    corpus: str,
    lda_params: LdaParams,
    clusters_params: ClustersParams,
    params: AblationParams,
) -> tuple[float | None, float | None]:
    """c_v of a model, and NMI with the classes of the clusters that follow from it."""
    model, read = read_model(path), read_documents(*files)
    tops = model.top(min(lda_params.top, len(read.terms)))
    material = Material(read, model, {row["post_id"]: row["group"] for row in rows}, folder, corpus)
    found = clustered(material, params.method, model.own.seed, clusters_params)
    labels = {row["post_id"]: row["label"] for row in rows}
    own = Clustered(params.method, model.own.seed, found - found.min(initial=0))
    (scores,), _ = against([labels[post_id] for post_id in material.post_ids], [own], 0)
    return coherence(tops, read)["c_v"], None if scores is None else scores["nmi"]


def svm(rows: Sequence[Mapping[str, Any]], words: Mapping[str, Sequence[str]]) -> float | None:
    """Macro-F1 of a linear SVM over the normalised words, on a fifth of the labelled posts; None of less than two
    classes.

    A post that normalisation dropped is there without a word: what it loses counts.
    """
    own = sorted((row for row in rows if row["label"] is not None), key=lambda row: row["post_id"])
    classes = sorted({row["label"] for row in own})
    if len(classes) < 2:
        return None
    class_ids = np.array([classes.index(row["label"]) for row in own])
    splits = by_group(class_ids, groups_of([row["text"] for row in own]), SHARES, SEED)
    texts = [" ".join(words.get(row["post_id"], ())) for row in own]
    tested = splits == SPLITS.index("test")
    if len(np.unique(class_ids[~tested])) < 2 or not tested.any():
        return None
    model = linear.fit([texts[at] for at in np.flatnonzero(~tested)], class_ids[~tested].tolist(), SEED, balanced=False)
    predicted = model.predict([texts[at] for at in np.flatnonzero(tested)])
    return class_scores(class_ids[tested].tolist(), predicted.tolist(), classes)["macro_f1"]
