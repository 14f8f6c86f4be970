"""Style: how well typography alone tells texts of two sources apart."""

import re
from collections import defaultdict, deque
from collections.abc import Callable, Sequence

import numpy as np

FOLDS = 5
_WORD = re.compile(r"[^\W_]+|\s+")


def punctuation(text: str) -> str:
    """What is neither letter, digit nor white space."""
    return _WORD.sub("", text)


def shape(text: str) -> str:
    """The lengths of the words, as words: of letters and digits alone, so that case and signs do not count."""
    return " ".join(str(sum(letter.isalnum() for letter in word)) for word in text.split())


# What a classifier sees, of what its features are made, and how such a piece is found.
VIEWS: dict[str, tuple[Callable[[str], str], str, str | None]] = {
    "punctuation": (punctuation, "char", None),
    "shape": (shape, "word", r"\S+"),
}


def separation(first: Sequence[str], second: Sequence[str], view: str, seed: int) -> float:
    """The area under the ROC curve with which a classifier that sees one view tells texts of two sources apart.

    Logistic regression over the TF-IDF of one to three neighbours (characters of the punctuation, lengths of words);
    each text is scored by the model of the folds that it is not in. 0.5 is chance: a fold whose other folds show
    nothing to learn from is scored so.

    Args:
        view: one of VIEWS. seed: of the folds.

    Raises:
        ValueError: scikit-learn's, where a source has fewer texts than FOLDS.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline

    see, unit, piece = VIEWS[view]
    seen = np.array([see(text) for text in [*first, *second]], dtype=object)
    truth = np.array([1] * len(first) + [0] * len(second))
    scores = np.zeros(len(seen))
    vectors = TfidfVectorizer(analyzer=unit, ngram_range=(1, 3), lowercase=False, token_pattern=piece)
    model = make_pipeline(vectors, LogisticRegression(max_iter=1000))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for others, own in folds.split(seen, truth):
        if any(seen[others]):
            scores[own] = model.fit(seen[others], truth[others]).decision_function(seen[own])
    return float(roc_auc_score(truth, scores))


def matched(wanted: Sequence[int], there: Sequence[int]) -> list[int]:
    """For each wanted length a place of `there` with that length, each place once: the first that is left.

    Where none of a length is left, the nearest length stands in, the shorter of two; those go last, in their order.

    Raises:
        ValueError: fewer are there than wanted.
    """
    if len(wanted) > len(there):
        raise ValueError(f"{len(wanted)} are wanted and {len(there)} are there")
    places: dict[int, deque[int]] = defaultdict(deque)
    for place, length in enumerate(there):
        places[length].append(place)
    found: dict[int, int] = {}
    for at, length in enumerate(wanted):
        if places.get(length):
            found[at] = places[length].popleft()
    for at, length in enumerate(wanted):
        if at not in found:
            nearest = min((own for own in places if places[own]), key=lambda own: (abs(own - length), own))
            found[at] = places[nearest].popleft()
    return [found[at] for at in range(len(wanted))]
