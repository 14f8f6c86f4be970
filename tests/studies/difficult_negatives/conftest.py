"""A small run of the study: generated tweets, a tiny encoder of random weights."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from crisisflow.artifacts import read_parquet, write_csv, write_json, write_parquet
from crisisflow.identity import Identity, identified, identified_lines
from crisisflow.labels import IGNORED
from crisisflow.params import QualityParams
from crisisflow.studies.difficult_negatives import (
    collection,
    datasets,
    gate,
    gold,
    joint,
    mine_bands,
    pool,
    score,
    style,
    urban,
)
from crisisflow.studies.difficult_negatives.datasets import DATASETS
from crisisflow.studies.difficult_negatives.folds import PREDICTED
from crisisflow.studies.difficult_negatives.for_rows import ORDINARY
from crisisflow.studies.difficult_negatives.marked import MARKED
from crisisflow.studies.difficult_negatives.params import DifficultNegativesParams

ROOT = Path(__file__).parents[3]


def params(encoder: Path | str = "embedded:minilm-l6", **values) -> DifficultNegativesParams:
    """The study's section of the sample preset, made small, with further values in place of its own."""
    plain = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["difficult_negatives"]
    plain["pool"]["sample"]["tweets"] = 600
    plain["collection"]["positives"] = {"train": 16, "test": 6}
    plain["collection"]["classes"] = {
        "storm": {"train": ["hurricane_irma_2017", "hurricane_harvey_2017"], "unseen": ["hurricane_maria_2017"]},
        "wildfire": {"train": ["california_wildfires_2018"], "unseen": ["canada_wildfires_2016"]},
    }
    plain["train"] = ["none", "random", "1sigma", "2sigma", "3sigma"]
    plain["mining"] = {"encoder": str(encoder), "sample": 200, "seed": 13}
    return DifficultNegativesParams.model_validate(plain | values)


def mined(folder: Path, own: DifficultNegativesParams, out: Path) -> Path:
    """Negatives, curves and embeddings of the small run, in a folder of their own."""
    if not (marked := folder / "marked.parquet").exists():
        write_parquet(marked, [], MARKED)
    mine_bands.run(
        folder / "positives.parquet",
        folder / "pool.parquet",
        marked,
        own.mining,
        own.train,
        own.further.train,
        own.test,
        own.match_length,
        out / "mined.parquet",
        out / "fit.json",
        out / "embeddings.parquet",
    )
    return out


def no_urban(folder: Path) -> tuple[Path, Path]:
    """The step urban, of a run whose classes have no such event: tweets and spans."""
    own = params()
    found = (folder / "urban.parquet", folder / "urban_spans.parquet")
    urban.run(own.urban, own.collection.classes, folder, *found, folder / "urban.json")
    return found


@pytest.fixture(scope="session")
def small_run(corpus, tiny_encoder, tmp_path_factory) -> Path:
    """A folder with all that the steps make, up to the datasets and the style."""
    folder = tmp_path_factory.mktemp("negatives")
    own = params(tiny_encoder)
    tweets = corpus / "tweets.parquet"
    other = no_urban(folder)
    pool.run(tweets, other[0], own.pool, own.normalise, folder / "pool.parquet", folder / "pool.json")
    collection.run(
        tweets,
        corpus / "gold.parquet",
        *other,
        own.collection,
        own.normalise,
        folder / "positives.parquet",
        folder / "collection.json",
    )
    mined(folder, own, folder)
    make_gold(folder, own, corpus)
    style.run(folder / "positives.parquet", folder / "pool.parquet", 13, folder / "style.json")
    make_datasets(folder, own, folder / "mined.parquet", folder / "datasets")
    return folder


