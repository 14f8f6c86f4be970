"""Label: one labeller's answer to each tweet of the pool, and of the gold sets."""

import time
from collections.abc import Sequence
from pathlib import Path

from crisisflow.artifacts import read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import TextsParams
from crisisflow.progress import say
from crisisflow.studies.actionable_help.known import Known, read_gold, read_known
from crisisflow.studies.actionable_help.labelled import LABELLED, Labelled, by_name
from crisisflow.studies.actionable_help.labellers import endpoint, file, rules, trained, zero_shot
from crisisflow.studies.actionable_help.labellers.prompts import load_prompts
from crisisflow.studies.actionable_help.params import (
    EndpointParams,
    FileParams,
    LabellerParams,
    RulesParams,
    TrainedParams,
    ZeroShotParams,
)
from crisisflow.studies.actionable_help.pool import POOL


def answers_of(
    tweet_ids: Sequence[str], texts: Sequence[str], learnt: Sequence[Known], params: LabellerParams, answers: Path
) -> list[Labelled]:
    """The answers of a labeller to prepared texts, in their order.

    Args:
        learnt: what a trained labeller learns from. answers: where those of an endpoint are kept.

    Raises:
        CrisisflowError: what the labeller's own module says.
    """
    match params:
        case RulesParams():
            return rules.label(texts, params.lexicons)
        case ZeroShotParams():
            return zero_shot.label(texts, params.encoder, load_prompts(params.prompts), params.margin)
        case TrainedParams():
            known = [own.text for own in learnt], [own.label for own in learnt]
            return trained.label(texts, *known, params.features, params.folds)
        case FileParams():
            return file.label(tweet_ids, Path(params.path))
        case EndpointParams():
            return endpoint.label(texts, params, answers)


def run(
    pool: InputFile,
    labeller: str,
    params: LabellerParams,
    sets: list[str],
    posts: Sequence[InputFile],
    gold: list[str],
    texts: TextsParams,
    answers: Path,
    out: Path,
) -> None:
    """Write the answer of a labeller to each tweet of the pool, in its order, and then to those of each gold set.

    Args:
        pool: the tweets of the step pool
        labeller: its name
        params: section actionable_help.labellers.NAME
        sets: names of the sets from which labellers learn, and of the gold sets
        posts: their posts, in this order; repeat
        gold: names of the gold sets, from which nobody learns
        texts: section actionable_help.texts
        answers: file in which the answers of an endpoint are kept; others have none

    Raises:
        CrisisflowError: a file is absent or broken, or the labeller cannot answer.
    """
    rows = read_parquet(pool, POOL).select(["set", "tweet_id", "text"]).to_pylist()
    learnt: list[Known] = []
    given = by_name("sets", sets, posts)
    asked = params.learns_from if isinstance(params, TrainedParams) else []
    if missing := [name for name in (*asked, *gold) if name not in given]:
        raise CrisisflowError(f"labeller {labeller} needs the set {missing[0]}, whose posts are not given")
    if both := [name for name in asked if name in gold]:
        raise CrisisflowError(f"labeller {labeller} learns from {both[0]}, against which it is scored; name other sets")
    for name in gold:
        rows += [{"set": name, **own._asdict()} for own in read_gold(given[name], texts)]
    if isinstance(params, TrainedParams):
        learnt = [own for name in params.learns_from for own in read_known(given[name], name, texts)]
    start = time.monotonic()
    found = answers_of([row["tweet_id"] for row in rows], [row["text"] for row in rows], learnt, params, answers)
    seconds = max(time.monotonic() - start, 1e-9)
    write_parquet(
        out,
        [
            {"set": row["set"], "tweet_id": row["tweet_id"], **own._asdict()}
            for row, own in zip(rows, found, strict=True)
        ],
        LABELLED,
    )
    say(f"label: {len(rows):,} tweets by {labeller} in {seconds:,.1f} s, {len(rows) / seconds:,.0f} tweets/s")
