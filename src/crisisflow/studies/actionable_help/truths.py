"""Truths: what is known of tweets of the pool, from people's references or from how generated texts were made."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from crisisflow.params import TextsParams
from crisisflow.studies.actionable_help.known import read_known
from crisisflow.studies.actionable_help.labelled import Key, codes_of
from crisisflow.studies.actionable_help.params import GENERATED
from crisisflow.studies.actionable_help.reference import PASSES, Entry, read_reference, read_sample
from crisisflow.studies.actionable_help.validation import Drawn, Truth

REFERENCE = "reference"
STAND_IN = (
    "No reference applies to this pool. The labels by which the generated tweets were made stand in for both passes, "
    "so there is no kappa between two people. These figures say nothing about real tweets."
)


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


class KnownTweets(NamedTuple):
    """Tweets of which the label is known.

    Args:
        truth: REFERENCE or GENERATED. name: of the reference. note: what to know before it is believed; or None.
    """

    truth: str
    name: str
    note: str | None
    keys: list[Key]
    known: Truth


def truths_of(
    pooled: Mapping[Key, str], references: Sequence[Path], sample: Path, generated: Path, texts: TextsParams
) -> list[KnownTweets]:
    """What each reference knows of the pool; if none does, how the generated tweets of the sample were made.

    Args:
        pooled: the prepared texts of the pool. sample: that of the step sheet. generated: posts of the generated set.

    Raises:
        CrisisflowError: a file is absent or broken, or the text of a reference is another one than people labelled.
    """
    found = []
    for path in references:
        if entries := read_reference(path, pooled):
            found.append(KnownTweets(REFERENCE, path.stem, None, *of_reference(entries)))
    if not found:
        known = {(GENERATED, own.tweet_id): own.label for own in read_known(generated, GENERATED, texts)}
        keys, truth = of_generated(read_sample(sample, pooled), known)
        if keys:
            found.append(KnownTweets(GENERATED, GENERATED, STAND_IN, keys, truth))
    return found
