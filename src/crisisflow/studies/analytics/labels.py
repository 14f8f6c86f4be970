"""Labels: names of topics by three methods, each with the posts that stand behind it (Khatoon et al. 2021, Eq. 4-7).

Equations 4, 6 and 7 are pictures in the paper; our form of them is a reading, after the labelling of topics of tweets
by summarisation (Cano Basave, He and Xu, ACL 2014) with the hybrid tf-idf of Sharifi, Inouye and Kalita (2013).

| method | what |
|---|---|
| `top_terms` | the likeliest terms of the topic; the paper's TT |
| `document_weight` | the most salient terms of the heaviest posts; the paper's own |
| `class_tfidf` | the highest class-based tf-idf over the topic's posts (Grootendorst 2022) |
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from crisisflow.artifacts import write_parquet
from crisisflow.corpus.tweet_words import NEAR
from crisisflow.errors import CrisisflowError
from crisisflow.identity import KEY
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.studies.analytics.coherence import check_model
from crisisflow.studies.analytics.documents import Documents, read_documents
from crisisflow.studies.analytics.params import LabelsParams
from crisisflow.studies.analytics.posts import query_of
from crisisflow.studies.analytics.protection import query_words
from crisisflow.studies.analytics.topic_model import chosen_model

METHODS = ("top_terms", "document_weight", "class_tfidf")
# `documents`: posts of the topic; a topic without any has no words. `scores`: by which each term was picked, `shares`:
# of the posts in `posts` that have it. `posts`: the heaviest ones of the topic, heaviest first, and their `weights`.
LABELS = pa.schema(
    [
        ("topic", pa.int32()),
        ("method", pa.string()),
        ("label", pa.string()),
        ("terms", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float64())),
        ("shares", pa.list_(pa.float64())),
        ("documents", pa.int32()),
        ("posts", pa.list_(pa.string())),
        ("weights", pa.list_(pa.float64())),
    ]
)


class Heaviest(NamedTuple):
    """Posts by their places, the heaviest first, and the weight of each (Eq. 5)."""

    places: np.ndarray
    weights: np.ndarray


class Label(NamedTuple):
    """A label: its words, the terms from which they come, and by what score each was picked."""

    words: list[str]
    terms: list[int]
    scores: list[float]


def run(
    models: Sequence[InputFile],
    chosen: InputFile,
    terms: InputFile,
    documents: InputFile,
    corpus: str,
    manifest: InputFile,
    stop_words: str,
    params: LabelsParams,
    out: Path,
) -> None:
    """Write the labels of each topic by each method, with their evidence.

    Args:
        models: of the step lda
        chosen: of the step choose_k, which of them
        corpus: its name
        manifest: of the step posts, with its search terms
        stop_words: analytics.normalise.stop_words, the list whose words a search term may have without being set aside
        params: section analytics.labels
        out: a line for each topic and method

    Raises:
        CrisisflowError: the chosen model is not there, or of another corpus or other terms, or there are fewer words
            than a label has.
    """
    path, own = chosen_model(models, chosen)
    read = read_documents(terms, documents)
    check_model(own, read, corpus, path)
    aside = query_words(query_of(manifest, corpus), stop_words)
    there = len({word for term in read.terms for word in term.split()})
    if params.length > there:
        raise CrisisflowError(
            f"corpus {corpus} has {there} words in its terms, and analytics.labels.length is {params.length}; lower it"
        )
    members = [np.flatnonzero(chosen) for chosen in relevant(own.document_topics, params.relevant).T]
    rows = list(_rows(own.topic_terms, members, read, params, aside))
    write_parquet(out, rows, LABELS.with_metadata({KEY: own.own.as_json()}))
    empty = sum(not len(topic) for topic in members)
    say(f"labels: {own.own}: {'; '.join(row['label'] for row in rows if row['method'] == METHODS[1])}")
    if empty:
        say(f"labels: {empty} topics have no post, and no label")


def _rows(
    marginal: np.ndarray,
    members: Sequence[np.ndarray],
    read: Documents,
    params: LabelsParams,
    aside: Collection[str],
) -> Iterator[dict[str, object]]:
    for topic, found in enumerate(labelled(marginal, members, read, params, aside)):
        heavy, labels = found
        for method, label in labels.items():
            within = read.counts[heavy.places][:, label.terms]
            yield {
                "topic": topic,
                "method": method,
                "label": " ".join(label.words),
                "terms": [read.terms[term] for term in label.terms],
                "scores": label.scores,
                "shares": ((within > 0).sum(axis=0) / max(len(heavy.places), 1)).tolist(),
                "documents": len(members[topic]),
                "posts": [read.post_ids[place] for place in heavy.places],
                "weights": heavy.weights.tolist(),
            }


def labelled(
    marginal: np.ndarray,
    members: Sequence[np.ndarray],
    read: Documents,
    params: LabelsParams,
    aside: Collection[str],
) -> Iterator[tuple[Heaviest, dict[str, Label]]]:
    """The heaviest posts and the labels of each group of posts; those of a group without posts are empty.

    Args:
        marginal: P(term | group) [groups, terms]; of topics the model's.
        members: the places of the posts of each group.
        aside: words that no label of document_weight has, where drop_query_words is set.
    """
    weight = document_weights(read.weights, read.lengths, params.min_threshold)
    distinctive = class_tfidf(np.array([read.counts[own].sum(axis=0) for own in members]))
    split = [term.split() for term in read.terms]
    kept = np.array([not (params.drop_query_words and aside.intersection(own)) for own in split])
    for group, own in enumerate(members):
        heavy = heaviest(own, weight, read, params.top_documents)
        if not len(own):
            yield heavy, dict.fromkeys(METHODS, Label([], [], []))
            continue
        salient = salience(marginal[group], read.weights[heavy.places], params.salience)
        square = _squared if params.penalty == "square" else _dropped
        yield (
            heavy,
            {
                "top_terms": pick(marginal[group], split, params.length, _kept),
                "document_weight": pick(np.where(kept, salient, 0), split, params.length, square),
                "class_tfidf": pick(distinctive[group], split, params.length, _kept),
            },
        )


def relevant(document_topics: np.ndarray, rule: str | float) -> np.ndarray:
    """Eq. 4: which posts are relevant for which topic [posts, topics]: first topic, or a share of at least `rule`."""
    if rule == "argmax":
        return document_topics.argmax(axis=1)[:, None] == np.arange(document_topics.shape[1])
    return document_topics >= rule


def document_weights(weights: csr_array, lengths: np.ndarray, min_threshold: int) -> np.ndarray:
    """Eq. 5 [posts]: the sum of the weights of a post's terms, over its length, at least over MinThreshold."""
    return weights.sum(axis=1) / np.maximum(min_threshold, lengths)


