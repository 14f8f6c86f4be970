"""A small run of the study: generated tweets, a tiny encoder of random weights."""

from pathlib import Path

import pytest
import yaml

from crisisflow.studies.difficult_negatives import collection, datasets, mine_bands, pool, style
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
    mine_bands.run(
        folder / "positives.parquet",
        folder / "pool.parquet",
        own.mining,
        own.train,
        own.test,
        own.match_length,
        out / "mined.parquet",
        out / "fit.json",
        out / "embeddings.parquet",
    )
    return out


@pytest.fixture(scope="session")
def small_run(corpus, tiny_encoder, tmp_path_factory) -> Path:
    """A folder with all that the steps make, up to the datasets and the style."""
    folder = tmp_path_factory.mktemp("negatives")
    own = params(tiny_encoder)
    tweets = corpus / "tweets.parquet"
    pool.run(tweets, own.pool, own.normalise, folder / "pool.parquet", folder / "pool.json")
    collection.run(
        tweets,
        corpus / "gold.parquet",
        own.collection,
        own.normalise,
        folder / "positives.parquet",
        folder / "collection.json",
    )
    mined(folder, own, folder)
    style.run(folder / "positives.parquet", folder / "pool.parquet", 13, folder / "style.json")
    datasets.run(
        folder / "positives.parquet",
        folder / "pool.parquet",
        folder / "mined.parquet",
        own.mining.encoder,
        own.tagging.max_length,
        own.train,
        own.test,
        own.extra_tests,
        own.normalise,
        13,
        folder / "datasets.parquet",
        folder / "datasets.json",
    )
    return folder
