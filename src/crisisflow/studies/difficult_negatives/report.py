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
from crisisflow.studies.difficult_negatives.params import SAMPLE, ReportParams
from crisisflow.studies.difficult_negatives.sections import SECTIONS


def opening_numbers(fit: Mapping[str, Any], style: Mapping[str, Any]) -> list[Number]:
    """What typography tells, where the most difficult band lies, and how much of the pool was embedded.

    Args:
        fit: the content of fit.json. style: of style.json.
    """
    before, *_, after = (own["punctuation"] for own in style["auc"].values())
    thirds = [own["shares"]["3sigma"] for own in fit["classes"].values()]
    whole = sum(own["share"] for own in thirds)
    lower = 100 * sum(own["lower"] for own in thirds) / whole if whole else 0.0
    return [
        Number(f"{after:.2f}", "AUC of punctuation alone, after normalisation", f"as the texts came: {before:.2f}"),
        Number(f"{lower:.0f} %", "Of the 3σ band at the lower end", "the less similar tweets; the paper does not say"),
        Number(
            f"{fit['embedded']:,}",
            "Tweets of the pool that were embedded",
            f"of {fit['pool']:,}, each once for all settings",
        ),
    ]


def run(
    params: ReportParams,
    fit: InputFile,
    style: InputFile,
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
        style: of the step style
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
            "numbers": opening_numbers(read_json(fit, "classes", "pool", "embedded"), read_json(style, "auc")),
        },
        shown={},
        sections=SECTIONS,
        unused=unused_encoders([own.mining.encoder]),
        tables=tables,
        figures=figures,
        ledger=ledger,
        citation=citation,
        benchmarks=benchmarks,
        out=out,
        provenance_out=provenance_out,
    )
