"""The study in one number: that of the paper beside ours, for the list of all studies; and what DVC compares."""

from collections.abc import Sequence
from pathlib import Path

from crisisflow.artifacts import read_json, write_json
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.reporting.index import Headline, write_headline
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.classify_params import STRATIFIED, EncoderRow
from crisisflow.studies.analytics.params import PANDEMIC, AnalyticsParams
from crisisflow.studies.analytics.reproduction import BERT, MODELS, accuracies
from crisisflow.studies.analytics.steps import TITLE


def run(
    classes: InputFile,
    clusters: Sequence[InputFile],
    labels: Sequence[InputFile],
    params: AnalyticsParams,
    out: Path,
    metrics: Path,
) -> None:
    """Write the test accuracy of the encoder, and the numbers of all corpora.

    Args:
        classes: of the step classify_scores
        clusters: of the step cluster_scores; repeat
        labels: of the step label_scores; repeat
        params: section analytics
        metrics: JSON: NMI by corpus and method, MRR of the labels, precision and recall of topics, accuracies of rows

    Raises:
        CrisisflowError: a file is absent or damaged.
    """
    tests = {own["test"]: own for own in read_json(classes, "tests")["tests"]}
    rows = {own["row"]: own for own in tests[STRATIFIED]["rows"]}
    encoder = next((name for name, row in params.classify.rows.items() if isinstance(row, EncoderRow)), None)
    ours = None if encoder is None else rows[encoder]["test"]["accuracy"]
    notes = [] if ours is None else [f"row {encoder}, 95 % interval {ours['low']:.3f} to {ours['high']:.3f}"]
    notes.append(f"corpus {params.classify.corpus}, not the paper's")
    if params.corpora[params.classify.corpus].reader == PANDEMIC:
        notes.append("generated posts: the number says nothing about real ones")
    headline = Headline(
        study=STUDY,
        title=TITLE.removesuffix("."),
        measure="accuracy of the fine-tuned encoder on the test posts (Table 5)",
        paper=round(float(accuracies()[MODELS[BERT]][1]) / 100, 4),
        ours=None if ours is None else round(ours["mean"], 4),
        note="; ".join(notes),
    )
    write_headline(headline, out)
    of_clusters = {own["corpus"]: own for own in (read_json(path, "corpus", "methods") for path in clusters)}
    of_labels = {own["corpus"]: own for own in (read_json(path, "corpus", "identification") for path in labels)}
    write_json(
        metrics,
        {
            "nmi": {
                corpus: {method["method"]: method["nmi"]["mean"] for method in own["methods"] if method["nmi"]}
                for corpus, own in of_clusters.items()
            },
            "mrr": {
                corpus: {f"{line['method']}-{line['length']}": line["mrr"]["value"] for line in own["identification"]}
                for corpus, own in of_labels.items()
            },
            "prediction": {
                corpus: {what: own["prediction"]["micro"][what]["value"] for what in ("precision", "recall")}
                for corpus, own in of_labels.items()
                if own["prediction"]
            },
            "accuracy": {
                test: {row["row"]: row["test"]["accuracy"]["mean"] for row in own["rows"]}
                for test, own in tests.items()
            },
        },
    )
    say(f"headline: {headline.measure}: {headline.ours}")
