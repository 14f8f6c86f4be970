"""The texts of a word graph: of the training part, and unlabelled ones; never of a validation or test part."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from crisisflow.corpus.tweet_words import tokens
from crisisflow.studies.gnom.params import SettingParams
from crisisflow.studies.gnom.sets import Training, Tweets, read_tweets


class GraphTexts(NamedTuple):
    """What a graph is made from, in parts with the names of their sets.

    Args:
        left_out: unlabelled texts that a validation or test part of the setting has in the same words.
    """

    of_sets: list[Tweets]
    training: int
    unlabelled: int
    left_out: int


def texts_of(
    sets: Sequence[Path],
    setting: SettingParams,
    unlabelled: Sequence[str],
    languages: Sequence[str],
    training: Training,
    rest_of_training: bool,
    most: int | Literal["all"],
    seed: int,
) -> GraphTexts:
    """The texts of a setting.

    Unlabelled texts are those of the sets `unlabelled` in these languages and, where source and target differ, the
    texts of the target's training part (paper, section 4.3).

    Args:
        rest_of_training: whether texts of the source's training part that are not in the share are unlabelled ones.
        most: unlabelled texts that are drawn from those of all sets together, by the seed; more hold all of fewer.
    """
    source, target = read_tweets(sets, setting.source, setting.target)
    found = [training.rest] if rest_of_training else []
    if source.set != target.set:
        found.append(target.part("train"))
    for own in read_tweets(sets, *unlabelled):
        at = (place for place, language in enumerate(own.languages) if language is None or language in languages)
        found.append(own.at(at))
    held_out = {
        tokens(text)
        for own in (source, target)
        for text, split in zip(own.texts, own.splits, strict=True)
        if split in ("validation", "test")
    }
    kept, left_out = [], 0
    for own in found:
        allowed = own.at(place for place, text in enumerate(own.texts) if tokens(text) not in held_out)
        left_out += len(own.ids) - len(allowed.ids)
        kept.append(allowed)
    if most != "all":
        kept = _drawn(kept, most, seed)
    return GraphTexts([training.train, *kept], len(training.train.ids), sum(len(own.ids) for own in kept), left_out)


def _drawn(parts: Sequence[Tweets], most: int, seed: int) -> list[Tweets]:
    """So many texts of all parts together, each part in its order."""
    places = [(number, at) for number, own in enumerate(parts) for at in range(len(own.ids))]
    random.Random(f"unlabelled {seed}").shuffle(places)
    chosen = {*places[:most]}
    return [own.at(at for at in range(len(own.ids)) if (number, at) in chosen) for number, own in enumerate(parts)]
