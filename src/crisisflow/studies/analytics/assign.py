"""Assign: the topic and the cluster of posts that no model has seen (Khatoon et al. 2021, 4.3 and 4.4).

The topic is found by folding-in, the topics of the corpus staying as they are. The cluster is that of the nearest
centre; a centre is the mean of the posts of its cluster, as k-means has it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from crisisflow.artifacts import read_json, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.language import TRAINED_ON, decided_language
from crisisflow.serving.lines import masked, numbered_records, together
from crisisflow.serving.schema import is_blank
from crisisflow.studies.analytics import STUDY, embed
from crisisflow.studies.analytics.clusters import CLUSTERS, EMPTY, Material, Space, has_top_word, space
from crisisflow.studies.analytics.coherence import check_model
from crisisflow.studies.analytics.documents import read_documents
from crisisflow.studies.analytics.labels import LABELS
from crisisflow.studies.analytics.normalisation import Normaliser
from crisisflow.studies.analytics.normalise import read_protected
from crisisflow.studies.analytics.params import AnalyticsParams, ClusterMethod, ClustersParams
from crisisflow.studies.analytics.posts import POSTS
from crisisflow.studies.analytics.terms import TERMS, document
from crisisflow.studies.analytics.topic_model import TopicModel, fold_in, read_model

METHOD = "document_weight"  # the labels that topics have here: the paper's own
GROUP = "group"  # key of a line with the event or feed of its post
Encoder = Callable[[Sequence[str]], np.ndarray]


class Run(NamedTuple):
    """The files of a corpus in the data of a run."""

    folder: Path
    corpus: str

    def file(self, name: str) -> Path:
        """One of the files of the corpus."""
        return self.folder / "corpora" / self.corpus / name

    def model(self, k: int, seed: int) -> Path:
        """A topic model."""
        return self.folder / "models" / self.corpus / f"k{k}-seed{seed}" / "model.safetensors"

    def clusters(self, method: ClusterMethod, seed: int) -> Path:
        """The clusters by a method with a seed."""
        return self.folder / "clusters" / self.corpus / f"{method}-seed{seed}.parquet"


class Read(NamedTuple):
    """Posts that normalisation kept: their places among the texts, and their terms [posts, terms]."""

    places: list[int]
    counts: csr_array
    weights: csr_array


class Reader:
    """Normalises new posts as those of a corpus, and counts its terms in them.

    The step duplicates is left out: each post is answered.

    Raises:
        CrisisflowError: the run has not got so far.
    """

    def __init__(self, run: Run, params: AnalyticsParams) -> None:
        table = read_parquet(run.file("terms.parquet"), TERMS)
        self._params = params
        self._number = {term: at for at, term in enumerate(table["term"].to_pylist())}
        self._idf = table["idf"].to_numpy()
        self._normaliser = Normaliser(params.normalise, read_protected(run.file("protected.json")).words)

    def __call__(self, texts: Sequence[str]) -> Read:
        """The posts that are kept: in one of the languages, and with enough words."""
        found = [(at, words) for at, text in enumerate(texts) if (words := self._words(text)) is not None]
        rows = [document("", words, self._params.terms, self._number, self._idf) for _, words in found]
        indices = np.array([term for row in rows for term in row["terms"]], dtype=np.int32)
        starts = np.concatenate([[0], np.cumsum([len(row["terms"]) for row in rows], dtype=np.int64)])
        counts, weights = (
            csr_array(
                (np.array([own for row in rows for own in row[name]], dtype=float), indices, starts),
                shape=(len(rows), len(self._number)),
            )
            for name in ("counts", "weights")
        )
        return Read([at for at, _ in found], counts, weights)

    def _words(self, text: str) -> list[str] | None:
        if is_blank(text):
            return None
        own = self._params.normalise
        if "language" in own.steps and (decided_language(text) or TRAINED_ON) not in own.languages:
            return None
        return self._normaliser.words(text) or None


class Topics:
    """The chosen topic model of a corpus; `labels` of its topics, by their numbers.

    Raises:
        CrisisflowError: the run has not got so far.
    """

    def __init__(self, run: Run) -> None:
        chosen = read_json(run.file("k.json"), "k", "seed")
        self.path = run.model(chosen["k"], chosen["seed"])
        self.model = read_model(self.path)
        rows = read_parquet(run.file("labels.parquet"), LABELS).to_pylist()
        self.labels = [row["label"] for row in rows if row["method"] == METHOD]
        if len(self.labels) != self.model.own.k:
            raise CrisisflowError(
                f"{run.file('labels.parquet')} has {len(self.labels)} topics, the chosen model {self.model.own.k}; "
                "make the labels again with the step labels"
            )

    def __call__(self, counts: csr_array) -> list[int | None]:
        """The first topic of each post; None of one without a term of the corpus.

        Args:
            counts: [posts, terms].
        """
        first = fold_in(self.model.topic_terms, self.model.alpha, counts).argmax(axis=1)
        return [
            int(topic) if terms else None for topic, terms in zip(first, np.diff(counts.indptr).tolist(), strict=True)
        ]


class NewPosts:
    """Posts that were not in the corpus, as the methods of clustering see them."""

    def __init__(
        self, read: Read, model: TopicModel, groups: Sequence[str | None], texts: Sequence[str], encode: Encoder
    ) -> None:
        self.counts, self.weights = read.counts, read.weights
        self._model, self._groups, self._texts, self._encode = model, groups, texts, encode

    @cached_property
    def document_topics(self) -> np.ndarray:
        """P(topic | post) [posts, topics]."""
        return fold_in(self._model.topic_terms, self._model.alpha, self.counts)

    def groups(self, method: str) -> list[str | None]:
        """The group of each post."""
        return list(self._groups)

    def embeddings(self) -> np.ndarray:
        """The embeddings [posts, d]."""
        return self._encode(self._texts)


class Clusters:
    """The clusters of a corpus by one method, with the first seed of the section, as new posts are put into them.

    Raises:
        CrisisflowError: the run has not got so far, its files are of different runs, or a centred method has no groups.
    """

    def __init__(self, run: Run, method: ClusterMethod, params: AnalyticsParams) -> None:
        path = run.clusters(method, params.clusters.seeds[0])
        rows = read_parquet(path, CLUSTERS).to_pylist()
        self.model = read_model(run.model(params.corpora[run.corpus].k, params.clusters.seeds[0]))
        read = read_documents(run.file("terms.parquet"), run.file("documents.parquet"))
        check_model(self.model, read, run.corpus, path)
        if [row["post_id"] for row in rows] != read.post_ids:
            raise CrisisflowError(f"{path} is of other posts; make it again with the step clusters")
        of_posts = read_parquet(run.file("posts.parquet"), POSTS).select(["post_id", GROUP]).to_pylist()
        groups = {row["post_id"]: row[GROUP] for row in of_posts}
        material = Material(read, self.model, groups, run.file("embedded.parquet"), run.corpus)
        self._method, self._params, self._encode = method, params.clusters, lazy_encoder(params.clusters)
        self._material = material
        self._space: Space = space(material, method, params.clusters.seeds[0], params.clusters)
        clusters = np.array([row["cluster"] for row in rows])[material.order]
        self._names = np.unique(clusters[clusters != EMPTY])
        vectors = self._space(material)
        self._centres = np.array([vectors[clusters == name].mean(axis=0) for name in self._names])

    def __call__(self, read: Read, groups: Sequence[str | None], texts: Sequence[str]) -> list[int]:
        """The cluster of each post.

        Args:
            read: the posts. groups, texts: of each of them.
        """
        if not texts:
            return []
        posts = NewPosts(read, self.model, groups, texts, self._encode)
        if self._method == "argmax":
            return posts.document_topics.argmax(axis=1).tolist()
        vectors = self._space(posts)
        # |v - c|^2 less |v|^2, which is the same for all centres.
        distances = (self._centres**2).sum(axis=1) - 2 * vectors @ self._centres.T
        found = self._names[distances.argmin(axis=1)]
        if self._method == "features" and self._params.empty == "group":
            found = np.where(has_top_word(self._material, posts, self._params), found, EMPTY)
        return found.tolist()


def lazy_encoder(params: ClustersParams) -> Encoder:
    """Embeds texts as the step embed does; the encoder is loaded with the first of them."""
    loaded: list[Encoder] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        if not loaded:
            loaded.append(embed.encoder_of(params.encoder, params.max_length))
        return loaded[0](texts)

    return encode


def run_of(folder: Path, corpus: str | None, params: AnalyticsParams) -> Run:
    """The corpus of a run that is meant: without a name the first one of the section whose topics were named.

    Raises:
        CrisisflowError: the section has no such corpus, or its topics were not named here.
    """
    if corpus is not None and corpus not in params.corpora:
        known = ", ".join(params.corpora)
        raise CrisisflowError(f"there is no corpus {corpus} in analytics.corpora; there are: {known}")
    runs = [Run(folder, name) for name in ([corpus] if corpus else params.corpora)]
    for run in runs:
        if run.file("labels.parquet").exists():
            return run
    asked = f"of corpus {corpus} " if corpus else ""
    raise CrisisflowError(f"the topics {asked}were not made here; run: make reproduce STUDY={STUDY}")


def method_of(run: Run, asked: str | None, params: AnalyticsParams) -> ClusterMethod:
    """The method of clustering that is meant: the last of the section that the corpus can have without a name.

    Raises:
        CrisisflowError: the section has no such method, or only centred ones and the corpus has no groups.
    """
    methods = params.clusters.methods
    if asked is not None:
        if asked not in methods:
            raise CrisisflowError(f"there is no method {asked} in analytics.clusters.methods: {', '.join(methods)}")
        return asked
    made = [own for own in methods if run.clusters(own, params.clusters.seeds[0]).exists()]
    if not made:
        raise CrisisflowError(f"corpus {run.corpus} has no clusters here; run: make reproduce STUDY={STUDY}")
    return made[-1]


def assigned(
    read: Reader, topics: Topics, clusters: Clusters, lines: Iterable[str], where: str, masking: bool
) -> Iterator[dict[str, Any]]:
    """Each record with `topic`, `topic_label` and `cluster`; null where normalisation drops the post.

    Raises:
        CrisisflowError: a line is no JSON object with a string `text`, or its `group` is no text.
    """
    for batch in together(_grouped(lines, where)):
        texts = [record["text"] for record in batch]
        kept = read(texts)
        groups = [batch[at].get(GROUP) for at in kept.places]
        clustered = clusters(kept, groups, [texts[at] for at in kept.places])
        found = dict(zip(kept.places, zip(topics(kept.counts), clustered, strict=True), strict=True))
        for at, record in enumerate(batch):
            topic, cluster = found.get(at, (None, None))
            yield {
                **(masked(record) if masking else record),
                "topic": topic,
                "topic_label": None if topic is None else topics.labels[topic],
                "cluster": cluster,
            }


def _grouped(lines: Iterable[str], where: str) -> Iterator[dict[str, Any]]:
    for number, record in numbered_records(lines, where):
        if not isinstance(record.get(GROUP), str | None):
            raise CrisisflowError(f"{where}, line {number}: its {GROUP} is no text")
        yield record
