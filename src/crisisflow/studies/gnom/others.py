"""Others: what trains no encoder: constant answers, a linear SVM over TF-IDF, a logistic regression over its states."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crisisflow.artifacts import write_json
from crisisflow.evaluation import linear
from crisisflow.identity import Identity
from crisisflow.inputs import InputFile
from crisisflow.params import Name, Positive, Seed
from crisisflow.progress import say
from crisisflow.studies.gnom import STUDY
from crisisflow.studies.gnom.files import OF_RUN
from crisisflow.studies.gnom.params import EncoderParams, Other, Percentage, SetParams, SettingParams, SplitsParams
from crisisflow.studies.gnom.predictions import Facts, facts_of, write_predictions
from crisisflow.studies.gnom.scored import Parts, predictions_of
from crisisflow.studies.gnom.sets import classes_of, training_of

AT_ONCE = 64  # texts that are embedded together
STEPS = 1_000  # of the logistic regression at most

Answers = tuple[np.ndarray, np.ndarray | None]  # booleans and probabilities of the held-out tweets [tweets, classes]


def _constant(parts: Parts, chosen: np.ndarray) -> Answers:
    """The same classes for all tweets. Args: chosen: booleans [classes]."""
    return np.tile(chosen, (len(parts.held_out_texts), 1)), None


def _majority(labels: np.ndarray) -> np.ndarray:
    """The most frequent set of labels among the rows; of equally frequent ones the first by its classes."""
    rows, counts = np.unique(labels, axis=0, return_counts=True)
    return rows[::-1][np.argmax(counts[::-1])]


def _learnable(labels: np.ndarray) -> np.ndarray:
    """The classes that some tweets have and others lack: booleans [classes]."""
    return labels.any(axis=0) & ~labels.all(axis=0)


def _svm(parts: Parts, labels: np.ndarray, seed: int) -> Answers:
    texts = parts.training.train.texts
    if not parts.multi_label:
        model = linear.fit(texts, labels.argmax(axis=1).tolist(), seed, balanced=False)
        return np.eye(labels.shape[1], dtype=bool)[model.predict(parts.held_out_texts)], None
    some = _learnable(labels)
    found = np.tile(labels.all(axis=0), (len(parts.held_out_texts), 1))
    model = linear.fit_multi_label(texts, labels[:, some].astype(int), seed, balanced=False)
    found[:, some] = np.asarray(model.predict(parts.held_out_texts)).reshape(len(found), -1) > 0
    return found, None


def _logistic(parts: Parts, labels: np.ndarray, seed: int, encoder: str, max_length: int) -> Answers:
    """Over the mean of the encoder's states; with several labels a tweet, a classifier for each class."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from crisisflow.embedding import embed

    train = parts.training.train.texts
    # Nothing of a held-out text changes the vector of another one but its last bits.
    vectors = embed([*train, *parts.held_out_texts], encoder, max_length, AT_ONCE)
    known, asked = vectors[: len(train)], vectors[len(train) :]

    def fitted(target: np.ndarray) -> np.ndarray:
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=STEPS, random_state=seed))
        return model.fit(known, target).predict_proba(asked)

    if not parts.multi_label:
        probabilities = np.zeros((len(asked), labels.shape[1]))
        ids = labels.argmax(axis=1)
        probabilities[:, np.unique(ids)] = fitted(ids)
        return np.eye(labels.shape[1], dtype=bool)[probabilities.argmax(axis=1)], probabilities
    probabilities = np.tile(labels.all(axis=0).astype(float), (len(asked), 1))
    for at in np.flatnonzero(_learnable(labels)):
        probabilities[:, at] = fitted(labels[:, at])[:, 1]
    return probabilities >= 0.5, probabilities


def run(
    rows: list[Other],
    setting_name: Name,
    setting: SettingParams,
    sets_params: dict[Name, SetParams],
    splits: SplitsParams,
    encoder: dict[Name, EncoderParams],
    max_length: Positive,
    share: Percentage,
    seed: Seed,
    sets: Sequence[InputFile],
    overlap: InputFile,
    out: Path,
) -> None:
    """Write what each row says of the validation and test tweets, and its scores, into a folder of its name in `out`.

    Args:
        rows: section gnom.others
        setting_name: of the setting
        setting: section gnom.settings.SETTING
        sets_params: section gnom.sets
        splits: section gnom.splits
        encoder: section gnom.encoder
        max_length: gnom.training.max_length
        share: of the training part, in per cent
        sets: of the step read_set
        overlap: of the step overlap

    Raises:
        CrisisflowError: the encoder is not to be had, or a class is left without a tweet.
    """
    about = sets_params[setting.target]
    parts = Parts(
        training_of(sets, setting, splits.training_tweets, share, seed), sorted(about.classes), about.multi_label
    )
    labels = classes_of(parts.training.train.labels, parts.classes)
    name = encoder[setting.encoder].name
    for row in rows:
        if row == "constant":
            predicted, probabilities = _constant(parts, np.array([own == about.constant for own in parts.classes]))
        elif row == "source_majority":
            predicted, probabilities = _constant(parts, _majority(labels))
        elif row == "svm":
            predicted, probabilities = _svm(parts, labels, seed)
        else:
            predicted, probabilities = _logistic(parts, labels, seed, name, max_length)
        identity = Identity(STUDY, row, seed, setting=setting_name, share=share)
        facts = Facts(setting.source, setting.target, name, tuple(parts.classes), parts.multi_label)
        found = predictions_of(identity, facts, parts, predicted, probabilities, overlap)
        write_predictions(out / row / OF_RUN["predictions"], [found])
        told = facts_of(found, len(parts.training.train.ids))
        untrained = {"best_epoch": None, "epochs": None, "parameters": None}
        write_json(out / row / OF_RUN["training"], {"runs": [{**told, **untrained}]})
        say(f"{identity}: weighted F1 {told['scores']['test']['weighted_f1']:.3f} on the test tweets")
