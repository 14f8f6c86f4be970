"""Score labels: what people, or the making of the texts, say of the labellers and of what they agree on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from crisisflow.artifacts import read_parquet, write_json
from crisisflow.inputs import InputFile
from crisisflow.params import Positive, TextsParams
from crisisflow.progress import say
from crisisflow.studies.actionable_help.agree import needed
from crisisflow.studies.actionable_help.known import read_gold
from crisisflow.studies.actionable_help.labelled import by_name, codes_of, keys_of, read_labelled
from crisisflow.studies.actionable_help.params import GOLD
from crisisflow.studies.actionable_help.pool import POOL
from crisisflow.studies.actionable_help.truths import truths_of
from crisisflow.studies.actionable_help.validation import Truth, scores_of

GOLD_NOTE = (
    "SMS and news of Haiti, Pakistan and Sandy, test part: request, offer or neither, reviewed by disaster-response "
    "professionals. They are no tweets, and no labeller learns from them."
)
NOTHING = "No reference applies to this pool, and none of its tweets was generated: label the sheet of the step sheet."


def run(
    pool: InputFile,
    labels: Sequence[InputFile],
    labellers: list[str],
    at_least: Positive | Literal["all"],
    sample: InputFile,
    generated: InputFile,
    gold: list[str],
    texts: TextsParams,
    out: Path,
    references: Sequence[InputFile] = (),
    gold_posts: Sequence[InputFile] = (),
) -> None:
    """Write the scores of the labellers against each reference that applies to the pool.

    Args:
        pool: the tweets of the step pool
        labels: a labeller's answers; repeat, in the order of the names
        labellers: their names
        at_least: how many must agree, or all
        sample: that of the step sheet
        generated: the posts of the generated set, whose labels are known
        gold: names of the gold sets
        texts: section actionable_help.texts
        references: tweets that people labelled; repeat
        gold_posts: posts of the gold sets, in the order of their names; repeat

    Raises:
        CrisisflowError: a file is absent or broken, or the text of a reference is another one than people labelled.
    """
    table = read_parquet(pool, POOL)
    pooled = dict(zip(keys_of(table), table["text"].to_pylist(), strict=True))
    least, files = needed(at_least, len(labellers)), by_name("labellers", labellers, labels)
    found: list[dict[str, Any]] = []
    for own in truths_of(pooled, references, sample, generated, texts):
        scores = scores_of(read_labelled(files, own.keys), labellers, least, own.known)
        found.append({"truth": own.truth, "name": own.name, "note": own.note, **scores})
    note = None if found else NOTHING
    for name, path in by_name("sets", gold, gold_posts).items():
        messages = read_gold(path, texts)
        keys = [(name, own.tweet_id) for own in messages]
        truth = Truth([name] * len(keys), np.ones(len(keys)), {}, codes_of([own.label for own in messages]))
        scores = scores_of(read_labelled(files, keys), labellers, least, truth)
        found.append({"truth": GOLD, "name": name, "note": GOLD_NOTE, **scores})
    write_json(out, {"scores": found, "note": note})
    for own in found:
        kappa, accuracy = own["kappa"]["settled"], own["agreed"]["accuracy"]
        say(f"score_labels: against {own['name']}, kappa {kappa['value']}, accuracy of the agreed {accuracy['value']}")
