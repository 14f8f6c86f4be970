"""The page of a report, and the page of its provenance beside it: what the reports of all studies have in common.

The report needs no network and no script, and has the same bytes for the same input. What differs from run to run, when
and by what it was made and what that cost (reporting/provenance.py), goes into a page beside it, which is no artifact:
DVC does not keep it, so that a run that made the same leaves dvc.lock as it was.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel

from crisisflow.artifacts import write_text
from crisisflow.errors import CrisisflowError
from crisisflow.reporting.exhibits import Drawing, Table, read_drawings, read_tables
from crisisflow.reporting.ledger import read_ledger
from crisisflow.reporting.provenance import costs, provenance
from crisisflow.reporting.references import references
from crisisflow.reporting.shown_settings import as_yaml

TEMPLATE = "report.html.jinja"
Exhibits = Mapping[str, Mapping[str, Table | Drawing]]  # by section, in the order of display


def placed(found: Mapping[str, Table | Drawing], sections: Mapping[str, Sequence[str]]) -> Exhibits:
    """What each section shows.

    Args:
        sections: names of exhibits by section, as a study's sections.py has them.

    Raises:
        CrisisflowError: an exhibit has no place, or one is missing.
    """
    places = [name for names in sections.values() for name in names]
    if wrong := sorted({*places} ^ {*found}):
        raise CrisisflowError(
            f"the report has no place for, or misses: {', '.join(wrong)}; see SECTIONS in sections.py"
        )
    return {section: {name: found[name] for name in names} for section, names in sections.items()}


def write_report(
    study: str,
    package: str,
    params: BaseModel,
    facts: Mapping[str, Any],
    shown: Mapping[str, Table | Drawing],
    sections: Mapping[str, Sequence[str]],
    unused: Collection[str],
    tables: Path,
    figures: Path,
    ledger: Path,
    citation: Path,
    benchmarks: Sequence[Path],
    out: Path,
    provenance_out: Path,
) -> None:
    """Write a report and the page of its provenance; every text in them is escaped.

    Args:
        package: of the study; its report.html.jinja extends report_page.html.jinja.
        params: the part of params.yaml that the report shows, with the preset.
        facts: what the template shows besides; the page of the provenance has none of it.
        shown: exhibits besides the tables, the figures and the ledger.
        sections: names of exhibits by section, as the study's sections.py has them.
        unused: works of which the run made no use (reporting.references).
        tables, figures: captions.json; each file that it names is beside it.
        ledger: of the study's page. citation: CITATION.cff.
        benchmarks: of the jobs, as far as they are there.
        provenance_out: page in the same folder; differs from run to run.

    Raises:
        CrisisflowError: an input is absent or damaged, or an exhibit has no place in the report.
    """
    every = {**read_tables(tables), **read_drawings(figures), **shown, "ledger": read_ledger(ledger)}
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, ""), PackageLoader("crisisflow.reporting", "")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    template = environment.get_template(TEMPLATE)
    page = template.render(
        **facts,
        params=params,
        settings=as_yaml(params.model_dump(mode="json")),
        references=references(citation, study, unused),
        exhibits=placed(every, sections),
        number="{:,}".format,
    ).lstrip()
    record = provenance(benchmarks, Path())
    beside = template.render(
        params=params,
        record=record,
        report=hashlib.sha256(page.encode()).hexdigest(),
        exhibits={"cost": {"costs": costs(record.steps)}},
    )
    write_text(out, page)
    write_text(provenance_out, beside.lstrip())
