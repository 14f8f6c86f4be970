"""Tables of the models: 2 and 5 of the paper (sizes and speed), and the minis of this run."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from crisisflow.reporting.exhibits import NOT_PRINTED, NOT_RUN
from crisisflow.reporting.over_seeds import NOTHING, OverSeeds
from crisisflow.studies.actionable_help.beside import paper_shapes
from crisisflow.studies.actionable_help.mini_params import MinisParams, ShapeParams
from crisisflow.studies.actionable_help.params import ActionableHelpParams
from crisisflow.studies.actionable_help.reproduction import column, paper_table
from crisisflow.studies.actionable_help.row_params import MINI, SCRATCH
from crisisflow.studies.actionable_help.shapes import (
    BERT_ENTRIES,
    BERT_POSITIONS,
    config_of,
    parameters_of,
    times_fewer,
)

LENGTH = 32  # subwords of a text, at which multiply-adds are compared
# Entries of the vocabulary, and positions (ledger, entries 16 and 18).
VOCABULARIES = {
    "BERT": (BERT_ENTRIES, BERT_POSITIONS),
    "RoBERTa": (50_265, 514),
    "MPNet": (30_527, 514),
    **dict.fromkeys(("BERTweet", "CrisisTransformers", "S_M", "S_S", "S_T"), (64_001, 130)),
}
BASE = "BERT"

Minis = Mapping[str, Mapping[str, Any]]  # the metrics.json of each mini, by its name


def _letters(shape: ShapeParams) -> dict[str, str]:
    return {letter: str(size) for letter, size in zip("HLAI", shape.model_dump().values(), strict=True)}


def _size(parameters: int, of: int) -> dict[str, str]:
    return {"Counted": f"{parameters / 1e6:.1f}M", "Against BERT": f"{100 * (parameters / of - 1):+.0f} %"}


def table_2(minis: Minis, params: MinisParams) -> pd.DataFrame:
    """The models' shapes and sizes as printed, and counted; then the minis of this run, with their own vocabulary."""
    shapes = paper_shapes()
    counted = {
        name: parameters_of(config_of(shapes[name], *VOCABULARIES[name]), pooler=True)
        for name in column("table2", "params_printed")
    }
    lines = [
        {
            "Model": f"{name} (paper)",
            **_letters(shapes[name]),
            "Entries": f"{VOCABULARIES[name][0]:,}",
            "Printed": printed.text,
            **_size(counted[name], counted[BASE]),
        }
        for name, printed in column("table2", "params_printed").items()
    ]
    lines += [
        {
            "Model": f"{name} (this run)",
            **_letters(params.shapes[name]),
            "Entries": f"{facts['entries']:,}",
            "Printed": NOTHING,
            **_size(facts["parameters"], counted[BASE]),
        }
        for name, facts in minis.items()
    ]
    return pd.DataFrame(lines)


def table_5(params: MinisParams) -> pd.DataFrame:
    """Seconds and factors as printed, and how many times fewer multiply-adds than BERT a text takes."""
    shapes = paper_shapes()
    nothing = dict.fromkeys(("seconds_per_batch_of_32", "samples_per_second", "times_bert"), NOT_PRINTED)
    ours = [(name, shape, nothing) for name, shape in params.shapes.items() if shapes.get(name) != shape]
    of_paper = [
        (name, shapes[name], line)
        for line in paper_table("table5").to_dict("records")
        for name in [line["model"].removesuffix(" (our)")]
    ]
    return pd.DataFrame(
        {
            "Model": name,
            "Layers": str(shape.layers),
            "Seconds for a batch of 32 (paper)": line["seconds_per_batch_of_32"],
            "Samples/s (paper)": line["samples_per_second"],
            "Times BERT (paper)": line["times_bert"].replace("-", NOTHING),
            "Times fewer multiply-adds than BERT": f"{times_fewer(shape, LENGTH):.2f}",
        }
        for name, shape, line in [*of_paper, *ours]
    )


def table_of_minis(minis: Minis, scores: Mapping[str, Any], params: ActionableHelpParams) -> pd.DataFrame:
    """How each mini learnt, what it knows of held-out texts, and what its rows score beside its shape from scratch."""
    return pd.DataFrame(
        [line for name, facts in minis.items() for line in _mini_lines(name, facts, scores["rows"], params)]
    )


def _mini_lines(
    name: str, facts: Mapping[str, Any], scores: Mapping[str, Any], params: ActionableHelpParams
) -> Iterator[dict[str, str]]:
    for at, update in enumerate(params.minis.updates):
        own = facts["updates"][update]
        yield {
            "Mini": name,
            "Projection": params.minis.projection.replace("_", " "),
            "Updated by": update,
            "Start": params.minis.start,
            "Texts": f"{facts['training_texts']:,}",
            "Steps": f"{facts['steps']:,}",
            "Loss": f"{own['loss']:.3g}",
            "Explained variance": f"{own['explained_variance']:.3f}",
            "Shared neighbours": f"{own['neighbours']:.3f}",
            "By chance": f"{facts['neighbours_by_chance']:.3f}",
            # The first kind of update makes the mini; the others are only curves.
            "Macro F1, all tasks": _averages(MINI + name, scores, params) if at == 0 else NOTHING,
            "From scratch": _averages(SCRATCH + name, scores, params) if at == 0 else NOTHING,
        }


def _averages(encoder: str, scores: Mapping[str, Any], params: ActionableHelpParams) -> str:
    rows: Sequence[str] = [row for row, own in params.rows.items() if own.encoder == encoder]
    return ", ".join(f"{scores[row]['average']:.3f}" for row in rows) or NOT_RUN


def table_of_joint(scores: Mapping[str, Any]) -> pd.DataFrame:
    """The joint minis beside their teacher: scores of validation tweets by label, and the share of the teacher's.

    Args:
        scores: the content of joint/scores.json.
    """
    teacher = scores["teacher"]
    names = {"Class macro F1": "cls_macro_f1", "Span micro F1": "ner_micro_f1"}
    first = {
        "Model": f"teacher: row {teacher['row']} of {teacher['study']}, seed {teacher['seed']}",
        "Parameters": f"{teacher['parameters'] / 1e6:.1f}M",
        "Labelled tweets": f"{teacher['training_tweets']:,}",
        "Unlabelled texts": NOTHING,
    }
    lines = [first | {shown: f"{teacher[name]:.3f}" for shown, name in names.items()}]
    for name, own in scores["rows"].items():
        line = {
            "Model": name,
            "Parameters": f"{own['parameters'] / 1e6:.1f}M",
            "Labelled tweets": f"{own['training_tweets']:,}",
            "Unlabelled texts": f"{own['unlabelled_texts']:,}",
        }
        for shown, score in names.items():
            found = own[score]
            line[shown] = str(OverSeeds(found["mean"], found["deviation"]))
            line[f"{shown}, kept"] = NOTHING if found["kept"] is None else f"{100 * found['kept']:.1f} %"
        lines.append(line)
    columns = ["Model", "Parameters", "Labelled tweets", "Unlabelled texts"]
    return pd.DataFrame(lines, columns=[*columns, *(own for name in names for own in (name, f"{name}, kept"))]).fillna(
        NOTHING
    )
