"""The report: what it shows is what the artifacts hold, as text, in one file that loads nothing."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from crisisflow.artifacts import read_json
from crisisflow.reporting.exhibits import read_cells
from crisisflow.studies.actionable_help import figures, report, tables
from crisisflow.studies.actionable_help.params import ReportParams
from tests.studies.actionable_help.artifacts import HOSTILE, inputs_of_figures, inputs_of_tables, params

ROOT = Path(__file__).parents[3]
OWN = params()


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    """A small run's tables and figures; labels and notes are hostile."""
    folder = tmp_path_factory.mktemp("run")
    tables.run(preset="sample", folder=folder / "tables", **inputs_of_tables(folder, OWN))
    figures.run(folder=folder / "figures", **inputs_of_figures(folder, OWN))
    return folder


def made(folder: Path, preset: str = "sample", own=OWN) -> str:
    report.run(
        params=ReportParams.model_construct(preset=preset, actionable_help=own),
        scores=folder / "rows" / "scores.json",
        agreement=folder / "agreement.json",
        tables=folder / "tables" / "captions.json",
        figures=folder / "figures" / "captions.json",
        ledger=ROOT / "docs" / "studies" / "actionable_help.md",
        citation=ROOT / "CITATION.cff",
        benchmarks=[folder / "logs" / "help_score.tsv"],
        out=folder / "report.html",
        provenance_out=folder / "provenance.html",
    )
    return (folder / "report.html").read_text(encoding="utf-8")


def test_every_table_figure_and_entry_is_shown_and_the_bytes_are_the_same(artifacts):
    text = made(artifacts)
    assert text == made(artifacts)
    assert text.count("<table>") == len(read_json(artifacts / "tables" / "captions.json")) + 1
    assert text.count("<figure ") == len(read_json(artifacts / "figures" / "captions.json"))
    assert "Order of the text steps" in text
    assert "Lamsal" in text
    assert "Asian Bulletin" not in text  # the paper of another study
    assert not re.search(r"(src|href)=\"(?!#|data:|https://)", text)
    table = read_cells(artifacts / "tables" / "table1.csv")
    assert all(cell in text for cell in table["Macro F1 (this run)"])


def test_hostile_text_stays_text(artifacts):
    text = made(artifacts, HOSTILE)
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_opening_says_what_the_numbers_do_not_mean(artifacts):
    text = made(artifacts)
    assert text.count('<dd class="number">') == 3
    assert "Generated tweets." in text
    assert "Labels by labellers." in text
    real = OWN.model_copy(update={"pool": OWN.pool.model_copy(update={"sets": ["mine"]})})
    assert "Generated tweets.</b>" not in made(artifacts, own=real)


def test_the_report_is_accessible(artifacts):
    made(artifacts)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme)
            page.goto((artifacts / "report.html").as_uri())
            found = Axe().run(page)
            assert found.response["violations"] == [], found.generate_report()
            page.close()
        browser.close()
