"""Score: all taggers on all settings, over the folds and seeds, each setting against random negatives."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crisisflow.artifacts import read_parquet, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.bootstrap import SeedCounts, differences
from crisisflow.evaluation.counts import TweetCounts, span_counts
from crisisflow.evaluation.word_arrays import words_of
from crisisflow.identity import of_parquet
from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.progress import say
from crisisflow.reporting.exhibits import read_frame
from crisisflow.reporting.over_seeds import OverSeeds
from crisisflow.studies.difficult_negatives import STUDY
from crisisflow.studies.difficult_negatives.bands import RANDOM, RANDOM_PLUS, base_of, random_of
from crisisflow.studies.difficult_negatives.collection import POSITIVES, TEST
from crisisflow.studies.difficult_negatives.datasets import LABELS
from crisisflow.studies.difficult_negatives.folds import (
    MEASURES,
    ON_POSITIVES,
    PREDICTED,
    RATIOS,
    TestScores,
    scores_of,
    span_numbers,
    tests_of,
)
from crisisflow.studies.difficult_negatives.gold_tweets import GOLD, ROLE, of_types
from crisisflow.studies.difficult_negatives.mine_bands import MINED
from crisisflow.studies.difficult_negatives.params import BatchSizesParams, FurtherParams, TrainSetting
from crisisflow.studies.difficult_negatives.tagger_params import TaggerParams, main_tagger, of_batch

OPENING = ("f1", "precision", "recall", "false_alarms_per_1000")  # of metrics.json
OF_GOLD = ("precision", "recall", "f1")
SUREST = 5  # false alarms that are listed of a setting


class Run(NamedTuple):
    """A fold of a training on the tests, and how long it was trained.

    Args:
        predictions: of the tweets of unseen events. inside: by test, which of them are in it.
        epochs, steps: how many were taken; a step is one of the optimizer. gold: predictions of tweets with gold spans.
    """

    predictions: pa.Table
    inside: Mapping[str, np.ndarray]
    scores: Mapping[str, TestScores]
    epochs: int
    steps: int
    gold: pa.Table


Runs = Mapping[str, Mapping[str, Mapping[int, Run]]]  # by row and setting; the numbers go over the seeds and folds


def expected_settings(taggers: Iterable[str], train: Sequence[str], further: FurtherParams) -> dict[str, list[str]]:
    """What each tagger is trained on."""
    return {row: [*train, *(further.train if row in further.taggers else [])] for row in taggers}


def read_runs(
    folds: Sequence[Path], predictions: Sequence[Path], expected: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, dict[int, Run]]]:
    """The folds of all trainings, rows and settings in the order in which they are expected.

    Args:
        expected: by row its settings.

    Raises:
        CrisisflowError: a training is absent, there twice, lacks one of its two files, or is of no row or setting.
    """
    lines: dict[tuple[str, str, int], Any] = {}
    for path in folds:
        frame = read_frame(path, dtype={"row": str, "setting": str, "test": str})
        for key, own in frame.groupby(["row", "setting", "seed"]):
            if key in lines:
                raise CrisisflowError(f"{path} is of a training that was read before; give it once")
            lines[key] = own
    found: dict[str, dict[str, dict[int, Run]]] = {
        row: {setting: {} for setting in settings} for row, settings in expected.items()
    }
    by_key = {}
    for path in predictions:
        own = of_parquet(path, PREDICTED, STUDY)
        by_key[own.row, str(own.setting), own.seed] = path
    if lone := sorted(map(str, by_key.keys() ^ lines.keys())):
        raise CrisisflowError(f"of {lone[0]} there are folds or predictions, and not both; give both")
    for (row, setting, seed), path in sorted(by_key.items(), key=lambda entry: entry[0][2]):
        if setting not in found.get(row, {}):
            raise CrisisflowError(f"{path} is of row {row} and setting {setting}, which params.yaml does not have")
        runs = found[row][setting]
        for run in _folds(read_parquet(path, PREDICTED), lines[row, setting, seed]):
            runs[len(runs)] = run
    if missing := [f"{row}, {setting}" for row, own in found.items() for setting in own if not own[setting]]:
        raise CrisisflowError(f"no training of {'; '.join(missing)} is given; give all rows on all settings")
    return found


def _folds(table: pa.Table, lines: Any) -> Iterable[Run]:
    roles = {role: table.filter(pc.equal(table["role"], role)) for role in (TEST, ROLE)}
    for fold, own in lines.groupby("fold"):
        part, gold = (each.filter(pc.equal(each["fold"], int(fold))).combine_chunks() for each in roles.values())
        inside = tests_of(part["settings"].to_pylist())
        positive = part["positive"].to_numpy(zero_copy_only=False)
        numbers = span_numbers(part, LABELS)
        scores = {test: scores_of(numbers, positive, at) for test, at in inside.items()}
        epochs = int(own["epochs"].iloc[0])
        yield Run(part, inside, scores, epochs, epochs * int(own["steps_per_epoch"].iloc[0]), gold)


def over(values: Iterable[float | None]) -> dict[str, float | int | None] | None:
    """Mean and standard deviation over folds and seeds; None where one has no value."""
    known = list(values)
    if not known or None in known:
        return None
    own = OverSeeds.over(value for value in known if value is not None)
    return {"mean": own.mean, "deviation": own.deviation, "runs": own.seeds}


def f1_at(scores: TestScores, ratio: float) -> float:
    """F1 with so many ordinary tweets for each crisis tweet.

    True spans, and false ones in crisis tweets, stay as they are; the false spans of an ordinary tweet are a rate.
    """
    if ratio and not scores.negatives:
        raise ValueError("a test without negatives has no rate of false spans")
    false = scores.found - scores.found_in_positives
    brought = ratio * scores.positives * false / scores.negatives if ratio else 0.0
    whole = scores.spans + scores.found_in_positives + brought
    return 2 * scores.hits / whole if whole else 0.0


def growth(runs: Iterable[Run]) -> list[dict[str, float]] | None:
    """Mean F1 at each of RATIOS, by the rate of false spans on the largest random test; None without such a test."""
    own = list(runs)
    test = next((name for name in (RANDOM_PLUS, RANDOM) if own and name in own[0].scores), None)
    if test is None:
        return None
    return [{"ratio": ratio, "f1": float(np.mean([f1_at(run.scores[test], ratio) for run in own]))} for ratio in RATIOS]


def _part(run: Run, counts: TweetCounts, inside: np.ndarray) -> SeedCounts:
    ids = run.predictions["text_id"].to_pylist()
    own = np.flatnonzero(inside)
    return SeedCounts([ids[at] for at in own], TweetCounts(counts.hits[own], counts.sizes[own]))


def _inside(run: Run, test: str) -> np.ndarray:
    """Which tweets are in a test, or are crisis tweets."""
    return run.predictions["positive"].to_numpy(zero_copy_only=False) if test == ON_POSITIVES else run.inside[test]


def _against(settings: Mapping[str, Mapping[int, Run]], control: str) -> dict[str, dict[str, dict[str, float]]]:
    """F1 of each setting less that of one of them, by setting and test, with the 95 % interval.

    The paired bootstrap over the tweets of a test, each setting by its mean over the folds and seeds. The test
    `f1_on_positives` is that of the crisis tweets alone.
    """
    found: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    if not settings.get(control):
        return found
    first = next(iter(settings[control].values()))
    # the control last, so that each difference is that of a setting less the control
    order = sorted(settings, key=lambda setting: setting == control)
    counts = {
        setting: {number: span_counts(run.predictions, LABELS) for number, run in settings[setting].items()}
        for setting in order
    }
    for test in (*first.inside, ON_POSITIVES):
        counted = {
            setting: {
                number: _part(run, counts[setting][number], _inside(run, test))
                for number, run in settings[setting].items()
            }
            for setting in order
        }
        for pair in differences(counted, "f1"):
            if pair.second == control:
                found[pair.first][test] = {"difference": pair.difference, "low": pair.low, "high": pair.high}
    return dict(found)


def against_random(settings: Mapping[str, Mapping[int, Run]]) -> dict[str, dict[str, dict[str, float]]]:
    """Each setting less `random`, which has as many negatives as positives: what `_against` gives."""
    return _against(settings, RANDOM)


def at_equal_numbers(settings: Mapping[str, Mapping[int, Run]]) -> dict[str, dict[str, dict[str, float]]]:
    """Each setting with another number of negatives less as many random ones, where both were run.

    Against `random` such a setting shows what its number does together with its kind; here the kind stands alone.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for control in (own for own in settings if base_of(own) == RANDOM != own):
        alike = {name: own for name, own in settings.items() if control in (name, random_of(name))}
        found |= _against(alike, control)
    return found


