"""The report: one HTML file with every table and figure of a run, its parameters, and what it rests on."""

from collections.abc import Sequence
from pathlib import Path

from crisisflow.inputs import InputFile
from crisisflow.reporting.references import unused_encoders
from crisisflow.reporting.report_page import write_report
from crisisflow.studies.gnom import STUDY
from crisisflow.studies.gnom.answer import answer, opening_numbers
from crisisflow.studies.gnom.params import GENERATED, ReportParams
from crisisflow.studies.gnom.score import read_scores
from crisisflow.studies.gnom.sections import SECTIONS


def run(
    params: ReportParams,
    scores: InputFile,
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
        params: preset, and section gnom
        scores: of the step score
        tables: captions.json of the tables; each CSV that it names is beside it
        figures: captions.json of the figures; each SVG that it names is beside it
        ledger: docs/studies/gnom.md
        citation: CITATION.cff
        benchmarks: of a job, if it is there; repeat
        out: the report
        provenance_out: page in the same folder; differs from run to run

    Raises:
        CrisisflowError: an input is absent or damaged, or a table or figure has no place in the report.
    """
    own = params.gnom
    found = read_scores(scores)
    used = {name for setting in own.settings.values() for name in (setting.source, setting.target)}
    write_report(
        study=STUDY,
        package="crisisflow.studies.gnom",
        params=params,
        facts={
            "own": own,
            "answer": answer(found, own),
            "generated": all(own.sets[name].reader == GENERATED for name in used),
            "confidential": sorted(name for name in used if own.sets[name].terms == "confidential"),
            "numbers": opening_numbers(found, own),
        },
        shown={},
        sections=SECTIONS,
        unused=unused_encoders(encoder.name for encoder in own.encoder.values()),
        tables=tables,
        figures=figures,
        ledger=ledger,
        citation=citation,
        benchmarks=benchmarks,
        out=out,
        provenance_out=provenance_out,
    )
