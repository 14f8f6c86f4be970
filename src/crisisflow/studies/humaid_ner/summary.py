"""Summary: a run in four lines, for its end."""

from collections.abc import Iterator
from pathlib import Path

from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError

SHOWN_SCORES = ("cls_macro_f1", "ner_micro_f1")


def summary(results: Path, manifest: Path) -> Iterator[str]:
    """Rows and scores, the chosen one, what they mean, and the next command.

    Args:
        results: folder with metrics.json, as the step tables wrote it. manifest: as the step fetch wrote it.

    Raises:
        CrisisflowError: one of them is not there, or is damaged.
    """
    metrics = read_json(results / "metrics.json", "chosen_row", "dataset", "rows")
    source = read_json(manifest, "source")["source"]
    chosen = metrics["chosen_row"]
    try:
        validation = metrics["dataset"]["validation"]["tweets"]
        shown = ", ".join(f"{name} {' / '.join(_scores(own))}" for name, own in metrics["rows"].items())
    except (KeyError, TypeError, AttributeError):
        raise CrisisflowError(f"{results / 'metrics.json'} is not what the step tables writes; make it again") from None
    yield f"Rows (class macro-F1 / span micro-F1 on {validation:,} validation tweets): {shown}"
    yield f"Chosen: row {chosen}, the best class macro-F1 of the rows that do both tasks"
    if source == "sample":
        yield "Meaning: the corpus is generated, so these scores say nothing about real tweets; the workflow works"
        after = "then real tweets: crisisflow preset laptop"
    else:
        yield (
            "Meaning: agreement with labels that rules made, on tweets on which the epoch was chosen; "
            "results/humaid_ner/against_gold.csv compares with people"
        )
        after = "then the test split, once: crisisflow final_test"
    yield f"Next: open {results / 'report.html'}, or see the model at work: make dashboard; {after}"


def _scores(row: dict[str, float]) -> list[str]:
    return [f"{row[score]:.3f}" if score in row else "–" for score in SHOWN_SCORES]
