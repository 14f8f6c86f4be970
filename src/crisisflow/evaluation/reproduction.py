"""The paper's numbers (HUMAID-NER, Tables 1, 3 and 5), to stand beside a run's."""

from typing import NamedTuple


class Split(NamedTuple):
    """A line of Table 1; the numbers of spans are the paper's roundings."""

    tweets: int
    spans: str
    spans_per_tweet: float


class Scores(NamedTuple):
    """A line of Table 3; its scores are named as in metrics.json."""

    configuration: str
    ner_micro_f1: float
    cls_macro_f1: float
    combined_score: float


TABLE_1 = {
    "train": Split(43_200, "~126,000", 2.91),
    "validation": Split(8_400, "~24,500", 2.93),
    "test": Split(8_400, "~24,500", 2.92),
    "total": Split(60_000, "~175,000", 2.92),
}

TABLE_3 = {
    "A": Scores("BERT-large + Fixed Weights", 0.873, 0.736, 0.805),
    "B": Scores("RoBERTa-large + Fixed Weights", 0.863, 0.749, 0.806),
    "C": Scores("RoBERTa-large + Kendall Weighting", 0.866, 0.745, 0.806),
    "D": Scores("RoBERTa-large + Kendall + Two-Stage (Proposed)", 0.841, 0.761, 0.801),
}

# Table 5's single-task baselines, which the paper quotes from HumAID and did not run; nor does this workflow.
TABLE_5_BASELINES = {"HumAID BERT-base": "0.700–0.730", "HumAID RoBERTa-large": "0.730–0.750"}
