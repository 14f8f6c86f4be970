"""Figures: those of the paper, drawn of this run, with their numbers as CSV."""

from pathlib import Path

from crisisflow.artifacts import read_json, read_parquet
from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.progress import say
from crisisflow.reporting.folders import Plot, write_plots
from crisisflow.studies.difficult_negatives.collection import POSITIVES
from crisisflow.studies.difficult_negatives.mining_figures import (
    anchors,
    components,
    curves,
    frequencies,
    method,
    regions,
)
from crisisflow.studies.difficult_negatives.params import DifficultNegativesParams
from crisisflow.studies.difficult_negatives.tagger_figures import gains, growth, lines_of_growth, points_of_gains
from crisisflow.studies.difficult_negatives.vectors import read_vectors


def run(
    preset: Name,
    params: DifficultNegativesParams,
    fit: InputFile,
    positives: InputFile,
    embeddings: InputFile,
    scores: InputFile,
    folder: Path,
) -> None:
    """Write the figures: SVG, CSV and captions.json.

    Args:
        preset: its name
        params: section difficult_negatives
        fit: of the step mine_bands
        positives: of the step collection
        embeddings: of the step mine_bands
        scores: of the step score
        folder: a folder

    Raises:
        CrisisflowError: a file is absent or damaged.
    """
    found = read_json(fit, "classes")
    scored = read_json(scores, "rows", "against_random", "batch_sizes")
    sampled = next(iter(found["classes"].values()))["tweets"]
    setting = f"Preset {preset}, encoder {params.mining.encoder}."
    sizes = params.collection.positives
    trained = (
        f"Taggers {', '.join(scored['rows'])}, trained on {sizes.train:,} crisis tweets and tested on "
        f"{sizes.test:,} of unseen "
        f"events; {params.tagging.folds} folds, seeds {', '.join(map(str, params.seeds))}. {setting}"
    )
    crisis = read_parquet(positives, POSITIVES)
    points, shares = components(crisis, read_vectors(embeddings, crisis["text_id"].to_pylist()))
    explained = " and ".join(f"{100 * share:.1f} %" for share in shares)
    plots = {
        "figure4": Plot(
            points,
            anchors,
            f"Figure 4. The {sizes.train:,} crisis tweets that train, by class, and the anchors (large marks), "
            "on two principal "
            f"components. They explain {explained} of the variance; the paper's 6.88 % and 4.91 %. {setting}",
        ),
        "figure5": Plot(
            frequencies(found),
            curves,
            f"Figure 5. Similarity of {sampled:,} sampled tweets to the anchor of each class, with the fitted "
            "normal curve "
            "and the edges of the bands. A band of the paper has both ends; only the upper one is more similar to "
            f"crisis tweets. {setting}",
        ),
        "figure6": Plot(
            regions(found),
            method,
            "Figures 3 and 6. The method: a normal curve is fitted to the similarities, and the place in it is "
            "the band of a "
            f"tweet. In each end the share of {sampled:,} sampled tweets, the mean over the classes, and that "
            "of a normal "
            f"curve. Tweets beyond three σ are never taken. {setting}",
        ),
        "growth": Plot(
            growth(scored),
            lines_of_growth,
            "F1 as ordinary tweets become more: computed from the true spans, the false spans in crisis "
            "tweets, and the rate "
            f"of false spans in random tweets. The paper's follows from its Table 4. {trained}",
        ),
        "figure10": Plot(
            gains(scored, params.taggers),
            points_of_gains,
            "Figure 10. Gain of 2σ over random negatives on the test random+ by batch size, with 95 % "
            "intervals of the paired "
            "bootstrap and the mean number of optimizer steps. Our text of the paper has two numbers, and "
            "twice that the gain "
            f"is below zero. {trained}",
        ),
    }
    write_plots(folder, plots)
    say(f"figures: {len(plots)} figures in {folder}")
