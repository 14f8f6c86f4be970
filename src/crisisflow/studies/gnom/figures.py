"""Figures: those of the paper, drawn of this run, learning curves and gains, with their numbers as CSV."""

from collections.abc import Sequence
from pathlib import Path

from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.progress import say
from crisisflow.reporting.folders import Plot, write_plots
from crisisflow.studies.gnom.figures_of_scores import curves, gains, panels_of_curves, points_of_gains
from crisisflow.studies.gnom.figures_of_words import (
    lines_of_attention,
    panels_of_words,
    places_of_words,
    shown_attention,
)
from crisisflow.studies.gnom.made import first_of_setting, read_attention, read_words
from crisisflow.studies.gnom.params import GnomParams
from crisisflow.studies.gnom.score import read_scores
from crisisflow.studies.gnom.tables import setting_of

PROJECTIONS = {"pca": "the first two principal components, where the paper has UMAP", "umap": "UMAP, as in the paper"}


def run(
    preset: Name,
    params: GnomParams,
    scores: InputFile,
    words: Sequence[InputFile],
    attention: Sequence[InputFile],
    folder: Path,
) -> None:
    """Write the figures: SVG, CSV and captions.json.

    Args:
        preset: its name
        params: section gnom
        scores: of the step score
        words: words.parquet of each run with a graph; repeat
        attention: attention.json of each run with a graph; repeat
        folder: a folder

    Raises:
        CrisisflowError: a file is absent or damaged, or UMAP is asked for and not installed.
    """
    found = read_scores(scores)
    setting = setting_of(preset, params)
    plots = {
        "gains": Plot(
            gains(found),
            points_of_gains,
            "Gain of GNoM over the encoder alone by share of the labels, with 95 % intervals of the paired bootstrap "
            f"over the test tweets, and the paper's. {setting}",
        ),
        "curves": Plot(
            curves(found),
            panels_of_curves,
            "Learning curves: weighted F1 by share of the labels, the mean over the seeds, and the paper's where it "
            f"has the setting. {setting}",
        ),
        "figure2": Plot(
            places_of_words(read_words(words, params), params),
            panels_of_words,
            f"Figure 2. Up to {params.figures.words} words of either language by their vectors from the graph, before "
            f"and after training: {PROJECTIONS[params.figures.projection]}. A word stands in texts of one of the two "
            f"sets alone. Whether translations come closer is a number, in the table of translations. {setting}",
        ),
        "figure3": Plot(
            shown_attention(first_of_setting(read_attention(attention, params))),
            lines_of_attention,
            "Figure 3. Importance of the tokens of some texts; the darker, the larger. Tokens in grey are no nodes. "
            f"The texts are of sets that may be shown. {setting}",
        ),
    }
    write_plots(folder, plots)
    say(f"figures: {len(plots)} figures in {folder}")
