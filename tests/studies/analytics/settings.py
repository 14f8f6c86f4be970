"""Sections of params.yaml as the tests of this study use them."""

from typing import Any

from crisisflow.studies.analytics.params import (
    ClustersParams,
    CorpusParams,
    LabelsParams,
    LdaParams,
    NormaliseParams,
    TermsParams,
)

STEPS = [
    "entities",
    "emoji_repair",
    "duplicates",
    "language",
    "urls",
    "mentions",
    "emoji",
    "smileys",
    "hashtags",
    "tokens",
    "lower",
    "repeats",
    "slang",
    "special",
    "numbers",
    "joined",
    "spelling",
    "stop_words",
    "wordnet_filter",
    "wordnet_synonyms",
    "short",
]


def corpus(**own: Any) -> CorpusParams:
    plain = {
        "reader": "pandemic_sample",
        "source": None,
        "terms": "open",
        "events": None,
        "size": 120,
        "seed": 13,
        "k": 4,
        "query": None,
    }
    return CorpusParams.model_validate(plain | own)


def normalise_params(**own: Any) -> NormaliseParams:
    plain = {
        "steps": STEPS,
        "languages": ["en"],
        "hashtags": "drop",
        "stop_words": "sklearn",
        "joined": {"least_letters": 8},
        "spelling": {"distance": 1, "least_letters": 5},
        "protect_above": 20,
        "least_words": 3,
    }
    return NormaliseParams.model_validate(plain | own)


def terms_params(**own: Any) -> TermsParams:
    return TermsParams.model_validate({"ngrams": [1, 2], "min_df": 1, "max_df": 1.0} | own)


def lda_params(**own: Any) -> LdaParams:
    plain = {
        "model": "tomotopy",
        "input": "counts",
        "k": "auto",
        "sweep": [4],
        "seeds": [13],
        "iterations": 100,
        "alpha": 0.1,
        "eta": 0.01,
        "top": 5,
    }
    return LdaParams.model_validate(plain | own)


def labels_params(**own: Any) -> LabelsParams:
    plain = {
        "relevant": "argmax",
        "min_threshold": 1,
        "top_documents": 50,
        "salience": "product",
        "penalty": "square",
        "length": 3,
        "drop_query_words": True,
    }
    return LabelsParams.model_validate(plain | own)


def clusters_params(**own: Any) -> ClustersParams:
    plain = {
        "methods": ["argmax"],
        "seeds": [13],
        "top_words": 4,
        "features": "counts",
        "empty": "nearest",
        "pca_variance": 0.5,
        "kmeans_starts": 3,
        "encoder": "embedded:minilm-l6",
        "max_length": 32,
        "both_weight": 0.7,
        "centre_least": 1,
    }
    return ClustersParams.model_validate(plain | own)
