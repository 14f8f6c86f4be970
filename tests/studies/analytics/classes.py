"""Rows of Table 5 as tests train them, and posts with labels."""

from typing import Any

from crisisflow.artifacts import write_parquet
from crisisflow.params import ComputeParams
from crisisflow.studies.analytics.classify_params import ClassifyParams
from crisisflow.studies.analytics.posts import POSTS

COMPUTE = ComputeParams(device="cpu", processes=1, threads=1, frozen_cache_gb=0)
TRAINED = {"epochs": 12, "learning_rate": 0.02, "batch_size": 16, "dropout": 0.1, "max_length": 20}
WORDS = {**TRAINED, "width": 8, "least_count": 1, "vectors": None}
ROWS: dict[str, dict[str, Any]] = {
    "gru": {"kind": "gru", "hidden": 6, **WORDS},
    "cnn": {"kind": "cnn", "filters": 12, "kernel": 3, **WORDS},
    "svm": {"kind": "svm"},
}
TESTS = {"stratified": None, "without_york": "york"}
OF_CLASS = {
    "symptoms": ["fever", "cough", "headache", "chills"],
    "supplies": ["bread", "flour", "market", "price"],
    "school": ["lesson", "teacher", "pupil", "homework"],
}


def classify_params(**own: Any) -> ClassifyParams:
    plain = {"corpus": "own", "tests": TESTS, "test": 0.2, "validation": 0.25, "seed": 5, "seeds": [13], "rows": ROWS}
    return ClassifyParams.model_validate(plain | own)


def labelled_rows(number: int = 90) -> list[dict[str, Any]]:
    """Posts of three classes and two groups; no two are near each other."""
    names = sorted(OF_CLASS)
    rows = []
    for at in range(number):
        label = names[at % len(names)]
        words = OF_CLASS[label]
        text = f"{words[at % 4]} and {words[(at // 3) % 4]} in street{at} house{at * 7} again{at * 3}"
        rows.append(row(f"p{at:03}", text, label, ("york", "leeds")[at // 3 % 2]))
    return rows


def row(post_id: str, text: str, label: str | None, group: str | None) -> dict[str, Any]:
    empty = dict.fromkeys(("at", "language", "split", "same_text", "same_words"))
    return {"post_id": post_id, "text": text, "label": label, "group": group, **empty}


def write_posts(path, rows):
    write_parquet(path, rows, POSTS)
    return path
