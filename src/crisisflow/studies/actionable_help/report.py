"""The report: one HTML file with every table and figure of a run, its parameters, and what it rests on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crisisflow.artifacts import read_json
from crisisflow.inputs import InputFile
from crisisflow.reporting.exhibits import Number
from crisisflow.reporting.over_seeds import NOTHING, OverSeeds
from crisisflow.reporting.references import unused_encoders
from crisisflow.reporting.report_page import write_report
from crisisflow.studies.actionable_help import STUDY
from crisisflow.studies.actionable_help.headline import best_of_paper
from crisisflow.studies.actionable_help.model_tables import LENGTH
from crisisflow.studies.actionable_help.params import GENERATED, ActionableHelpParams, ReportParams
from crisisflow.studies.actionable_help.reproduction import stated
from crisisflow.studies.actionable_help.score import MAIN
from crisisflow.studies.actionable_help.sections import SECTIONS
from crisisflow.studies.actionable_help.shapes import times_fewer


def opening_numbers(
    scores: Mapping[str, Any], agreement: Mapping[str, Any], params: ActionableHelpParams
) -> list[Number]:
    """The score of the best row on what the labellers agree on, how much they agree on, and how small the minis are.

    Args:
        scores: the content of scores.json. agreement: of agreement.json.
    """
    model, f1 = best_of_paper()
    task, row = next(iter(scores["best_on_validation"].items()))
    best = scores["rows"][row]["tasks"][task]["test"][MAIN]
    floor = scores["rows"][params.others[0]]["tasks"][task]["test"][MAIN]["mean"]
    share = agreement["share"]
    of_paper = 100 * stated("labelling", "agreed (T_agree)").value / stated("labelling", "tweets labelled").value
    mini, shape = next(iter(params.minis.shapes.items()))
    return [
        Number(
            str(OverSeeds(best["mean"], best["deviation"])),
            f"Macro F1 of row {row} on test tweets that all labellers agree on",
            f"paper, {model}: {f1:.3f}, of other tweets; {params.others[0]}: {floor:.3f}",
        ),
        Number(
            NOTHING if share is None else f"{100 * share:.1f} %",
            f"Tweets on which the labellers agree, of {agreement['tweets']:,}",
            f"paper: {of_paper:.0f} % of 282k, by four language models",
        ),
        Number(
            f"{times_fewer(shape, LENGTH):.1f}",
            f"Times fewer multiply-adds of mini {mini} than of BERT",
            "computed from the shape; paper, S_T: 18.6 times as fast, measured on an A100",
        ),
    ]


def run(
    params: ReportParams,
    scores: InputFile,
    agreement: InputFile,
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
        params: preset, and section actionable_help
        scores: of the step score
        agreement: of the step agree
        tables: captions.json of the tables; each CSV that it names is beside it
        figures: captions.json of the figures; each SVG that it names is beside it
        ledger: docs/studies/actionable_help.md
        citation: CITATION.cff
        benchmarks: of a job, if it is there; repeat
        out: the report
        provenance_out: page in the same folder; differs from run to run

    Raises:
        CrisisflowError: an input is absent or damaged, or a table or figure has no place in the report.
    """
    own = params.actionable_help
    encoders = [own.minis.teacher, *(row.encoder for row in own.rows.values())]
    found = read_json(scores, "best_on_validation", "rows")
    write_report(
        study=STUDY,
        package="crisisflow.studies.actionable_help",
        params=params,
        facts={
            "own": own,
            "generated": own.pool.sets == [GENERATED],
            "numbers": opening_numbers(found, read_json(agreement, "share", "tweets"), own),
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
