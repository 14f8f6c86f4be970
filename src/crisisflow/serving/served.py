"""What is served: the chosen row or shipped model, opened."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from crisisflow.artifacts import read_json
from crisisflow.checksums import file_sha256
from crisisflow.errors import CrisisflowError
from crisisflow.identity import of_config
from crisisflow.inference import Findings, load
from crisisflow.labels import Labels
from crisisflow.params import AnnotationParams
from crisisflow.reporting.provenance import commit
from crisisflow.serving.choice import FILES, GENERATED, Chosen
from crisisflow.serving.help_model import HelpModel
from crisisflow.serving.predictor import Predictor
from crisisflow.serving.runtime import Runtime, open_runtime
from crisisflow.serving.schema import Version
from crisisflow.serving.shipped import RUNTIME, Shipped, open_shipped
from crisisflow.serving.topics import TopicModel


class Served(NamedTuple):
    """An opened row or shipped model, with the labels that it can find."""

    predict: Callable[[list[str]], list[Findings]]
    labels: Labels
    annotation: AnnotationParams
    version: Version
    help: HelpModel | None = None  # None where requests and offers are not told
    topics: TopicModel | None = None  # None where topics are not told


def open_served(
    chosen: Chosen,
    runtime: Runtime | None,
    threads: int,
    help: HelpModel | None = None,
    topics: TopicModel | None = None,
) -> Served:
    """Open what was chosen.

    Args:
        runtime: what computes; None for ONNX Runtime, with int8 weights where nothing else is there.
        threads: CPU threads of one pass.
        help: what tells requests and offers, opened; None for nothing.
        topics: what tells topics, opened; None for nothing.

    Raises:
        CrisisflowError: it is not readable, does not say which it is, or has no such runtime.
    """
    if chosen.shipped is not None:
        own, predictor = _open_shipped(chosen.shipped, runtime, threads)
    else:
        own, predictor = _open_row(chosen, runtime or "onnx", threads)
    facts = Version(
        version=version("crisisflow"),
        commit=commit(chosen.root).sha,
        params=file_sha256(chosen.params),
        model=chosen.digest,
        recorded=chosen.recorded,
        help=help and help.facts,
        topics=topics and topics.facts,
        **own,
    )
    return Served(predictor, predictor.row.labels, chosen.settings.annotation, facts, help, topics)


def _open_shipped(shipped: Shipped, runtime: Runtime | None, threads: int) -> tuple[dict[str, object], Predictor]:
    """What a shipped model is, and its predictor."""
    config = shipped.config
    if runtime not in (None, RUNTIME):
        raise CrisisflowError(
            f"{shipped.folder} holds an int8 graph, which runtime {runtime} cannot use; leave --runtime out, or name a "
            "row with --row"
        )
    facts = {name: getattr(config, name) for name in ("name", "trained_on", "generated", "preset", "row")}
    return {**facts, "seed": str(config.seed), "runtime": RUNTIME}, Predictor(*open_shipped(shipped, threads))


def _open_row(chosen: Chosen, runtime: Runtime, threads: int) -> tuple[dict[str, object], Predictor]:
    """What a row is, and its predictor."""
    weights, config = (chosen.folder / name for name in FILES)
    row, identity = load(weights, config), of_config(config, None)
    source = chosen.settings.corpus.source
    facts = {
        "name": f"row {identity.row}, seed {identity.seed}",
        "trained_on": f"{read_json(config, 'training_tweets')['training_tweets']:,} {_in_words(source)}",
        "generated": source == GENERATED,
        "preset": chosen.settings.preset,
        "row": identity.row,
        "seed": str(identity.seed),
        "runtime": runtime,
    }
    return facts, Predictor(row, open_runtime(row, runtime, threads))


def _in_words(source: str) -> str:
    """The tweets of `corpus.source`; of a path only the last part."""
    known = {GENERATED: "generated tweets", "official": "tweets of HumAID"}
    return known.get(source, f"tweets of {Path(source).name}")
