"""What several tests of the study need."""

import pytest

from crisisflow.studies.gnom import score
from tests.studies.gnom.made_up import params, write_run


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The files of a made-up run."""
    return write_run(tmp_path_factory.mktemp("gnom"), params())


@pytest.fixture(scope="session")
def scored(made, tmp_path_factory):
    """Its scores.json; metrics.json is beside it."""
    folder = tmp_path_factory.mktemp("scored")
    score.run(made.predictions, params(), folder / "scores.json", folder / "metrics.json")
    return folder / "scores.json"
