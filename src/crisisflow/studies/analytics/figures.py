"""Figures: the paper's two result figures of this run, the number of topics, topics over time; with their numbers."""

from collections.abc import Sequence
from pathlib import Path

from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.progress import say
from crisisflow.reporting.folders import Plot, write_plots
from crisisflow.studies.analytics.drawings import (
    confusion,
    draw_confusion,
    draw_days,
    draw_k,
    draw_scatter,
    numbers_of_topics,
    of_days,
    scatter,
)
from crisisflow.studies.analytics.made import read_made
from crisisflow.studies.analytics.params import AnalyticsParams
from crisisflow.studies.analytics.tables import setting_of


def run(
    preset: Name,
    params: AnalyticsParams,
    posts: Sequence[InputFile],
    normalised: Sequence[InputFile],
    chosen: Sequence[InputFile],
    coherences: Sequence[InputFile],
    clusters: Sequence[InputFile],
    labels: Sequence[InputFile],
    ablation: Sequence[InputFile],
    k: Sequence[InputFile],
    classes: InputFile,
    tables: Sequence[InputFile],
    embedded: Sequence[InputFile],
    clustered: Sequence[InputFile],
    folder: Path,
) -> None:
    """Write the figures: SVG, CSV and captions.json.

    Args:
        preset: its name
        params: section analytics
        posts: posts.json of each corpus; repeat
        normalised: normalise.json of each corpus; repeat
        chosen: k.json of each corpus; repeat
        coherences: of the step coherence, of all models; repeat
        clusters: of the step cluster_scores; repeat
        labels: of the step label_scores; repeat
        ablation: of the step topic_ablation; repeat
        k: the tables of the step choose_k, in the order of the corpora; repeat
        classes: of the step classify_scores
        tables: posts.parquet of each corpus, in the order of the corpora; repeat
        embedded: of the step embed, in the order of the corpora; repeat
        clustered: of the step clusters, of all corpora, methods and seeds; repeat
        folder: a folder

    Raises:
        CrisisflowError: a file is absent or damaged, or there is none of a corpus.
    """
    made = read_made(params.corpora, posts, normalised, chosen, coherences, clusters, labels, ablation, k, classes)
    setting = setting_of(preset, params)
    plots = {
        "k": Plot(
            numbers_of_topics(made),
            draw_k,
            "Coherence (c_v), diversity and stability by the number of topics, mean and standard deviation over the "
            f"seeds. {setting}",
        ),
        "over_time": Plot(
            of_days(made),
            draw_days,
            "Topics over time. Share of the posts of a day by topic of the chosen model, of posts that have a time. "
            f"{setting}",
        ),
        "figure4": Plot(
            confusion(made),
            draw_confusion,
            "Figure 4. Confusion of classes and predicted classes: a topic stands for the class of most of its posts "
            "on one half of the posts, and the other half is counted. The paper's drawing is a two-by-two matrix "
            f"that our text lacks. {setting}",
        ),
        "figure5": Plot(
            scatter(params, tables, embedded, clustered),
            draw_scatter,
            "Figure 5. Posts on the first two principal components of their embeddings, the same for all methods: the "
            "colour is the cluster, the mark the class. Methods: argmax is the paper's (a), features its (b), "
            f"both_centred is ours; first seed. {setting}",
        ),
    }
    write_plots(folder, plots)
    say(f"figures: {len(plots)} figures in {folder}")
