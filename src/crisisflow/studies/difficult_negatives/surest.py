"""Surest: the tweets with the surest false spans, and the anchors that they are near; no text."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from crisisflow.evaluation.word_arrays import words_of
from crisisflow.studies.difficult_negatives.runs import Run

SUREST = 5  # false alarms that are listed of a setting


def surest(
    runs: Iterable[Run], positive: bool, classes: Mapping[str, tuple[str | None, float | None]]
) -> list[dict[str, Any]]:
    """The tweets with the surest false spans, by the mean over folds and seeds; no text.

    Args:
        positive: of crisis tweets, else of ordinary ones.
        classes: by text id the class, and z to its anchor.
    """
    sums: dict[str, float] = defaultdict(float)
    labels: dict[str, tuple[float, str]] = {}
    number = 0
    for run in runs:
        number += 1
        words = words_of(run.predictions, run.labels)
        sure = run.predictions["label_probabilities"].combine_chunks().flatten().to_numpy()
        false = (words.predicted_ends > 0) & ~words.hits
        ids = run.predictions["text_id"].to_pylist()
        crisis = run.predictions["positive"].to_pylist()
        most: dict[int, tuple[float, str]] = {}
        for at in np.flatnonzero(false).tolist():
            tweet = int(words.tweets[at])
            span = float(sure[at : words.predicted_ends[at]].min())
            if crisis[tweet] == positive and span > most.get(tweet, (0.0, ""))[0]:
                most[tweet] = (span, run.labels.bio[words.predicted[at]][2:])
        for tweet, (span, label) in most.items():
            sums[ids[tweet]] += span
            labels[ids[tweet]] = max(labels.get(ids[tweet], (0.0, "")), (span, label))
    order = sorted(sums, key=lambda text_id: (-sums[text_id], text_id))[:SUREST]
    return [
        {
            "text_id": text_id,
            "class": classes.get(text_id, (None, None))[0],
            "z": classes.get(text_id, (None, None))[1],
            "label": labels[text_id][1],
            "probability": round(sums[text_id] / number, 6),
        }
        for text_id in order
    ]


def nearest_classes(positives: pa.Table, mined: pa.Table) -> dict[str, tuple[str | None, float | None]]:
    """Of each tweet its class; of an ordinary one that to whose anchor it is nearest, with its z."""
    names = sorted(set(positives["class"].to_pylist()))  # the order of fit.json
    found: dict[str, tuple[str | None, float | None]] = {
        text_id: (name, None)
        for text_id, name in zip(positives["text_id"].to_pylist(), positives["class"].to_pylist(), strict=True)
    }
    for text_id, z in zip(mined["text_id"].to_pylist(), mined["class_z"].to_pylist(), strict=True):
        at = int(np.argmax(z))
        found[text_id] = (names[at], round(z[at], 4))
    return found
