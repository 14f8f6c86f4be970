"""Artifacts of a run that was never made: every prediction, graph and vector is made up."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import yaml

from crisisflow.artifacts import write_json, write_parquet
from crisisflow.identity import Identity, identified
from crisisflow.studies.gnom import STUDY
from crisisflow.studies.gnom.formats import WORDS
from crisisflow.studies.gnom.params import GnomParams
from crisisflow.studies.gnom.predictions import Facts, Predictions, write_predictions

ROOT = Path(__file__).parents[3]
CLASSES = ("relevant", "not_relevant")
TWEETS = 90  # of a test part; every ninth has a near duplicate that trains
WRONG = {"TR": 0.25, "GNoM": 0.02, "GNoM-empty": 0.02, "GNoM-rewired": 0.3, "TR-GF": 0.15, "TR-GF-e-IE": 0.1}
WRONG_OTHERS = {"constant": 0.5, "source_majority": 0.5, "svm": 0.2, "logistic": 0.2}
TOKENS = {
    "en": ["water", "help", "house", "earthquake"],
    "es": ["agua", "ayuda", "casa", "terremoto"],
}


def params(**values) -> GnomParams:
    """The study's section of the sample preset, with two sets of the paper beside its own."""
    plain = yaml.safe_load((ROOT / "presets" / "sample" / "gnom.yaml").read_text(encoding="utf-8"))["gnom"]
    sets = plain["sets"]
    sets["EcuadorE"], sets["EcuadorS"] = sets["GeneratedE"], sets["GeneratedS"]
    plain["settings"] |= {
        "EcuadorE_EcuadorE": {"source": "EcuadorE", "target": "EcuadorE", "encoder": "e5"},
        "EcuadorE_EcuadorS": {"source": "EcuadorE", "target": "EcuadorS", "encoder": "e5"},
    }
    settings = [*plain["settings"]]
    plain["seeds"] = [13, 17]
    plain["graphs"]["no_similarity"] = {"similarity": "never"}
    row = {"graph": "as_set", "control": None, "importance": "one", "settings": settings, "shares": [100, 10]}
    across = ["E_S", "EcuadorE_EcuadorS"]
    groups = {"E": ["E_E"], "E_e5": ["E_S"], "Control": ["Control"], "Ecuador": settings[-2:]}
    plain["plain_rows"]["TR"]["trainings"] = groups
    plain["rows"] = {
        "TR-GF": row | {"importance": "none"},
        "TR-GF-e-IE": row | {"graph": "no_similarity", "settings": across},
        "GNoM": row,
        "GNoM-empty": row | {"control": "empty", "shares": [100]},
        "GNoM-rewired": row | {"control": "rewired", "shares": [100], "settings": across},
    }
    return GnomParams.model_validate(plain | values)


class Made(NamedTuple):
    """The files of a made-up run."""

    predictions: list[Path]
    trainings: list[Path]
    words: list[Path]
    attention: list[Path]
    sets: list[Path]
    overlaps: list[Path]
    readings: list[Path]
    statistics: list[Path]


def identity(row: str, setting: str, share: int, seed: int) -> Identity:
    return Identity(STUDY, row, seed, setting=setting, share=share)


def predicted(own: Identity, facts: Facts, wrong: float, tweets: int = TWEETS) -> Predictions:
    """Predictions of which a share is wrong; the same tweets for each row, and nested errors for the same seed."""
    drawn = np.random.default_rng([own.seed, own.share])
    parts = ["validation"] * 10 + ["test"] * tweets
    labels = np.zeros((len(parts), len(facts.classes)), dtype=bool)
    labels[np.arange(len(parts)), np.arange(len(parts)) % 3 % 2] = True
    turned = drawn.random(len(parts)) < wrong
    guess = labels.copy()
    guess[turned] = ~guess[turned]
    near = np.arange(len(parts)) % 9 == 0
    ids = [f"{part}:{number}" for number, part in enumerate(parts)]
    groups = np.arange(len(parts), dtype=np.int32)
    return Predictions(own, facts, parts, ids, groups, labels, guess, None, near)


