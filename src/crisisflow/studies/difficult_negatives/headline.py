"""The study in one number: that of the paper beside ours, for the list of all studies (results/index.html)."""

from pathlib import Path

from crisisflow.artifacts import read_json
from crisisflow.inputs import InputFile
from crisisflow.params import Line
from crisisflow.reporting.index import Headline, write_headline
from crisisflow.studies.difficult_negatives import STUDY
from crisisflow.studies.difficult_negatives.bands import RANDOM_PLUS
from crisisflow.studies.difficult_negatives.gate_tables import first_line
from crisisflow.studies.difficult_negatives.params import SAMPLE
from crisisflow.studies.difficult_negatives.reproduction import BEST, GAIN
from crisisflow.studies.difficult_negatives.steps import TITLE


def run(scores: InputFile, gate: InputFile, source: Line, out: Path) -> None:
    """Write the gain in F1 of the paper's best setting over random negatives, of the tagger like the paper's.

    Args:
        scores: of the step score
        gate: of the step gate; what it says of mined negatives comes first
        source: difficult_negatives.pool.source

    Raises:
        CrisisflowError: the file is absent or damaged.
    """
    found = read_json(scores, "main", "against_random")
    row = found["main"]
    own = found["against_random"][row].get(BEST, {}).get(RANDOM_PLUS)
    said = first_line(read_json(gate, "best_mined", "best_gated", "best_gated_not_mined"))
    notes = [said.removesuffix(".")] if said else []
    if own is not None:
        chance = "may be chance" if own["low"] <= 0 <= own["high"] else "is no chance of the test tweets"
        notes.append(f"95 % interval {100 * own['low']:+.2f} to {100 * own['high']:+.2f}: the gain {chance}")
        if events := own["events"]:
            low, high = 100 * events["low"], 100 * events["high"]
            notes.append(
                f"with the {events['number']} unseen events drawn in place of their tweets {low:+.2f} to {high:+.2f}"
            )
    if source == SAMPLE:
        notes.append("generated tweets: the number says nothing about real ones")
    headline = Headline(
        study=STUDY,
        title=TITLE.removesuffix("."),
        measure="gain in F1 of training with difficult (2σ) negatives over random ones, in points, at ten "
        "ordinary tweets "
        f"for each crisis tweet (paper: BERTweet-LSTM-CRF, here: {row})",
        paper=GAIN,
        ours=None if own is None else 100 * own["difference"],
        note="; ".join(notes),
    )
    write_headline(headline, out)
