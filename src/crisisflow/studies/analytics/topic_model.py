"""A topic model as the study keeps it, whichever library trained it; and the topics of posts that it has not seen."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from scipy.sparse import csr_array

from crisisflow.artifacts import check_file, read_json
from crisisflow.errors import CrisisflowError
from crisisflow.identity import KEY
from crisisflow.studies.analytics import STUDY

_SMALLEST = 1e-30  # against a division by 0
_ROUNDS, _TOLERANCE = 200, 1e-4  # of folding-in: until no share of a post moves further than that
_AT_ONCE = 5_000  # posts that are folded in together: memory stays flat over any number


class ModelOf(NamedTuple):
    """Of which corpus a topic model is, with how many topics and which seed."""

    corpus: str
    k: int
    seed: int

    def facts(self) -> dict[str, str | int]:
        """What is written."""
        return {"study": STUDY, **self._asdict()}

    def as_json(self) -> str:
        """The same as JSON, as the metadata of a Parquet file have it (identity.KEY)."""
        return json.dumps(self.facts(), sort_keys=True)

    def __str__(self) -> str:
        return f"corpus {self.corpus}, {self.k} topics, seed {self.seed}"


class TopicModel(NamedTuple):
    """P(term | topic) [topics, terms], P(topic | post) [posts, topics] and the prior of the topics of a post."""

    own: ModelOf
    topic_terms: np.ndarray
    document_topics: np.ndarray
    alpha: float

    def top(self, number: int) -> np.ndarray:
        """The terms of each topic [topics, number], the likeliest first; of equal ones the lower number."""
        return np.argsort(-self.topic_terms, axis=1, kind="stable")[:, :number]

    def likelihood(self, counts: csr_array) -> float:
        """The mean natural logarithm of P(term | post) over the occurrences in `counts` [posts, terms]."""
        rows = counts.tocoo()
        total = 0.0
        for start in range(0, rows.nnz, _AT_ONCE * 10):
            part = slice(start, start + _AT_ONCE * 10)
            shares = np.einsum("nk,kn->n", self.document_topics[rows.row[part]], self.topic_terms[:, rows.col[part]])
            total += float(rows.data[part] @ np.log(np.maximum(shares, _SMALLEST)))
        return total / counts.sum()


def fold_in(topic_terms: np.ndarray, alpha: float, counts: csr_array) -> np.ndarray:
    """P(topic | post) [posts, topics] of posts that the model was not trained on; the topics stay as they are.

    A fixed point of theta_k = alpha + sum_w n_w P(k | w, theta), scaled to 1: the update of CVB0 (Asuncion et al. 2009)
    with P(w | k) held, as in folding-in (Hofmann 1999). It draws nothing at random. A post without a known term has the
    prior's topics, evenly.
    """
    parts = [
        _fold_in(topic_terms, alpha, counts[start : start + _AT_ONCE]) for start in range(0, counts.shape[0], _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty((0, len(topic_terms)))


def _fold_in(topic_terms: np.ndarray, alpha: float, counts: csr_array) -> np.ndarray:
    posts, topics = counts.shape[0], len(topic_terms)
    own = counts.tocoo()
    likelihood = topic_terms.T[own.col]  # [occurring terms, topics]
    of_post = csr_array((own.data, (own.row, np.arange(own.nnz))), shape=(posts, own.nnz))
    shares = np.full((posts, topics), 1 / topics)
    for _ in range(_ROUNDS):
        joint = likelihood * shares[own.row]
        joint /= np.maximum(joint.sum(axis=1, keepdims=True), _SMALLEST)
        new = alpha + of_post @ joint
        new /= new.sum(axis=1, keepdims=True)
        moved = np.abs(new - shares).max(initial=0)
        shares = new
        if moved < _TOLERANCE:
            break
    return shares


def write_model(path: Path, model: TopicModel) -> None:
    """Write a model as safetensors, with what it is in the metadata."""
    import torch

    from crisisflow.tensors import write_tensors

    tensors = {
        "topic_terms": torch.from_numpy(model.topic_terms.astype(np.float32)),
        "document_topics": torch.from_numpy(model.document_topics.astype(np.float32)),
    }
    facts = json.dumps({**model.own.facts(), "alpha": model.alpha}, sort_keys=True)
    write_tensors(path, tensors, {KEY: facts})


def _facts(path: Path) -> dict[str, Any]:
    """What a model says of itself.

    Raises:
        CrisisflowError: it is absent, damaged, or says not that it is a topic model of this study.
    """
    check_file(path)
    try:
        with safe_open(path, "np") as file:
            facts = json.loads((file.metadata() or {}).get(KEY, "{}"))
        return {name: facts[name] for name in (*ModelOf._fields, "alpha")}
    except (SafetensorError, KeyError, ValueError) as error:
        raise CrisisflowError(f"{path} is no topic model of the study {STUDY} ({error}); make it again") from None


def read_model(path: Path) -> TopicModel:
    """Read what `write_model` wrote.

    Raises:
        CrisisflowError: it is absent, damaged, or says not that it is a topic model of this study.
    """
    facts = _facts(path)
    alpha = facts.pop("alpha")
    with safe_open(path, "np") as file:
        tensors = [file.get_tensor(name).astype(float) for name in ("topic_terms", "document_topics")]
    return TopicModel(ModelOf(**facts), *tensors, alpha)


def model_of(asked: ModelOf, models: Sequence[Path]) -> tuple[Path, TopicModel]:
    """The model that is asked for, and its path.

    Raises:
        CrisisflowError: none of them is it, or what `read_model` raises.
    """
    for path in models:
        if all(_facts(path)[name] == value for name, value in asked._asdict().items()):
            return path, read_model(path)
    raise CrisisflowError(f"none of the {len(models)} models is of {asked}; give it too (step lda)")


def chosen_model(models: Sequence[Path], chosen: Path) -> tuple[Path, TopicModel]:
    """The model that the step choose_k chose, and its path; raises what `model_of` and `read_json` raise.

    Args:
        chosen: JSON of that step.
    """
    own = read_json(chosen, *ModelOf._fields)
    return model_of(ModelOf(**{name: own[name] for name in ModelOf._fields}), models)