def write_run(folder: Path, own: GnomParams) -> Made:
    """Write all that the steps before `score` leave."""
    made = Made([], [], [], [], [], [], [], [])
    for name, setting in own.settings.items():
        facts = Facts(setting.source, setting.target, own.encoder[setting.encoder].name, CLASSES, False)
        rows = {row: (one.settings, one.shares) for row, one in [*own.plain_rows.items(), *own.rows.items()]}
        rows |= {row: ([*own.settings], own.shares) for row in own.others}
        for row, (settings, shares) in rows.items():
            for share in own.shares if name in settings else []:
                for seed in own.seeds if share in shares else []:
                    at = folder / "rows" / row / name / f"share{share}-seed{seed}"
                    of_run = identity(row, name, share, seed)
                    wrong = (WRONG | WRONG_OTHERS)[row]
                    made.predictions.append(at / "predictions.parquet")
                    write_predictions(made.predictions[-1], [predicted(of_run, facts, wrong)])
                    made.trainings.append(at / "training.json")
                    write_json(made.trainings[-1], {"runs": [_training(of_run, facts, row in own.others)]})
                    if row in own.rows:
                        made.words.append(at / "words.parquet")
                        _write_words(made.words[-1], of_run, setting.source, setting.target)
                        made.attention.append(at / "attention.json")
                        write_json(made.attention[-1], {**of_run.facts(), "texts": _texts(row == "GNoM")})
        made.overlaps.append(folder / "overlaps" / f"{name}.json")
        write_json(
            made.overlaps[-1],
            {"setting": name, "source": setting.source, "target": setting.target, "test_tweets": TWEETS}
            | {
                "with_training_neighbour": 10,
                "equal_to_training": 4,
                "with_unlabelled_neighbour": 3,
                "with_neighbour": 12,
                "groups_in_both_sets": None,
            }
            | {"source_groups": 80, "target_groups": 70},
        )
        made.readings.append(folder / "readings" / f"{name}.json")
        reading = {"window": 3, "similarity": False, "tau": 0.5, "components": 2, "edges_across_languages": 0}
        write_json(
            made.readings[-1],
            {"setting": name, "source": setting.source, "target": setting.target, "encoder": "e", "texts": 1200}
            | {
                "readings": [
                    {**reading, "normalisation": kind, "nodes": 40, "edges": edges, "isolated_nodes": 40 - edges // 3}
                    for kind, edges in (("max", 117), ("sum", 0))
                ]
            },
        )
        for share in own.shares:
            made.statistics.append(folder / "graphs" / name / str(share) / "statistics.json")
            write_json(
                made.statistics[-1],
                {"setting": name, "graph": "as_set", "share": share, "seed": 13, "similarity": False, "nodes": 40}
                | {"edges": 117, "isolated_nodes": 1, "components": 2, "edges_across_languages": 0}
                | {"edges_by_origin": {"cooccurrence": 100, "similarity": 10, "both": 5, "sum": 2}}
                | {"training_tweets": 50, "unlabelled_tweets": 300, "unlabelled_left_out": 7, "training_left_out": 2}
                | {"share_of_nodes": {"train": 0.6, "test": 0.55}},
            )
    for name, one in own.sets.items():
        labelled = one.classes is not None
        counts = dict.fromkeys(one.classes or {}, 125)
        made.sets.append(folder / "sets" / f"{name}.json")
        write_json(
            made.sets[-1],
            {"set": name, "reader": one.reader, "terms": one.terms, "files": [], "tweets": 250}
            | {"languages": dict.fromkeys(one.languages, 250), "dropped": {"no text": 3}, "near_duplicates": 12}
            | {"classes": counts if labelled else None, "label_sets": counts if labelled else None}
            | {"splits": {"train": 150, "validation": 10, "test": 90} if labelled else None}
            | {"test_near_training": 10 if labelled else None},
        )
    return made


def _training(own: Identity, facts: Facts, other: bool) -> dict:
    sizes = {"encoder": 1000, "embeddings": 600, "featurizer": 300, "importance": 200, "classifier": 50}
    return {
        **own.facts(),
        **json.loads(json.dumps(facts._asdict())),
        **{"training_tweets": 150, "validation_tweets": 10, "test_tweets": TWEETS, "test_tweets_with_neighbour": 10},
        **{"best_epoch": None if other else 2, "epochs": None if other else 4, "parameters": None if other else sizes},
        "scores": {},
    }


def _write_words(path: Path, own: Identity, source: str, target: str) -> None:
    """Words of two languages; after training, and not before, translations have nearly the same vector."""
    drawn = np.random.default_rng(own.seed)
    places = drawn.normal(size=(4, 8))
    rows = []
    for sets, tokens in (([source], TOKENS["en"]), ([target], TOKENS["es"])):
        for at, token in enumerate(tokens):
            plain = drawn.normal(size=8)
            after = places[at] + 0.01 * drawn.normal(size=8)
            vectors = {"embedding": plain.tolist(), "before": plain.tolist(), "after": after.tolist()}
            rows.append({"pieces": [100 + len(rows)], "token": f"▁{token}", "frequency": 9, "sets": sets} | vectors)
    schema = identified(WORDS, own)
    write_parquet(path, pa.Table.from_pylist(rows, schema=schema), schema)


def _texts(there: bool) -> list[dict]:
    if not there:
        return []
    tokens, handle = ["[CLS]", "send", "water", "please", "[SEP]"], ["[CLS]", "@", "desk", "water", "[SEP]"]
    return [
        {"tweet_id": str(number), "tokens": own, "nodes": [False, True, True, False, False]}
        | {"importance": [0.0, 0.3, 0.7, 0.0, 0.0], "predicted": "relevant", "probability": 0.9}
        | {"drops": {"attended": 0.2 + 0.01 * number, "random": 0.05, "gradient": 0.25} if number else None}
        for number, own in enumerate([tokens, handle, tokens])
    ]
