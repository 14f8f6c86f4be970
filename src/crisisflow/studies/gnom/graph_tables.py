"""Tables of graphs and networks: edges by reading, the graphs of the rows, parameters, neighbours, languages."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from crisisflow.reporting.exhibits import NOT_RUN_HERE
from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.studies.gnom.glossary import closeness, glossary, interval_of_mean, margins, translations, words_of
from crisisflow.studies.gnom.reproduction import paper_table

VECTORS = {"embedding": "input embedding", "before": "before training", "after": "after training"}
NEIGHBOURS = 5
# Of translations: mean cosines, their difference, and the share that is found.
TOLD = ("Translations", "Other pairs", "Difference", "95 % interval", "Nearest is the translation, %")
MOST_SHOWN = 6  # words of the run whose neighbours are shown beside those of Table 12
# Of one more projection of 2d and of attention with all its projections and biases; entry 8 of the ledger.
EXTRA_PRINTED, EXTRA_BY_EQUATIONS = "≈ 3.5M", 2_360_832


class Words(NamedTuple):
    """The words.parquet of a run: its setting, row, share and seed, and the table."""

    setting: str
    row: str
    share: int
    seed: int
    table: pa.Table

    @property
    def places(self) -> dict[str, int]:
        """By word the place of its first token."""
        return {word: at for at, word in reversed(words_of(self.table["token"].to_pylist()).items())}

    def vectors(self, name: str) -> np.ndarray:
        """One kind of vectors [words, d]."""
        return np.array(self.table[name].to_pylist(), dtype=np.float64)


def table_of_readings(readings: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """How many edges each reading of the paper's sentences gives."""
    rows = [
        {"Setting": own["setting"], "Texts": f"{own['texts']:,}", "Row divided by": one["normalisation"]}
        | {"Window": str(one["window"]), "Similarity": "yes" if one["similarity"] else "no", "τ": f"{one['tau']:g}"}
        | {
            title: NOTHING if one[key] is None else f"{one[key]:,}"
            for title, key in (
                ("Nodes", "nodes"),
                ("Edges", "edges"),
                ("Isolated nodes", "isolated_nodes"),
                ("Components", "components"),
                ("Edges across languages", "edges_across_languages"),
            )
        }
        for own in readings
        for one in own["readings"]
    ]
    return pd.DataFrame(rows)


