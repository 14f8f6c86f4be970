"""Clusters: the posts of a corpus in K groups, by one method with one seed (Khatoon et al. 2021, 4.4)."""

import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from crisisflow.artifacts import read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import KEY
from crisisflow.inputs import InputFile
from crisisflow.params import Seed
from crisisflow.progress import say
from crisisflow.studies.analytics import representations as represent
from crisisflow.studies.analytics.coherence import check_model
from crisisflow.studies.analytics.documents import Documents, read_documents
from crisisflow.studies.analytics.embed import read_embedded
from crisisflow.studies.analytics.params import ClusterMethod, ClustersParams, Topics
from crisisflow.studies.analytics.posts import POSTS
from crisisflow.studies.analytics.topic_model import ModelOf, TopicModel, model_of

# In the order of the documents. `cluster` counts from 0: of argmax it is the topic, else they are counted in the order
# of the posts' ids. EMPTY: a post without any of the top words, where `empty` is `group`.
CLUSTERS = pa.schema([("post_id", pa.string()), ("cluster", pa.int32())])
EMPTY = -1


class Posts(Protocol):
    """What the methods see of posts, whether of a corpus or new ones.

    `counts` and `weights` are [posts, terms], `document_topics` [posts, topics].
    """

    counts: csr_array
    weights: csr_array

    @property
    def document_topics(self) -> np.ndarray:
        """P(topic | post)."""

    def groups(self, method: str) -> list[str | None]:
        """The group of each post, for a method that needs it."""

    def embeddings(self) -> np.ndarray:
        """The embeddings [posts, d]."""


Space = Callable[[Posts], np.ndarray]


class Material:
    """The posts of a corpus in the order of their ids: the order of the source shall change nothing.

    Args:
        groups: of each post of the corpus, by its id.
        embedded: the file of the step embed.
    """

    def __init__(
        self, read: Documents, model: TopicModel, groups: dict[str, str | None], embedded: Path, corpus: str
    ) -> None:
        self.order = read.in_order_of_ids()
        self.post_ids = [read.post_ids[at] for at in self.order]
        self.counts, self.weights = read.counts[self.order], read.weights[self.order]
        self.model = model._replace(document_topics=model.document_topics[self.order])
        self.corpus, self._embedded, self._groups = corpus, embedded, groups

    @property
    def document_topics(self) -> np.ndarray:
        """P(topic | post) [posts, topics]."""
        return self.model.document_topics

    def groups(self, method: str) -> list[str | None]:
        """The group of each post.

        Raises:
            CrisisflowError: no post has one.
        """
        found = [self._groups.get(post_id) for post_id in self.post_ids]
        if not any(found):
            raise CrisisflowError(
                f"corpus {self.corpus} has no groups, and the method {method} takes away what the posts of a group "
                "share; leave it out of analytics.clusters.methods"
            )
        return found

    def embeddings(self) -> np.ndarray:
        """The embeddings [posts, d].

        Raises:
            CrisisflowError: they are of other posts.
        """
        post_ids, vectors = read_embedded(self._embedded)
        if len(post_ids) != len(self.order) or [post_ids[at] for at in self.order] != self.post_ids:
            raise CrisisflowError(f"{self._embedded} is of other posts; make it again with the step embed")
        return vectors[self.order]


