"""The opening of the report: the row that the policy chose, and three numbers of the run."""

from collections.abc import Mapping
from typing import Any

from crisisflow.reporting.exhibits import Number
from crisisflow.reporting.over_seeds import NOTHING, OverSeeds
from crisisflow.spans import RESOLVED
from crisisflow.studies.humaid_ner.reproduction import TABLE_3
from crisisflow.studies.humaid_ner.rows import FLOOR, FLOOR_IN_WORDS

SCORED = "reference_scored"  # the gold set on which no rule was tuned


def choice(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The row that the policy chose, the next one, and whether the interval of their difference leaves out zero.

    Args:
        metrics: results/humaid_ner/metrics.json.
    """
    rows, chosen = metrics["rows"], metrics["chosen_row"]
    others = [name for name, own in rows.items() if name != chosen and "combined_score" in own]
    following = min(others, key=lambda name: (-rows[name]["cls_macro_f1"], name), default=None)
    sure = metrics["differences"].get("cls_macro_f1", {})
    return {
        "row": chosen,
        "scores": rows[chosen],
        "next": following,
        "next_scores": rows.get(following),
        "sure": not {f"{chosen} - {following}", f"{following} - {chosen}"}.isdisjoint(sure),
        "floor": rows[FLOOR],
    }


def opening_numbers(chosen: Mapping[str, Any], quality: Mapping[str, Any]) -> list[Number]:
    """The class and entity scores of the chosen row, and how good the rules are that made the labels.

    Args:
        chosen: by `choice`. quality: results/annotation/quality.json.
    """
    of_paper = max(TABLE_3, key=lambda name: TABLE_3[name].cls_macro_f1)
    paper, row, floor = TABLE_3[of_paper], chosen["row"], _score(chosen["floor"], "cls_macro_f1")
    gold = SCORED if SCORED in quality else next(iter(quality), None)
    rules = quality[gold][RESOLVED]["all"] if gold else None
    return [
        Number(
            _score(chosen["scores"], "cls_macro_f1"),
            f"Class macro-F1 of row {row}",
            f"paper, row {of_paper}: {paper.cls_macro_f1:.3f}; {FLOOR_IN_WORDS}: {floor}",
        ),
        Number(
            _score(chosen["scores"], "ner_micro_f1"),
            f"Entity span micro-F1 of row {row}",
            f"paper, row {of_paper}: {paper.ner_micro_f1:.3f}; both against labels by rules",
        ),
        Number(
            f"{rules['f1']:.3f}" if rules else NOTHING,
            "Entity span F1 of the rules",
            f"against the gold set {gold} ({rules['gold']:,} spans)" if rules else "no gold set is at hand",
        ),
    ]


def _score(scores: Mapping[str, float], name: str) -> str:
    """The mean over the seeds, with the deviation where there is one."""
    return str(OverSeeds(scores[name], scores.get(f"{name}_sd"))) if name in scores else NOTHING
