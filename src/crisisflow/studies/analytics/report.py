"""The report: one HTML file with every table and figure of a run, its parameters, and what it rests on."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from crisisflow.inputs import InputFile
from crisisflow.reporting.exhibits import Number, read_cells
from crisisflow.reporting.index import read_headline
from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.reporting.references import unused_encoders
from crisisflow.reporting.report_page import write_report
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.claims import FAILS, HOLDS, UNKNOWN
from crisisflow.studies.analytics.classify_params import EncoderRow
from crisisflow.studies.analytics.params import PANDEMIC, ReportParams
from crisisflow.studies.analytics.sections import SECTIONS


def run(
    params: ReportParams,
    headline: InputFile,
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
        params: preset, and section analytics
        headline: headline.json
        tables: captions.json of the tables; each CSV that it names is beside it
        figures: captions.json of the figures; each SVG that it names is beside it
        ledger: docs/studies/analytics.md
        citation: CITATION.cff
        benchmarks: of a job, if it is there; repeat
        out: the report
        provenance_out: page in the same folder; differs from run to run

    Raises:
        CrisisflowError: an input is absent or damaged, or a table or figure has no place in the report.
    """
    own = params.analytics
    told = read_headline(headline)
    verdicts = Counter(read_cells(tables.with_name("reproduction.csv"))["Verdict"])
    encoders = [
        own.clusters.encoder,
        *(row.encoder for row in own.classify.rows.values() if isinstance(row, EncoderRow)),
    ]
    write_report(
        study=STUDY,
        package="crisisflow.studies.analytics",
        params=params,
        facts={
            "own": own,
            "numbers": [
                Number(f"{verdicts[HOLDS]} of {verdicts.total()}", "claims that hold here", _others(verdicts)),
                Number(
                    NOTHING if told.ours is None else f"{100 * told.ours:.1f} %",
                    told.measure,
                    f"paper {100 * told.paper:.1f} %, on other posts",
                ),
            ],
            "generated": all(corpus.reader == PANDEMIC for corpus in own.corpora.values()),
            "confidential": [name for name, corpus in own.corpora.items() if corpus.terms == "confidential"],
        },
        shown={},
        sections=SECTIONS,
        unused=unused_encoders(encoders),
        tables=tables,
        figures=figures,
        ledger=ledger,
        citation=citation,
        benchmarks=benchmarks,
        out=out,
        provenance_out=provenance_out,
    )


def _others(verdicts: Counter[str]) -> str:
    return f"{verdicts[FAILS]} do not, of {verdicts[UNKNOWN]} it cannot be said"
