"""Score: weighted F1 of all rows over the seeds, and each row against TR, the floor, a constant, GNoM and no edges."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crisisflow.artifacts import read_json, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.bootstrap import SeedCounts, differences
from crisisflow.evaluation.counts import LabelCounts, label_counts, weighted_f1
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.reporting.over_seeds import OverSeeds
from crisisflow.studies.gnom.params import GnomParams
from crisisflow.studies.gnom.predictions import Predictions, read_predictions

TEST, VALIDATION = "test", "validation"
# Of the test tweets: all, and those that are near no text of the source's training part and no unlabelled one.
ALL, NEW = "all", "new"
# What the other rows are compared with: the whole network, the encoder alone, the linear floor and the constant answer.
PLAIN, FLOOR, WHOLE, CONSTANT = "TR", "svm", "GNoM", "constant"
BASELINES = (WHOLE, PLAIN, FLOOR, CONSTANT)

Cells = Mapping[tuple[str, int], Mapping[str, Mapping[int, Predictions]]]  # by setting and share, row, seed


def read_cells(paths: Iterable[Path]) -> dict[tuple[str, int], dict[str, dict[int, Predictions]]]:
    """The predictions of all runs.

    Raises:
        CrisisflowError: a file is absent or damaged, or two are of the same run.
    """
    found: dict[tuple[str, int], dict[str, dict[int, Predictions]]] = defaultdict(lambda: defaultdict(dict))
    for path in paths:
        for own in read_predictions(path):
            if own.identity.share is None:
                raise CrisisflowError(f"{path} does not say of which share it is; make it again")
            runs = found[str(own.identity.setting), own.identity.share][own.identity.row]
            if own.identity.seed in runs:
                raise CrisisflowError(f"{path} is of {own.identity}, of which there was a file before; give it once")
            runs[own.identity.seed] = own
    return {key: dict(rows) for key, rows in found.items()}


def counted(found: Predictions, part: str) -> SeedCounts:
    """The counts of the test tweets, of all or of the new ones, summed over each group of near duplicates.

    So the bootstrap draws groups: near duplicates are right or wrong together, and count as one draw. A group is named
    by its number and its tweets.
    """
    own = found.of(TEST)
    kept = np.ones(len(own.tweet_ids), dtype=bool) if part == ALL else ~own.neighbour
    groups, places = np.unique(own.groups[kept], return_inverse=True)
    members: list[list[str]] = [[] for _ in groups]
    for tweet_id, place in zip(
        (one for one, there in zip(own.tweet_ids, kept, strict=True) if there), places, strict=True
    ):
        members[place].append(tweet_id)

    def summed(values: np.ndarray) -> np.ndarray:
        total = np.zeros((len(groups), values.shape[1]), dtype=values.dtype)
        np.add.at(total, places, values[kept])
        return total

    names = [f"{group} {' '.join(ids)}" for group, ids in zip(groups.tolist(), members, strict=True)]
    return SeedCounts(names, LabelCounts(*map(summed, label_counts(own.labels, own.predicted))))


def tweets_of(found: Predictions) -> dict[str, int]:
    """How many test tweets there are: all, and new ones."""
    own = found.of(TEST)
    return {ALL: len(own.tweet_ids), NEW: int((~own.neighbour).sum())}


def f1_of(counts: LabelCounts) -> float | None:
    """Weighted F1 in percent; None of no tweet."""
    if not len(counts.hits):
        return None
    return 100 * float(weighted_f1(counts, np.ones((1, len(counts.hits)), dtype=np.float32))[0])


def over(values: Iterable[float | None]) -> dict[str, float | int | None] | None:
    """Mean and standard deviation over the seeds; None where a seed has no value."""
    known = list(values)
    if not known or None in known:
        return None
    own = OverSeeds.over(value for value in known if value is not None)
    return {"mean": own.mean, "deviation": own.deviation, "runs": own.seeds}


def baselines_of(params: GnomParams) -> list[str]:
    """The rows that others are compared with: also those whose graph has no edges."""
    return [*(row for row, own in params.rows.items() if own.control == "empty"), *BASELINES]


def against(
    rows: Mapping[str, Mapping[int, SeedCounts]], baselines: Sequence[str] = BASELINES
) -> dict[str, dict[str, dict[str, float]]]:
    """Weighted F1 of each row less that of each baseline, in points, with the 95 % interval of the paired bootstrap.

    The bootstrap draws groups of near duplicates.

    Where two baselines are compared, the earlier one is the row.
    """
    order = [*(row for row in rows if row not in baselines), *(row for row in baselines if row in rows)]
    found: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    if any(not len(own.tweet_ids) for runs in rows.values() for own in runs.values()):
        return found
    for pair in differences({row: rows[row] for row in order}, "weighted_f1", measure=weighted_f1):
        if pair.second in baselines:
            found[pair.first][pair.second] = {
                name: round(100 * value, 6)
                for name, value in (("difference", pair.difference), ("low", pair.low), ("high", pair.high))
            }
    return found


def of_cell(rows: Mapping[str, Mapping[int, Predictions]], baselines: Sequence[str] = BASELINES) -> dict[str, Any]:
    """What one setting with one share of the labels comes to."""
    parts = {
        part: {row: {seed: counted(own, part) for seed, own in runs.items()} for row, runs in rows.items()}
        for part in (ALL, NEW)
    }
    compared = {part: against(counts, baselines) for part, counts in parts.items()}
    return {
        "tweets": tweets_of(next(iter(next(iter(rows.values())).values()))),
        "rows": {
            row: {
                "f1": {part: over(f1_of(own.counts) for own in parts[part][row].values()) for part in parts},
                "validation": over(f1_of(_validation(own)) for own in runs.values()),
                "against": {
                    baseline: {part: compared[part][row].get(baseline) for part in parts}
                    for baseline in baselines
                    if baseline in compared[ALL].get(row, {})
                },
            }
            for row, runs in rows.items()
        },
    }


def _validation(found: Predictions) -> LabelCounts:
    own = found.of(VALIDATION)
    return label_counts(own.labels, own.predicted)


def score(cells: Cells, params: GnomParams) -> dict[str, Any]:
    """The settings by name with their shares and rows, each in the order of params.yaml."""
    order, baselines = [*params.plain_rows, *params.rows, *params.others], baselines_of(params)
    settings: dict[str, Any] = {}
    for name, setting in params.settings.items():
        shares = {
            str(share): of_cell({row: cells[name, share][row] for row in order if row in cells[name, share]}, baselines)
            for share in params.shares
            if (name, share) in cells
        }
        if shares:
            target = params.sets[setting.target]
            settings[name] = {
                **setting.model_dump(),
                "monolingual": len(params.languages(setting)) == 1,
                "multi_label": target.multi_label,
                "shares": shares,
            }
    return settings


def listed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The content of scores.json. JSON is written with sorted keys, so what has an order is in lists."""
    return {
        "settings": [
            {"setting": name, **setting}
            | {
                "shares": [
                    {"share": int(share), **cell} | {"rows": [{"row": row, **own} for row, own in cell["rows"].items()]}
                    for share, cell in setting["shares"].items()
                ]
            }
            for name, setting in settings.items()
        ]
    }


