"""Score labels: what people, or the making of the texts, say of the labellers and of what they agree on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from crisisflow.artifacts import read_parquet, write_json
from crisisflow.inputs import InputFile
from crisisflow.params import Positive, TextsParams
from crisisflow.progress import say
from crisisflow.studies.actionable_help.agree import labels_of, needed
from crisisflow.studies.actionable_help.known import by_name, read_gold, read_known
from crisisflow.studies.actionable_help.labelled import Key, codes_of, keys_of, read_labelled
from crisisflow.studies.actionable_help.params import GENERATED, GOLD
from crisisflow.studies.actionable_help.pool import POOL
from crisisflow.studies.actionable_help.reference import PASSES, Entry, read_reference, read_sample
from crisisflow.studies.actionable_help.validation import Drawn, Truth, scores_of

REFERENCE = "reference"
STAND_IN = (
    "No reference applies to this pool. The labels by which the generated tweets were made stand in for both passes, "
    "so there is no kappa between two people. These figures say nothing about real tweets."
)
GOLD_NOTE = (
    "SMS and news of Haiti, Pakistan and Sandy, test part: request, offer or neither, reviewed by disaster-response "
    "professionals. They are no tweets, and no labeller learns from them."
)
NOTHING = "No reference applies to this pool, and none of its tweets was generated: label the sheet of the step sheet."


def _truth(drawn: Sequence[Drawn], passes: Mapping[str, Sequence[str]], settled: Sequence[str]) -> Truth:
    """What is known of drawn tweets, each of which stands for its share of its stratum."""
    numbers = Counter(one.stratum for one in drawn)
    weights = np.array([one.population / numbers[one.stratum] for one in drawn])
    coded = {name: codes_of(own) for name, own in passes.items()}
    return Truth([one.stratum for one in drawn], weights, coded, codes_of(settled))


def of_reference(entries: Sequence[Entry]) -> tuple[list[Key], Truth]:
    """The tweets of a reference, and what it says of them."""
    passes = {name: [own.passes[at] for own in entries] for at, name in enumerate(PASSES)}
    drawn = [own.drawn for own in entries]
    return [one.key for one in drawn], _truth(drawn, passes, [own.settled for own in entries])


def of_generated(drawn: Sequence[Drawn], known: Mapping[Key, str]) -> tuple[list[Key], Truth]:
    """The generated tweets of a sample, and how they were made."""
    here = [one for one in drawn if one.key in known]
    return [one.key for one in here], _truth(here, {}, [known[one.key] for one in here])


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
    least, files = needed(at_least, len(labellers)), labels_of(labels, labellers)
    found: list[dict[str, Any]] = []
    for path in references:
        if entries := read_reference(path, pooled):
            keys, truth = of_reference(entries)
            scores = scores_of(read_labelled(files, keys), labellers, least, truth)
            found.append({"truth": REFERENCE, "name": path.stem, "note": None, **scores})
    if not found:
        known = {(GENERATED, own.tweet_id): own.label for own in read_known(generated, GENERATED, texts)}
        keys, truth = of_generated(read_sample(sample, pooled), known)
        if keys:
            scores = scores_of(read_labelled(files, keys), labellers, least, truth)
            found.append({"truth": GENERATED, "name": GENERATED, "note": STAND_IN, **scores})
    note = None if found else NOTHING
    for name, path in by_name(gold, gold_posts).items():
        messages = read_gold(path, texts)
        keys = [(name, own.tweet_id) for own in messages]
        truth = Truth([name] * len(keys), np.ones(len(keys)), {}, codes_of([own.label for own in messages]))
        scores = scores_of(read_labelled(files, keys), labellers, least, truth)
        found.append({"truth": GOLD, "name": name, "note": GOLD_NOTE, **scores})
    write_json(out, {"scores": found, "note": note})
    for own in found:
        kappa, accuracy = own["kappa"]["settled"], own["agreed"]["accuracy"]
        say(f"score_labels: against {own['name']}, kappa {kappa['value']}, accuracy of the agreed {accuracy['value']}")
