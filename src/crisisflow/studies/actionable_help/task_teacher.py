"""Task teacher: the best fine-tuned classifier of the built task, and what it says of the texts that students learn."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from crisisflow.artifacts import read_json, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Identity, of_json
from crisisflow.inputs import InputFile
from crisisflow.params import ComputeParams, Name
from crisisflow.progress import say
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.classifying import load
from crisisflow.studies.actionable_help.mini_params import BEST
from crisisflow.studies.actionable_help.task_texts import read_task
from crisisflow.training.device import open_device

TAUGHT = ("train", "validation")  # splits

TAUGHT_TEXTS = pa.schema([("tweet_id", pa.string()), ("split", pa.string()), ("probabilities", pa.list_(pa.float32()))])


class Candidate(NamedTuple):
    """A fine-tuned row that can teach: who it is, its validation score, and where it lies among the files."""

    identity: Identity
    macro_f1: float
    at: int


def choose(metrics: Sequence[Path], teacher: str) -> Candidate:
    """The best of the rows, or of the seeds of one row. Of equal ones the first.

    Raises:
        CrisisflowError: the row is not among them.
    """
    found = [
        Candidate(of_json(path, STUDY), read_json(path, "validation")["validation"]["macro_f1"], at)
        for at, path in enumerate(metrics)
    ]
    own = [one for one in found if teacher in (BEST, one.identity.row)]
    if not own:
        known = ", ".join(dict.fromkeys(one.identity.row for one in found))
        raise CrisisflowError(
            f"actionable_help.task_distillation.teacher is {teacher}, which is no row whose weights are kept; there "
            f"are: {BEST}, {known}"
        )
    return max(own, key=lambda one: one.macro_f1)


def run(
    teacher: Name,
    compute: ComputeParams,
    tweets: InputFile,
    statistics: InputFile,
    metrics: Sequence[InputFile],
    configs: Sequence[InputFile],
    weights: Sequence[InputFile],
    encoders: Sequence[InputFile],
    out: Path,
    chosen: Path,
) -> None:
    """Write the teacher's class probabilities of each training and validation text of the built task, and who it is.

    Args:
        teacher: actionable_help.task_distillation.teacher
        compute: section compute; one process predicts
        tweets: the texts of the built task
        statistics: the classes and counts of the task
        metrics: scores of each row and seed on the task whose weights are kept
        configs: config.json of the same, in this order
        weights: of the same, in this order
        encoders: what each of them began with, in this order
        chosen: who the teacher is, and its validation score (JSON)

    Raises:
        CrisisflowError: there is no such row, the files are not of the same trainings, or one is damaged.
    """
    best = choose(metrics, teacher)
    task = read_task(tweets, statistics)
    device = open_device(compute.device, compute.threads, 1)
    classifier = load(weights[best.at], configs[best.at], encoders[best.at], device)
    if classifier.identity != best.identity:
        raise CrisisflowError(f"{configs[best.at]} is of {classifier.identity}, not of {best.identity}; give its own")
    lines = []
    for split in TAUGHT:
        texts = task.splits[split]
        lines += [
            {"tweet_id": tweet_id, "split": split, "probabilities": own}
            for tweet_id, own in zip(texts.ids, classifier.probabilities(texts.texts).tolist(), strict=True)
        ]
    write_parquet(out, lines, TAUGHT_TEXTS)
    facts = {**best.identity.facts(), "validation_macro_f1": best.macro_f1, "classes": task.classes}
    write_json(chosen, facts)
    say(f"task teacher: {best.identity}, validation macro F1 {best.macro_f1:.3f}")