def run(
    posts: InputFile,
    terms: InputFile,
    documents: InputFile,
    models: Sequence[InputFile],
    embedded: InputFile,
    corpus: str,
    method: ClusterMethod,
    k: Topics,
    seed: Seed,
    params: ClustersParams,
    out: Path,
) -> None:
    """Write the cluster of each post.

    Args:
        posts: of the step posts; the centred methods take away what the posts of a group share
        models: of the step lda; the one with K topics and this seed is used
        embedded: of the step embed
        corpus: its name
        k: clusters
        params: section analytics.clusters

    Raises:
        CrisisflowError: a centred method where no post has a group, or files of different runs.
    """
    from threadpoolctl import threadpool_limits

    path, own = model_of(ModelOf(corpus, k, seed), models)
    read = read_documents(terms, documents)
    check_model(own, read, corpus, path)
    rows = read_parquet(posts, POSTS).select(["post_id", "group"]).to_pylist()
    material = Material(read, own, {row["post_id"]: row["group"] for row in rows}, embedded, corpus)
    # On one thread: a sum over several differs in its last bits.
    with threadpool_limits(1):
        clusters = clustered(material, method, seed, params)
    found = np.empty(len(clusters), dtype=np.int32)
    found[material.order] = clusters
    facts = json.dumps({**own.own.facts(), "method": method}, sort_keys=True)
    write_parquet(out, pa.table([read.post_ids, found], schema=CLUSTERS), CLUSTERS.with_metadata({KEY: facts}))
    _, sizes = np.unique(clusters, return_counts=True)
    say(f"clusters: {own.own}, {method}: {', '.join(f'{size:,}' for size in sizes)} posts")


def clustered(own: Material, method: ClusterMethod, seed: int, params: ClustersParams) -> np.ndarray:
    """The cluster of each post [posts]."""
    if method == "argmax":
        return own.document_topics.argmax(axis=1)
    vectors = representation(own, method, seed, params)
    if method == "features" and params.empty == "group" and not (filled := has_top_word(own, own, params)).all():
        found = np.full(len(vectors), EMPTY)
        found[filled] = k_means(vectors[filled], own.model.own.k, seed, params.kmeans_starts)
        return found
    return k_means(vectors, own.model.own.k, seed, params.kmeans_starts)


def representation(own: Material, method: ClusterMethod, seed: int, params: ClustersParams) -> np.ndarray:
    """What k-means sees of each post of the corpus [posts, dimensions]."""
    return space(own, method, seed, params)(own)


def has_top_word(own: Material, posts: Posts, params: ClustersParams) -> np.ndarray:
    """Which posts [posts] have one of the top words of the corpus's topics."""
    terms = represent.top_words(own.model, params.top_words)
    return np.asarray(posts.counts[:, terms].sum(axis=1) > 0)


def space(own: Material, method: ClusterMethod, seed: int, params: ClustersParams) -> Space:
    """What k-means sees of posts by a method, with axes, components and means of the corpus.

    Raises:
        CrisisflowError: a centred method, and the corpus has no groups.
    """
    if method in ("argmax", "theta"):
        return lambda posts: posts.document_topics
    if method == "features":
        return _features(own, params)
    if method == "embedding":
        return lambda posts: posts.embeddings()
    if method == "centred":
        return _centred(own, method, params, lambda posts: posts.embeddings())
    axes = represent.components(own.weights, seed)

    def words(posts: Posts) -> np.ndarray:
        return represent.on_components(posts.weights, axes)

    if method == "tfidf_svd":
        return words
    words_centred = _centred(own, method, params, words)
    if method == "tfidf_centred":
        return words_centred
    meaning = _centred(own, method, params, lambda posts: posts.embeddings())
    return lambda posts: np.hstack([meaning(posts), params.both_weight * words_centred(posts)])


def _features(own: Material, params: ClustersParams) -> Space:
    def values(posts: Posts) -> csr_array:
        return posts.counts if params.features == "counts" else posts.weights

    found = represent.features(values(own), represent.top_words(own.model, params.top_words), params.pca_variance)
    return lambda posts: found(values(posts))


def _centred(own: Material, method: ClusterMethod, params: ClustersParams, plain: Space) -> Space:
    centring = represent.centring(plain(own), own.groups(method), params.centre_least)
    return lambda posts: centring(plain(posts), posts.groups(method))


def k_means(vectors: np.ndarray, k: int, seed: int, starts: int) -> np.ndarray:
    """The cluster of each row by k-means (Lloyd's, k-means++ starts), counted in the order of the rows.

    Fewer clusters come out where fewer rows differ.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    k = min(k, len(vectors))
    if k == 0:
        return np.empty(0, dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # that fewer rows differ
        labels = KMeans(k, n_init=starts, random_state=seed).fit(vectors).labels_
    _, first, number = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number]
