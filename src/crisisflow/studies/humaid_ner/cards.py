"""Cards: the model card of the chosen row, and the dataset card, from the facts of the run."""

from collections.abc import Sequence
from pathlib import Path

from crisisflow.artifacts import read_json, write_text
from crisisflow.evaluation.bootstrap import Difference
from crisisflow.inputs import InputFile
from crisisflow.reporting.exhibits import read_frame
from crisisflow.studies.humaid_ner import model_card
from crisisflow.studies.humaid_ner.dataset import card
from crisisflow.studies.humaid_ner.dataset.tokens import tokenise
from crisisflow.studies.humaid_ner.dataset.tweets import read_dataset
from crisisflow.studies.humaid_ner.params import StudyParams
from crisisflow.studies.humaid_ner.rows import choose_row, collect


def run(
    params: StudyParams,
    tweets: InputFile,
    resolved: InputFile,
    manifest: InputFile,
    corpus: InputFile,
    quality: InputFile,
    metrics: Sequence[InputFile],
    differences: InputFile,
    unseen: InputFile,
    against_gold: InputFile,
    model: Path,
    dataset: Path,
) -> None:
    """Write both cards.

    Args:
        params: the shared sections of params.yaml and section humaid_ner
        tweets, resolved: the corpus and its spans
        manifest, corpus, quality: JSON of the steps fetch, subset and quality
        metrics: of a row and seed, or of the floor, .../<row>/seed<k>/metrics.json; repeat
        differences: what the step bootstrap found
        unseen: what the step leave_one_event_out wrote
        against_gold: what the step against_gold wrote
        model: the model card
        dataset: the dataset card

    Raises:
        CrisisflowError: an artifact is absent or damaged, or the spans are of another corpus.
    """
    source, scores = read_json(manifest), read_json(quality)
    results = collect(params.humaid_ner.rows, metrics)
    chosen = choose_row({name: results[name] for name in params.humaid_ner.rows})
    compared = [Difference(**pair) for pair in read_json(differences)]
    beside = read_frame(unseen), read_frame(against_gold)
    write_text(model, model_card.render(params, chosen, results, compared, *beside, source, scores))
    counts = card.DatasetCounts()
    for batch in tokenise(read_dataset(tweets, resolved)):
        counts.add(batch)
    write_text(dataset, card.render(counts, [], False, source, read_json(corpus), scores))
