"""What is served: the chosen row, opened."""

from collections.abc import Callable
from importlib.metadata import version
from typing import NamedTuple

from crisisflow.identity import of_config
from crisisflow.inference import Findings, load
from crisisflow.labels import Labels
from crisisflow.params import AnnotationParams
from crisisflow.reporting.provenance import commit
from crisisflow.serving.choice import FILES, Chosen, sha256
from crisisflow.serving.predictor import Predictor
from crisisflow.serving.runtime import Runtime, open_runtime
from crisisflow.serving.schema import Version


class Served(NamedTuple):
    """An opened row, with the labels that it can find."""

    predict: Callable[[list[str]], list[Findings]]
    labels: Labels
    annotation: AnnotationParams
    version: Version


def open_served(chosen: Chosen, runtime: Runtime, threads: int) -> Served:
    """Open the chosen row.

    Raises:
        CrisisflowError: it is not readable, or does not say which it is.
    """
    weights, config = (chosen.folder / name for name in FILES)
    row, identity = load(weights, config), of_config(config, None)
    facts = Version(
        version=version("crisisflow"),
        commit=commit(chosen.root).sha,
        params=sha256(chosen.params),
        model=chosen.digest,
        recorded=chosen.recorded,
        preset=chosen.settings.preset,
        row=identity.row,
        seed=str(identity.seed),
        runtime=runtime,
    )
    predictor = Predictor(row, open_runtime(row, runtime, threads))
    return Served(predictor, row.model.labels, chosen.settings.annotation, facts)
