"""Clusters: the posts of a corpus in K groups, by one method with one seed (Khatoon et al. 2021, 4.4)."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

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
from crisisflow.studies.analytics.params import CENTRED, ClusterMethod, ClustersParams, Topics
from crisisflow.studies.analytics.posts import POSTS
from crisisflow.studies.analytics.topic_model import ModelOf, TopicModel, model_of

# In the order of the documents. `cluster` counts from 0: of argmax it is the topic, else they are counted in the order
# of the posts' ids. EMPTY: a post without any of the top words, where `empty` is `group`.
CLUSTERS = pa.schema([("post_id", pa.string()), ("cluster", pa.int32())])
EMPTY = -1


class Material:
    """What the methods need of the posts, in the order of their ids: the order of the source shall change nothing.

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
        return own.model.document_topics.argmax(axis=1)
    if method == "features":
        values = own.counts if params.features == "counts" else own.weights
        words = represent.top_words(own.model, params.top_words)
        vectors, filled = represent.features(values, words, params.pca_variance)
        if params.empty == "group" and not filled.all():
            found = np.full(len(vectors), EMPTY)
            found[filled] = k_means(vectors[filled], own.model.own.k, seed, params.kmeans_starts)
            return found
    else:
        vectors = representation(own, method, seed, params)
    return k_means(vectors, own.model.own.k, seed, params.kmeans_starts)


def representation(own: Material, method: ClusterMethod, seed: int, params: ClustersParams) -> np.ndarray:
    """What k-means sees of each post [posts, dimensions], of the methods without words left out."""
    groups = own.groups(method) if method in CENTRED else []
    if method == "theta":
        return own.model.document_topics
    if method == "embedding":
        return own.embeddings()
    if method == "centred":
        return represent.centred(own.embeddings(), groups, params.centre_least)
    words = represent.tfidf_svd(own.weights, seed)
    if method == "tfidf_svd":
        return words
    words = represent.centred(words, groups, params.centre_least)
    if method == "tfidf_centred":
        return words
    meaning = represent.centred(own.embeddings(), groups, params.centre_least)
    return np.hstack([meaning, params.both_weight * words])


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
