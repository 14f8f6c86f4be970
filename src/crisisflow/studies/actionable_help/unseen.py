"""The built task without one event: what labellers may learn from, which texts are left, and the sample of the event.

Nothing that the classifier learnt from is of the event, nor a near duplicate of a tweet of the event.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crisisflow.artifacts import read_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.same_event import same_event
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.proportions import Proportion, wilson
from crisisflow.params import TextsParams
from crisisflow.studies.actionable_help.agree import agree, needed
from crisisflow.studies.actionable_help.known import Known, read_known
from crisisflow.studies.actionable_help.labelled import UNUSABLE, Key, codes_of, read_labelled
from crisisflow.studies.actionable_help.labels import IRRELEVANT, LABELS, OFFER, REQUEST
from crisisflow.studies.actionable_help.params import TrainedParams, UnseenSections
from crisisflow.studies.actionable_help.row_params import UnseenParams
from crisisflow.studies.actionable_help.task import LabelledText
from crisisflow.studies.actionable_help.validation import Drawn


def apart(texts: Sequence[str], others: Sequence[str]) -> list[bool]:
    """Which of the texts are no near duplicate of one of the others."""
    groups = groups_of([*texts, *others]).tolist()
    taken = set(groups[len(texts) :])
    return [group not in taken for group in groups[: len(texts)]]


def learnt_without(
    event: str, hidden: Sequence[str], names: Sequence[str], posts: Mapping[str, Path], texts: TextsParams
) -> list[Known]:
    """The labelled posts of sets, without those of the event and without near duplicates of its tweets.

    Args:
        hidden: the texts of the pool's tweets of the event. names: of the sets. texts: how texts are prepared.

    Raises:
        CrisisflowError: a set is absent or damaged, or has no labels.
    """
    known: list[Known] = []
    for name in names:
        if name not in posts:
            raise CrisisflowError(f"the posts of the set {name}, from which a labeller learns, are not given")
        rows = read_parquet(posts[name], POSTS).select(["tweet_id", "event"]).to_pylist()
        of_event = {row["tweet_id"] for row in rows if same_event(row["event"], event)}
        known += [own for own in read_known(posts[name], name, texts) if own.tweet_id not in of_event]
    return [own for own, keep in zip(known, apart([own.text for own in known], hidden), strict=True) if keep]


def agreed_without(
    rows: Sequence[Mapping[str, Any]],
    hidden: Sequence[str],
    settings: UnseenSections,
    event: str,
    labels: Mapping[str, Path],
    posts: Mapping[str, Path],
) -> list[LabelledText]:
    """The tweets on which the labellers agree, when those that learn have not learnt from the event.

    Args:
        rows: of the pool, without the event and near duplicates of its tweets. hidden: the texts of the event.
        labels: of each labeller, for those that learn nothing. posts: of the sets from which labellers learn.

    Raises:
        CrisisflowError: a file is absent or broken, or a labeller cannot learn from what is left.
    """
    from crisisflow.studies.actionable_help.labellers import trained  # a heavy import

    keys = [(row["set"], row["tweet_id"]) for row in rows]
    texts = [row["text"] for row in rows]
    codes = []
    for name in settings.agreement.labellers:
        own = settings.labellers[name]
        if isinstance(own, TrainedParams):
            known = learnt_without(event, hidden, own.learns_from, posts, settings.texts)
            pairs = [one.text for one in known], [one.label for one in known]
            found = trained.label(texts, *pairs, own.features, own.folds)
            codes.append(codes_of([one.label for one in found]))
        else:
            codes.append(read_labelled({name: labels[name]}, keys)[0])
    least = needed(settings.agreement.at_least, len(codes))
    agreed = agree(np.array(codes), least).codes
    return [
        LabelledText(row["set"], row["tweet_id"], row["text"], LABELS[code], row["group"], row["event"])
        for row, code in zip(rows, agreed, strict=True)
        if code != UNUSABLE
    ]


def draw(labels: Mapping[Key, str], params: UnseenParams) -> list[Drawn]:
    """The sample of the event: of each predicted label as many tweets as asked for, or all there are; shuffled.

    The stratum is the predicted label.

    Args:
        labels: the predicted label of each tweet of the event; their order counts for nothing.
    """
    generator = random.Random(params.seed)
    wanted = {REQUEST: params.requests, OFFER: params.offers, IRRELEVANT: params.irrelevant}
    drawn = []
    for label, number in wanted.items():
        members = sorted(key for key, own in labels.items() if own == label)
        chosen = generator.sample(members, min(number, len(members)))
        drawn += [Drawn(key, label, len(members)) for key in chosen]
    generator.shuffle(drawn)
    return drawn


def precision(right: int, of: int) -> dict[str, float | None]:
    """The share that is right, with its 95 % interval after Wilson (1927, J. Am. Stat. Assoc. 22); null of none."""
    if not of:
        return dict.fromkeys(Proportion._fields)
    return {name: round(value, 4) for name, value in wilson(right, of)._asdict().items()}


def precisions(
    drawn: Sequence[Drawn], predicted: Mapping[Key, str], said: Mapping[Key, str] | None
) -> dict[str, dict[str, Any]]:
    """Of each predicted label: the tweets of the event, those drawn, those whose label is known, and the precision.

    Args:
        predicted: labels of the event's tweets. said: labels of tweets that people settled; None where nobody did.
    """
    numbers = Counter(predicted.values())
    found = {}
    for label in (REQUEST, OFFER, IRRELEVANT):
        own = [one for one in drawn if one.stratum == label]
        known = [one for one in own if said is not None and one.key in said]
        right = sum(said[one.key] == label for one in known) if said is not None else 0
        found[label] = {
            "predicted": numbers[label],
            "drawn": len(own),
            "known": len(known),
            "precision": precision(right, len(known)),
        }
    return found
