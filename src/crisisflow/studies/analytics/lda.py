"""LDA: a topic model of a corpus (Blei, Ng and Jordan 2003), by tomotopy's collapsed Gibbs sampler or by gensim.

The posts are taken in the order of their ids, so that the order of the source changes nothing.
"""

import os
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from crisisflow.artifacts import write_json
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import Seed
from crisisflow.progress import say
from crisisflow.studies.analytics.documents import read_documents, rows_of
from crisisflow.studies.analytics.params import LdaParams, Topics
from crisisflow.studies.analytics.topic_model import ModelOf, TopicModel, write_model

# tomotopy computes otherwise on AVX2 and on AVX-512, and finds other topics with the same seed. Each x86-64 has SSE2.
_ISA = "sse2"
_NO_CHOICE = "none"  # what tomotopy says on another kind of processor


def run(
    terms: InputFile,
    documents: InputFile,
    corpus: str,
    k: Topics,
    seed: Seed,
    params: LdaParams,
    out: Path,
    facts: Path,
) -> None:
    """Train one model and write its topics, and those of the posts.

    Args:
        corpus: the name of the corpus
        k: number of topics
        params: section analytics.lda
        out: safetensors
        facts: JSON, with the mean log-likelihood of an occurrence

    Raises:
        CrisisflowError: there are fewer posts with terms than topics, or the files are not of one run.
    """
    read = read_documents(terms, documents)
    matrix = read.counts if params.input == "counts" else read.weights
    order = read.in_order_of_ids()
    filled = order[np.diff(matrix.indptr)[order] > 0]
    if len(filled) < k:
        raise CrisisflowError(
            f"corpus {corpus} has {len(filled):,} posts with terms, fewer than {k} topics; lower k, or give more posts"
        )
    train = {"tomotopy": _tomotopy, "gensim": _gensim}[params.model]
    topic_terms, found = train(matrix[filled], k, seed, params)
    # A post without a term has the topics of the prior.
    document_topics = np.full((len(read.post_ids), k), 1 / k)
    document_topics[filled] = found
    model = TopicModel(ModelOf(corpus, k, seed), topic_terms, document_topics, params.alpha)
    likelihood = model.likelihood(read.counts)
    write_model(out, model)
    write_json(facts, {**model.own.facts(), "log_likelihood": likelihood, "posts": len(filled)})
    say(f"lda: {model.own}: {likelihood:.4f} a term")


def _tomotopy(counts: csr_array, k: int, seed: int, params: LdaParams) -> tuple[np.ndarray, np.ndarray]:
    os.environ["TOMOTOPY_ISA"] = _ISA
    import tomotopy

    if tomotopy.isa not in (_ISA, _NO_CHOICE):
        raise CrisisflowError(
            f"tomotopy runs on {tomotopy.isa} and would find other topics; set TOMOTOPY_ISA={_ISA} and run again"
        )
    model = tomotopy.LDAModel(k=k, alpha=params.alpha, eta=params.eta, seed=seed)
    model.optim_interval = 0  # the priors stay as they are given
    for terms, times in rows_of(counts):
        model.add_doc([str(term) for term in np.repeat(terms, times)])
    model.train(params.iterations, workers=1)
    topic_terms = np.zeros((k, counts.shape[1]))
    topic_terms[:, [int(term) for term in model.used_vocabs]] = [model.get_topic_word_dist(topic) for topic in range(k)]
    return topic_terms, np.array([document.get_topic_dist() for document in model.docs])


def _gensim(values: csr_array, k: int, seed: int, params: LdaParams) -> tuple[np.ndarray, np.ndarray]:
    from gensim.models import LdaModel

    bags = [list(zip(terms.tolist(), own.tolist(), strict=True)) for terms, own in rows_of(values)]
    names = {number: str(number) for number in range(values.shape[1])}
    model = LdaModel(
        bags,
        k,
        names,
        passes=params.iterations,
        alpha=np.full(k, params.alpha),
        eta=params.eta,
        eval_every=None,
        random_state=seed,
        dtype=np.float64,
    )
    gamma, _ = model.inference(bags)
    return model.get_topics(), gamma / gamma.sum(axis=1, keepdims=True)
