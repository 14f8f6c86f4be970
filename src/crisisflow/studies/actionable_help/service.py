"""Service: the study's best row as the model of requests and offers that the server asks."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from crisisflow.artifacts import read_json
from crisisflow.checksums import file_sha256
from crisisflow.corpus.texts import prepare
from crisisflow.errors import CrisisflowError
from crisisflow.inference import find
from crisisflow.params import read_own
from crisisflow.serving.choice import check_recorded
from crisisflow.serving.help_model import HelpFindings, HelpModel, Nearest, Post
from crisisflow.serving.runtime import open_runtime
from crisisflow.serving.schema import HelpFacts
from crisisflow.studies.actionable_help.answers import ENCODERS, RESULTS, best_row, was_run
from crisisflow.studies.actionable_help.as_row import as_row
from crisisflow.studies.actionable_help.case_params import MatchParams
from crisisflow.studies.actionable_help.labels import LABELS
from crisisflow.studies.actionable_help.match import Posts, nearest_requests, posts_of, reasons_of
from crisisflow.studies.actionable_help.params import GENERATED, Own
from crisisflow.studies.actionable_help.resources import resources_of


def open_help(params: Path) -> HelpModel:
    """The best row of the run that is here, computed by ONNX Runtime.

    Args:
        params: whose section actionable_help.texts says how texts are prepared.

    Raises:
        CrisisflowError: the study was not run here, or its row is absent, damaged, or another than dvc.lock names.
    """
    if not was_run(RESULTS):
        raise CrisisflowError("the study actionable_help was not run here; run: make reproduce STUDY=actionable_help")
    own = read_own(params, Own).actionable_help
    classifier = best_row(RESULTS, ENCODERS)
    identity = classifier.identity
    folder = RESULTS / "rows" / identity.row / str(identity.task) / f"seed{identity.seed}"
    recorded = check_recorded(folder, Path.cwd())
    trained = read_json(folder / "metrics.json", "training_texts")["training_texts"]
    generated = own.pool.sets == [GENERATED]
    row = as_row(classifier)
    forward = open_runtime(row, "onnx", 1)

    def predict(texts: list[str]) -> list[HelpFindings]:
        prepared = [prepare(text, own.texts) for text in texts]
        return [
            HelpFindings(found.probabilities or {}, resources_of(text), found.cut)
            for text, found in zip(prepared, find(row, forward, prepared), strict=True)
        ]

    facts = HelpFacts(
        name=f"row {identity.row}, seed {identity.seed}",
        trained_on=f"{trained:,} {'generated tweets' if generated else 'tweets'} with labels by agreement",
        generated=generated,
        model=file_sha256(folder / "model.safetensors"),
        recorded=recorded,
    )
    known = tuple(label for label in LABELS if label in classifier.model.classes)
    return HelpModel(predict, known, facts, partial(nearest, params=own.match))


def nearest(offer: Post, requests: Sequence[Post], params: MatchParams) -> list[Nearest]:
    """The requests that an offer fits best, by resources, distance and days; to compare texts would take long."""
    gives, asks = (_posts(own) for own in ([offer], requests))
    found = []
    for match in nearest_requests(gives, asks, params):
        reasons = reasons_of(match, asks, gives)
        found.append(
            Nearest(match.request, round(match.score, 4), reasons["resources"], reasons["kilometres"], reasons["days"])
        )
    return found


def _posts(posts: Sequence[Post]) -> Posts:
    return posts_of(
        [""] * len(posts),
        [[place.model_dump() for place in own.places] for own in posts],
        [own.resources for own in posts],
        [own.time for own in posts],
        None,
    )
