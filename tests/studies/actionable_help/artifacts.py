"""Small artifacts of a run of the study, made by its own functions, and hostile wherever text is free."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import PREDICTIONS, write_csv, write_json, write_parquet
from crisisflow.evaluation.metrics import averages, class_scores, multi_label_scores
from crisisflow.identity import Identity, identified
from crisisflow.params import read_own
from crisisflow.studies.actionable_help import score
from crisisflow.studies.actionable_help.agree import facts_of
from crisisflow.studies.actionable_help.labels import LABELS, RESOURCES
from crisisflow.studies.actionable_help.params import ActionableHelpParams, Own
from crisisflow.studies.actionable_help.ratios import COLUMNS
from crisisflow.studies.actionable_help.validation import Truth, scores_of

ROOT = Path(__file__).parents[3]
HOSTILE = "<script>alert(1)</script> & \"'"
TEXTS = 40


def params() -> ActionableHelpParams:
    return read_own(ROOT / "presets" / "sample" / "actionable_help.yaml", Own).actionable_help


def write_counts(folder: Path, own: ActionableHelpParams) -> list[Path]:
    """The counts.json of each task, whose classes are those of the labels."""
    found = []
    for name, task in own.tasks.items():
        splits = {split: {"texts": 9, "used": 8, "classes": {}} for split in ("train", "validation", "test")}
        facts = {
            "task": name,
            **task.model_dump(),
            "classes": [HOSTILE, *LABELS],
            "texts": 1234,
            "groups": 7,
            "dropped": {"not agreed": 3},
            "split_by": "group",
            "splits": splits,
            "test_texts_with_a_near_duplicate_elsewhere": {"group": 0, "row": 5},
        }
        write_json(folder / f"{name}.json", facts)
        found.append(folder / f"{name}.json")
    return found


def write_training(folder: Path, identity: Identity, said: list[int], guess: list[int]) -> Path:
    """The folder of metrics.json and test.parquet of a training."""
    at = folder / identity.row / identity.task / str(identity.seed)
    columns = {
        "tweet_id": [str(text) for text in range(TEXTS)],
        "class_id": said,
        "predicted_class_id": guess,
    }
    table = pa.table([columns.get(name, [None] * TEXTS) for name in PREDICTIONS.names], schema=PREDICTIONS)
    write_parquet(at / "test.parquet", table, identified(PREDICTIONS, identity))
    found = class_scores(said, guess, LABELS)
    held = {
        **averages(found["per_class"], 10),
        "accuracy": found["accuracy"],
        "per_class": found["per_class"],
        "calibration": None,
        "texts": TEXTS,
    }
    facts = {"best_epoch": 1, "epochs": 2, "training_texts": 9, "parameters": 5, "classes": list(LABELS)}
    write_json(at / "metrics.json", {**identity.facts(), **facts, "validation": held, "test": held})
    return at


def write_task_minis(folder: Path, own: ActionableHelpParams) -> list[Path]:
    """metrics.json of each mini of one task."""
    said = [at % len(LABELS) for at in range(TEXTS)]
    return [
        write_training(folder, Identity("actionable_help", f"{name}-{loss}", seed, task="help"), said, said)
        / "metrics.json"
        for name in own.minis.shapes
        for loss in own.task_distillation.losses
        for seed in own.seeds
    ]


def write_scores(folder: Path, own: ActionableHelpParams, counts: list[Path]) -> tuple[Path, Path]:
    """scores.json and metrics.json of all rows, which are right on ever more texts."""
    metrics, tests = [], []
    said = [at % len(LABELS) for at in range(TEXTS)]
    for number, row in enumerate([*own.rows, *own.others]):
        for task in own.tasks:
            for seed in own.seeds:
                guess = [label if at < 20 + 2 * number + seed % 5 else 0 for at, label in enumerate(said)]
                at = write_training(folder, Identity("actionable_help", row, seed, task=task), said, guess)
                metrics.append(at / "metrics.json")
                tests.append(at / "test.parquet")
    paths = folder / "scores.json", folder / "metrics.json"
    score.run(metrics, tests, counts, own.rows, own.baseline, *paths)
    return paths


def write_labels(folder: Path, own: ActionableHelpParams) -> tuple[Path, Path]:
    """agreement.json and label_scores.json of four labellers and a few tweets."""
    names = list(own.agreement.labellers)
    codes = np.array([[at % 4 if at < 30 + number else 0 for at in range(TEXTS)] for number in range(len(names))])
    write_json(folder / "agreement.json", facts_of(codes, names, ["generated"] * TEXTS, len(names)))
    settled = np.arange(TEXTS) % 4
    truth = Truth(["all"] * TEXTS, np.ones(TEXTS), {}, settled)
    scores = {"truth": "generated", "name": "generated", "note": HOSTILE, **scores_of(codes, names, len(names), truth)}
    write_json(folder / "label_scores.json", {"scores": [scores], "note": None})
    return folder / "agreement.json", folder / "label_scores.json"


def write_minis(folder: Path, own: ActionableHelpParams) -> list[Path]:
    """The metrics.json of each mini."""
    found = []
    for name in own.minis.shapes:
        updates = {
            update: {"best_epoch": 1, "loss": 3.25, "explained_variance": 0.5, "neighbours": 0.25, "variance": 0.1}
            for update in own.minis.updates
        }
        facts = {
            "mini": name,
            "seed": 13,
            "entries": 4096,
            "parameters": 4_241_408,
            "training_texts": 1080,
            "held_out_texts": 120,
            "epochs": 2,
            "steps": 68,
            "neighbours_by_chance": 0.08,
            "updates": updates,
        }
        write_json(folder / name / "metrics.json", facts)
        found.append(folder / name / "metrics.json")
    return found


def write_ratios(folder: Path) -> Path:
    """ratios.csv with a country of the paper, one with too few tweets and one of no table, months and a city."""
    raw, nothing = [2.0, 1.5, 2.5], [""] * 3
    lines = [
        ["all", "all", "all", 90, 40, 20, *raw, *raw],
        *(["all", "all", resource, 9, 4, 2, *raw, *raw] for resource in RESOURCES),
        ["country", "India", "all", 60, 30, 15, *raw, *nothing],
        ["country", "Ireland", "all", 3, 2, 1, *nothing, *nothing],
        ["country", "Chile", "all", 30, 10, 5, *raw, *raw],
        *(["month", month, "all", 30, 10, 5, *raw, *raw] for month in ("2020-03", "2020-04")),
        *(
            ["month", month, resource, 9, 4, 2, *raw, *raw]
            for resource in RESOURCES
            for month in ("2020-03", "2020-04")
        ),
        *(["country and month", f"India {month}", "all", 9, 4, 2, *raw, *raw] for month in ("2020-03", "2020-04")),
        ["city", "Mumbai, India", "all", 9, 4, 2, *raw, *raw],
    ]
    write_csv(folder / "ratios.csv", COLUMNS, lines)
    return folder / "ratios.csv"


def write_resources(folder: Path) -> Path:
    """resource_scores.json of a truth of two texts."""
    right, guess = ([[at == text for at in range(len(RESOURCES))] for text in own] for own in ((0, 1), (0, 2)))
    of_finder = multi_label_scores(right, guess, RESOURCES)
    finders = {"lexicon": of_finder, "trained": multi_label_scores(right, right, RESOURCES)}
    truth = {"truth": "generated", "name": HOSTILE, "texts": 2, "finders": finders}
    write_json(folder / "resource_scores.json", {"learns_from": ["generated"], "scores": [truth]})
    return folder / "resource_scores.json"


def write_unseen(folder: Path, **changed: object) -> Path:
    """unseen_event.json; nobody labelled the predicted offers."""
    share = {"value": 0.9, "low": 0.7864, "high": 0.9565}
    nothing = dict.fromkeys(share)
    of_label = {
        label: {"predicted": 70, "drawn": 50, "known": 0 if label == "offer" else 50, "precision": own}
        for label, own in (("request", share), ("offer", nothing), ("irrelevant", share))
    }
    facts = {"event": "x_flood", "row": "minilm", "truth": HOSTILE, "predicted": of_label, **changed}
    write_json(folder / "unseen_event.json", facts)
    return folder / "unseen_event.json"


def write_joint(folder: Path, own: ActionableHelpParams) -> Path:
    """metrics.json of the joint minis: the first with two seeds."""
    teacher = {"study": "humaid_ner", "row": "B", "seed": 13, "cls_macro_f1": 0.75, "ner_micro_f1": 0.9}
    teacher |= {"parameters": 22_581_151, "training_tweets": 1728}
    score = {"mean": 0.735, "deviation": None, "kept": 0.98}
    of_mini = {"parameters": 5_300_000, "training_tweets": 320, "unlabelled_texts": 60, "validation_tweets": 336}
    rows = {
        name: {"cls_macro_f1": {**score, "deviation": 0.01}, "ner_micro_f1": {**score, "kept": None}, **of_mini}
        for name in own.joint.shapes
    }
    write_json(folder / "joint.json", {"teacher": teacher, "rows": rows})
    return folder / "joint.json"


def inputs_of_tables(folder: Path, own: ActionableHelpParams) -> dict:
    """What the step tables reads."""
    counts = write_counts(folder / "tasks", own)
    agreement, label_scores = write_labels(folder, own)
    return {
        "params": own,
        "agreement": agreement,
        "label_scores": label_scores,
        "statistics": counts,
        "scores": write_scores(folder / "rows", own, counts)[0],
        "minis": write_minis(folder / "minis", own),
        "ratios": write_ratios(folder),
        "resources": write_resources(folder),
        "unseen": write_unseen(folder),
        "task_minis": write_task_minis(folder / "task_minis", own),
        "joint": write_joint(folder, own),
    }


def inputs_of_figures(folder: Path, own: ActionableHelpParams) -> dict:
    """What the step figures reads; all rows have BERT's shape."""
    found = inputs_of_tables(folder, own)
    configs, curves, probes = [], [], []
    encoder = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
    for row in own.rows:
        identity = Identity("actionable_help", row, 13, task="help")
        configs.append(folder / "configs" / f"{row}.json")
        write_json(configs[-1], {"identity": identity.facts(), "encoder": encoder})
    for name in own.minis.shapes:
        curves.append(folder / "minis" / name / "losses.csv")
        lines = [[name, update, step, 9.0 / step] for update in own.minis.updates for step in (1, 2, 3)]
        write_csv(curves[-1], ["mini", "update", "step", "loss"], lines)
        probes.append(folder / "minis" / name / "probe.csv")
        scores = [[name, update, step, 0.2 + step / 10] for update in own.minis.updates for step in (0, 2, 4)]
        write_csv(probes[-1], ["mini", "update", "step", "macro_f1"], scores)
    return {
        "rows": [*own.rows, *own.others],
        "configs": configs,
        "curves": curves,
        "probes": probes,
        **{name: found[name] for name in ("agreement", "label_scores", "scores", "ratios")},
    }
