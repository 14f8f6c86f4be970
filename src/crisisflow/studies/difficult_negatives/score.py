"""Score: all taggers on all settings, over the folds and seeds, each setting against random negatives."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crisisflow.artifacts import read_parquet, write_json
from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.progress import say
from crisisflow.studies.difficult_negatives.bands import RANDOM, RANDOM_PLUS
from crisisflow.studies.difficult_negatives.collection import POSITIVES
from crisisflow.studies.difficult_negatives.compared_settings import against_random, at_equal_numbers
from crisisflow.studies.difficult_negatives.gold_scores import on_gold, sets_of
from crisisflow.studies.difficult_negatives.gold_tweets import GOLD
from crisisflow.studies.difficult_negatives.mined_negatives import MINED
from crisisflow.studies.difficult_negatives.over_runs import of_setting, over
from crisisflow.studies.difficult_negatives.params import BatchSizesParams, FurtherParams, TrainSetting
from crisisflow.studies.difficult_negatives.runs import expected_settings, read_runs
from crisisflow.studies.difficult_negatives.surest import nearest_classes, surest
from crisisflow.studies.difficult_negatives.tagger_params import TaggerParams, main_tagger, of_batch

OPENING = ("f1", "precision", "recall", "false_alarms_per_1000")  # of metrics.json


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
    crisis = read_parquet(positives, POSITIVES)
    classes = nearest_classes(crisis, read_parquet(mined, MINED))
    event_of = dict(zip(crisis["text_id"].to_pylist(), crisis["event"].to_pylist(), strict=True))
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
        "against_random": {row: against_random(settings, event_of) for row, settings in runs.items()},
        "at_equal_numbers": {row: at_equal_numbers(settings, event_of) for row, settings in runs.items()},
        "gold": {
            name: {"tweets": number, "rows": {row: on_gold(own, name, types) for row, own in runs.items()}}
            for name, types, number in sets_of(read_parquet(gold, GOLD))
        },
        "batch_sizes": {
            row: {
                **facts,
                "steps": {setting: over(run.steps for run in own.values()) for setting, own in known[row].items()},
                "against_random": against_random(known[row], event_of),
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
