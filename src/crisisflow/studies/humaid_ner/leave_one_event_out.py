"""Leave one event out: what a row scores on a disaster that it has never seen, beside one that has seen it.

Both are scored on the event's tweets of the validation split. Where humaid_ner.training.tweets is a number, both were
trained on so many, and the difference is what the event's own training tweets are worth; with `all`, the one had more
of them.
The epoch of the unseen one was chosen on other events' tweets, that of the seen one on all.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import PREDICTIONS, TWEETS, read_parquet, write_csv
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.bootstrap import SeedCounts, differences
from crisisflow.evaluation.counts import COUNTED_SCORES, TweetCounts, f1
from crisisflow.inputs import InputFile
from crisisflow.params import Positive
from crisisflow.studies.humaid_ner.rows import of_predictions
from crisisflow.taxonomy import LABELS

COLUMNS = ("row", "event", "trained_seen", "trained_unseen", "tweets", "score", "support")
COLUMNS += ("seen", "unseen", "difference", "low", "high")
ALL = "all of these"
SEEN, UNSEEN = "seen", "unseen"


class SeenUnseen(NamedTuple):
    """Predictions (artifacts.PREDICTIONS) of the same tweets by a row that has seen the event and by one that has not.

    The names of the fields are SEEN and UNSEEN.
    """

    seen: pa.Table
    unseen: pa.Table


def _joined(pairs: Sequence[SeenUnseen]) -> SeenUnseen:
    """The tweets of several events together."""
    return SeenUnseen(*map(pa.concat_tables, zip(*pairs, strict=True)))


def _supported(counts: TweetCounts, truth: TweetCounts) -> TweetCounts:
    """The counts of the classes that occur among the tweets: the macro F1 of an event is over these."""
    there = truth.sizes.sum(axis=0) > 0
    return TweetCounts(counts.hits[:, there], counts.sizes[:, there])


def _truth(predictions: pa.Table, score: str) -> TweetCounts:
    """The counts of a guess that is right throughout; half its sizes are the supports."""
    column = {"ner_micro_f1": ("labels", "predicted_labels"), "cls_macro_f1": ("class_id", "predicted_class_id")}[score]
    right = predictions.set_column(predictions.schema.get_field_index(column[1]), column[1], predictions[column[0]])
    return COUNTED_SCORES[score][1](right, LABELS)


def trained_on(
    splits: Sequence[str], events: Sequence[str | None], size: int | Literal["all"], event: str
) -> list[int]:
    """How many training tweets a row has that sees the event, and one that does not (the step hold_out)."""
    train = [own for split, own in zip(splits, events, strict=True) if split == "train"]
    others = sum(own not in (event, None) for own in train)
    return [len(train), others] if size == "all" else [size, size]


def compare(row: str, event: str, trained: Sequence[int | None], by_seed: Mapping[int, SeenUnseen]) -> list[list[Any]]:
    """Lines (COLUMNS) of one event, of each score that both have.

    Args:
        trained: of `trained_on`.

    Raises:
        CrisisflowError: they are not of the same tweets.
    """
    tables = [table for pair in by_seed.values() for table in pair]
    tweet_ids = tables[0]["tweet_id"]
    if any(not table["tweet_id"].equals(tweet_ids) for table in tables):
        raise CrisisflowError(
            f"leave_one_event_out: the predictions of row {row} for {event} are not of the same tweets"
        )
    lines = []
    for score, (column, counts) in COUNTED_SCORES.items():
        if any(table[column].null_count for table in tables):
            continue
        truth = _truth(tables[0], score)
        rows = {
            name: {
                seed: SeedCounts(tweet_ids.to_pylist(), _supported(counts(getattr(pair, name), LABELS), truth))
                for seed, pair in by_seed.items()
            }
            for name in (UNSEEN, SEEN)
        }
        every = np.ones((1, len(tweet_ids)), dtype=np.float32)
        means = {name: float(np.mean([f1(own.counts, every)[0] for own in rows[name].values()])) for name in rows}
        (pair,) = differences(rows, score)
        support = int(truth.sizes.sum() / 2)
        own = (means[SEEN], means[UNSEEN], pair.difference, pair.low, pair.high)
        lines.append([row, event, *trained, len(tweet_ids), score, support, *own])
    return lines


def _seeds(row: str, events: Mapping[str, Mapping[int, Any]]) -> list[int]:
    """The seeds of a row, the same for each event."""
    of_event = {event: sorted(own) for event, own in events.items()}
    (first, seeds), *others = of_event.items()
    for event, own in others:
        if own != seeds:
            one, other = (", ".join(map(str, found)) for found in (seeds, own))
            raise CrisisflowError(
                f"leave_one_event_out: row {row} has the seeds {one} without {first}, but {other} without {event}; "
                "give the same seeds with --unseen"
            )
    return seeds


def run(
    tweets: InputFile,
    size: Positive | Literal["all"],
    out: Path,
    seen: Sequence[InputFile] = (),
    unseen: Sequence[InputFile] = (),
) -> None:
    """Write a line per row, event and score, and per row one of all its events together.

    Args:
        size: humaid_ner.training.tweets
        seen: predictions of a row and seed; repeat
        unseen: the same without an event; repeat

    Raises:
        CrisisflowError: a file does not say of which row, seed and event it is, two say the same, or no file of `seen`
            is of the row and seed of one that is not, or a row has not the same seeds for each event.
    """
    corpus = read_parquet(tweets, TWEETS)
    event_of = dict(zip(corpus["tweet_id"].to_pylist(), corpus["event"].to_pylist(), strict=True))
    whole = {
        (identity.row, identity.seed): read_parquet(path, PREDICTIONS)
        for path, identity in of_predictions(seen).items()
    }
    pairs: dict[str, dict[str, dict[int, SeenUnseen]]] = defaultdict(lambda: defaultdict(dict))
    for path, identity in of_predictions(unseen, "event").items():
        every = whole.get((identity.row, identity.seed))
        if every is None:
            raise CrisisflowError(
                f"leave_one_event_out: {path} is of {identity}, but no predictions of that whole row and seed are "
                "given; give them with --seen"
            )
        of_event = [event_of[tweet_id] == identity.event for tweet_id in every["tweet_id"].to_pylist()]
        pair = SeenUnseen(every.filter(of_event), read_parquet(path, PREDICTIONS))
        pairs[identity.row][identity.event][identity.seed] = pair
    splits, named = corpus["split"].to_pylist(), corpus["event"].to_pylist()
    lines = []
    for row, events in pairs.items():
        trained = {event: trained_on(splits, named, size, event) for event in events}
        for event, by_seed in events.items():
            lines += compare(row, event, trained[event], by_seed)
        if len(events) > 1:
            joined = {seed: _joined([by_seed[seed] for by_seed in events.values()]) for seed in _seeds(row, events)}
            same = [of[0] if len(set(of)) == 1 else None for of in zip(*trained.values(), strict=True)]
            lines += compare(row, ALL, same, joined)
    write_csv(out, COLUMNS, lines)
