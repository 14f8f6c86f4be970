"""What k-means sees of each post, by method (Khatoon et al. 2021, 4.4, and what is better)."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from crisisflow.studies.analytics.topic_model import TopicModel

SVD = 100  # dimensions of the tf-idf after the singular value decomposition (latent semantic analysis)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Each row at length 1; one of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def top_words(model: TopicModel, number: int) -> np.ndarray:
    """The union of the top terms of all topics, rising."""
    return np.unique(model.top(number))


def features(values: csr_array, terms: np.ndarray, variance: float) -> tuple[np.ndarray, np.ndarray]:
    """Method (b): posts by the top words of the topics, on their principal components; and which posts have one.

    The components are the first ones that hold at least `variance` of the variance. Returns [posts, components] and
    [posts].

    Args:
        values: counts or weights [posts, terms]. terms: the top words.
    """
    from sklearn.decomposition import PCA

    dense = values[:, terms].toarray().astype(float)
    filled = dense.any(axis=1)
    # The whole decomposition: a randomised one would draw.
    found = PCA(variance, svd_solver="full").fit_transform(dense) if dense.std() > 0 else dense[:, :1]
    return found, filled


def tfidf_svd(weights: csr_array, seed: int) -> np.ndarray:
    """The tf-idf of the posts [posts, at most SVD] after a singular value decomposition, of unit length."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    size = min(SVD, *(side - 1 for side in weights.shape))
    scaled = normalize(weights)
    if size < 1:
        return scaled.toarray()
    return unit(TruncatedSVD(size, random_state=seed).fit_transform(scaled))


def centred(vectors: np.ndarray, groups: Sequence[str | None], least: int) -> np.ndarray:
    """Each vector less the mean of its group, of unit length again: what all posts of an event share is taken away.

    The mean of a group of n posts is drawn towards the overall mean as if `least` more posts had it: a small group
    would lose what tells its posts apart.

    Args:
        vectors: [posts, d]. groups: of each post; those without one are a group of their own.
    """
    _, number = np.unique(["" if group is None else f"={group}" for group in groups], return_inverse=True)
    overall = vectors.mean(axis=0)
    sizes = np.bincount(number)
    sums = np.zeros((len(sizes), vectors.shape[1]))
    np.add.at(sums, number, vectors)
    means = (sums + least * overall) / (sizes + least)[:, None]
    return unit(vectors - means[number])
