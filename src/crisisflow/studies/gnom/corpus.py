"""The texts of a word graph: of the training part, and unlabelled ones, none near a validation or test tweet."""

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.tweet_words import in_order
from crisisflow.studies.gnom.params import SetParams, SettingParams
from crisisflow.studies.gnom.sets import Training, Tweets, read_tweets


class GraphTexts(NamedTuple):
    """What a graph is made from, in parts with the names of their sets.

    Args:
        training, unlabelled: how many texts are from the training part, and how many are not.
        training_left_out, left_out: texts of the two kinds that are near duplicates of a validation or test tweet of
            the setting. Those of the training part are trained on; only the graph does not have them.
    """

    of_sets: list[Tweets]
    training: int
    unlabelled: int
    training_left_out: int
    left_out: int


class Named(NamedTuple):
    """The sets of unlabelled texts that a setting's sets name, and the languages of a setting."""

    unlabelled: list[str]
    languages: list[str]


def named_by(setting: SettingParams, sets: Mapping[str, SetParams]) -> Named:
    """What the section gnom.sets says of the source and the target of a setting."""
    about = [sets[setting.source], sets[setting.target]]
    return Named(
        list(dict.fromkeys(other for own in about for other in own.unlabelled)),
        sorted({language for own in about for language in own.languages}),
    )


def confidential(settings: Iterable[SettingParams], sets: Mapping[str, SetParams]) -> list[str]:
    """The sets of settings, unlabelled ones included, whose texts are confidential; texts of no set are not told."""
    names = {name for own in settings for name in (own.source, own.target, *named_by(own, sets).unlabelled)}
    return sorted(name for name in names & {*sets} if sets[name].terms == "confidential")


def unlabelled_of(
    paths: Sequence[Path], source: Tweets, target: Tweets, unlabelled: Sequence[str], languages: Sequence[str]
) -> list[Tweets]:
    """The texts that a graph may take beside those of the source, before any is left out.

    They are those of the sets `unlabelled` in these languages and, where source and target differ, the texts of the
    target's training part (paper, section 4.3).
    """
    found = [] if source.set == target.set else [target.part("train")]
    for own in read_tweets(paths, *unlabelled):
        at = (place for place, language in enumerate(own.languages) if language is None or language in languages)
        found.append(own.at(at))
    return found


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

    Args:
        rest_of_training: whether texts of the source's training part that are not in the share are unlabelled ones.
        most: unlabelled texts that are drawn from those of all sets together, by the seed; more hold all of fewer.
    """
    source, target = read_tweets(sets, setting.source, setting.target)
    others = unlabelled_of(sets, source, target, unlabelled, languages)
    near = _near_held_out([source] if source.set == target.set else [source, target], others)
    labelled = _without(training.train, near)
    found = [training.rest, *others] if rest_of_training else others
    kept = [_without(own, near) for own in found]
    left_out = _number(found) - _number(kept)
    if most != "all":
        kept = _drawn(kept, most, seed)
    return GraphTexts(
        [labelled, *kept], len(labelled.ids), _number(kept), len(training.train.ids) - len(labelled.ids), left_out
    )


def as_words(found: GraphTexts) -> GraphTexts:
    """The same texts, of which only the words are left (tweet_words.in_order)."""
    return found._replace(of_sets=[own._replace(texts=[in_order(text) for text in own.texts]) for own in found.of_sets])


def _near_held_out(split: Sequence[Tweets], others: Sequence[Tweets]) -> set[str]:
    """The texts of these sets, validation and test parts aside, that are in a group with a tweet of such a part.

    Groups are those of all texts together, whatever the share: near_duplicates.groups_of.
    """
    texts = [text for own in (*split, *others) for text in own.texts]
    held_out = np.zeros(len(texts), dtype=bool)
    splits = [part for own in split for part in own.splits]
    held_out[: len(splits)] = [part in ("validation", "test") for part in splits]
    groups = groups_of(texts)
    near = np.isin(groups, groups[held_out]) & ~held_out
    return {texts[at] for at in np.flatnonzero(near)}


def _without(own: Tweets, texts: set[str]) -> Tweets:
    return own.at(place for place, text in enumerate(own.texts) if text not in texts)


def _number(parts: Iterable[Tweets]) -> int:
    return sum(len(own.ids) for own in parts)


def _drawn(parts: Sequence[Tweets], most: int, seed: int) -> list[Tweets]:
    """So many texts of all parts together, each part in its order."""
    places = [(number, at) for number, own in enumerate(parts) for at in range(len(own.ids))]
    random.Random(f"unlabelled {seed}").shuffle(places)
    chosen = {*places[:most]}
    return [own.at(at for at in range(len(own.ids)) if (number, at) in chosen) for number, own in enumerate(parts)]
