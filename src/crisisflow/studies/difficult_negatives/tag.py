"""Tag: a tagger, trained on all folds of a setting with one seed, and what it finds in tweets of unseen events."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import numpy as np
import pyarrow as pa
import torch
import transformers

from crisisflow.artifacts import read_metadata, read_parquet, write_csv, write_json, write_parquet
from crisisflow.checksums import file_sha256
from crisisflow.errors import CrisisflowError
from crisisflow.identity import CONFIG, Identity, identified, identified_lines
from crisisflow.inputs import InputFile
from crisisflow.labels import IGNORED, Labels
from crisisflow.model.taggers import Tagger, TaggerSizes
from crisisflow.model.weighting import WEIGHTINGS
from crisisflow.model.word_states import KeptStates, TunedStates, WordVectors
from crisisflow.params import Positive, Seed
from crisisflow.pretrained import load_encoder, load_tokenizer
from crisisflow.progress import say
from crisisflow.sources import digest
from crisisflow.studies.difficult_negatives import STUDY
from crisisflow.studies.difficult_negatives.collection import TEST, TRAIN
from crisisflow.studies.difficult_negatives.datasets import DATASETS
from crisisflow.studies.difficult_negatives.folds import (
    PREDICTED,
    TEST_SPLIT,
    TestScores,
    folds_of,
    scores_of,
    span_numbers,
    summary,
    tests_of,
)
from crisisflow.studies.difficult_negatives.gold_tweets import ROLE
from crisisflow.studies.difficult_negatives.label_sets import labelled, labels_of
from crisisflow.studies.difficult_negatives.params import TrainSetting
from crisisflow.studies.difficult_negatives.tagger_params import TaggerParams, TaggingParams, encoder_of, of_batch
from crisisflow.studies.difficult_negatives.word_states import KEPT, STATIC, WordStates, read_states
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training import seeds
from crisisflow.training.batching import Examples
from crisisflow.training.device import Device, open_device
from crisisflow.training.early_stopping import EarlyStopping
from crisisflow.training.loop import Trainer
from crisisflow.training.schedule import BETAS, Optimization, Stage
from crisisflow.training.tagging import CrfTagging

FACTS = b"fold"  # of the metadata of a finished fold's file


class Tweets(NamedTuple):
    """The tweets of a role, in the order of the datasets; `classes` in the setting that is trained on, else empty."""

    examples: Examples
    positive: np.ndarray
    settings: list[list[str]]
    classes: list[str | None]


class Fold(NamedTuple):
    """What became of a fold: in which epoch it was best, of how many, with how many steps each."""

    best_epoch: int
    epochs: int
    steps: int
    training_tweets: int
    predictions: pa.Table


def tweets_of(table: pa.Table, states: WordStates, path: Path) -> dict[str, Tweets]:
    """The tweets of each role as a tagger reads them: a number and a label for each word."""
    labels = [[label for label in own if label != IGNORED] for own in table["labels"].to_pylist()]
    if sum(map(len, labels)) != len(states.numbers):
        raise CrisisflowError(f"{path} has states of {len(states.numbers):,} words, and the tweets have another number")
    numbers = [own.tolist() for own in states.numbers.split(list(map(len, labels)))]
    columns = table.select(["text_id", "role", "positive", "settings", "classes"]).to_pydict()
    if wordless := [text_id for text_id, own in zip(columns["text_id"], labels, strict=True) if not own]:
        raise CrisisflowError(f"tweet {wordless[0]} has no word in at most max_length subwords; leave it out")
    found = {}
    for role in (TRAIN, TEST, ROLE):
        at = [place for place, own in enumerate(columns["role"]) if own == role]
        own = {name: [values[place] for place in at] for name, values in columns.items()}
        examples = Examples(
            own["text_id"], [numbers[place] for place in at], {"labels": [labels[place] for place in at]}
        )
        found[role] = Tweets(examples, np.array(own["positive"], dtype=bool), own["settings"], own["classes"])
    return found


def inside_of(tweets: Tweets, setting: str) -> Tweets:
    """Those of a setting, with their class in it."""
    at = [place for place, own in enumerate(tweets.settings) if setting in own]
    if not at:
        raise CrisisflowError(f"the datasets have no setting {setting} to train on; make them again")
    classes = [tweets.classes[place][tweets.settings[place].index(setting)] for place in at]
    return Tweets(tweets.examples.at(at), tweets.positive[at], [tweets.settings[place] for place in at], classes)


def _at(tweets: Tweets, places: Sequence[int]) -> Tweets:
    return Tweets(
        tweets.examples.at(places),
        tweets.positive[list(places)],
        [tweets.settings[place] for place in places],
        [tweets.classes[place] for place in places],
    )


def fingerprint_of(identity: Identity, row: TaggerParams, tagging: TaggingParams, *facts: Any) -> str:
    """Of all that a training depends on, with these facts of its own."""
    return checkpoints.fingerprint(
        digest("studies.difficult_negatives.tag"),
        {package.__name__: package.__version__ for package in (numpy, torch, transformers)},
        row.model_dump(),
        tagging.model_dump(),
        identity.facts(),
        *facts,
    )


def words_of(
    row: TaggerParams, states: WordStates, subwords: list[list[int]]
) -> KeptStates | WordVectors | TunedStates:
    """The module that gives a tagger the states of the words.

    Args:
        subwords: of all tweets, where the encoder is tuned.
    """
    if states.kind == KEPT:
        return KeptStates(states.table)
    if states.kind == STATIC:
        return WordVectors(states.table)
    padding_id = load_tokenizer(encoder_of(row.embedding)).pad_token_id
    return TunedStates(load_encoder(encoder_of(row.embedding), None), subwords, padding_id)


class Job(NamedTuple):
    """What all folds of a training have in common."""

    identity: Identity
    row: TaggerParams
    tagging: TaggingParams
    states: WordStates
    subwords: list[list[int]]  # of all tweets, where the encoder is tuned
    device: Device
    folder: Path
    common: str  # fingerprint
    labels: Labels

    def model(self) -> Tagger:
        """A new tagger, with the weights of its seed."""
        words = words_of(self.row, self.states, self.subwords)
        self.device.seed(seeds.of_heads(self.identity.seed))
        own = self.tagging
        return Tagger(
            words, self.row.architecture, self.labels, TaggerSizes(own.hidden, own.dropout, own.kernel, own.filters)
        )

    def trainer(self, name: str, folder: Path, run: str) -> Trainer:
        """What trains a new tagger.

        Args:
            name: as progress shows it. folder: of the checkpoints. run: fingerprint.
        """
        model = self.model()
        return Trainer(
            name=name,
            model=model,
            task=CrfTagging(self.labels, model.crf),
            weighting=WEIGHTINGS["fixed"](1),
            optimization=Optimization(
                batch_size=self.row.batch_size,
                learning_rate=self.row.learning_rate,
                weighting_learning_rate=self.row.head_learning_rate,
                betas=BETAS,
                weight_decay=self.tagging.weight_decay,
                clip_norm=self.tagging.clip_norm,
                head_learning_rate=self.row.head_learning_rate,
            ),
            seed=self.identity.seed,
            device=self.device,
            padding_id=0,
            max_length=self.tagging.max_length,
            folder=folder,
            run=run,
            early_stopping=EarlyStopping(self.tagging.patience),
        )

    def stages(self) -> list[Stage]:
        """All epochs in one."""
        return [Stage(self.tagging.epochs, 0, 0, False, True)]

    def discard(self) -> None:
        """Remove the finished folds and checkpoints."""
        for number in range(1, self.tagging.folds + 1):
            (self.folder / f"fold{number}.parquet").unlink(missing_ok=True)
        checkpoints.discard(self.folder)

    def train(
        self, number: int, train: Tweets, validation: Tweets, held_out: Tweets, others: Mapping[str, Tweets]
    ) -> Fold:
        """A fold, or what a finished one left.

        Args:
            others: by role, tweets that it reads besides those that were held out.
        """
        run = checkpoints.fingerprint(self.common, number, *(own.examples for own in (train, validation, held_out)))
        file, folder = self.folder / f"fold{number}.parquet", self.folder / f"fold{number}"
        if file.exists() and (found := _finished(file, run)):
            return found
        trainer = self.trainer(f"{self.identity}, fold {number}", folder, run)
        best = trainer.fit(self.stages(), train.examples, validation.examples)
        parts = []
        for role, own in {TRAIN: held_out, **others}.items():
            if not own.examples.ids:
                continue
            predicted = trainer.predict(best, own.examples)
            split = own.examples.split
            parts.append(
                pa.table(
                    [
                        pa.array([number] * len(own.positive), pa.int32()),
                        own.examples.ids,
                        pa.array([role] * len(own.positive)),
                        own.positive,
                        pa.array(own.settings, PREDICTED.field("settings").type),
                        pa.array(own.examples.targets["labels"], PREDICTED.field("labels").type),
                        pa.array(split(predicted["labels"]), PREDICTED.field("predicted_labels").type),
                        pa.array(split(predicted["label_probabilities"]), PREDICTED.field("label_probabilities").type),
                    ],
                    schema=PREDICTED,
                )
            )
        history = trainer.records.history
        found = Fold(best.epoch, len(history), history[0].steps, len(train.examples.ids), pa.concat_tables(parts))
        facts = json.dumps([run, *found[:-1]])
        write_parquet(file, found.predictions, PREDICTED.with_metadata({FACTS: facts}))
        checkpoints.discard(folder)
        return found


def parts_of(tweets: Tweets, tagging: TaggingParams, seed: int) -> Iterator[tuple[Tweets, Tweets, Tweets]]:
    """Of each fold the tweets that train, those that stop the training, and those that are held out."""
    strata = list(zip(tweets.positive.tolist(), tweets.classes, strict=True))
    fold_of = folds_of(strata, tagging.folds, seed)
    for number in range(tagging.folds):
        held_out = [at for at, fold in enumerate(fold_of) if fold == number]
        others = [at for at, fold in enumerate(fold_of) if fold != number]
        chosen = held_out
        if tagging.stop_on == "validation":
            tenth = folds_of([strata[at] for at in others], 10, seed)
            chosen = [at for at, part in zip(others, tenth, strict=True) if part == 0]
            others = [at for at, part in zip(others, tenth, strict=True) if part > 0]
        yield _at(tweets, others), _at(tweets, chosen), _at(tweets, held_out)


def _finished(file: Path, run: str) -> Fold | None:
    """The fold that an interrupted job has finished; None if it is of another run, or damaged."""
    try:
        known, *facts = json.loads(read_metadata(file, PREDICTED).get(FACTS, b"[null]"))
        predictions = read_parquet(file, PREDICTED).replace_schema_metadata(None)
    except CrisisflowError:
        return None
    if known != run:
        return None
    return Fold(*facts, predictions)


def run(
    name: str,
    aligned: InputFile,
    states: InputFile,
    row: TaggerParams,
    tagging: TaggingParams,
    setting: TrainSetting,
    seed: Seed,
    checkpoint: Path,
    folds: Path,
    predictions: Path,
    metrics: Path,
    config: Path,
    batch_size: Positive | None = None,
) -> None:
    """Train a tagger on all folds of a setting, and write its scores and what it predicts.

    Each fold's model reads the fold that is held out and the tweets of unseen events. An interrupted run goes on from
    its last checkpoint; folds that were finished are not trained again.

    Args:
        name: name of the row
        aligned: the datasets, aligned for this row
        states: of their words, of the step word_states
        row: section difficult_negatives.taggers.NAME
        tagging: section difficult_negatives.tagging
        setting: one of difficult_negatives.train, or further.train
        checkpoint: folder of checkpoints and finished folds, removed at the end
        folds: CSV; a line for each fold and test
        predictions: of the held-out tweets, those of unseen events and those with gold spans, by each fold's model
        metrics: JSON; mean and deviation over the folds, by test
        config: JSON; what was trained, and on what
        batch_size: in place of the row's

    Raises:
        CrisisflowError: the files are of different rows, the encoder or device is not to be had, a loss is not finite,
            or memory does not suffice.
    """
    if batch_size is not None:
        row = row.model_copy(update={"batch_size": batch_size})
    identity = Identity(STUDY, name if batch_size is None else of_batch(name, batch_size), seed, setting=setting)
    device = open_device(tagging.device, tagging.threads, 1)
    known = read_states(states, name)
    table = read_parquet(aligned, DATASETS)
    tweets = tweets_of(table, known, states)
    own = inside_of(tweets[TRAIN], setting)
    others = {role: tweets[role] for role in (TEST, ROLE)}
    job = Job(
        identity,
        row,
        tagging,
        known,
        table["input_ids"].to_pylist() if row.tuned else [],
        device,
        checkpoint,
        fingerprint_of(identity, row, tagging, file_sha256(states), *(own.examples for own in others.values())),
        labels_of(aligned, DATASETS),
    )
    trained = [job.train(number, *parts, others) for number, parts in enumerate(parts_of(own, tagging, seed), start=1)]
    lines, scores = _scores(trained, others[TEST], job.labels)
    write_csv(folds, *identified_lines(identity, ["setting", *lines[0]], [[setting, *line.values()] for line in lines]))
    write_parquet(
        predictions,
        pa.concat_tables([fold.predictions for fold in trained]),
        identified(labelled(PREDICTED, job.labels), identity),
    )
    write_json(metrics, {**identity.facts(), "folds": len(trained), **_epochs(trained), "tests": scores})
    write_json(config, {CONFIG: identity.facts(), **_facts(job, trained)})
    job.discard()
    f1 = ", ".join(f"{test} {100 * own['f1']['mean']:.1f}" for test, own in scores.items())
    say(f"tag: {identity}: F1 of the tests {f1}")


def _scores(trained: Sequence[Fold], unseen: Tweets, labels: Labels) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines of folds.csv, and the summary of each test over the folds."""
    tests = tests_of(unseen.settings)
    lines: list[dict[str, Any]] = []
    found: dict[str, list[TestScores]] = {test: [] for test in (TEST_SPLIT, *tests)}
    for number, fold in enumerate(trained, start=1):
        numbers = span_numbers(fold.predictions, labels)
        positive = fold.predictions["positive"].to_numpy(zero_copy_only=False)
        role = np.array(fold.predictions["role"].to_pylist())
        inside = {TEST_SPLIT: role == TRAIN}
        for test, own in tests.items():
            inside[test] = role == TEST
            inside[test][role == TEST] = own
        for test, own in inside.items():
            scores = scores_of(numbers, positive, own)
            found[test].append(scores)
            facts = {"best_epoch": fold.best_epoch, "epochs": fold.epochs, "steps_per_epoch": fold.steps}
            lines.append({"fold": number, "test": test, **scores._asdict(), **facts})
    return lines, {test: summary(own) for test, own in found.items()}


def _epochs(trained: Sequence[Fold]) -> dict[str, Any]:
    epochs = [fold.epochs for fold in trained]
    return {
        "epochs": {"mean": float(np.mean(epochs)), "std": float(np.std(epochs, ddof=1))},
        "training_tweets": sum(fold.training_tweets for fold in trained) / len(trained),
    }


def _facts(job: Job, trained: Sequence[Fold]) -> dict[str, Any]:
    """What was trained, and on what."""
    model = job.model()
    return {
        "row": job.row.model_dump(),
        "tagging": job.tagging.model_dump(),
        "bio_labels": job.labels.bio,
        "parameters": sum(own.numel() for own in model.parameters()),
        "coverage": job.states.coverage,
        "folds": [
            {"best_epoch": own.best_epoch, "epochs": own.epochs, "training_tweets": own.training_tweets}
            for own in trained
        ],
    }