def read_scores(path: Path) -> dict[str, Any]:
    """What `score` made, from scores.json.

    Raises:
        CrisisflowError: it is absent or damaged.
    """
    return {
        setting.pop("setting"): setting
        | {
            "shares": {
                str(cell.pop("share")): cell | {"rows": {own.pop("row"): own for own in cell["rows"]}}
                for cell in setting["shares"]
            }
        }
        for setting in read_json(path, "settings")["settings"]
    }


def run(predictions: Sequence[InputFile], params: GnomParams, out: Path, metrics: Path) -> None:
    """Write the scores of all rows.

    Args:
        predictions: predictions.parquet of all runs; repeat
        params: section gnom
        out: all scores, and the differences from TR, the floor, the constant answer, GNoM and the rows without edges
        metrics: JSON; weighted F1 on all test tweets by setting, share and row

    Raises:
        CrisisflowError: a file is absent or there twice, or the runs of a setting are of different tweets or seeds.
    """
    cells = read_cells(predictions)
    if unknown := sorted({setting for setting, _ in cells} - {*params.settings}):
        raise CrisisflowError(f"there are runs of {', '.join(unknown)}, which params.yaml does not have")
    found = score(cells, params)
    write_json(out, listed(found))
    write_json(
        metrics,
        {
            name: {
                share: {row: own["f1"][ALL]["mean"] for row, own in cell["rows"].items()}
                for share, cell in setting["shares"].items()
            }
            for name, setting in found.items()
        },
    )
    say(f"score: {len(predictions)} runs of {len(found)} settings")
