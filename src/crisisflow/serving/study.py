"""The studies' part of the API: tables, figures and report of their results, as they are when they are asked for."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import Field

from crisisflow.artifacts import read_json
from crisisflow.delimited import read_rows
from crisisflow.errors import CrisisflowError
from crisisflow.serving.schema import Form, Problem

HEADLINE = "headline.json"
NAME = r"^[a-z0-9_]{1,64}$"
STUDY = r"^[A-Za-z0-9_.-]{1,64}$"
FIGURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # a drawing runs no script
# The report has its styles and drawings in it, and no script; in a sandbox it is of another origin than the page.
REPORT_HEADERS = {
    "content-security-policy": f"sandbox; {FIGURE_POLICY}; img-src data:",
    "cross-origin-opener-policy": "unsafe-none",  # by the HTML standard, a tab with any other opens no sandbox
}


Study = Annotated[str, InPath(pattern=STUDY)]


class TableEntry(Form):
    """A table as text, to be had as CSV at /v1/studies/STUDY/tables/NAME."""

    name: str
    caption: str | None
    header: list[str]
    rows: list[list[str]]


class FigureEntry(Form):
    """A figure, to be had as SVG at /v1/studies/STUDY/figures/NAME."""

    name: str
    caption: str | None


class StudyEntry(Form):
    """A study with results, to be had at /v1/studies/NAME."""

    name: str
    title: str


class Studies(Form):
    """The studies with results, the served one first."""

    studies: list[StudyEntry]


class StudyPage(Form):
    """What the results of a study show; empty where nothing was run."""

    chosen_row: str | None
    report: bool = Field(description="there is a report, to be had as HTML at /v1/studies/STUDY/report")
    tables: list[TableEntry]
    figures: list[FigureEntry]


def add_operations(api: APIRouter, results: Path, problems: Callable[..., dict[int | str, dict[str, Any]]]) -> None:
    """Add the operations of the studies to the API.

    Args:
        results: the folder of the served study's results. Those of the other studies are beside it.
    """

    def folder(study: str) -> Path:
        found = folders(results).get(study)
        if found is None:
            raise HTTPException(404, "there is no such study")
        return found

    @api.get("/v1/studies", tags=["studies"], responses={401: {"model": Problem}})
    def studies() -> Studies:
        """The studies that have results, the served one first."""
        return Studies(studies=[StudyEntry(name=name, title=_title(own)) for name, own in folders(results).items()])

    @api.get("/v1/studies/{study}", tags=["studies"], responses=problems(404))
    def study(study: Study) -> StudyPage:
        """Tables and figures of a study's current results."""
        return read_study(folder(study))

    @api.get(
        "/v1/studies/{study}/report",
        tags=["studies"],
        response_class=FileResponse,
        responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}, **problems(404, 416)},
    )
    def report(study: Study) -> FileResponse:
        """All of a study's current results on one page."""
        return _file(folder(study) / "report.html", "report", "text/html", REPORT_HEADERS)

    @api.get(
        "/v1/studies/{study}/tables/{name}",
        tags=["studies"],
        response_class=FileResponse,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **problems(404, 416)},
    )
    def table(study: Study, name: Annotated[str, InPath(pattern=NAME)]) -> FileResponse:
        """A table of a study's current results."""
        return _file(folder(study) / "tables" / f"{name}.csv", "table", "text/csv", {})

    @api.get(
        "/v1/studies/{study}/figures/{name}",
        tags=["studies"],
        response_class=FileResponse,
        responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}, **problems(404, 416)},
    )
    def figure(study: Study, name: Annotated[str, InPath(pattern=NAME)]) -> FileResponse:
        """A figure of a study's current results."""
        headers = {"content-security-policy": FIGURE_POLICY}
        return _file(folder(study) / "figures" / f"{name}.svg", "figure", "image/svg+xml", headers)


def folders(results: Path) -> dict[str, Path]:
    """The folders of results by the name of their study: the served one, then those beside it that have a headline.

    A folder whose name the address of the API cannot hold is left out.
    """
    served = results.resolve()
    others = sorted(path.parent for path in served.parent.glob(f"*/{HEADLINE}"))
    return {path.name: path for path in dict.fromkeys([served, *others]) if re.fullmatch(STUDY, path.name)}


def _title(folder: Path) -> str:
    try:
        return str(read_json(folder / HEADLINE, "title")["title"])
    except (CrisisflowError, KeyError):
        return folder.name


def _file(path: Path, what: str, kind: str, headers: dict[str, str]) -> FileResponse:
    if not path.is_file():
        raise HTTPException(404, f"there is no such {what}")
    return FileResponse(path, media_type=kind, headers=headers)


def read_study(results: Path) -> StudyPage:
    """The study in a folder of results; what is not there, or not readable, is left out.

    Tables and figures come as captions.json has them, then those without a caption.
    """
    tables, figures = results / "tables", results / "figures"
    named, drawn = _captions(tables), _captions(figures)
    there = sorted(path.stem for path in tables.glob("*.csv"))
    in_order = [name for name in dict.fromkeys([*named, *there]) if name in there]
    names = sorted(path.stem for path in figures.glob("*.svg"))
    return StudyPage(
        chosen_row=_chosen(results),
        report=(results / "report.html").is_file(),
        tables=[table for name in in_order if (table := _table(tables / f"{name}.csv", named.get(name)))],
        figures=[
            FigureEntry(name=name, caption=drawn.get(name))
            for name in [*(name for name in drawn if name in names), *(name for name in names if name not in drawn)]
        ],
    )


def _chosen(results: Path) -> str | None:
    try:
        return read_json(results / "metrics.json", "chosen_row")["chosen_row"]
    except (CrisisflowError, KeyError):
        return None


def _captions(folder: Path) -> dict[str, str]:
    try:
        return read_json(folder / "captions.json")
    except CrisisflowError:
        return {}


def _table(path: Path, caption: str | None) -> TableEntry | None:
    try:
        header, *rows = [values for _, values in read_rows(path, ",")] or [[]]
    except CrisisflowError:
        return None
    return TableEntry(name=path.stem, caption=caption, header=header, rows=rows)