def table_of_graphs(statistics: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The graphs that rows were trained on; numbers are the mean over the seeds."""
    groups: dict[tuple[str, str, int], list[Mapping[str, Any]]] = {}
    for own in statistics:
        groups.setdefault((own["setting"], own["graph"], own["share"]), []).append(own)
    rows = []
    for (setting, graph, share), own in groups.items():
        row = {"Setting": setting, "Graph": graph, "Labels, %": str(share)}
        for title, key in (
            ("Nodes", "nodes"),
            ("Edges", "edges"),
            ("Isolated nodes", "isolated_nodes"),
            ("Components", "components"),
            ("Edges across languages", "edges_across_languages"),
            ("Unlabelled texts", "unlabelled_tweets"),
            ("Left out: near a validation or test tweet", "unlabelled_left_out"),
            ("Labelled texts left out", "training_left_out"),
        ):
            row[title] = f"{round(mean(one[key] for one in own)):,}"
        for origin in ("cooccurrence", "similarity", "both", "sum"):
            row[f"Edges by {origin}"] = f"{round(mean(one['edges_by_origin'][origin] for one in own)):,}"
        row["Tokens of a test tweet that are nodes, %"] = (
            f"{100 * mean(one['share_of_nodes']['test'] for one in own):.1f}"
        )
        rows.append(row)
    return pd.DataFrame(rows)


def table_of_cost(trainings: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The parameters of each row by part, and how long it was trained; the mean over the seeds with all labels.

    Args:
        trainings: the runs of training.json of all trainings.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for own in trainings:
        if own["parameters"] is not None and own["share"] == max(one["share"] for one in trainings):
            groups.setdefault((own["setting"], own["row"]), []).append(own)
    rows = [
        {"Setting": "paper", "Row": "GNoM", "Encoder": NOTHING, "GF and IE": EXTRA_PRINTED, "Classifier": NOTHING}
        | {"Tweets": NOTHING, "Epochs": NOTHING, "Best epoch": NOTHING},
        {"Setting": "the paper's equations, d = 768", "Row": "GNoM", "Encoder": NOTHING}
        | {"GF and IE": f"{EXTRA_BY_EQUATIONS:,}", "Classifier": NOTHING}
        | {"Tweets": NOTHING, "Epochs": NOTHING, "Best epoch": NOTHING},
    ]
    for (setting, row), own in groups.items():
        sizes = own[0]["parameters"]
        rows.append(
            {"Setting": setting, "Row": row, "Encoder": f"{sizes['encoder']:,}"}
            | {"GF and IE": f"{(sizes['featurizer'] or 0) + (sizes['importance'] or 0):,}"}
            | {"Classifier": f"{sizes['classifier']:,}", "Tweets": f"{own[0]['training_tweets']:,}"}
            | {"Epochs": f"{mean(one['epochs'] for one in own):.1f}"}
            | {"Best epoch": f"{mean(one['best_epoch'] for one in own):.1f}"}
        )
    return pd.DataFrame(rows)


def neighbours(vectors: np.ndarray, at: int, words: Mapping[int, str], number: int = NEIGHBOURS) -> list[str]:
    """The words whose vectors are nearest to that of the word at this place, by cosine; the word itself is none.

    Args:
        vectors: [tokens, d]. words: by their place.
    """
    places = [place for place in words if place != at]
    lengths = np.linalg.norm(vectors, axis=1)
    scale = np.where(lengths > 0, lengths, 1)
    cosines = (vectors[places] @ vectors[at]) / (scale[places] * scale[at])
    order = np.argsort(-cosines, kind="stable")[:number]
    return [words[places[place]] for place in order]


def table_12(runs: Sequence[Words]) -> pd.DataFrame:
    """Table 12: the neighbours of the paper's words; then those of words that a run knows."""
    rows = []
    for line in paper_table("table12").to_dict("records"):
        printed = ", ".join(line[f"neighbour_{number}"] for number in range(1, NEIGHBOURS + 1))
        own = next((one for run in runs for one in _of_word(run, line["word"].lower())), None)
        rows.append(
            {"Word": line["word"], "Neighbours (paper)": printed} | (own or dict.fromkeys(_columns(), NOT_RUN_HERE))
        )
    for setting in dict.fromkeys(run.setting for run in runs):
        run = next(run for run in runs if run.setting == setting)
        own = [word for entry in glossary() for word in entry.values() if word in run.places]
        for word in [*dict.fromkeys(own)][:MOST_SHOWN]:
            rows += [{"Word": word, "Neighbours (paper)": NOTHING} | one for one in _of_word(run, word)]
    return pd.DataFrame(rows)


def _columns() -> list[str]:
    return ["Setting", *(f"Neighbours, {title}" for title in VECTORS.values())]


def _of_word(run: Words, word: str) -> Iterator[dict[str, str]]:
    places = run.places
    if word in places and len(places) > 1:
        words = {at: own for own, at in places.items()}
        near = (", ".join(neighbours(run.vectors(name), places[word], words)) for name in VECTORS)
        yield dict(zip(_columns(), [run.setting, *near], strict=True))


def table_of_translations(runs: Sequence[Words], languages: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """How much closer translations of the glossary are than other pairs, before and after training.

    Args:
        languages: of each setting.
    """
    rows = []
    for run in runs:
        words = run.places
        for one, other in _pairs_of(languages[run.setting]):
            pairs = translations(words, one, other)
            places = [[words[word] for word in own] for own in zip(*pairs, strict=True)]
            margin: dict[str, np.ndarray] = {}
            for name, title in VECTORS.items():
                vectors = run.vectors(name)
                ends = [vectors[own] for own in places] if len(pairs) > 1 else []
                found = closeness(*ends) if ends else None
                row = {"Setting": run.setting, "Row": run.row, "Labels, %": str(run.share), "Seed": str(run.seed)}
                row |= {"Languages": f"{one}–{other}", "Vectors": title, "Pairs": str(len(pairs))}
                if found is None:
                    numbers = dict.fromkeys(TOLD, NOTHING)
                else:
                    margin[name] = margins(*ends)
                    numbers = {"Translations": f"{found.translated:.3f}", "Other pairs": f"{found.others:.3f}"}
                    numbers |= _difference(found.difference, found.low, found.high)
                    numbers["Nearest is the translation, %"] = f"{100 * found.nearest:.0f}"
                rows.append(row | numbers)
            if "after" in margin:
                change = margin["after"] - margin["before"]
                row = {"Setting": run.setting, "Row": run.row, "Labels, %": str(run.share), "Seed": str(run.seed)}
                row |= {"Languages": f"{one}–{other}", "Vectors": "after less before", "Pairs": str(len(pairs))}
                row |= dict.fromkeys(TOLD, NOTHING)
                rows.append(row | _difference(float(change.mean()), *interval_of_mean(change)))
    return pd.DataFrame(rows, columns=["Setting", "Row", "Labels, %", "Seed", "Languages", "Vectors", "Pairs", *TOLD])


def _difference(value: float, low: float, high: float) -> dict[str, str]:
    interval = NOTHING if np.isnan(low) else f"{low:+.3f} to {high:+.3f}"
    return {"Difference": f"{value:+.3f}", "95 % interval": interval}


def _pairs_of(languages: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of the glossary's languages among these, in its order."""
    own = [language for language in glossary()[0] if language in languages]
    return [(one, other) for at, one in enumerate(own) for other in own[at + 1 :]]


def table_of_deletion(attentions: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """What the probability of the predicted class loses when a token is left out.

    Args:
        attentions: attention.json of all runs.
    """
    rows = []
    for own in attentions:
        drops = [text["drops"] for text in own["texts"] if text["drops"] is not None]
        if not drops:
            continue
        values = {name: np.array([one[name] for one in drops]) for name in ("attended", "random", "gradient")}
        row = {"Setting": own["setting"], "Row": own["row"], "Labels, %": str(own["share"]), "Seed": str(own["seed"])}
        row |= {"Texts": str(len(drops))}
        for name, title in (
            ("attended", "Most attended"),
            ("random", "A random one"),
            ("gradient", "By gradient × input"),
        ):
            row[title] = f"{values[name].mean():.3f}"
        for name in ("random", "gradient"):
            apart = values["attended"] - values[name]
            found = _difference(float(apart.mean()), *interval_of_mean(apart))
            row[f"Attended less {name}"] = found["Difference"]
            row[f"95 % interval, {name}"] = found["95 % interval"]
        rows.append(row)
    columns = ["Setting", "Row", "Labels, %", "Seed", "Texts", "Most attended", "A random one", "By gradient × input"]
    for name in ("random", "gradient"):
        columns += [f"Attended less {name}", f"95 % interval, {name}"]
    return pd.DataFrame(rows, columns=columns)
