"""The report: one HTML file with every table and figure of a run, its parameters, and what it rests on.

It needs no network and no script, and has the same bytes for the same input. What differs from run to run, when and by
what it was made and what that cost (reporting/provenance.py), goes into a page beside it, which is no artifact: DVC
does not keep it, so that a run that made the same leaves dvc.lock as it was.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from crisisflow.artifacts import read_json
from crisisflow.inputs import InputFile
from crisisflow.reporting import exhibits
from crisisflow.reporting.report_page import write_report
from crisisflow.studies.humaid_ner import STUDY, run_exhibits
from crisisflow.studies.humaid_ner.dataset.card import quality_lines
from crisisflow.studies.humaid_ner.opening import choice, opening_numbers
from crisisflow.studies.humaid_ner.params import StudyParams
from crisisflow.studies.humaid_ner.sections import SECTIONS
from crisisflow.studies.humaid_ner.used_works import unused_works

SOURCES = (
    "What each annotation stage finds on the corpus: spans and the tweets that have one; spans on which another stage "
    "agrees or with which it conflicts; spans that resolution keeps, and to which stage the others are lost."
)
STAGES = (
    "What became of the spans that each annotation stage found, by entity type: kept, or lost to an overlapping span "
    "of a stage, which may be the same. n = {:,} tweets."
)
QUALITY = (
    "The annotation itself against gold spans, after resolution, strict borders and type. The generated set is what "
    "the generator of the embedded corpus put in; the reference sets are those of docs/annotation_scores.md."
)


def run(
    params: StudyParams,
    manifest: InputFile,
    repair: InputFile,
    corpus: InputFile,
    annotation: InputFile,
    quality: InputFile,
    metrics: InputFile,
    tables: InputFile,
    figures: InputFile,
    sources: InputFile,
    stages: InputFile,
    errors: InputFile,
    final_test: InputFile,
    ledger: InputFile,
    citation: InputFile,
    benchmarks: Sequence[Path],
    out: Path,
    provenance_out: Path,
) -> None:
    """Write the report, and the page of its provenance; every text in them is escaped.

    Args:
        params: the shared sections of params.yaml and section humaid_ner
        manifest: JSON of the step fetch
        repair: JSON of the step repair
        corpus: JSON of the step subset
        annotation: JSON of the step resolve
        quality: JSON of the step quality
        metrics: JSON of the step tables
        tables: captions.json of the tables; each CSV that it names is beside it
        figures: captions.json of the figures; each SVG that it names is beside it
        sources: CSV of the annotation stages
        stages: SVG of the annotation stages
        errors: CSV of the step confident_errors
        final_test: the record of crisisflow final_test
        ledger: docs/studies/humaid_ner.md
        citation: CITATION.cff
        benchmarks: of a job, if it is there; repeat
        out: the report
        provenance_out: page in the same folder; differs from run to run

    Raises:
        CrisisflowError: an input is absent or damaged, or a table or figure has no place in the report.
    """
    facts = {
        name: read_json(path)
        for name, path in {"manifest": manifest, "repair": repair, "corpus": corpus, "annotation": annotation}.items()
    }
    wrong, judged, chosen = exhibits.read_cells(errors), read_json(quality), choice(read_json(metrics))
    shown = {
        "sources": run_exhibits.read_sources(sources, SOURCES),
        "stages": exhibits.read_drawing(stages, STAGES.format(facts["corpus"]["tweets"]), "../annotation/sources.csv"),
        "classes": run_exhibits.classes_and_splits(facts["corpus"]),
        "quality": exhibits.shown(pd.DataFrame(quality_lines(judged)), QUALITY),
        "kinds_of_errors": run_exhibits.kinds_of_errors(wrong),
        "errors": run_exhibits.listed_errors(wrong),
        "openings": run_exhibits.openings(read_json(final_test)),
    }
    write_report(
        study=STUDY,
        package="crisisflow.studies.humaid_ner",
        params=params,
        facts={**facts, "choice": chosen, "numbers": opening_numbers(chosen, judged)},
        shown=shown,
        sections=SECTIONS,
        unused=unused_works(params),
        tables=tables,
        figures=figures,
        ledger=ledger,
        citation=citation,
        benchmarks=benchmarks,
        out=out,
        provenance_out=provenance_out,
    )
