"""The study in one number: that of the paper beside ours, for the list of all studies (results/index.html)."""

import shlex
from pathlib import Path

from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.reporting.index import Headline, write_headline
from crisisflow.studies.humaid_ner.reproduction import TABLE_3


def run(metrics: Path, manifest: Path, out: Path) -> None:
    """Write the class macro-F1 of the row that the classification-first policy chooses, the paper's and ours.

    Args:
        metrics: metrics.json, as the step tables wrote it. manifest: as the step fetch wrote it.

    Raises:
        CrisisflowError: one of them is not there, or is damaged, or the metrics lack the row that they say is chosen.
    """
    found = read_json(metrics, "chosen_row", "rows")
    source = read_json(manifest, "source")["source"]
    of_paper = max(TABLE_3, key=lambda name: TABLE_3[name].cls_macro_f1)
    chosen, rows = found["chosen_row"], found["rows"]
    if not isinstance(rows, dict) or not isinstance(rows.get(chosen), dict):
        raise CrisisflowError(
            f"{metrics} has no scores of the chosen row, {chosen}; make it again: "
            f"snakemake --cores all --force {shlex.quote(str(metrics))}"
        )
    headline = Headline(
        study="humaid_ner",
        title="HUMAID-NER: joint entity recognition and classification of disaster tweets",
        measure=f"class macro-F1 of the chosen row on the validation split (paper: {of_paper}, here: {chosen})",
        paper=TABLE_3[of_paper].cls_macro_f1,
        ours=rows[chosen].get("cls_macro_f1"),
        note="generated corpus: the score says nothing about real tweets" if source == "sample" else "",
    )
    write_headline(headline, out)
