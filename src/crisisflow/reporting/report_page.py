"""The page of a report, and the page of its provenance beside it: what the reports of all studies have in common.

The report needs no network and no script, and has the same bytes for the same input. What differs from run to run, when
and by what it was made and what that cost (reporting/provenance.py), goes into a page beside it, which is no artifact:
DVC does not keep it, so that a run that made the same leaves dvc.lock as it was.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from crisisflow.artifacts import write_text
from crisisflow.errors import CrisisflowError
from crisisflow.reporting.exhibits import Drawing, Table
from crisisflow.reporting.provenance import costs, provenance

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
    package: str,
    facts: Mapping[str, Any],
    exhibits: Exhibits,
    benchmarks: Sequence[Path],
    out: Path,
    provenance_out: Path,
) -> None:
    """Write a report and the page of its provenance; every text in them is escaped.

    Args:
        package: of the study; its report.html.jinja extends report_page.html.jinja.
        facts: what the template shows besides the exhibits; the page of the provenance reads `params` alone.
        benchmarks: of the jobs, as far as they are there.
        provenance_out: page in the same folder; differs from run to run.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, ""), PackageLoader("crisisflow.reporting", "")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    template = environment.get_template(TEMPLATE)
    page = template.render(**facts, exhibits=exhibits, number="{:,}".format).lstrip()
    record = provenance(benchmarks, Path())
    beside = template.render(
        params=facts["params"],
        record=record,
        report=hashlib.sha256(page.encode()).hexdigest(),
        exhibits={"cost": {"costs": costs(record.steps)}},
    )
    write_text(out, page)
    write_text(provenance_out, beside.lstrip())
