"""Score joint: the joint minis over their seeds, beside their teacher."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crisisflow.artifacts import read_json, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.identity import each_once, of_json
from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.reporting.over_seeds import OverSeeds
from crisisflow.studies.actionable_help import STUDY

SCORES = ("cls_macro_f1", "ner_micro_f1")  # in the order in which they choose a row


def run(rows: list[Name], metrics: Sequence[InputFile], out: Path, headline: Path) -> None:
    """Write the teacher's scores and those of each mini: means over its seeds, and the share of the teacher's; and the
    few of them that are compared across runs.

    `chosen_row` is the mini of the highest class macro F1; it is the one that `crisisflow serve` takes of these
    results.

    Args:
        rows: section actionable_help.joint.shapes
        metrics: of the step distil_joint, of all minis and seeds
        out: all scores
        headline: means and shares by mini, the teacher's scores, and `chosen_row`

    Raises:
        CrisisflowError: a mini has no metrics, or two had different teachers.
    """
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path, identity in each_once(metrics, lambda path: of_json(path, STUDY)).items():
        found[identity.row].append(read_json(path, "teacher", "kept", *SCORES))
    if lacking := [row for row in rows if row not in found]:
        raise CrisisflowError(
            f"the joint mini {lacking[0]} has no metrics; run: crisisflow actionable_help distil_joint"
        )
    teachers = [own["teacher"] for row in rows for own in found[row]]
    if any(own != teachers[0] for own in teachers):
        raise CrisisflowError("the joint minis had different teachers; make all of them again")
    scores = {row: _of_row(found[row]) for row in rows}
    chosen = max(rows, key=lambda row: [scores[row][name]["mean"] for name in SCORES])
    write_json(out, {"teacher": teachers[0], "rows": scores})
    few = {
        row: {name: {key: own[name][key] for key in ("mean", "kept")} for name in SCORES} for row, own in scores.items()
    }
    taught = {name: teachers[0][name] for name in SCORES}
    write_json(headline, {"chosen_row": chosen, "teacher": taught, "rows": few})


def _of_row(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    for name in SCORES:
        own = OverSeeds.over(run[name] for run in runs)
        teacher = runs[0]["teacher"][name]
        scores[name] = {
            "mean": own.mean,
            "deviation": own.deviation,
            "kept": own.mean / teacher if teacher else None,
        }
    same = {key: runs[0][key] for key in ("parameters", "training_tweets", "unlabelled_texts", "validation_tweets")}
    return {**scores, **same, "seeds": len(runs)}
