"""The metrics of tasks: strict span F1 by seqeval, macro F1 of classes, and their mean."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from crisisflow.labels import IGNORED, Labels


def label_sequences(
    labels: Sequence[Sequence[int]], of: Sequence[Sequence[int]], names: Sequence[str]
) -> list[list[str]]:
    """BIO label names of `of` at the positions where `labels` carries a label (the first subwords)."""
    return [
        [names[value] for value, label in zip(values, own, strict=True) if label != IGNORED]
        for own, values in zip(labels, of, strict=True)
    ]


def entity_scores(labels: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]], known: Labels) -> dict[str, Any]:
    """Span scores, seqeval's strict IOB2: a span counts when both borders and the type agree (paper, section III-F).

    A type that occurs neither in the labels nor in the predictions scores zero, as a class does in `class_scores`.
    """
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    truth, guess = (label_sequences(labels, of, known.bio) for of in (labels, predicted))
    with warnings.catch_warnings():  # a type that is never predicted has precision 0, which needs no warning
        warnings.simplefilter("ignore")
        report = classification_report(truth, guess, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
    absent = {"precision": 0, "recall": 0, "f1-score": 0, "support": 0}
    micro, *types = [
        {
            "precision": float(found["precision"]),
            "recall": float(found["recall"]),
            "f1": float(found["f1-score"]),
            "support": int(found["support"]),
        }
        for found in (report.get(key, absent) for key in ("micro avg", *known.entities))
    ]
    return {"micro": micro, "per_type": dict(zip(known.entities, types, strict=True))}


def class_scores(class_ids: Sequence[int], predicted: Sequence[int], classes: Sequence[str]) -> dict[str, Any]:
    """Macro F1 over the classes, and the scores of each."""
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    columns = precision_recall_fscore_support(class_ids, predicted, labels=list(range(len(classes))), zero_division=0)
    return _class_scores(columns, float(accuracy_score(class_ids, predicted)), classes)


def multi_label_scores(
    chosen: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]], classes: Sequence[str]
) -> dict[str, Any]:
    """The same where an example has any number of classes, given as 0 or 1 of each: [examples, classes].

    Accuracy counts the examples that are right in all classes.
    """
    from sklearn.metrics import precision_recall_fscore_support

    truth, guess = np.asarray(chosen), np.asarray(predicted)
    # Class by class: scikit-learn takes a table of one class for answers of two classes.
    of_class = [
        precision_recall_fscore_support(own, other, labels=[1], zero_division=0)
        for own, other in zip(truth.T, guess.T, strict=True)
    ]
    columns = [np.concatenate(values) for values in zip(*of_class, strict=True)]
    return _class_scores(columns, float((truth == guess).all(axis=1).mean()), classes)


def _class_scores(columns: Sequence[Sequence[float]], accuracy: float, classes: Sequence[str]) -> dict[str, Any]:
    per_class = {
        label: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
        for label, p, r, f, n in zip(classes, *columns, strict=True)
    }
    return {
        "macro_f1": sum(scores["f1"] for scores in per_class.values()) / len(classes),
        "accuracy": accuracy,
        "per_class": per_class,
    }


def averages(per_class: Mapping[str, Mapping[str, float]], least_support: int) -> dict[str, float | None]:
    """F1 averaged over the classes of `class_scores`, in three ways.

    `macro_f1` counts each class the same, and `weighted_f1` each by its support. `supported_macro_f1` is the macro F1
    of the classes with at least `least_support` examples: a class of few examples is a large share of macro F1 that
    hangs on those few. It is None where there is no such class, and so is the weighted one where there is no example.
    """
    f1 = [own["f1"] for own in per_class.values()]
    support = [own["support"] for own in per_class.values()]
    supported = [score for score, number in zip(f1, support, strict=True) if number >= least_support]
    examples = sum(support)
    weighted = sum(score * number for score, number in zip(f1, support, strict=True))
    return {
        "macro_f1": sum(f1) / len(f1),
        "weighted_f1": weighted / examples if examples else None,
        "supported_macro_f1": sum(supported) / len(supported) if supported else None,
    }


def combined_score(*scores: float | None) -> float:
    """The mean of the tasks' scores, by which the best epoch is chosen (paper, Eq. 5: entity F1 and class F1).

    A task that is not trained (None) is left out.
    """
    trained = [score for score in scores if score is not None]
    return sum(trained) / len(trained)
