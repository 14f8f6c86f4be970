"""Gold: tweets of unseen events whose spans are known, beside the collection, whose spans are of rules."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from crisisflow.annotation import gold as gold_sets
from crisisflow.annotation.gold import GoldSet
from crisisflow.artifacts import read_parquet, write_parquet
from crisisflow.corpus.normalise import Step, normalise
from crisisflow.corpus.tweet_words import tokens
from crisisflow.inputs import InputFile, InputFolder
from crisisflow.params import Name, QualityParams
from crisisflow.progress import say
from crisisflow.studies.difficult_negatives.collection import POSITIVES, TRAIN
from crisisflow.studies.difficult_negatives.gold_tweets import GOLD
from crisisflow.studies.difficult_negatives.params import ClassParams

MOST = 500  # tweets of a set


def rows_of(
    name: str, sets: Iterable[GoldSet], class_of: dict[str, str], known: set[frozenset[str]], steps: Sequence[Step]
) -> list[dict[str, Any]]:
    """At most MOST tweets of unseen events, whose words are those of no training tweet; a hash of their ids decides.

    Args:
        name: under which the sets stand as one. class_of: by unseen event. known: the words of each training tweet.
    """
    found: dict[str, dict[str, Any]] = {}
    for own in sets:
        for tweet in own.tweets:
            traced = normalise(tweet.text, steps)
            words = tokens(traced.text)
            if tweet.event not in class_of or not words or words in known:
                continue
            moved = [(traced.span(span.start, span.end), span.label) for span in sorted(tweet.spans)]
            found[tweet.tweet_id] = {
                "text_id": tweet.tweet_id,
                "gold_set": name,
                "types": list(own.labels),
                "class": class_of[tweet.event],
                "event": tweet.event,
                "text": traced.text,
                "spans": [{"start": at[0], "end": at[1], "label": label} for at, label in moved if at],
            }
    drawn = sorted(found, key=lambda tweet_id: hashlib.sha256(tweet_id.encode()).digest())[:MOST]
    return [found[tweet_id] for tweet_id in sorted(drawn)]


def run(
    repaired: InputFile,
    generated: InputFile,
    reference: InputFolder,
    quality: QualityParams,
    positives: InputFile,
    classes: dict[Name, ClassParams],
    steps: list[Step],
    out: Path,
) -> None:
    """Write the tweets of unseen events with gold spans, normalised; none where there are no such sets.

    Args:
        repaired: tweets of the whole source, repaired
        generated: gold spans of the embedded corpus
        reference: folder of the reference annotations
        quality: section annotation.quality; its folder of IDRISI-R, in which people marked locations
        positives: of the step collection; a tweet with the words of one that trains is left out
        classes: section difficult_negatives.collection.classes
        steps: difficult_negatives.normalise

    Raises:
        CrisisflowError: a set is damaged, or its texts are not those that were annotated.
    """
    sets: dict[str, list[GoldSet]] = defaultdict(list)
    for own in (*gold_sets.generated(repaired, generated), *gold_sets.reference(repaired, reference)):
        sets[own.name.partition("_")[0]].append(own)
    if quality.idrisi is not None:
        sets["idrisi"] = list(gold_sets.idrisi(Path(quality.idrisi)))
    class_of = {event: name for name, own in classes.items() for event in own.unseen}
    crisis = read_parquet(positives, POSITIVES).to_pylist()
    known = {tokens(row["text"]) for row in crisis if row["role"] == TRAIN}
    rows = [row for name, own in sets.items() for row in rows_of(name, own, class_of, known, steps)]
    write_parquet(out, rows, GOLD)
    told = ", ".join(f"{number:,} of {name}" for name, number in Counter(row["gold_set"] for row in rows).items())
    say(f"gold: tweets of unseen events: {told or 'none'}")
