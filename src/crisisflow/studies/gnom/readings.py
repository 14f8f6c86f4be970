"""Readings: the word graph of a setting by each normalisation and window (ledger, entries 1, 2 and 6)."""

from collections.abc import Sequence
from pathlib import Path

from crisisflow.artifacts import write_json
from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.studies.gnom.corpus import named_by, texts_of
from crisisflow.studies.gnom.graph import adds_similarity, build, changed, corpus_of
from crisisflow.studies.gnom.params import EncoderParams, SetParams, SettingParams, SplitsParams, WordGraphParams
from crisisflow.studies.gnom.sets import training_of

WINDOWS = (2, 3, 5)
NORMALISATIONS = ("max", "sum", "l2", "every_pair")
TOLD = ("nodes", "edges", "isolated_nodes", "components", "edges_across_languages")


def run(
    name: Name,
    setting: SettingParams,
    sets_params: dict[Name, SetParams],
    splits: SplitsParams,
    encoder: dict[Name, EncoderParams],
    word_graph: WordGraphParams,
    sets: Sequence[InputFile],
    out: Path,
) -> None:
    """Count nodes and edges of the graph by each reading, from the whole training part and all unlabelled texts.

    Args:
        name: of the setting
        setting: section gnom.settings.NAME
        sets_params: section gnom.sets
        splits: section gnom.splits
        encoder: section gnom.encoder
        word_graph: section gnom.word_graph, for all that is not varied
        sets: of the step read_set

    Raises:
        CrisisflowError: as the step graph.
    """
    training = training_of(sets, setting, splits.training_tweets, 100, splits.seed)
    unlabelled, languages = named_by(setting, sets_params)
    texts = texts_of(sets, setting, unlabelled, languages, training, False, "all", splits.seed)
    corpus = corpus_of(encoder[setting.encoder].name, texts, word_graph)
    readings = []
    kinds = [False, True] if adds_similarity(word_graph, languages) else [False]
    for similarity in kinds:
        for window in WINDOWS:
            for normalisation in NORMALISATIONS:
                params = changed(word_graph, {"window": window, "normalisation": normalisation})
                where = f"setting {name}, {normalisation}, window {window}{', with similarity' if similarity else ''}"
                _, numbers = build(corpus, params, languages, similarity, where)
                told = {key: numbers[key] for key in TOLD}
                about_it = {"window": window, "normalisation": normalisation, "similarity": similarity}
                readings.append({**about_it, "tau": params.tau, **told})
    facts = {"setting": name, "source": setting.source, "target": setting.target, "encoder": corpus.encoder}
    write_json(out, {**facts, "texts": texts.training + texts.unlabelled, "readings": readings})
