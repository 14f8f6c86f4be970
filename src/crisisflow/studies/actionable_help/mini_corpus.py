"""Mini corpus: the texts that the mini models learn from, each once, without what a model is scored on."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from crisisflow.artifacts import TWEETS, read_json, read_parquet, write_json, write_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.corpus.texts import prepare
from crisisflow.corpus.tweet_words import tokens
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import Name, Positive, Rate, Seed, TextsParams
from crisisflow.progress import say
from crisisflow.studies.actionable_help.params import OURS
from crisisflow.studies.actionable_help.row_params import CORPUS
from crisisflow.studies.actionable_help.task_texts import TASK

LEAST_WORDS = 3
LEAST_HELD_OUT = 20  # texts: neighbours and variance of fewer say nothing
OWN = "our own templates"  # the terms of what is generated here

# `text` is prepared. No two texts are near duplicates, so `held_out` parts no group of them.
MINI_CORPUS = pa.schema(
    [("set", pa.string()), ("tweet_id", pa.string()), ("text", pa.string()), ("held_out", pa.bool_())]
)


class Text(NamedTuple):
    """A prepared text of a set."""

    set: str
    tweet_id: str
    text: str


def choose(texts: Sequence[Text], tested: Sequence[str]) -> tuple[list[Text], Counter[str]]:
    """The texts to learn from in their order, and how many were dropped for what reason.

    Dropped are texts of fewer than LEAST_WORDS different words, near duplicates of an earlier text, and all near
    duplicates of a text that a model is scored on. (The paper does not say that it left the last out.)

    Args:
        tested: prepared texts that no mini may learn.
    """
    long = [own for own in texts if len(tokens(own.text)) >= LEAST_WORDS]
    groups = groups_of([own.text for own in long] + list(tested)).tolist()
    of_tests = set(groups[len(long) :])
    dropped = Counter({f"fewer than {LEAST_WORDS} words": len(texts) - len(long)})
    chosen: dict[int, Text] = {}
    for own, group in zip(long, groups, strict=False):
        if group in of_tests:
            dropped["near duplicate of a scored text"] += 1
        elif group in chosen:
            dropped["near duplicate"] += 1
        else:
            chosen[group] = own
    return list(chosen.values()), dropped


def tested(task: Path) -> list[str]:
    """The prepared test texts of a task."""
    table = read_parquet(task, TASK)
    return [row["text"] for row in table.select(["text", "split"]).to_pylist() if row["split"] == "test"]


def hold_out(size: int, share: float, seed: int) -> set[int]:
    """The positions of the texts that are held out, drawn at random.

    Raises:
        CrisisflowError: they are fewer than LEAST_HELD_OUT, or all.
    """
    number = round(share * size)
    if not LEAST_HELD_OUT <= number < size:
        raise CrisisflowError(
            f"of {size:,} texts {number:,} would be held out, which must be {LEAST_HELD_OUT} or more, and not all; "
            "change actionable_help.minis.held_out or its corpus"
        )
    return set(Random(seed).sample(range(size), number))


def run(
    sets: list[Name],
    size: Positive | Literal["all"],
    texts: TextsParams,
    held_out: Rate,
    seed: Seed,
    tweets: InputFile,
    source: InputFile,
    posts: Sequence[InputFile],
    manifests: Sequence[InputFile],
    tasks: Sequence[InputFile],
    out: Path,
    counts: Path,
) -> None:
    """Write the texts that the mini models learn from, in the order of the sets, and what was read and dropped.

    Args:
        sets: section actionable_help.minis.corpus
        size: texts to draw; or all
        texts: section actionable_help.texts
        held_out: share of the texts that no mini learns from
        seed: of both draws
        tweets: the shared corpus; a joint mini is scored on its validation and test tweets, so that they and their near
            duplicates are left out. source: manifest of where it is from
        posts: of the other sets, any that there are. manifests: what was read for each
        tasks: the texts of all tasks, whose test texts and their near duplicates are left out
        counts: JSON

    Raises:
        CrisisflowError: a set is not there, or too few texts are left.
    """
    there = {read_json(path, "set")["set"]: at for at, path in enumerate(manifests)}
    shared = read_parquet(tweets, TWEETS).to_pylist()
    read: dict[str, list[dict[str, Any]]] = {}
    terms: dict[str, str] = {}
    for name in sets:
        if name == CORPUS:
            generated = read_json(source, "source")["source"] == "sample"
            terms[name] = OWN if generated else "those of the shared corpus (data/raw/manifest.json)"
            read[name] = shared
        elif name in there:
            terms[name] = OWN if name in OURS else read_json(manifests[there[name]], "terms")["terms"]
            read[name] = read_parquet(posts[there[name]], POSTS).to_pylist()
        else:
            raise CrisisflowError(
                f"actionable_help.minis.corpus names {name}, which is no set that is read; there are: "
                f"{', '.join([CORPUS, *there])}"
            )
    found = [Text(name, row["tweet_id"], prepare(row["text"], texts)) for name in sets for row in read[name]]
    scored = [prepare(row["text"], texts) for row in shared if row["split"] != "train"]
    chosen, dropped = choose(found, scored + [text for path in tasks for text in tested(path)])
    if size != "all" and size < len(chosen):
        dropped["not drawn"] = len(chosen) - size
        chosen = [chosen[at] for at in sorted(Random(seed).sample(range(len(chosen)), size))]
    unseen = hold_out(len(chosen), held_out, seed)
    write_parquet(out, [{**own._asdict(), "held_out": at in unseen} for at, own in enumerate(chosen)], MINI_CORPUS)
    by_set = Counter(own.set for own in chosen)
    facts = {
        "texts": len(chosen),
        "held_out": len(unseen),
        "sets": {name: {"read": len(read[name]), "used": by_set[name], "terms": terms[name]} for name in sets},
        "dropped": dict(sorted((+dropped).items())),
    }
    write_json(counts, facts)
    say(f"mini_corpus: {len(chosen):,} texts, {len(unseen):,} of them held out; {(+dropped).total():,} dropped")
