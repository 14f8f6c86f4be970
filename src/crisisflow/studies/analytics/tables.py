"""Tables: the paper's five beside this run, and what can be measured of its claims."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from crisisflow.artifacts import read_json
from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.progress import say
from crisisflow.reporting.folders import Captioned, write_tables
from crisisflow.studies.analytics.claims import claims
from crisisflow.studies.analytics.class_tables import (
    table_4,
    table_5,
    table_of_class_scores,
    table_of_row_differences,
)
from crisisflow.studies.analytics.classify_params import EncoderRow
from crisisflow.studies.analytics.made import read_made
from crisisflow.studies.analytics.params import PANDEMIC, AnalyticsParams
from crisisflow.studies.analytics.topic_tables import (
    table_1,
    table_2,
    table_3,
    table_of_ablation,
    table_of_cluster_differences,
    table_of_clusters,
    table_of_k,
    table_of_labels,
    table_of_normalisation,
    table_of_prediction,
)


def setting_of(preset: str, params: AnalyticsParams) -> str:
    """What each caption says of the run."""
    corpora = "; ".join(f"{name} ({own.reader})" for name, own in params.corpora.items())
    note = ""
    if all(own.reader == PANDEMIC for own in params.corpora.values()):
        note = " Generated posts: the numbers say nothing about real ones."
    seeds = ", ".join(map(str, params.clusters.seeds))
    return f"Preset {preset}, corpora {corpora}; seeds {seeds}.{note}"


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
    folder: Path,
    people: Path | None = None,
) -> None:
    """Write the tables: Markdown, CSV, LaTeX and captions.json.

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
        folder: a folder
        people: of the command label_agreement, if people were asked

    Raises:
        CrisisflowError: a file is absent or damaged, or there is none of a corpus.
    """
    made = read_made(params.corpora, posts, normalised, chosen, coherences, clusters, labels, ablation, k, classes)
    if people is not None:
        made = made._replace(people=read_json(people, "corpus", "methods", "themes", "judgements"))
    setting = setting_of(preset, params)
    bootstrap = (
        f"95 % intervals are of the bootstrap over the posts ({params.scores.resamples:,} resamples), not corrected "
        "for the number of comparisons"
    )
    encoder = next((row.encoder for row in params.classify.rows.values() if isinstance(row, EncoderRow)), None)
    stand_in = f" The row of kind encoder is {encoder}; the paper's is BERT-base-uncased." if encoder else ""
    found: dict[str, tuple[Any, str]] = {
        "reproduction": (
            pd.DataFrame(claims(made, params), columns=["Place", "Claim", "Corpus", "Paper", "This run", "Verdict"]),
            "Claims of the paper, and this run. “holds” and “does not” stand where the interval, or the count, leaves "
            f"no doubt. {bootstrap}. {setting}",
        ),
        "table1": (
            table_1(made, params.lda.top),
            f"Table 1. Topics of the chosen model, and their {params.lda.top} likeliest terms. {setting}",
        ),
        "k": (
            table_of_k(made),
            "Coherence by number of topics, mean ± standard deviation over the seeds. Stability is the mean "
            f"Jaccard similarity of matched topics of two seeds. The paper has 8 topics at 0.45. {setting}",
        ),
        "table2": (table_2(made), f"Table 2. Labels of each topic by three methods. {setting}"),
        "table3": (
            table_3(made),
            "Table 3. The label of each topic by document weight, the class of most of its posts, and people's word. "
            f"{setting}",
        ),
        "labels": (
            table_of_labels(made),
            "Identification. Labels are made of the posts of each true class; their words, embedded, shall pick the "
            "description of the class among all. MRR is the mean reciprocal rank; its interval is of the bootstrap "
            f"over the classes, of which there are few. {setting}",
        ),
        "prediction": (
            table_of_prediction(made),
            "Prediction of classes by topics. A topic stands for the class of most of its posts on one half of the "
            f"posts, and is scored on the other half. {bootstrap}. {setting}",
        ),
        "clusters": (
            table_of_clusters(made),
            "Clusters against the classes, against the groups (events, places or diseases), and without labels. Mean ± "
            "standard deviation over the seeds. Nothing was chosen with labels in sight in this run, so all labelled "
            "posts count; but the weight of both_centred was set after trials on HumAID and CrisisNLP. "
            "The silhouette of all methods is that of the posts' embeddings, by cosine. "
            f"{bootstrap}. {setting}",
        ),
        "cluster_differences": (
            table_of_cluster_differences(made),
            f"Each method less the paper's two: NMI with the classes. {bootstrap}. {setting}",
        ),
        "table4": (
            table_4(made),
            f"Table 4. Classes of the corpus {params.classify.corpus} and their posts by split. Near repeats are in "
            f"one split. {setting}",
        ),
        "table5": (
            table_5(made, params),
            "Table 5. Accuracy on validation and test posts, mean ± standard deviation over the seeds, with "
            f"Wilson's 95 % interval at the mean.{stand_in} The epoch is chosen on the validation posts. {setting}",
        ),
        "class_scores": (table_of_class_scores(made), f"F1 of each class on the test posts, by row. {setting}"),
        "row_differences": (
            table_of_row_differences(made, params),
            "Rows beside each other on the test posts: each less the linear SVM, and the encoder less each network. "
            f"Intervals are of the paired bootstrap. {bootstrap}. {setting}",
        ),
        "normalisation": (
            table_of_normalisation(made),
            f"What each step of normalisation changed, in the order in which they run. {setting}",
        ),
        "ablation": (
            table_of_ablation(made, params),
            "One step of normalisation switched at a time. c_v and NMI are of models with the K of the corpus, the "
            f"mean over the seeds; clusters by {params.ablation.method}. The SVM is tested on a fifth of the labelled "
            f"posts; a post that was dropped is there without a word. {setting}",
        ),
    }
    write_tables(folder, {name: Captioned(*own) for name, own in found.items()})
    say(f"tables: {len(found)} tables in {folder}")
