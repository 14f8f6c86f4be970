"""The study's metrics: strict span F1 by seqeval, macro F1 of the events, and their mean."""

import warnings
from collections.abc import Sequence
from typing import Any

from crisisflow.taxonomy import BIO_LABELS, EVENT_CLASSES, IGNORED


def label_sequences(labels: Sequence[Sequence[int]], of: Sequence[Sequence[int]]) -> list[list[str]]:
    """BIO label names of `of` at the positions where `labels` carries a label (the first subwords)."""
    return [
        [BIO_LABELS[value] for value, label in zip(values, own, strict=True) if label != IGNORED]
        for own, values in zip(labels, of, strict=True)
    ]


def entity_scores(labels: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Span scores, seqeval's strict IOB2: a span counts when both borders and the type agree (paper, section III-F)."""
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    truth, guess = label_sequences(labels, labels), label_sequences(labels, predicted)
    with warnings.catch_warnings():  # a type that is never predicted has precision 0, which needs no warning
        warnings.simplefilter("ignore")
        report = classification_report(truth, guess, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
    names = {"precision": "precision", "recall": "recall", "f1-score": "f1", "support": "support"}
    rounded = {
        key: {names[name]: int(value) if name == "support" else float(value) for name, value in scores.items()}
        for key, scores in report.items()
    }
    micro = rounded.pop("micro avg")
    del rounded["macro avg"], rounded["weighted avg"]
    return {"micro": micro, "per_type": rounded}


def event_scores(class_ids: Sequence[int], predicted: Sequence[int]) -> dict[str, Any]:
    """Macro F1 over the ten classes, and the scores of each."""
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    every = list(range(len(EVENT_CLASSES)))
    columns = precision_recall_fscore_support(class_ids, predicted, labels=every, zero_division=0)
    per_class = {
        label: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
        for label, p, r, f, n in zip(EVENT_CLASSES, *columns, strict=True)
    }
    return {
        "macro_f1": sum(scores["f1"] for scores in per_class.values()) / len(EVENT_CLASSES),
        "accuracy": float(accuracy_score(class_ids, predicted)),
        "per_class": per_class,
    }


def combined_score(entity_f1: float, event_f1: float) -> float:
    """The paper's Eq. 5, by which checkpoints are chosen."""
    return 0.5 * entity_f1 + 0.5 * event_f1