def on_gold(settings: Mapping[str, Mapping[int, Run]], name: str, types: Collection[str]) -> dict[str, Any]:
    """Of each setting precision, recall and F1 on a gold set, and F1 less that of random with the 95 % interval.

    Args:
        types: of which the set knows all spans; others count neither as found nor as missed.
    """

    def part(run: Run) -> pa.Table:
        inside = [own == [name] for own in run.gold["settings"].to_pylist()]
        return of_types(run.gold.filter(pa.array(inside, pa.bool_())), types, LABELS)

    tables = {setting: [part(run) for run in runs.values()] for setting, runs in settings.items()}
    scores = {
        setting: [
            scores_of(span_numbers(table, LABELS), np.ones(table.num_rows, bool), np.ones(table.num_rows, bool))
            for table in own
        ]
        for setting, own in tables.items()
    }
    compared: dict[str, dict[str, float]] = {}
    if RANDOM in settings:
        counted = {
            setting: {
                number: SeedCounts(table["text_id"].to_pylist(), span_counts(table, LABELS))
                for number, table in enumerate(tables[setting])
            }
            for setting in sorted(tables, key=lambda setting: setting == RANDOM)
        }
        for pair in differences(counted, "f1"):
            if pair.second == RANDOM:
                compared[pair.first] = {"difference": pair.difference, "low": pair.low, "high": pair.high}
    return {
        setting: {measure: over(getattr(each, measure) for each in own) for measure in OF_GOLD}
        | {"less_random": compared.get(setting)}
        for setting, own in scores.items()
    }


