"""The study view's part of the API: tables, figures and report of the results, as they are when they are asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from fastapi import Path as InPath
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import Field

from crisisflow.artifacts import read_json
from crisisflow.delimited import read_rows
from crisisflow.errors import CrisisflowError
from crisisflow.serving.schema import Form, Problem

NAME = r"^[a-z0-9_]{1,64}$"
FIGURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # a drawing runs no script
# The report has its styles and drawings in it, and no script; in a sandbox it is of another origin than the page.
REPORT_HEADERS = {
    "content-security-policy": f"sandbox; {FIGURE_POLICY}; img-src data:",
    "cross-origin-opener-policy": "unsafe-none",  # by the HTML standard, a tab with any other opens no sandbox
}


class TableEntry(Form):
    """A table as text, to be had as CSV at /v1/study/tables/NAME."""

    name: str
    caption: str | None
    header: list[str]
    rows: list[list[str]]


class FigureEntry(Form):
    """A figure, to be had as SVG at /v1/study/figures/NAME."""

    name: str
    caption: str | None


class StudyPage(Form):
    """What the results show; empty where nothing was run."""

    chosen_row: str | None
    report: bool = Field(description="there is a report, to be had as HTML at /v1/study/report")
    tables: list[TableEntry]
    figures: list[FigureEntry]


def add_operations(api: APIRouter, results: Path, problems: Callable[..., dict[int | str, dict[str, Any]]]) -> None:
    """Add the operations of the study to the API."""

    @api.get("/v1/study", tags=["study"], responses={401: {"model": Problem}})
    def study() -> StudyPage:
        """Tables and figures of the current results."""
        return read_study(results)

    @api.get(
        "/v1/study/report",
        tags=["study"],
        response_class=HTMLResponse,
        responses={status: {"model": Problem} for status in (400, 401, 404, 416)},
    )
    def report() -> FileResponse:
        """All of the current results on one page."""
        return _file(results / "report.html", "report", "text/html", REPORT_HEADERS)

    @api.get(
        "/v1/study/tables/{name}",
        tags=["study"],
        response_class=FileResponse,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **problems(404, 416)},
    )
    def table(name: Annotated[str, InPath(pattern=NAME)]) -> FileResponse:
        """A table of the current results."""
        return _file(results / "tables" / f"{name}.csv", "table", "text/csv", {})

    @api.get(
        "/v1/study/figures/{name}",
        tags=["study"],
        response_class=FileResponse,
        responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}, **problems(404, 416)},
    )
    def figure(name: Annotated[str, InPath(pattern=NAME)]) -> FileResponse:
        """A figure of the current results."""
        headers = {"content-security-policy": FIGURE_POLICY}
        return _file(results / "figures" / f"{name}.svg", "figure", "image/svg+xml", headers)


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
