"""Evaluate: the scores of one row and seed on the validation split."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from crisisflow.artifacts import PREDICTIONS, read_json, read_parquet, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation import calibration
from crisisflow.evaluation.metrics import class_scores, combined_score, entity_scores
from crisisflow.identity import of_config, of_parquet
from crisisflow.inputs import InputFile
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.taxonomy import CLASSES, LABELS


def confusion(class_ids: Sequence[int], predicted: Sequence[int]) -> list[list[int]]:
    """Tweets by class (lines) and predicted class (columns), both in the order of CLASSES."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(class_ids, predicted, labels=range(len(CLASSES))).tolist()


def metrics_of(predictions: pa.Table, trained: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a metrics.json: span scores (seqeval, strict), class scores, Eq. 5, the confusion of the classes,
    the calibration of both tasks, and what was trained.

    The scores of a task that was not trained (its predictions are null) are None, and so is Eq. 5, which needs both.
    """
    ner, cls = None, None
    if predictions["predicted_labels"].null_count == 0:
        ner = entity_scores(predictions["labels"].to_pylist(), predictions["predicted_labels"].to_pylist(), LABELS)
        ner["calibration"] = calibration.of_spans(predictions, LABELS)
    if predictions["predicted_class_id"].null_count == 0:
        class_ids, predicted = predictions["class_id"].to_pylist(), predictions["predicted_class_id"].to_pylist()
        cls = {**class_scores(class_ids, predicted, CLASSES), "confusion": confusion(class_ids, predicted)}
        if predictions["class_probabilities"].null_count == 0:
            cls["calibration"] = calibration.of_classes(predictions)
    return {
        **{key: trained[key] for key in ("best_epoch", "epochs", "training_tweets", "parameters")},
        "validation_tweets": predictions.num_rows,
        "ner": ner,
        "cls": cls,
        "ner_micro_f1": ner and ner["micro"]["f1"],
        "cls_macro_f1": cls and cls["macro_f1"],
        "combined_score": combined_score(ner["micro"]["f1"], cls["macro_f1"]) if ner and cls else None,
    }


def run(predictions: InputFile, config: InputFile, out: Path) -> None:
    """Write the scores of the best epoch.

    Raises:
        CrisisflowError: the two files are of different trainings, or do not say of which they are.
    """
    identity, trained = of_parquet(predictions, PREDICTIONS, STUDY), of_config(config, STUDY)
    if identity != trained:
        raise CrisisflowError(f"{predictions} is of {identity}, but {config} of {trained}; give those of one training")
    scores = metrics_of(read_parquet(predictions, PREDICTIONS), read_json(config))
    write_json(out, {**identity.facts(), **scores})
