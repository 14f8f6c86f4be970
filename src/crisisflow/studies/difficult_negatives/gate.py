"""Gate: taggers behind a gate that reads whole tweets, against taggers that were trained with mined negatives."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crisisflow.artifacts import read_json, read_parquet, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.bootstrap import RESAMPLES
from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.progress import say
from crisisflow.studies.difficult_negatives.at_ratio import MEASURES, Counts, Resampled, resampled
from crisisflow.studies.difficult_negatives.bands import NOT_MINED, RANDOM, RANDOM_PLUS, base_of
from crisisflow.studies.difficult_negatives.collection import POSITIVES, TRAIN
from crisisflow.studies.difficult_negatives.folds import span_numbers
from crisisflow.studies.difficult_negatives.mined_negatives import MINED
from crisisflow.studies.difficult_negatives.params import FurtherParams, TrainSetting
from crisisflow.studies.difficult_negatives.runs import Run, Runs, expected_settings, read_runs
from crisisflow.studies.difficult_negatives.sentence_gates import Gate, gates_of
from crisisflow.studies.difficult_negatives.tagger_params import TaggerParams
from crisisflow.studies.difficult_negatives.vectors import read_vectors


def _counts(runs: Sequence[Sequence[Run]], test: str, opened: Sequence[np.ndarray]) -> Counts:
    """Of each line its runs, behind each of the gates.

    Args:
        opened: of each gate, to which tweets of the test it is open.
    """
    lines = []
    for own in runs:
        by_run = []
        for run in own:
            numbers, inside = span_numbers(run.predictions, run.labels), run.inside[test]
            positive = run.predictions["positive"].to_numpy(zero_copy_only=False)[inside]
            true, found, hits = (part[inside].astype(np.float32) for part in numbers)
            by_run.append(
                [
                    (
                        (hits * is_open)[positive],
                        (true + found * is_open)[positive],
                        (found * is_open)[~positive],
                        ((found > 0) & is_open).astype(np.float32)[~positive],
                    )
                    for is_open in opened
                ]
            )
        lines += [[gated[at] for gated in by_run] for at in range(len(opened))]
    parts = zip(*([np.stack(part, axis=-1) for part in zip(*line, strict=True)] for line in lines), strict=True)
    return Counts(*(np.stack(part, axis=1) for part in parts))


def _tested(runs: Runs) -> tuple[str, list[str], np.ndarray]:
    """The largest random test, the ids of its tweets, and which are crisis tweets; all runs have the same.

    Raises:
        CrisisflowError: there is no random test, or two trainings were tested on different tweets.
    """
    every = [run for settings in runs.values() for own in settings.values() for run in own.values()]
    test = next((name for name in (RANDOM_PLUS, RANDOM) if name in every[0].inside), None)
    if test is None:
        raise CrisisflowError(
            "difficult_negatives.test has neither random nor random+, which a gate is tried on; add one"
        )
    first = every[0].predictions
    ids = np.array(first["text_id"].to_pylist())
    if any(run.predictions["text_id"].to_pylist() != ids.tolist() for run in every):
        raise CrisisflowError("two trainings were tested on different tweets; run the step tag again")
    inside = every[0].inside[test]
    return test, ids[inside].tolist(), first["positive"].to_numpy(zero_copy_only=False)[inside]


def _alone(gate: Gate, positive: np.ndarray) -> dict[str, Any]:
    """What a gate does without a tagger behind it."""
    from sklearn.metrics import roc_auc_score

    return {
        "name": gate.name,
        "threshold": gate.threshold,
        "auc": round(float(roc_auc_score(positive, gate.scores)), 6),
        "kept": float(gate.open[positive].mean()),
        "false_alarms_per_1000": float(1000 * gate.open[~positive].mean()),
    }


def _lines(names: Sequence[dict[str, str | None]], found: Resampled, best: int | None) -> Iterator[dict[str, Any]]:
    """Each line with its measures and their intervals, and F1 less that of the best line with mined negatives."""
    for at, name in enumerate(names):
        less = None if best is None or at == best else found.difference("f1", at, best)
        yield {**name, **found.of(at), "less_best_mined": less}


def _best(f1: np.ndarray, asked: Sequence[bool]) -> int | None:
    """The line with the highest F1 among those that are asked for."""
    return max(np.flatnonzero(asked).tolist(), key=lambda at: f1[at], default=None)


def compare(runs: Runs, gates: Sequence[Gate], test: str, positive: np.ndarray, number: int) -> dict[str, Any]:
    """All taggers without and behind each gate; the best with mined negatives, and the best behind a gate.

    Args:
        gates: asked about the tweets of the test. positive: which of these are crisis tweets. number: of resamples.
    """
    opened = [np.ones(len(positive), dtype=bool), *(gate.open for gate in gates)]
    trained = {(row, setting): own for row, settings in runs.items() for setting, own in settings.items()}
    counts = _counts([list(own.values()) for own in trained.values()], test, opened)
    names = [
        {"row": row, "setting": setting, "gate": gate}
        for row, setting in trained
        for gate in (None, *(own.name for own in gates))
    ]
    found = resampled(counts, positive, number)
    f1 = found.whole[MEASURES.index("f1")]
    behind = [own["gate"] is not None for own in names]
    by_similarity = [base_of(own["setting"]) not in NOT_MINED for own in names]
    best = {
        "best_mined": _best(f1, [own and not gate for own, gate in zip(by_similarity, behind, strict=True)]),
        "best_gated": _best(f1, behind),
        "best_gated_not_mined": _best(f1, [gate and not own for own, gate in zip(by_similarity, behind, strict=True)]),
    }
    lines = list(_lines(names, found, best["best_mined"]))
    return {"lines": lines} | {name: None if at is None else lines[at] for name, at in best.items()}


def run(
    folds: Sequence[InputFile],
    predictions: Sequence[InputFile],
    positives: InputFile,
    mined: InputFile,
    fit: InputFile,
    embeddings: InputFile,
    taggers: dict[Name, TaggerParams],
    train: list[TrainSetting],
    further: FurtherParams,
    out: Path,
) -> None:
    """Write what gates do alone, and each tagger without and behind each of them (JSON).

    A gate is open to a tweet whose z to an anchor is above 2, or above 3, or that a logistic regression over the same
    embeddings takes for a crisis tweet; it learns from the crisis tweets that train and their random negatives. Behind
    a gate that is closed a tagger marks nothing. All are tried on the largest random test.

    Args:
        folds: folds.csv of all trainings; repeat
        predictions: predictions.parquet of all trainings; repeat
        positives: of the step collection
        mined: of the step mine_bands
        fit: of the step mine_bands
        embeddings: of the step mine_bands
        taggers: section difficult_negatives.taggers
        train: difficult_negatives.train
        further: section difficult_negatives.further

    Raises:
        CrisisflowError: a training is absent or there twice, trainings are of different tweets, or there is no random
            test.
    """
    runs = read_runs(folds, predictions, expected_settings(taggers, train, further))
    test, tweets, positive = _tested(runs)
    crisis = read_parquet(positives, POSITIVES).to_pylist()
    random = [
        row["text_id"]
        for row in read_parquet(mined, MINED).to_pylist()
        if (row["role"], row["setting"]) == (TRAIN, RANDOM)
    ]
    wanted = [*(row["text_id"] for row in crisis), *random, *tweets]
    gates = gates_of(crisis, random, read_json(fit, "classes"), read_vectors(embeddings, wanted), tweets)
    found = {
        "test": test,
        "crisis": int(positive.sum()),
        "ordinary": int((~positive).sum()),
        "learnt_from": {"crisis": sum(row["role"] == TRAIN for row in crisis), "ordinary": len(random)},
        "gates": [_alone(gate, positive) for gate in gates],
        **compare(runs, gates, test, positive, RESAMPLES),
    }
    write_json(out, found)
    say(f"gate: {len(found['lines'])} taggers without and behind {len(gates)} gates, on {len(tweets):,} tweets")
