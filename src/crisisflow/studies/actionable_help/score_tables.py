"""Tables of the rows' scores: 1, 3 and 4 of the paper, and those of classes, tasks and differences."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from crisisflow.artifacts import read_json
from crisisflow.corpus.splits import SPLITS
from crisisflow.identity import each_once, of_json
from crisisflow.reporting.exhibits import NOT_PRINTED, NOT_RUN, ONE_SEED, OTHER_DATA, TOO_FEW
from crisisflow.reporting.over_seeds import NOTHING, OverSeeds
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.beside import describe, rows_of
from crisisflow.studies.actionable_help.claims import AVERAGE
from crisisflow.studies.actionable_help.params import ActionableHelpParams
from crisisflow.studies.actionable_help.reproduction import paper_table
from crisisflow.studies.actionable_help.row_params import BUILT
from crisisflow.studies.actionable_help.score import MAIN, of_seeds

STAND_IN = "stand_in"
OTHERS = {"linear": "TF-IDF + linear SVM", "static": "static word vectors", "purohit": "Purohit et al. 2014"}
# Cohen's kappa of the people who labelled the paper's tasks, where it is known (ledger, entry 28).
HUMAN_AGREEMENT = {"Poddar et al.": "0.40"}

Scores = Mapping[str, Any]  # the content of scores.json
Counts = Sequence[Mapping[str, Any]]  # the counts.json of each task


def over_seeds(found: Mapping[str, Any] | None, reason: str = TOO_FEW) -> str:
    """A score of scores.json: its mean ± standard deviation, or why there is none."""
    return reason if found is None else str(OverSeeds(found["mean"], found["deviation"]))


def _spread(found: Mapping[str, Any] | None, name: str) -> str:
    if found is None:
        return TOO_FEW
    return ONE_SEED if found[name] is None else f"{found[name]:.3f}"


def _in_words(row: str, params: ActionableHelpParams) -> str:
    words = describe(params.rows[row]) if row in params.rows else OTHERS.get(row)
    return f"{row}: {words}" if words else row


def scores_of_task_minis(metrics: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """By task and row, the scores of the minis that learnt one task.

    Args:
        metrics: metrics.json of each mini, loss and seed.

    Raises:
        CrisisflowError: one is absent, or does not say of which row, task and seed it is.
    """
    grouped: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for path, identity in each_once(metrics, lambda path: of_json(path, STUDY), "task").items():
        grouped[identity.task][identity.row].append(read_json(path))
    return {task: {row: of_seeds(own) for row, own in rows.items()} for task, rows in grouped.items()}


def table_1(
    scores: Scores, counts: Counts, task_minis: Mapping[str, Mapping[str, Any]], params: ActionableHelpParams
) -> pd.DataFrame:
    """The paper's rows on its labelled data, then ours on each task that this study labels.

    Args:
        task_minis: by task and row, the scores of the minis that learnt one task.
    """
    lines = [
        {
            "Task": "CrisisHelpOffer",
            "Row": f"{line['model']} ({line['kind']})",
            "Macro F1 (paper)": line["f1"],
            "Spread (paper)": line["spread"] or NOT_PRINTED,
            "Macro F1 (this run)": NOT_RUN,
            "Half 95 % interval": NOT_RUN,
            "Standard deviation": NOT_RUN,
            "Without rare classes": NOT_RUN,
            "Seeds": NOT_RUN,
        }
        for line in paper_table("table1").to_dict("records")
    ]
    for facts in counts:
        if facts["kind"] != BUILT:
            continue
        rows = {row: own["tasks"][facts["task"]] for row, own in scores["rows"].items()}
        for row, own in (rows | task_minis.get(facts["task"], {})).items():
            test, score = own["test"], own["test"][MAIN]
            lines.append(
                {
                    "Task": facts["task"],
                    "Row": _in_words(row, params),
                    "Macro F1 (paper)": NOTHING,
                    "Spread (paper)": NOTHING,
                    "Macro F1 (this run)": f"{score['mean']:.3f}",
                    "Half 95 % interval": _spread(score, "half_interval"),
                    "Standard deviation": _spread(score, "deviation"),
                    "Without rare classes": over_seeds(test["supported_macro_f1"]),
                    "Seeds": str(score["seeds"]),
                }
            )
    return pd.DataFrame(lines)


def table_of_classes(scores: Scores) -> pd.DataFrame:
    """The F1 and the support of each class."""
    return pd.DataFrame(
        [
            {
                "Task": task,
                "Class": label,
                "Row": row,
                "F1": over_seeds(found["f1"]),
                "Test tweets": f"{found['support']:,}",
            }
            for task in scores["kinds"]
            for row, own in scores["rows"].items()
            for label, found in own["tasks"][task]["test"]["per_class"].items()
        ],
        columns=["Task", "Class", "Row", "F1", "Test tweets"],
    )


def table_3(scores: Scores, counts: Counts) -> pd.DataFrame:
    """Tasks by models and rows. A stand-in has no number of the paper beside it; the task it stands for has its own
    line."""
    table = paper_table("table3").set_index("task")
    models = [name for name in table.columns if not name.endswith("_percent")]
    rows = list(scores["rows"])
    of_paper = {task: {f"{model} (paper)": table.loc[task, model] for model in models} for task in table.index}
    other = {f"{model} (paper)": OTHER_DATA for model in models}
    not_run = dict.fromkeys(rows, NOT_RUN)

    def ours(task: str) -> dict[str, str]:
        return {row: over_seeds(scores["rows"][row]["tasks"][task]["test"][MAIN]) for row in rows}

    beside = [facts for facts in counts if facts["kind"] != STAND_IN]
    lines = []
    for task in table.index:
        if task == AVERAGE:
            continue
        own = [facts for facts in beside if facts["stands_for"] == task]
        lines += [
            {"Task": f"{task}: {facts['task']}", "Kind": facts["kind"]} | of_paper[task] | ours(facts["task"])
            for facts in own
        ] or [{"Task": task, "Kind": "the paper's"} | of_paper[task] | not_run]
    for facts in counts:
        if facts["kind"] == STAND_IN:
            name = f"{facts['task']} (stands in for {facts['stands_for']})" if facts["stands_for"] else facts["task"]
            lines.append({"Task": name, "Kind": "stand-in"} | other | ours(facts["task"]))
        elif facts["stands_for"] not in of_paper:
            lines.append({"Task": facts["task"], "Kind": facts["kind"]} | other | ours(facts["task"]))
    averages = {"average_without_stand_ins": "Average, real and built tasks", "average": "Average, all tasks here"}
    lines.append({"Task": "Average, the paper's 13 tasks", "Kind": NOTHING} | of_paper[AVERAGE] | not_run)
    for key, name in averages.items():
        values = {row: scores["rows"][row][key] for row in rows}
        shown = {row: "no such task" if value is None else f"{value:.3f}" for row, value in values.items()}
        lines.append({"Task": name, "Kind": NOTHING} | other | shown)
    return pd.DataFrame(lines)


def table_4(scores: Scores, params: ActionableHelpParams) -> pd.DataFrame:
    """Other small models: the paper's average of its 13 tasks, and that of the real and built tasks here."""
    names = rows_of(params.rows, params.minis.shapes)

    def ours(model: str) -> str:
        values = [scores["rows"][row]["average_without_stand_ins"] for row in names.get(model, [])]
        known = [f"{value:.3f}" for value in values if value is not None]
        return ", ".join(known) or NOT_RUN

    return pd.DataFrame(
        [
            {
                "Model": line["model"],
                **{letter: line[letter] for letter in "HLAI"},
                "Macro F1, 13 tasks (paper)": line["macro_avg"],
                "Macro F1, real and built tasks (this run)": ours(line["model"]),
            }
            for line in paper_table("table4").to_dict("records")
        ]
    )


