"""The study in one number: that of the paper beside ours, for the list of all studies (results/index.html)."""

from pathlib import Path

from crisisflow.artifacts import read_json
from crisisflow.reporting.index import Headline, write_headline
from crisisflow.studies.humaid_ner.reproduction import TABLE_3


def run(metrics: Path, manifest: Path, out: Path) -> None:
    """Write the class macro-F1 of the row that the classification-first policy chooses, the paper's and ours.

    Args:
        metrics: metrics.json, as the step tables wrote it. manifest: as the step fetch wrote it.

    Raises:
        CrisisflowError: one of them is not there, or is damaged.
    """
    found = read_json(metrics, "chosen_row", "rows")
    source = read_json(manifest, "source")["source"]
    of_paper = max(TABLE_3, key=lambda name: TABLE_3[name].cls_macro_f1)
    chosen = found["chosen_row"]
    headline = Headline(
        study="humaid_ner",
        title="HUMAID-NER: joint entity recognition and classification of disaster tweets",
        measure=f"class macro-F1 of the chosen row on the validation split (paper: {of_paper}, here: {chosen})",
        paper=TABLE_3[of_paper].cls_macro_f1,
        ours=found["rows"][chosen].get("cls_macro_f1"),
        note="generated corpus: the score says nothing about real tweets" if source == "sample" else "",
    )
    write_headline(headline, out)
