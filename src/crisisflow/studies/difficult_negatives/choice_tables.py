"""Which negatives, and how many: all training settings of a tagger in one table, the best first."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crisisflow.reporting.exhibits import NOT_RUN
from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.studies.difficult_negatives.bands import (
    BOTH,
    MODEL,
    NO,
    RANDOM,
    RANDOM_MATCHED,
    RANDOM_PLUS,
    TOP,
    band_of,
    base_of,
    random_of,
    ratio_of,
)
from crisisflow.studies.difficult_negatives.folds import ON_POSITIVES
from crisisflow.studies.difficult_negatives.tagger_tables import Scores, name_of, points, shown, verdict

KINDS = {
    NO: "none",
    RANDOM: "random",
    RANDOM_MATCHED: "random, of the positives’ lengths",
    TOP: "most similar, below 95 % of the positive",
    MODEL: "most marked by a first tagger",
    "dfe": "judged by people: a word of disasters, not relevant",
    "stream": "judged by people: of the stream, off topic",
}
AS_MANY = "Less as many random, at 1:10"
SCALES = {"anchor": "", "nearest": ", to the nearest positive", "percentile": ", by rank"}


def kind_of(setting: str) -> str:
    """What negatives a setting takes, in words."""
    band = band_of(setting)
    if band is None:
        return KINDS[base_of(setting)]
    end = "both ends" if band.end == BOTH else f"{band.end} end"
    return f"{band.low} to {band.high} σ, {end}{SCALES[band.scale]}"


def _by_f1(settings: Mapping[str, Any]) -> list[str]:
    """The settings that were tested on random+, the best first."""
    f1 = {
        name: own["tests"][RANDOM_PLUS]["f1"]["mean"] for name, own in settings.items() if RANDOM_PLUS in own["tests"]
    }
    return sorted(f1, key=lambda name: (-f1[name], name))


def _at_equal_numbers(found: Scores, row: str, name: str) -> Mapping[str, float] | None:
    """F1 of a setting less that of as many random negatives, on random+; None where these were not run."""
    random = random_of(name)
    compared = found["against_random" if random == RANDOM else "at_equal_numbers"].get(row, {})
    return compared.get(name, {}).get(RANDOM_PLUS) if random else None


def _told(own: Mapping[str, float] | None, control: bool) -> str:
    """A difference with its interval; of a setting that is not to be compared a dash."""
    return f"{points(own)[0]} ({points(own)[1]})" if own else NOTHING if control else NOT_RUN


def table_of_choices(found: Scores) -> pd.DataFrame:
    """Each setting at ten ordinary tweets for each crisis tweet: F1, its difference from random, false alarms."""
    rows = []
    for row, settings in found["rows"].items():
        for name in _by_f1(settings):
            tests, compared = settings[name]["tests"], found["against_random"].get(row, {}).get(name, {})
            line = {"Tagger": row, "Train": name_of(name), "Negatives": kind_of(name)}
            line |= {"For each positive": f"{ratio_of(name):g}", "F1 at 1:10": shown(tests[RANDOM_PLUS]["f1"])}
            for title, test in (("at 1:10", RANDOM_PLUS), ("on crisis tweets", ON_POSITIVES)):
                line[f"Less random, {title}"] = _told(compared.get(test), name == RANDOM)
            line[AS_MANY] = _told(_at_equal_numbers(found, row, name), random_of(name) is None)
            line["False alarms per 1,000"] = shown(tests[RANDOM_PLUS]["false_alarms_per_1000"], ".1f", 1.0)
            line["At 1:10"] = verdict(compared[RANDOM_PLUS]) if RANDOM_PLUS in compared else NOTHING
            rows.append(line)
    columns = ["Tagger", "Train", "Negatives", "For each positive", "F1 at 1:10", "Less random, at 1:10"]
    columns += ["Less random, on crisis tweets", AS_MANY, "False alarms per 1,000", "At 1:10"]
    return pd.DataFrame(rows, columns=columns)


EQUAL = ", with as many negatives as positives, beyond the chance of the test tweets"


def advice(found: Scores) -> str:
    """What follows for the tagger that stands beside the paper's, in one or two sentences."""
    row = found["main"]
    settings, compared = found["rows"][row], found["against_random"].get(row, {})
    better = [
        name
        for name in _by_f1(settings)
        if RANDOM_PLUS in compared.get(name, {}) and verdict(compared[name][RANDOM_PLUS]) == "better"
    ]
    if not any(RANDOM_PLUS in own for own in compared.values()):
        return f"{row} was not compared with random."
    said = f"For {row} these settings are above random{EQUAL}: {', '.join(map(name_of, better))}."
    if not better:
        said = f"For {row} no setting is above random{EQUAL}."
    others = {name: _at_equal_numbers(found, row, name) for name in _by_f1(settings) if ratio_of(name) != 1}
    equal = {name: verdict(own) == "better" for name, own in others.items() if own}
    if not equal:
        return f"{said} No setting with another number was compared with as many random negatives."
    above = ", ".join(name_of(name) for name, is_better in equal.items() if is_better) or "none"
    return f"{said} Of {len(equal)} with another number these are above as many random negatives: {above}."
