"""Evaluate: the scores of one row and seed on the validation split."""

from pathlib import Path

from crisisflow.artifacts import PREDICTIONS, read_json, read_parquet, write_json
from crisisflow.evaluation.metrics import combined_score, entity_scores, event_scores


def run(predictions: Path, config: Path, out: Path) -> None:
    """Write the span scores (seqeval, strict), the event scores and the combined score of the best epoch."""
    table = read_parquet(predictions, PREDICTIONS)
    ner = entity_scores(table["labels"].to_pylist(), table["predicted_labels"].to_pylist())
    cls = event_scores(table["class_id"].to_pylist(), table["predicted_class_id"].to_pylist())
    trained = read_json(config)
    write_json(
        out,
        {
            "best_epoch": trained["best_epoch"],
            "epochs": trained["epochs"],
            "training_tweets": trained["training_tweets"],
            "validation_tweets": table.num_rows,
            "parameters": trained["parameters"],
            "ner": ner,
            "cls": cls,
            "ner_micro_f1": ner["micro"]["f1"],
            "cls_macro_f1": cls["macro_f1"],
            "combined_score": combined_score(ner["micro"]["f1"], cls["macro_f1"]),
        },
    )
