"""Find resources: of which kinds of help each text of the pool speaks, by the lexicon and by the trained classifier.

Both are scored where people, or the making of the texts, say what is right.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from crisisflow.artifacts import read_parquet, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.metrics import multi_label_scores
from crisisflow.inputs import InputFile
from crisisflow.params import TextsParams
from crisisflow.progress import say
from crisisflow.studies.actionable_help.case_params import LEXICON, TRAINED, FinderOfResources, ResourcesParams
from crisisflow.studies.actionable_help.generated import TRUTH
from crisisflow.studies.actionable_help.labelled import Key, by_name, keys_of
from crisisflow.studies.actionable_help.labels import RESOURCES
from crisisflow.studies.actionable_help.params import GENERATED, GOLD
from crisisflow.studies.actionable_help.pool import POOL
from crisisflow.studies.actionable_help.resource_classifier import (
    GOLD_RESOURCES,
    by_classifier,
    read_gold_spoken,
    read_spoken,
)
from crisisflow.studies.actionable_help.resources import resources_of

FINDERS = (LEXICON, TRAINED)
# In the order of the pool, then of each gold set.
SPOKEN = pa.schema(
    [
        ("set", pa.string()),
        ("tweet_id", pa.string()),
        (LEXICON, pa.list_(pa.string())),
        (TRAINED, pa.list_(pa.string())),
    ]
)


def read_resources(path: Path, keys: Sequence[Key], finder: FinderOfResources) -> list[list[str]]:
    """The resources of which each tweet of the pool speaks.

    Args:
        keys: of the pool's tweets, in their order.

    Raises:
        CrisisflowError: the file is absent or broken, or of other tweets.
    """
    table = read_parquet(path, SPOKEN)
    if keys_of(table)[: len(keys)] != list(keys):
        raise CrisisflowError(f"{path} is of other tweets than the pool; make it again")
    return table[finder].to_pylist()[: len(keys)]


def run(
    pool: InputFile,
    truth: InputFile,
    sets: list[str],
    posts: Sequence[InputFile],
    gold: list[str],
    params: ResourcesParams,
    texts: TextsParams,
    out: Path,
    scores: Path,
) -> None:
    """Write the resources of each text of the pool, and the scores of lexicon and classifier.

    Args:
        pool: the tweets of the step pool
        truth: of the generated set
        sets: names of the sets to learn from, and of the gold sets
        posts: their posts, in this order; repeat
        gold: names of the gold sets; their test part is scored, and nobody learns from it
        params: section actionable_help.resources
        texts: section actionable_help.texts
        out: a line for each tweet of the pool, then for each scored message
        scores: JSON

    Raises:
        CrisisflowError: a file is absent or broken, or the classifier cannot learn.
    """
    table, given = read_parquet(pool, POOL), by_name("sets", sets, posts)
    learnt = [
        own
        for name in params.learns_from
        for own in (
            read_gold_spoken(given[name], False, texts) if name in gold else read_spoken(given[name], name, texts)
        )
    ]
    scored = {name: read_gold_spoken(given[name], True, texts) for name in gold}
    keys = keys_of(table) + [(name, own.tweet_id) for name, messages in scored.items() for own in messages]
    asked = table["text"].to_pylist() + [own.text for messages in scored.values() for own in messages]
    found = {
        LEXICON: list(map(resources_of, asked)),
        TRAINED: by_classifier(asked, learnt, params.folds, params.seed),
    }
    columns = [pa.array(column) for column in zip(*keys, strict=True)]
    columns += [pa.array(found[name], pa.list_(pa.string())) for name in FINDERS]
    write_parquet(out, pa.Table.from_arrays(columns, schema=SPOKEN), SPOKEN)

    place = {key: at for at, key in enumerate(keys)}
    rows = read_parquet(truth, TRUTH).to_pylist()
    made = {key: row["resources"] for row in rows if (key := (GENERATED, row["tweet_id"])) in place}
    report = [_scores(GENERATED, GENERATED, RESOURCES, made, found, place)] if made else []
    for name, messages in scored.items():
        said = {(name, own.tweet_id): own.resources for own in messages}
        report.append(_scores(GOLD, name, GOLD_RESOURCES, said, found, place))
    write_json(scores, {"learns_from": params.learns_from, "scores": report})


def _scores(
    kind: str,
    name: str,
    resources: Sequence[str],
    said: Mapping[Key, Collection[str]],
    found: Mapping[str, Sequence[Collection[str]]],
    place: Mapping[Key, int],
) -> dict[str, Any]:
    """What each finder is worth by a truth.

    Args:
        resources: that the truth knows. said: of each of its texts. found: by finder, of all texts, in which `place` is
            the position of each.
    """
    right = [[resource in own for resource in resources] for own in said.values()]
    by_finder = {}
    for finder in FINDERS:
        guess = [[resource in found[finder][place[key]] for resource in resources] for key in said]
        by_finder[finder] = multi_label_scores(right, guess, resources)
        say(f"find_resources: {finder} against {name}: macro F1 {by_finder[finder]['macro_f1']:.3f}")
    return {"truth": kind, "name": name, "texts": len(said), "finders": by_finder}
