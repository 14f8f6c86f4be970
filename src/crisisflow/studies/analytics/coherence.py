"""Coherence: how well the top terms of each topic of a model go together, by gensim (Röder, Both and Hinneburg 2015).

A post is one window: posts are shorter than the windows that c_v was made for. A pair of neighbours is a term of a post
like any other. tomotopy's own c_v is not used: it gives other values for the same topics.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crisisflow.artifacts import read_json, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import Positive
from crisisflow.progress import say
from crisisflow.studies.analytics.documents import Documents, read_documents, rows_of
from crisisflow.studies.analytics.topic_model import TopicModel, read_model

MEASURES = ("c_v", "c_npmi", "u_mass")


def run(
    model: InputFile, facts: InputFile, terms: InputFile, documents: InputFile, corpus: str, top: Positive, out: Path
) -> None:
    """Write the coherence of a model and of each of its topics, and their top terms.

    Args:
        model: of the step lda
        facts: of the step lda
        corpus: the name of the corpus
        top: terms of a topic, analytics.lda.top
        out: JSON

    Raises:
        CrisisflowError: the model is of another corpus, or of other terms.
    """
    own = read_model(model)
    read = read_documents(terms, documents)
    check_model(own, read, corpus, model)
    tops = own.top(min(top, len(read.terms)))
    found = coherence(tops, read)
    write_json(
        out,
        {
            **own.own.facts(),
            **found,
            "diversity": diversity(tops),
            "log_likelihood": read_json(facts, "log_likelihood")["log_likelihood"],
            "topics": [[read.terms[term] for term in topic] for topic in tops],
            "probabilities": np.take_along_axis(own.topic_terms, tops, axis=1).tolist(),
        },
    )
    say(f"coherence: {own.own}: c_v {found['c_v']}")


def check_model(model: TopicModel, read: Documents, corpus: str, path: Path) -> None:
    """Refuse a model that is not of this corpus and these terms.

    Raises:
        CrisisflowError: it is not.
    """
    shape = (model.topic_terms.shape[1], len(model.document_topics))
    if model.own.corpus != corpus or shape != (len(read.terms), len(read.post_ids)):
        raise CrisisflowError(
            f"{path} is of {model.own} with {shape[0]:,} terms of {shape[1]:,} posts, not of corpus {corpus} with "
            f"{len(read.terms):,} of {len(read.post_ids):,}; make it again with the step lda"
        )


def diversity(tops: np.ndarray) -> float:
    """The share of different terms among the top terms [topics, terms] of all topics (Dieng, Ruiz and Blei 2020)."""
    return len(np.unique(tops)) / tops.size


def coherence(tops: np.ndarray, read: Documents) -> Mapping[str, Any]:
    """Of each measure the mean over the topics and the value of each topic; None where it is not defined.

    Args:
        tops: the top terms [topics, terms] by number; one term alone goes together with nothing.
    """
    if tops.shape[1] < 2:
        values = {f"{measure}_of_topics": [None] * len(tops) for measure in MEASURES}
        return {**values, **dict.fromkeys(MEASURES)}
    from gensim.corpora import Dictionary
    from gensim.models import CoherenceModel

    # gensim wants texts: a term is its number there, so that no two terms can be one.
    texts = [[str(term) for term in terms] for terms, _ in rows_of(read.counts)]
    topics = [[str(term) for term in topic] for topic in tops]
    names = Dictionary(texts)
    longest = max(map(len, texts))
    found: dict[str, Any] = {}
    for measure in MEASURES:
        scorer = CoherenceModel(
            topics=topics,
            texts=texts,
            dictionary=names,
            coherence=measure,
            topn=tops.shape[1],
            window_size=None if measure == "u_mass" else longest,
            processes=1,
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            values = [float(value) for value in scorer.get_coherence_per_topic()]
        found[f"{measure}_of_topics"] = [_defined(value) for value in values]
        found[measure] = _mean(values)
    return found


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _mean(values: Sequence[float]) -> float | None:
    return _defined(float(np.mean(values)))