def make_gold(run: Path, own: DifficultNegativesParams, corpus: Path, idrisi: Path | None = None) -> None:
    """The step gold, into gold.parquet; there is no reference annotation."""
    gold.run(
        corpus / "repaired.parquet",
        corpus / "gold.parquet",
        run,
        QualityParams(idrisi=None if idrisi is None else str(idrisi), outside=None),
        run / "positives.parquet",
        own.collection.classes,
        own.normalise,
        run / "gold.parquet",
    )


def make_datasets(run: Path, own: DifficultNegativesParams, mined: Path, out: Path) -> None:
    """The step datasets on what a small run has, into out.parquet and out.json."""
    datasets.run(
        run / "positives.parquet",
        run / "pool.parquet",
        mined,
        run / "gold.parquet",
        own.mining.encoder,
        own.tagging.max_length,
        own.train,
        own.further.train,
        own.test,
        own.extra_tests,
        own.normalise,
        13,
        out.with_suffix(".parquet"),
        out.with_suffix(".json"),
    )


def write_training(
    small_run: Path,
    out: Path,
    setting: str,
    seed: int,
    wrong: float,
    row: str = "lstm-crf",
    folds: int = 2,
    without: str | None = None,
) -> None:
    """What the step tag writes, without a training: `wrong` is the share of words whose label is another one.

    Args:
        without: tests that begin so are left out, with the ordinary tweets that are in no other one.
    """
    identity = Identity("difficult_negatives", row, seed, setting=setting)
    table = read_parquet(small_run / "datasets.parquet", DATASETS)
    rows, lines = [], []
    for fold in range(1, folds + 1):
        random = np.random.default_rng([seed, fold])
        for own in table.to_pylist():
            labels = [label for label in own["labels"] if label != IGNORED]
            other = random.random(len(labels)) < wrong
            guessed = [
                1 if turned and label == 0 else 0 if turned else label
                for turned, label in zip(other, labels, strict=True)
            ]
            facts = {name: own[name] for name in ("text_id", "role", "positive", "settings")}
            if without is not None and own["role"] == "test":
                facts["settings"] = [name for name in own["settings"] if not name.startswith(without)]
                if not facts["settings"]:
                    continue
            sure = random.random(len(labels)).astype(np.float32).tolist()
            words = {"labels": labels, "predicted_labels": guessed, "label_probabilities": sure}
            rows.append({"fold": fold, **facts, **words})
        lines.append([setting, fold, "random", 4 + fold, 10])
    write_parquet(out / "predictions.parquet", rows, identified(PREDICTED, identity))
    header = ["setting", "fold", "test", "epochs", "steps_per_epoch"]
    write_csv(out / "folds.csv", *identified_lines(identity, header, lines))


@pytest.fixture(scope="session")
def scored(small_run, tmp_path_factory) -> Path:
    """Scores and gates of a tagger whose errors are made up: most without negatives, as many on 1sigma as on random."""
    folder = tmp_path_factory.mktemp("scored")
    wrong = {"none": 0.3, "random": 0.1, "1sigma": 0.1, "2sigma": 0.0, "3sigma": 0.05}
    places = [folder / setting / str(seed) for setting in wrong for seed in (13, 14)]
    for place in places:
        write_training(small_run, place, place.parent.name, int(place.name), wrong[place.parent.name])
    trainings = [[place / name for place in places] for name in ("folds.csv", "predictions.parquet")]
    mined = [small_run / f"{name}.parquet" for name in ("positives", "mined")]
    known = (params().taggers, list(wrong), params().further)
    score.run(
        *trainings,
        *mined,
        small_run / "gold.parquet",
        *known,
        params().batch_sizes,
        folder / "scores.json",
        folder / "metrics.json",
    )
    found = (small_run / "fit.json", small_run / "embeddings.parquet")
    gate.run(*trainings, *mined, *found, *known, folder / "gate.json")
    write_parquet(folder / "ordinary.parquet", [], ORDINARY)
    joint.run({}, folder / "ordinary.parquet", folder / "joint.json")
    write_json(folder / "row_style.json", {"style": []})
    return folder
