"""Row style: how well typography alone tells what rows get from the corpus tweets that they learn from."""

import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from crisisflow.evaluation.style import FOLDS, VIEWS, separation
from crisisflow.studies.difficult_negatives.style import MOST


class Texts(NamedTuple):
    """Ordinary tweets as they came, and as rows get them, in the same order."""

    came: Sequence[str]
    given: Sequence[str]


def style_of(corpus: Sequence[str], ordinary: Mapping[str, Texts], seed: int) -> list[dict[str, Any]]:
    """The areas under the ROC curve of as many corpus tweets and ordinary ones, at most MOST of each, by view.

    Args:
        corpus: tweets that rows learn from. ordinary: by the name that the result bears. seed: of the draw and the
            folds.

    Returns:
        By name `tweets`, how many of a side, and `came` and `given`; these are None where a side has fewer tweets than
        FOLDS.
    """
    found = []
    for name, own in ordinary.items():
        number = min(MOST, len(corpus), len(own.given))
        rng = random.Random(f"style {seed}")
        known, at = rng.sample(corpus, number), rng.sample(range(len(own.given)), number)
        areas = {
            key: {view: round(separation(known, [texts[place] for place in at], view, seed), 6) for view in VIEWS}
            if number >= FOLDS
            else None
            for key, texts in own._asdict().items()
        }
        found.append({"texts": name, "tweets": number, **areas})
    return found
