"""Static vectors: one vector for each subword of an encoder's vocabulary, and of a text the mean of its subwords'.

The recipe of model2vec 0.10.0 (Tulkens and van Dongen 2024): the encoder embeds each subword by itself, principal
components keep 256 dimensions, and a subword counts less the more frequent it is. It is computed here, since that
version's own distillation needs transformers below 5.4. Only the subwords of the texts at hand are embedded, in seconds
and not in half a minute; so the components are theirs, too.
"""

from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from crisisflow.embedding import SentenceEncoder

DIMENSIONS = 256
RARE = 1e-4  # the a of a / (a + p): smooth inverse frequency (Arora et al. 2017)


class StaticVectors:
    """The vectors of the subwords of some texts.

    Args:
        encoder: what embeds each subword.
        texts: whose subwords have vectors; others have none, and count nothing. There is a word among them.
    """

    def __init__(self, encoder: SentenceEncoder, texts: Sequence[str]) -> None:
        self.tokenizer = encoder.tokenizer
        self.known = np.unique(np.concatenate(self._ids(texts)))
        first, *last = self.tokenizer("")["input_ids"]
        embedded = encoder.embed_ids([[first, subword, *last] for subword in self.known.tolist()])
        self.vectors = principal(embedded.astype(np.float64)) * self._weights()[:, None]

    def _ids(self, texts: Sequence[str]) -> list[np.ndarray]:
        found = self.tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False)["input_ids"]
        return [np.array(ids, dtype=np.int64) for ids in found]

    def _weights(self) -> np.ndarray:
        """By the place of a subword in the vocabulary, which is its rank by frequency, and Zipf's law."""
        ranks = np.arange(2, len(self.tokenizer) + 2)
        share = (1 / ranks) / (1 / ranks).sum()
        return (RARE / (RARE + share))[self.known]

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """The mean of the vectors of each text's subwords, of length 1: [texts, d]; zeros of a text that has none."""
        found = np.zeros((len(texts), self.vectors.shape[1]))
        for at, ids in enumerate(self._ids(texts)):
            if (there := ids[np.isin(ids, self.known)]).size:
                found[at] = self.vectors[np.searchsorted(self.known, there)].mean(axis=0)
        norms = np.linalg.norm(found, axis=1, keepdims=True)
        return found / np.where(norms > 0, norms, 1)


def principal(vectors: np.ndarray) -> np.ndarray:
    """The first DIMENSIONS principal components [n, DIMENSIONS] of vectors [n, d]; all of them where there are fewer.

    Each component's sign is such that its value of the largest size is positive. One thread computes them: with more,
    LAPACK gives other last bits.
    """
    centred = vectors - vectors.mean(axis=0)
    with threadpool_limits(1):
        _, components = np.linalg.eigh(centred.T @ centred)
        scores = centred @ components[:, ::-1][:, :DIMENSIONS]
    largest = np.abs(scores).argmax(axis=0)
    return scores * np.sign(scores[largest, range(scores.shape[1])])