def heaviest(members: np.ndarray, weight: np.ndarray, read: Documents, number: int) -> Heaviest:
    """The heaviest of these posts, by their ids where they are equal; of near repeats the first one.

    Near repeats: the Jaccard similarity of their terms is at least tweet_words.NEAR.
    """
    ranked = sorted(members.tolist(), key=lambda place: (-weight[place], read.post_ids[place]))
    indices, starts = read.counts.indices, read.counts.indptr
    chosen: list[int] = []
    seen: list[frozenset[int]] = []
    for place in ranked:
        own = frozenset(indices[starts[place] : starts[place + 1]].tolist())
        if any(len(own & other) >= NEAR * len(own | other) for other in seen):
            continue
        chosen.append(place)
        seen.append(own)
        if len(chosen) == number:
            break
    places = np.array(chosen, dtype=np.int64)
    return Heaviest(places, weight[places])


def salience(marginal: np.ndarray, weights: csr_array, which: str) -> np.ndarray:
    """Eq. 6 and 7 [terms], scaled to at most 1: P(w | k), the sum of the weights W(w, d) of the posts, or the product.

    Args:
        marginal: P(w | k) [terms].
        weights: those of the heaviest posts [posts, terms].
    """
    summed = weights.sum(axis=0)
    found = {"product": marginal * summed, "marginal": np.where(summed > 0, marginal, 0), "weight": summed}[which]
    return found / found.max() if found.max() > 0 else found


def class_tfidf(counts: np.ndarray) -> np.ndarray:
    """Class-based tf-idf [groups, terms]: tf ln(1 + A / f) (Grootendorst 2022, arXiv 2203.05794).

    tf is the share of a term among the occurrences of a group, f its occurrences in all groups, A the mean of the
    occurrences of a group.

    Args:
        counts: occurrences [groups, terms].
    """
    total = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(total, 1)
    return share * np.log1p(total.mean() / np.maximum(counts.sum(axis=0), 1))


Penalty = Callable[[np.ndarray], np.ndarray]


def _kept(scores: np.ndarray) -> np.ndarray:
    return scores


def _squared(scores: np.ndarray) -> np.ndarray:
    return scores**2


def _dropped(scores: np.ndarray) -> np.ndarray:
    return np.zeros_like(scores)


def pick(scores: np.ndarray, split: Sequence[Sequence[str]], length: int, penalty: Penalty) -> Label:
    """A label of at most so many words: the highest term, and again, after the terms that share a word are penalised.

    No word stands there twice: of a term only the words count that the label lacks. A term that brings none, or more
    than there is room for, is passed over, and so is one with the score 0. Equal ones go by the alphabet.

    Args:
        scores: of each term, at most 1 where `penalty` squares them. split: the words of each term.
    """
    left = scores.astype(float).copy()
    label = Label([], [], [])
    having: dict[str, list[int]] = {}  # of each word the terms with it
    for term, words in enumerate(split):
        for word in words:
            having.setdefault(word, []).append(term)
    while len(label.words) < length and (best := int(left.argmax())) >= 0 and left[best] > 0:
        score, left[best] = left[best], 0
        new = [word for word in dict.fromkeys(split[best]) if word not in label.words]
        if not new or len(label.words) + len(new) > length:
            continue
        label.words.extend(new)
        label.terms.append(best)
        label.scores.append(float(score))
        near = np.unique([term for word in split[best] for term in having[word]])
        left[near] = penalty(left[near])
    return label
