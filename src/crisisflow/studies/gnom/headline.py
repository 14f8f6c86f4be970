"""The study in one number: that of the paper beside ours, for the list of all studies (results/index.html)."""

from pathlib import Path

from crisisflow.inputs import InputFile
from crisisflow.reporting.index import Headline, write_headline
from crisisflow.studies.gnom import STUDY
from crisisflow.studies.gnom.answer import against_controls, mean_gain
from crisisflow.studies.gnom.params import GENERATED, GnomParams
from crisisflow.studies.gnom.score import read_scores
from crisisflow.studies.gnom.steps import TITLE


def run(scores: InputFile, params: GnomParams, out: Path) -> None:
    """Write the mean gain of GNoM over the encoder alone.

    Args:
        scores: of the step score
        params: section gnom

    Raises:
        CrisisflowError: the file is absent or damaged.
    """
    found = read_scores(scores)
    mean = mean_gain(found, params)
    notes = [f"{mean.tally} settings"] if mean.tally.total else []
    if not mean.same:
        notes.append("the paper’s number is the mean over its own settings, of which none were run with all labels")
    if empty := against_controls(found, params).get("empty"):
        notes.append(f"against the same network without edges, GNoM is {empty} cells")
    used = {name for own in params.settings.values() for name in (own.source, own.target)}
    if all(params.sets[name].reader == GENERATED for name in used):
        notes.append("generated tweets: the number says nothing about real ones")
    headline = Headline(
        study=STUDY,
        title=TITLE.removesuffix("."),
        measure="gain in weighted F1 of GNoM over its encoder alone, in points, the mean over the settings with the "
        "most labels",
        paper=round(mean.paper, 4),
        ours=None if mean.ours is None else round(mean.ours, 4),
        note="; ".join(notes),
    )
    write_headline(headline, out)
