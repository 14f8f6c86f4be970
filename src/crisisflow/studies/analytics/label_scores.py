"""Label scores: what the paper's Tables 2 and 3 and Fig. 4 say of labels, measured on labelled posts.

Identification: labels are made of the posts of each true class; the words of a label, embedded, shall pick the
description of its class among all. Prediction: a topic stands for the class of most of its posts on one half of the
labelled posts; how often that is right is counted on the other half.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from crisisflow.artifacts import read_parquet, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.bootstrap import INTERVAL, resamples
from crisisflow.evaluation.metrics import class_scores
from crisisflow.inputs import InputFile
from crisisflow.params import Line, Name, Positive
from crisisflow.progress import say
from crisisflow.studies.analytics.coherence import check_model
from crisisflow.studies.analytics.documents import Documents, read_documents
from crisisflow.studies.analytics.halves import is_first
from crisisflow.studies.analytics.labels import LABELS, METHODS, labelled
from crisisflow.studies.analytics.params import LabelsParams
from crisisflow.studies.analytics.posts import POSTS, query_of
from crisisflow.studies.analytics.protection import query_words
from crisisflow.studies.analytics.representations import unit
from crisisflow.studies.analytics.reproduction import described
from crisisflow.studies.analytics.topic_model import chosen_model

LENGTHS = (2, 3, 4)  # words of a label; the paper: two to four
MARGINAL = "document_weight"  # the paper's method
FEWEST_CLASSES = 2
Rows = Sequence[Mapping[str, Any]]


def run(
    posts: InputFile,
    models: Sequence[InputFile],
    chosen: InputFile,
    terms: InputFile,
    documents: InputFile,
    topic_labels: InputFile,
    manifest: InputFile,
    corpus: Name,
    stop_words: str,
    params: LabelsParams,
    encoder: Line,
    max_length: Positive,
    number: Positive,
    out: Path,
) -> None:
    """Write the scores of the labels of a corpus; of a corpus without labels only how its topics are filled.

    Args:
        models: of the step lda; repeat
        chosen: of the step choose_k
        topic_labels: of the step labels
        manifest: of the step posts
        corpus: its name
        stop_words: analytics.normalise.stop_words
        params: section analytics.labels; its length counts for the labels of topics alone
        encoder: analytics.clusters.encoder, which embeds labels and descriptions
        max_length: analytics.clusters.max_length
        number: of resamples, analytics.scores.resamples
        out: JSON

    Raises:
        CrisisflowError: files of different runs, or the encoder cannot be loaded.
    """
    path, own = chosen_model(models, chosen)
    read = read_documents(terms, documents)
    check_model(own, read, corpus, path)
    found = {row["post_id"]: row for row in read_parquet(posts, POSTS).select(["post_id", "label", "at"]).to_pylist()}
    if missing := next((post_id for post_id in read.post_ids if post_id not in found), None):
        raise CrisisflowError(f"{posts} has no post {missing}, which has terms; make both again, from posts on")
    labels = [found[post_id]["label"] for post_id in read.post_ids]
    topics = own.document_topics.argmax(axis=1)
    classes = sorted({*labels} - {None})
    facts: dict[str, Any] = {
        **own.own.facts(),
        "resamples": number,
        "classes": classes,
        "topics": of_topics(topics, labels, own.own.k, read_parquet(topic_labels, LABELS).to_pylist()),
        "days": of_days(topics, [found[post_id]["at"] for post_id in read.post_ids]),
        "identification": [],
        "identification_differences": [],
        "prediction": None,
    }
    if len(classes) >= FEWEST_CLASSES:
        aside = query_words(query_of(manifest, corpus), stop_words)
        facts |= identification(read, labels, classes, params, aside, encoder, max_length, number)
        facts["prediction"] = prediction(read.post_ids, topics, labels, classes, number)
    write_json(out, facts)
    told = ""
    if facts["prediction"]:
        told = f"; topics tell {facts['prediction']['micro']['recall']['value']:.1%} of the classes"
    say(f"label_scores: {own.own}{told}")


def of_topics(topics: np.ndarray, labels: Sequence[str | None], k: int, rows: Rows) -> list[dict[str, Any]]:
    """Of each topic its labels by method, its posts, the class of most of them and the share of that class."""
    names = {(row["topic"], row["method"]): row["label"] for row in rows}
    found = []
    for topic in range(k):
        counts = Counter(own for own, of in zip(labels, topics.tolist(), strict=True) if of == topic and own)
        most = min(counts, key=lambda own: (-counts[own], own)) if counts else None
        found.append(
            {
                "topic": topic,
                "posts": int((topics == topic).sum()),
                "labels": {method: names.get((topic, method), "") for method in METHODS},
                "class": most,
                "share": counts[most] / counts.total() if most else None,
            }
        )
    return found


def of_days(topics: np.ndarray, times: Sequence[datetime | None]) -> list[dict[str, Any]]:
    """How many posts each topic has on each day (UTC), of the posts that have a time."""
    counts = Counter(
        (at.date().isoformat(), topic) for at, topic in zip(times, topics.tolist(), strict=True) if at is not None
    )
    return [{"day": day, "topic": topic, "posts": number} for (day, topic), number in sorted(counts.items())]


def identification(
    read: Documents,
    labels: Sequence[str | None],
    classes: Sequence[str],
    params: LabelsParams,
    aside: frozenset[str],
    encoder: str,
    max_length: int,
    number: int,
) -> dict[str, Any]:
    """By method and length: the mean reciprocal rank and the accuracy with which labels pick their classes."""
    from crisisflow.embedding import SentenceEncoder
    from crisisflow.training.device import open_device

    members = [np.flatnonzero([own == name for own in labels]) for name in classes]
    counts = np.array([read.counts[own].sum(axis=0) for own in members], dtype=float)
    marginal = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    device = open_device("cpu", threads=1, processes=1)
    opened = SentenceEncoder(encoder, max_length, len(classes), device)
    meant = unit(opened.embed([described(name) for name in classes]).astype(float))
    lines, ranks = [], {}
    for length in LENGTHS:
        own = params.model_copy(update={"length": length})
        made = [by_method for _, by_method in labelled(marginal, members, read, own, aside)]
        for method in METHODS:
            texts = [" ".join(label[method].words) for label in made]
            similar = unit(opened.embed(texts).astype(float)) @ meant.T
            # A label without words picks nothing: it comes last.
            place = np.array(
                [
                    _rank(row, at) if text else len(classes)
                    for at, (row, text) in enumerate(zip(similar, texts, strict=True))
                ]
            )
            ranks[method, length] = 1 / place
            lines.append(
                {"method": method, "length": length}
                | {"mrr": _interval(1 / place, number), "accuracy": float((place == 1).mean())}
                | {"labels": dict(zip(classes, texts, strict=True))}
            )
    against = [
        {"first": MARGINAL, "second": method, "length": length}
        | _interval(ranks[MARGINAL, length] - ranks[method, length], number)
        for length in LENGTHS
        for method in METHODS
        if method != MARGINAL
    ]
    return {"identification": lines, "identification_differences": against}


def _rank(similar: np.ndarray, at: int) -> int:
    """The place of the right one, from 1; of equal ones the last."""
    return int((similar >= similar[at]).sum())


def _interval(values: np.ndarray, number: int) -> dict[str, float]:
    """The mean over classes, with its 95 % interval by the bootstrap over the classes, of which there are few."""
    drawn = np.concatenate([weights @ values / len(values) for weights in resamples(len(values), number)])
    low, high = np.quantile(drawn, INTERVAL)
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}


def prediction(
    post_ids: Sequence[str], topics: np.ndarray, labels: Sequence[str | None], classes: Sequence[str], number: int
) -> dict[str, Any]:
    """Precision and recall of the classes that topics stand for, on the half of which nothing was read off.

    A topic without a labelled post in the first half stands for no class, and its posts are found by none.
    """
    place = {name: at for at, name in enumerate(classes)}
    own = np.array([-1 if label is None else place[label] for label in labels])
    first = np.array([is_first(post_id) for post_id in post_ids])
    stands = _stands_for(topics[first & (own >= 0)], own[first & (own >= 0)], int(topics.max(initial=0)) + 1)
    scored = ~first & (own >= 0)
    true, predicted = own[scored], stands[topics[scored]]
    table = np.zeros((len(classes), len(classes) + 1), dtype=np.int64)  # the last column: found by none
    np.add.at(table, (true, predicted), 1)
    found = class_scores(true.tolist(), predicted.tolist(), classes)
    counts = _of_posts(true, predicted, len(classes))
    every = np.concatenate([weights @ counts for weights in resamples(len(true), number)]) if len(true) else counts
    values = {name: (_micro_macro(counts.sum(axis=0)[None])[name], _micro_macro(every)[name]) for name in _NAMES}
    shown = {name: _shown(one, drawn) for name, (one, drawn) in values.items()}
    hits = int(np.trace(table))
    predicted_posts, posts = int(table[:, :-1].sum()), len(true)
    return {
        "posts": posts,
        "mapped_on": int((first & (own >= 0)).sum()),
        "topics": [classes[at] if at >= 0 else None for at in stands.tolist()],
        "per_class": {name: found["per_class"][name] for name in classes},
        "micro": {"precision": shown["micro_precision"], "recall": shown["micro_recall"]},
        "macro": {"precision": shown["macro_precision"], "recall": shown["macro_recall"]},
        # Of the two-by-two matrices of all classes, class against rest.
        "summed": {
            "true_positives": hits,
            "false_positives": predicted_posts - hits,
            "false_negatives": posts - hits,
            "true_negatives": posts * len(classes) - predicted_posts - posts + hits,
        },
        "majority": float(np.bincount(true, minlength=len(classes)).max() / posts) if posts else None,
        "confusion": table.tolist(),
    }


def _stands_for(topics: np.ndarray, classes: np.ndarray, k: int) -> np.ndarray:
    """The class of most posts of each topic [topics], the first of equal ones; -1 of a topic without any."""
    table = np.zeros((k, int(classes.max(initial=0)) + 1), dtype=np.int64)
    np.add.at(table, (topics, classes), 1)
    return np.where(table.any(axis=1), table.argmax(axis=1), -1)


_NAMES = ("micro_precision", "micro_recall", "macro_precision", "macro_recall")


def _of_posts(true: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Of each post, whether it is hit, found and true of each class [posts, 3 · classes]."""
    each = np.arange(classes)
    own, guess = true[:, None] == each, predicted[:, None] == each
    return np.concatenate([own & guess, guess, own], axis=1).astype(np.float32)


def _micro_macro(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Of sums of `_of_posts` [resamples, 3 · classes]; a class that is never found has precision 0."""
    hits, found, true = np.split(sums.astype(float), 3, axis=1)
    of_found, of_true = hits / np.maximum(found, 1), hits / np.maximum(true, 1)
    return {
        "micro_precision": hits.sum(axis=1) / np.maximum(found.sum(axis=1), 1),
        "micro_recall": hits.sum(axis=1) / np.maximum(true.sum(axis=1), 1),
        "macro_precision": of_found.mean(axis=1),
        "macro_recall": of_true.mean(axis=1),
    }


def _shown(value: np.ndarray, drawn: np.ndarray) -> dict[str, float]:
    low, high = np.quantile(drawn, INTERVAL)
    return {"value": float(value[0]), "low": float(low), "high": float(high)}
