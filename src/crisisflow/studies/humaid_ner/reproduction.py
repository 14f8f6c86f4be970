"""The paper's numbers (HUMAID-NER, its tables, figures and text), to stand beside a run's."""

from typing import NamedTuple


class Split(NamedTuple):
    """A line of Table 1; the numbers of spans are the paper's roundings."""

    tweets: int
    spans: int
    spans_per_tweet: float


class Kind(NamedTuple):
    """A line of Table 2."""

    description: str
    example: str


class Scores(NamedTuple):
    """A line of Table 3; its scores are named as in metrics.json."""

    configuration: str
    ner_micro_f1: float
    cls_macro_f1: float
    combined_score: float


TABLE_1 = {
    "train": Split(43_200, 126_000, 2.91),
    "validation": Split(8_400, 24_500, 2.93),
    "test": Split(8_400, 24_500, 2.92),
    "total": Split(60_000, 175_000, 2.92),
}

TABLE_2 = {
    "LOCATION": Kind("Geographical references", "Puerto Rico"),
    "DISASTER_TYPE": Kind("Named hazard or event type", "Hurricane Maria"),
    "CASUALTY": Kind("Injury/fatality expressions", "17 dead"),
    "DISPLACED": Kind("Evacuation/displacement counts", "1,000 evacuees"),
    "REQUEST": Kind("Expressed need for aid", "need food"),
    "RESOURCE": Kind("Available aid supplies", "water trucks"),
    "RESCUE": Kind("Active emergency operations", "rescue teams"),
    "ORGANIZATION": Kind("Named responding organisations", "Red Cross"),
    "PERSON": Kind("Named individuals in tweets", "Mayor Cruz"),
    "NUMBER": Kind("Standalone numerical values", "Day 3"),
}

TABLE_3 = {
    "A": Scores("BERT-large + Fixed Weights", 0.873, 0.736, 0.805),
    "B": Scores("RoBERTa-large + Fixed Weights", 0.863, 0.749, 0.806),
    "C": Scores("RoBERTa-large + Kendall Weighting", 0.866, 0.745, 0.806),
    "D": Scores("RoBERTa-large + Kendall + Two-Stage (Proposed)", 0.841, 0.761, 0.801),
}

# Table 5's single-task baselines, which the paper quotes from HumAID and did not run; nor does this workflow.
TABLE_5_BASELINES = {"HumAID BERT-base": "0.700–0.730", "HumAID RoBERTa-large": "0.730–0.750"}

# Figures 5 and 7 and the text beside them, of row A. The ledger's entry 12: the last epoch's 0.7342 is 0.736 elsewhere.
CURVES_ROW = "A"
CLS_PEAK, CLS_PEAK_EPOCH, CLS_LAST = 0.7484, 3, 0.7342
NER_FIRST, NER_LAST = 0.711, 0.873
COMBINED_PEAK, BEST_EPOCH = 0.8045, 12
PLATEAU_EPOCHS, PLATEAU = (5, 8), (0.791, 0.799)

# Section III-D: where both s of Kendall's weighting come to rest (ledger, entry 13).
LOG_VARIANCE = 1.26

# Sections III-C and III-E: of RoBERTa-large, and trained in stage 2 (ledger, entry 6).
PARAMETERS, PARAMETERS_OF_STAGE_2 = 355e6, 47e6
