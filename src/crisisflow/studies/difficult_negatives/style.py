"""Style: how well typography alone tells the positives from the pool, before and after normalisation."""

import random
from pathlib import Path

from crisisflow.artifacts import read_parquet, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.style import FOLDS, VIEWS, matched, separation
from crisisflow.inputs import InputFile
from crisisflow.params import Seed
from crisisflow.progress import say
from crisisflow.studies.difficult_negatives.collection import POSITIVES
from crisisflow.studies.difficult_negatives.pool import POOL

MOST = 3000  # tweets of a side


def run(positives: InputFile, pool: InputFile, seed: Seed, out: Path) -> None:
    """Write the areas under the ROC curve: of the texts as they came, normalised, and also matched by length.

    Args:
        positives: of the step collection
        pool: of the step pool
        seed: of the draw and the folds
        out: JSON; by treatment and view

    Raises:
        CrisisflowError: a side has fewer tweets than folds are needed.
    """
    columns = ["original", "text", "words"]
    crisis, ordinary = (
        read_parquet(path, schema).select(columns).to_pylist()
        for path, schema in ((positives, POSITIVES), (pool, POOL))
    )
    if min(len(crisis), len(ordinary)) < FOLDS:
        raise CrisisflowError(f"style is measured over {FOLDS} folds; give at least so many positives and negatives")
    rng = random.Random(f"style {seed}")
    crisis = rng.sample(crisis, min(MOST, len(crisis), len(ordinary)))
    rng.shuffle(ordinary)
    alike = [ordinary[at] for at in matched([own["words"] for own in crisis], [own["words"] for own in ordinary])]
    sides = {
        "as they came": ("original", ordinary[: len(crisis)]),
        "normalised": ("text", ordinary[: len(crisis)]),
        "normalised, lengths matched": ("text", alike),
    }
    found = {
        treatment: {
            view: separation([own[key] for own in crisis], [own[key] for own in negatives], view, seed)
            for view in VIEWS
        }
        for treatment, (key, negatives) in sides.items()
    }
    write_json(out, {"tweets": len(crisis), "auc": found})
    told = ", ".join(f"{treatment} {own['punctuation']:.2f}" for treatment, own in found.items())
    say(f"style: AUC by punctuation alone: {told}")