def table_of_tasks(counts: Counts) -> pd.DataFrame:
    """What the tasks are: their sizes, classes, and near duplicates across splits."""

    def duplicates(facts: Mapping[str, Any], way: str) -> str:
        found = facts["test_texts_with_a_near_duplicate_elsewhere"].get(way)
        return TOO_FEW if found is None else f"{found:,}"

    return pd.DataFrame(
        [
            {
                "Task": facts["task"],
                "Set": facts["set"],
                "Label": facts["label"],
                "Kind": facts["kind"].replace("_", "-"),
                "Stands for": facts["stands_for"] or NOTHING,
                "Classes": ", ".join(facts["classes"]),
                "Texts": f"{facts['texts']:,}",
                "Dropped": f"{sum(facts['dropped'].values()):,}",
                "Train, validation, test": ", ".join(f"{facts['splits'][split]['used']:,}" for split in SPLITS),
                "Near duplicates of test texts elsewhere (group)": duplicates(facts, "group"),
                "Near duplicates of test texts elsewhere (row)": duplicates(facts, "row"),
                "Kappa of people": _human(facts),
            }
            for facts in counts
        ]
    )


def _human(facts: Mapping[str, Any]) -> str:
    return HUMAN_AGREEMENT.get(facts["stands_for"], "not known") if facts["kind"] == "real" else NOTHING


def table_of_differences(scores: Scores) -> pd.DataFrame:
    """Each row against the baseline, by task, and on how many tasks it is above or below."""
    return pd.DataFrame(
        _difference_lines(scores),
        columns=["Row", "Task", "Difference of macro F1", "Lower bound", "Upper bound", "Zero excluded"],
    )


def _difference_lines(scores: Scores) -> Iterator[tuple[str, ...]]:
    for row, own in scores["rows"].items():
        for task, pair in own["against_baseline"].items():
            bounds = (f"{pair[name]:+.3f}" for name in ("difference", "low", "high"))
            yield row, task, *bounds, "yes" if pair["low"] > 0 or pair["high"] < 0 else "no"
        if own["against_baseline"]:
            wins = own["wins"]
            yield (
                row,
                "all tasks",
                f"above on {wins['above']}, below on {wins['below']}",
                NOTHING,
                NOTHING,
                f"above on {wins['above_beyond_chance']}, below on {wins['below_beyond_chance']}",
            )
