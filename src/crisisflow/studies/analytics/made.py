"""What the steps of a run left, read once for tables, figures, headline and report."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.reporting.exhibits import read_frame

Facts = Mapping[str, Any]


class Made(NamedTuple):
    """By corpus, in the order of params.yaml: what was read, normalised, chosen, scored; and Table 5's scores.

    Args:
        posts: posts.json. normalised: normalise.json. chosen: k.json. coherences: of all models. clusters, labels: of
            the steps cluster_scores and label_scores. ablation: of each switch. k: the table of choose_k.
        classes: of the step classify_scores. people: of the command label_agreement; None where nobody was asked.
    """

    posts: Mapping[str, Facts]
    normalised: Mapping[str, Facts]
    chosen: Mapping[str, Facts]
    coherences: Mapping[str, Sequence[Facts]]
    clusters: Mapping[str, Facts]
    labels: Mapping[str, Facts]
    ablation: Mapping[str, Mapping[str, Facts]]
    k: Mapping[str, pd.DataFrame]
    classes: Facts
    people: Facts | None = None

    def topics(self, corpus: str) -> Facts:
        """The coherence of the chosen model of a corpus, with its top terms.

        Raises:
            CrisisflowError: it is not among the files.
        """
        own = self.chosen[corpus]
        for facts in self.coherences[corpus]:
            if (facts["k"], facts["seed"]) == (own["k"], own["seed"]):
                return facts
        raise CrisisflowError(f"no coherence is of corpus {corpus}, {own['k']} topics, seed {own['seed']}; give it too")


def read_made(
    corpora: Iterable[str],
    posts: Sequence[Path],
    normalised: Sequence[Path],
    chosen: Sequence[Path],
    coherences: Sequence[Path],
    clusters: Sequence[Path],
    labels: Sequence[Path],
    ablation: Sequence[Path],
    tables: Sequence[Path],
    classes: Path,
) -> Made:
    """Read all of it; each file says of which corpus it is, but for the tables of K, which are in the order of corpora.

    Raises:
        CrisisflowError: a file is absent, damaged, or there is none of a corpus.
    """
    names = list(corpora)

    def of_each(paths: Sequence[Path], *keys: str) -> dict[str, Facts]:
        found = {own["corpus"]: own for own in (read_json(path, "corpus", *keys) for path in paths)}
        if missing := [name for name in names if name not in found]:
            raise CrisisflowError(f"none of the {len(paths)} files is of the corpus {missing[0]}; give all corpora's")
        return {name: found[name] for name in names}

    switches: dict[str, dict[str, Facts]] = {name: {} for name in names}
    for path in ablation:
        own = read_json(path, "corpus", "switch", "posts", "words", "c_v", "nmi", "svm_macro_f1")
        switches.setdefault(own["corpus"], {})[own["switch"]] = own
    of_models: dict[str, list[Facts]] = {name: [] for name in names}
    for path in coherences:
        own = read_json(path, "corpus", "k", "seed", "topics", "probabilities", "c_v")
        of_models.setdefault(own["corpus"], []).append(own)
    if len(tables) != len(names):
        raise CrisisflowError(f"there are {len(names)} corpora and {len(tables)} tables of K; give one of each corpus")
    return Made(
        of_each(posts, "posts", "labels", "repeats"),
        of_each(normalised, "posts", "steps"),
        of_each(chosen, "k", "seed"),
        of_models,
        of_each(clusters, "methods", "differences"),
        of_each(labels, "topics", "identification", "prediction"),
        switches,
        {name: read_frame(path) for name, path in zip(names, tables, strict=True)},
        read_json(classes, "tests"),
    )
