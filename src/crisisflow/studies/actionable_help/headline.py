"""The study in one number: that of the paper beside ours, for the list of all studies (results/index.html)."""

import shlex
from operator import itemgetter
from pathlib import Path

from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.reporting.index import Headline, write_headline
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.params import GENERATED
from crisisflow.studies.actionable_help.reproduction import paper_table, printed
from crisisflow.studies.actionable_help.score import MAIN


def best_of_paper() -> tuple[str, float]:
    """The model of Table 1 with the highest F1, and its F1."""
    f1 = {line["model"]: printed(line["f1"]).value for line in paper_table("table1").to_dict("records")}
    return max(f1.items(), key=itemgetter(1))


def run(scores: InputFile, sets: list[Name], out: Path) -> None:
    """Write the macro F1 on the tweets that the labellers agree on: of the paper's best model, and of the row that is
    the best here by the validation texts.

    Args:
        scores: of the step score
        sets: actionable_help.pool.sets

    Raises:
        CrisisflowError: the file is absent or damaged, or lacks the scores of the row that it says is the best.
    """
    found = read_json(scores, "best_on_validation", "rows")
    task, row = next(iter(found["best_on_validation"].items()), (None, None))
    try:
        ours = None if task is None else found["rows"][row]["tasks"][task]["test"][MAIN]["mean"]
    except (KeyError, TypeError):
        raise CrisisflowError(
            f"{scores} has no scores of the row that is the best, {row}; make it again: "
            f"snakemake --cores all --force {shlex.quote(str(scores))}"
        ) from None
    model, f1 = best_of_paper()
    note = "other tweets than the paper's, with labels by labellers"
    if sets == [GENERATED]:
        note = "generated tweets, with labels by labellers: the score says nothing about real tweets"
    headline = Headline(
        study=STUDY,
        title="Actionable help: requests and offers of help, and mini models",
        measure="macro F1 of the best fine-tuned row on test tweets that all labellers agree on "
        f"(paper: {model}, here: {row})",
        paper=f1,
        ours=ours,
        note=note,
    )
    write_headline(headline, out)
