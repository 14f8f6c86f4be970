"""Other: a row that is no fine-tuned encoder, on a task with a seed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crisisflow.evaluation import linear
from crisisflow.identity import Identity
from crisisflow.inputs import InputFile
from crisisflow.params import Line, Positive, Seed
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.labellers.rules import load
from crisisflow.studies.actionable_help.row_params import Other
from crisisflow.studies.actionable_help.task_texts import Task, read_task
from crisisflow.studies.actionable_help.trained import HELD_OUT, Guess, write_trained

if TYPE_CHECKING:
    from scipy.sparse import spmatrix
    from sklearn.feature_extraction.text import CountVectorizer

LEXICON = "actionable"  # whose patterns are features; which of them mark requests and offers follows the same paper
TREES = 100
SUBWORDS_AT_ONCE = 256
STEPS = 1_000  # at most, of the logistic regression's solver


class Fitted(NamedTuple):
    """A trained row: what it says of texts, and how many numbers it has learnt."""

    guess: Callable[[Sequence[str]], Guess]
    parameters: int


def _linear(task: Task, seed: int, encoder: str) -> Fitted:
    """The linear SVM of evaluation.linear with balanced classes; it knows no probabilities."""
    train = task.splits["train"]
    model = linear.fit(train.texts, train.class_ids, seed, balanced=True)
    return Fitted(lambda texts: Guess(model.predict(texts).tolist(), None), linear.parameters(model))


def _static(task: Task, seed: int, encoder: str) -> Fitted:
    """Logistic regression over the mean of static vectors (model.static), with balanced classes."""
    from sklearn.linear_model import LogisticRegression

    from crisisflow.embedding import SentenceEncoder
    from crisisflow.model.static import StaticVectors
    from crisisflow.training.device import open_device

    train, everything = task.splits["train"], [text for own in task.splits.values() for text in own.texts]
    # One subword with the two that every text begins and ends with.
    opened = SentenceEncoder(encoder, 3, SUBWORDS_AT_ONCE, open_device("cpu", threads=1, processes=1))
    vectors = StaticVectors(opened, everything)
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=STEPS, random_state=seed)
    model.fit(vectors.embed(train.texts), train.class_ids)

    def guess(texts: Sequence[str]) -> Guess:
        probabilities = model.predict_proba(vectors.embed(texts))
        return Guess(probabilities.argmax(axis=1).tolist(), probabilities.tolist())

    return Fitted(guess, vectors.vectors.size + model.coef_.size + model.intercept_.size)


def _purohit(task: Task, seed: int, encoder: str) -> Fitted:
    """Random forests in sequence over regular expressions and words (Purohit et al. 2014).

    Each forest decides on one class, the rarest first, by what the ones before have left over; what none takes is of
    the most frequent class. For request, offer and neither that is the paper's sequence of two.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_extraction.text import CountVectorizer

    train = task.splits["train"]
    words = CountVectorizer(binary=True, min_df=2).fit(train.texts)
    features, class_ids = _features(words, train.texts), np.array(train.class_ids)
    order = sorted(range(len(task.classes)), key=lambda own: (np.sum(class_ids == own), own))
    forests, left = [], np.ones(len(class_ids), dtype=bool)
    for own in order[:-1]:
        forest = RandomForestClassifier(TREES, class_weight="balanced", random_state=seed)
        forests.append(forest.fit(features[left], class_ids[left] == own))
        left &= class_ids != own

    def guess(texts: Sequence[str]) -> Guess:
        own = _features(words, texts)
        probabilities, rest = np.zeros((len(texts), len(order))), np.ones(len(texts))
        for at, forest in zip(order, forests, strict=False):
            yes = forest.predict_proba(own)[:, 1]
            probabilities[:, at], rest = rest * yes, rest * (1 - yes)
        probabilities[:, order[-1]] = rest
        return Guess(probabilities.argmax(axis=1).tolist(), probabilities.tolist())

    return Fitted(guess, sum(tree.tree_.node_count for forest in forests for tree in forest.estimators_))


def _features(words: "CountVectorizer", texts: Sequence[str]) -> "spmatrix":
    """For each text, which patterns and words occur: [texts, patterns + words] of 0 and 1."""
    from scipy.sparse import csr_array, hstack

    patterns = load((LEXICON,)).patterns
    place = {rule.rule: at for at, rule in enumerate(patterns.rules)}
    fired = np.zeros((len(texts), len(place)))
    for own, text in zip(fired, texts, strict=True):
        own[[place[span.rule] for span in patterns.spans(text, "", "rules")]] = 1
    return hstack([csr_array(fired), words.transform(texts)], format="csr")


KINDS: dict[Other, Callable[[Task, int, str], Fitted]] = {"linear": _linear, "static": _static, "purohit": _purohit}


def run(
    name: Other,
    tweets: InputFile,
    statistics: InputFile,
    encoder: Line,
    least_support: Positive,
    seed: Seed,
    validation: Path,
    test: Path,
    metrics: Path,
) -> None:
    """Train on the training texts of a task, and write what the row says of the other texts, and its scores.

    Args:
        name: linear, static or purohit
        tweets: the texts of the task
        statistics: the classes and counts of the task
        encoder: whose vectors the static row uses: actionable_help.minis.teacher
        least_support: actionable_help.least_support
        validation: predictions of the validation texts
        test: predictions of the test texts
        metrics: the scores of both

    Raises:
        CrisisflowError: the encoder is not to be had.
    """
    task = read_task(tweets, statistics)
    fitted = KINDS[name](task, seed, encoder)
    guesses = {split: fitted.guess(task.splits[split].texts) for split in HELD_OUT}
    trained: dict[str, Any] = {
        "best_epoch": None,
        "epochs": None,
        "training_texts": len(task.splits["train"].ids),
        "parameters": fitted.parameters,
    }
    paths = {"validation": validation, "test": test}
    write_trained(Identity(STUDY, name, seed, task=task.name), task, guesses, trained, least_support, paths, metrics)
