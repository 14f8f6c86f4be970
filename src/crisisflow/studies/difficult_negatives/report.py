"""The report: one HTML file with every table and figure of a run, its parameters, and what it rests on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crisisflow.artifacts import read_json
from crisisflow.inputs import InputFile
from crisisflow.reporting.exhibits import Number
from crisisflow.reporting.references import unused_encoders
from crisisflow.reporting.report_page import write_report
from crisisflow.studies.difficult_negatives import STUDY
from crisisflow.studies.difficult_negatives.bands import NO, RANDOM_PLUS
from crisisflow.studies.difficult_negatives.gate_tables import first_line
from crisisflow.studies.difficult_negatives.params import SAMPLE, ReportParams
from crisisflow.studies.difficult_negatives.reproduction import BEST, GAIN
from crisisflow.studies.difficult_negatives.sections import SECTIONS
from crisisflow.studies.difficult_negatives.tagger_params import encoder_of


def opening_numbers(scored: Mapping[str, Any], fit: Mapping[str, Any]) -> list[Number]:
    """The gain of the paper's best setting, the false alarms of it, and where the most difficult band lies.

    Args:
        scored: the content of scores.json. fit: of fit.json.
    """
    row = scored["main"]
    gain = scored["against_random"][row].get(BEST, {}).get(RANDOM_PLUS)
    numbers = []
    if gain:
        interval = f"95 % interval {100 * gain['low']:+.1f} to {100 * gain['high']:+.1f}; the paper: {GAIN:+.2f}"
        numbers.append(
            Number(f"{100 * gain['difference']:+.1f}", f"Points of F1, 2σ over random at 1:10 ({row})", interval)
        )
    alarms = {
        setting: own["tests"].get(RANDOM_PLUS, {}).get("false_alarms_per_1000")
        for setting, own in scored["rows"][row].items()
    }
    if alarms.get(BEST) and alarms.get(NO):
        numbers.append(
            Number(
                f"{alarms[BEST]['mean']:.0f}",
                "Of 1,000 ordinary tweets get a span, trained with 2σ",
                f"trained without negatives: {alarms[NO]['mean']:.0f}",
            )
        )
    thirds = [own["shares"]["3sigma"] for own in fit["classes"].values()]
    whole = sum(own["share"] for own in thirds)
    lower = 100 * sum(own["lower"] for own in thirds) / whole if whole else 0.0
    numbers.append(
        Number(f"{lower:.0f} %", "Of the 3σ band at the lower end", "the less similar tweets; the paper does not say")
    )
    return numbers


def run(
    params: ReportParams,
    fit: InputFile,
    scores: InputFile,
    gate: InputFile,
    tables: InputFile,
    figures: InputFile,
    ledger: InputFile,
    citation: InputFile,
    benchmarks: Sequence[Path],
    out: Path,
    provenance_out: Path,
) -> None:
    """Write the report, and the page of its provenance; every text in them is escaped.

    Args:
        params: preset, and section difficult_negatives
        fit: of the step mine_bands
        scores: of the step score
        gate: of the step gate; what it says of mined negatives is the first line
        tables: captions.json of the tables; each CSV that it names is beside it
        figures: captions.json of the figures; each SVG that it names is beside it
        ledger: docs/studies/difficult_negatives.md
        citation: CITATION.cff
        benchmarks: of a job, if it is there; repeat
        out: the report
        provenance_out: page in the same folder; differs from run to run

    Raises:
        CrisisflowError: an input is absent or damaged, or a table or figure has no place in the report.
    """
    own = params.difficult_negatives
    write_report(
        study=STUDY,
        package="crisisflow.studies.difficult_negatives",
        params=params,
        facts={
            "own": own,
            "generated": own.pool.source == SAMPLE,
            "first_line": first_line(read_json(gate, "best_mined", "best_gated", "best_gated_not_mined")),
            "numbers": opening_numbers(read_json(scores, "main", "rows", "against_random"), read_json(fit, "classes")),
        },
        shown={},
        sections=SECTIONS,
        unused=unused_encoders([own.mining.encoder, *(encoder_of(row.embedding) for row in own.taggers.values())]),
        tables=tables,
        figures=figures,
        ledger=ledger,
        citation=citation,
        benchmarks=benchmarks,
        out=out,
        provenance_out=provenance_out,
    )
