"""Which row of a run stands beside which model of the paper."""

from collections.abc import Mapping

from crisisflow.pretrained import bare_name
from crisisflow.studies.actionable_help.mini_params import ShapeParams
from crisisflow.studies.actionable_help.reproduction import paper_table
from crisisflow.studies.actionable_help.row_params import MINI, RowParams

# By the name of the encoder, without its publisher and version.
MODELS = {
    "bert-base-uncased": "BERT",
    "roberta-base": "RoBERTa",
    "mpnet-base": "MPNet",
    "bertweet-base": "BERTweet",
    "CT-M1-Complete": "CT-M1-Complete",
    "CT-M2-OneLook": "CT-M2-OneLook",
    "CT-M3-OneLook": "CT-M3-OneLook",
    "distilbert-base-uncased": "DistilBERT",
    "bert_uncased_L-8_H-512_A-8": "BERT_medium",
    "bert_uncased_L-4_H-512_A-8": "BERT_small",
    "bert_uncased_L-4_H-256_A-4": "BERT_mini",
    "TinyBERT_General_4L_312D": "TinyBERT_4",
}


def paper_shapes() -> dict[str, ShapeParams]:
    """The shape of each model of Tables 2 and 4."""
    return {
        line["model"]: ShapeParams(
            **{name: int(line[letter]) for name, letter in zip(ShapeParams.model_fields, "HLAI", strict=True)}
        )
        for table in ("table2", "table4")
        for line in paper_table(table).to_dict("records")
    }


def model_of(row: RowParams, shapes: Mapping[str, ShapeParams]) -> str | None:
    """The paper's name of a row's model; None where the paper has none such.

    A mini is the paper's generic one (`S_T^G`) if its name and its shape are.

    Args:
        shapes: section actionable_help.minis.shapes.
    """
    if row.layers is not None:
        return None
    kind, mini = row.mini
    if kind:
        return f"{mini}^G" if kind == MINI and paper_shapes().get(mini) == shapes[mini] else None
    return MODELS.get(bare_name(row.encoder))


def rows_of(rows: Mapping[str, RowParams], shapes: Mapping[str, ShapeParams]) -> dict[str, list[str]]:
    """The rows of each of the paper's models that a run has."""
    found: dict[str, list[str]] = {}
    for name, row in rows.items():
        if model := model_of(row, shapes):
            found.setdefault(model, []).append(name)
    return found


def describe(row: RowParams) -> str:
    """A row in words: its encoder, and its layers where they are fewer than the encoder has."""
    kind, mini = row.mini
    if kind:
        return f"{mini}, {'distilled' if kind == MINI else 'from random weights'}"
    return bare_name(row.encoder) + (f" (lower {row.layers} layers)" if row.layers else "")
