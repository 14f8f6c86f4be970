"""Extra tests: negatives that people judged, where a public set with them is at hand (not in the paper).

They may also be training settings.

`dfe`: tweets with a word of disasters that people judged not relevant (CrowdFlower 2015). `stream`: tweets of the
stream of six events that are off topic (CrisisLexT6).
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.normalise import normalise
from crisisflow.corpus.normalise_steps import Step
from crisisflow.corpus.sources.posts import Dropped
from crisisflow.corpus.sources.sets import files_of, rows_of
from crisisflow.corpus.tweet_words import tokens
from crisisflow.errors import CrisisflowError
from crisisflow.language import ENGLISH, language_of

TASK = "relevance"


class Source(NamedTuple):
    """A public set, and the label of its negatives."""

    set: str
    label: str


SOURCES = {"dfe": Source("crowdflower", "Not Relevant"), "stream": Source("crisislex_t6", "off-topic")}


class Extra(NamedTuple):
    """A negative, normalised."""

    text_id: str
    text: str


def read_negatives(name: str, folder: Path, steps: Sequence[Step], known: set[frozenset[str]]) -> list[Extra]:
    """The distinct English negatives of a source, in its order.

    A text is left out if it stands there with another label too, if it has no word, or if it has the words of a text
    that is known.

    Args:
        name: one of SOURCES. folder: of the public set. known: the words of each (corpus.tweet_words.tokens).

    Raises:
        CrisisflowError: the set is not to be read.
    """
    source = SOURCES[name]
    layout, files = files_of(source.set, folder)
    labels: dict[frozenset[str], set[str]] = defaultdict(set)
    found: list[Extra] = []
    for _, post in rows_of(source.set, folder, layout, files):
        if isinstance(post, Dropped):
            continue
        label = dict(post.labels)[TASK]
        text = normalise(post.text, steps).text
        labels[tokens(text)].add(label)
        if label == source.label and language_of(post.text) in ENGLISH:
            found.append(Extra(post.tweet_id, text))
    kept = [own for own in found if (words := tokens(own.text)) and len(labels[words]) == 1 and words not in known]
    first: dict[int, Extra] = {}
    for own, group in zip(kept, groups_of([own.text for own in kept]).tolist(), strict=True):
        first.setdefault(group, own)
    return list(first.values())


def draw(name: str, negatives: Sequence[Extra], number: int, seed: int) -> list[Extra]:
    """As many of them at random, the same for the same seed; fewer are the first of more.

    Raises:
        CrisisflowError: there are fewer.
    """
    if number > len(negatives):
        raise CrisisflowError(
            f"difficult_negatives.extra_tests.{name} has {len(negatives):,} distinct English negatives and {number:,} "
            "are wanted; lower collection.positives, or say null"
        )
    return random.Random(f"{name} {seed}").sample(list(negatives), len(negatives))[:number]
