"""The study in one number: that of the paper beside ours, for the list of all studies (results/index.html)."""

from pathlib import Path

from crisisflow.artifacts import read_json
from crisisflow.inputs import InputFile
from crisisflow.params import Line
from crisisflow.reporting.index import Headline, write_headline
from crisisflow.studies.difficult_negatives import STUDY
from crisisflow.studies.difficult_negatives.params import SAMPLE
from crisisflow.studies.difficult_negatives.reproduction import BEYOND
from crisisflow.studies.difficult_negatives.steps import TITLE


def run(fit: InputFile, source: Line, out: Path) -> None:
    """Write the share of ordinary tweets beyond three sigma, the mean over the classes.

    Args:
        fit: of the step mine_bands
        source: difficult_negatives.pool.source

    Raises:
        CrisisflowError: the file is absent or damaged.
    """
    classes = read_json(fit, "classes")["classes"].values()
    beyond = 100 * sum(own["shares"]["beyond"]["share"] for own in classes) / len(classes)
    headline = Headline(
        study=STUDY,
        title=TITLE.removesuffix("."),
        measure="ordinary tweets beyond three σ of their similarity to crisis tweets, in percent",
        paper=BEYOND,
        ours=beyond,
        note="generated tweets: the number says nothing about real ones" if source == SAMPLE else "",
    )
    write_headline(headline, out)