def _sets(gold: pa.Table) -> list[tuple[str, list[str], int]]:
    """Each gold set with its types and the number of its tweets."""
    known: dict[str, list[str]] = {}
    number: Counter[str] = Counter(gold["gold_set"].to_pylist())
    for name, types in zip(gold["gold_set"].to_pylist(), gold["types"].to_pylist(), strict=True):
        known.setdefault(name, types)
    return [(name, types, number[name]) for name, types in known.items()]


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
        words = words_of(run.predictions, LABELS)
        sure = run.predictions["label_probabilities"].combine_chunks().flatten().to_numpy()
        false = (words.predicted_ends > 0) & ~words.hits
        ids = run.predictions["text_id"].to_pylist()
        crisis = run.predictions["positive"].to_pylist()
        most: dict[int, tuple[float, str]] = {}
        for at in np.flatnonzero(false).tolist():
            tweet = int(words.tweets[at])
            span = float(sure[at : words.predicted_ends[at]].min())
            if crisis[tweet] == positive and span > most.get(tweet, (0.0, ""))[0]:
                most[tweet] = (span, LABELS.bio[words.predicted[at]][2:])
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


def of_setting(runs: Mapping[int, Run]) -> dict[str, Any]:
    """What a tagger comes to that was trained on a setting: each measure of each test over the folds and seeds."""
    own = list(runs.values())
    tests = own[0].scores if own else {}
    return {
        "epochs": over(run.epochs for run in own),
        "steps": over(run.steps for run in own),
        "tests": {
            test: {name: over(getattr(run.scores[test], name) for run in own) for name in MEASURES} for test in tests
        },
        "growth": growth(own),
    }


def _opening(found: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers of metrics.json: those of ten ordinary tweets for each crisis tweet."""
    tests = found["tests"]
    own = tests.get(RANDOM_PLUS) or tests.get(RANDOM) or {}
    return {name: own[name] and own[name]["mean"] for name in OPENING if name in own}


def run(
    folds: Sequence[InputFile],
    predictions: Sequence[InputFile],
    positives: InputFile,
    mined: InputFile,
    gold: InputFile,
    taggers: dict[Name, TaggerParams],
    train: list[TrainSetting],
    further: FurtherParams,
    batch_sizes: BatchSizesParams,
    out: Path,
    metrics: Path,
) -> None:
    """Write the scores of all taggers on all settings.

    Args:
        folds: folds.csv of all trainings; repeat
        predictions: predictions.parquet of all trainings; repeat
        positives: of the step collection
        mined: of the step mine_bands
        gold: of the step gold
        taggers: section difficult_negatives.taggers
        train: difficult_negatives.train
        further: section difficult_negatives.further
        batch_sizes: section difficult_negatives.batch_sizes
        out: all scores, the differences from random negatives, and the surest false alarms
        metrics: JSON; at ten ordinary tweets for each crisis tweet, by tagger and setting

    Raises:
        CrisisflowError: a training is absent or there twice, or trainings are of different tweets.
    """
    batches = {
        of_batch(tagger, size): {"tagger": tagger, "batch_size": size}
        for tagger in batch_sizes.taggers
        for size in batch_sizes.sizes
    }
    expected = expected_settings(taggers, train, further)
    known = read_runs(folds, predictions, {**expected, **dict.fromkeys(batches, batch_sizes.train)})
    runs = {row: known[row] for row in taggers}
    classes = nearest_classes(read_parquet(positives, POSITIVES), read_parquet(mined, MINED))
    rows = {row: {setting: of_setting(own) for setting, own in settings.items()} for row, settings in runs.items()}
    for row, settings in runs.items():
        for setting, own in settings.items():
            rows[row][setting]["surest"] = {
                name: surest(own.values(), positive, classes)
                for name, positive in (("negatives", False), ("positives", True))
            }
    found = {
        "main": main_tagger(taggers),
        "rows": rows,
        "against_random": {row: against_random(settings) for row, settings in runs.items()},
        "at_equal_numbers": {row: at_equal_numbers(settings) for row, settings in runs.items()},
        "gold": {
            name: {"tweets": number, "rows": {row: on_gold(own, name, types) for row, own in runs.items()}}
            for name, types, number in _sets(read_parquet(gold, GOLD))
        },
        "batch_sizes": {
            row: {
                **facts,
                "steps": {setting: over(run.steps for run in own.values()) for setting, own in known[row].items()},
                "against_random": against_random(known[row]),
            }
            for row, facts in batches.items()
        },
    }
    write_json(out, found)
    write_json(
        metrics, {row: {name: _opening(own) for name, own in settings.items()} for row, settings in rows.items()}
    )
    settings = len(train) + len(further.train)
    say(f"score: {len(rows)} taggers on {settings} settings; {len(batches)} with other batch sizes")
