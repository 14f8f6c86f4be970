"""What k-means sees of each post, by method (Khatoon et al. 2021, 4.4, and what is better)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from crisisflow.studies.analytics.topic_model import TopicModel

if TYPE_CHECKING:
    from sklearn.decomposition import PCA

SVD = 100  # dimensions of the tf-idf after the singular value decomposition (latent semantic analysis)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Each row at length 1; one of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def top_words(model: TopicModel, number: int) -> np.ndarray:
    """The union of the top terms of all topics, rising."""
    return np.unique(model.top(number))


class Features(NamedTuple):
    """Method (b): posts by the top words of the topics, on the first principal components of those of a corpus."""

    terms: np.ndarray
    analysis: "PCA | None"

    def __call__(self, values: csr_array) -> np.ndarray:
        """The posts [posts, components]."""
        dense = self._dense(values)
        return dense[:, :1] if self.analysis is None else self.analysis.transform(dense)

    def _dense(self, values: csr_array) -> np.ndarray:
        return values[:, self.terms].toarray().astype(float)


def features(values: csr_array, terms: np.ndarray, variance: float) -> Features:
    """The first components that hold at least `variance` of the variance of the posts.

    Args:
        values: counts or weights [posts, terms]. terms: the top words.
    """
    from sklearn.decomposition import PCA

    dense = Features(terms, None)._dense(values)
    # The whole decomposition: a randomised one would draw.
    return Features(terms, PCA(variance, svd_solver="full").fit(dense) if dense.std() > 0 else None)


def components(weights: csr_array, seed: int) -> np.ndarray:
    """The first right singular vectors of the scaled tf-idf [at most SVD, terms]; the terms themselves of one post."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    size = min(SVD, *(side - 1 for side in weights.shape))
    if size < 1:
        return np.eye(weights.shape[1])
    return TruncatedSVD(size, random_state=seed).fit(normalize(weights)).components_


def on_components(weights: csr_array, found: np.ndarray) -> np.ndarray:
    """The tf-idf of posts on `components` [posts, at most SVD], of unit length."""
    from sklearn.preprocessing import normalize

    return unit(normalize(weights) @ found.T)


def tfidf_svd(weights: csr_array, seed: int) -> np.ndarray:
    """The tf-idf of the posts [posts, at most SVD] after a singular value decomposition, of unit length."""
    return on_components(weights, components(weights, seed))


class Centring(NamedTuple):
    """The mean of all vectors [d], and that of each group, as `centring` draws it."""

    overall: np.ndarray
    means: Mapping[str | None, np.ndarray]

    def __call__(self, vectors: np.ndarray, groups: Sequence[str | None]) -> np.ndarray:
        """Each vector less the mean of its group, of unit length again; one of a new group less the overall mean."""
        return unit(vectors - np.array([self.means.get(group, self.overall) for group in groups]))


def centring(vectors: np.ndarray, groups: Sequence[str | None], least: int) -> Centring:
    """The mean of each group, drawn towards the overall mean as if `least` more posts had that one.

    So a small group does not lose what tells its posts apart.

    Args:
        vectors: [posts, d]. groups: of each post; those without one are a group of their own.
    """
    names = {group: at for at, group in enumerate(dict.fromkeys(groups))}
    number = [names[group] for group in groups]
    overall = vectors.mean(axis=0)
    sums = np.zeros((len(names), vectors.shape[1]))
    np.add.at(sums, number, vectors)
    means = (sums + least * overall) / (np.bincount(number) + least)[:, None]
    return Centring(overall, dict(zip(names, means, strict=True)))


def centred(vectors: np.ndarray, groups: Sequence[str | None], least: int) -> np.ndarray:
    """Each vector less the mean of its group (`centring`): what all posts of an event share is taken away."""
    return centring(vectors, groups, least)(vectors, groups)
