"""Tables, figures, headline and report: what they show is what the artifacts hold."""

import re
from pathlib import Path

import pytest

from crisisflow.artifacts import read_json
from crisisflow.reporting.exhibits import read_cells, read_frame
from crisisflow.reporting.index import read_headline
from crisisflow.studies.difficult_negatives import figures, headline, report, tables
from crisisflow.studies.difficult_negatives.params import ReportParams
from crisisflow.studies.difficult_negatives.sections import SECTIONS
from tests.studies.difficult_negatives.conftest import params

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def shown(small_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shown")
    tables.run(
        "sample",
        params(),
        *(small_run / name for name in ("collection.json", "pool.json", "style.json", "fit.json", "datasets.json")),
        folder / "tables",
    )
    figures.run("sample", "embedded:minilm-l6", small_run / "fit.json", folder / "figures")
    headline.run(small_run / "fit.json", "sample", folder / "headline.json")
    return folder


def page(small_run, shown, preset="sample"):
    report.run(
        params=ReportParams.model_construct(preset=preset, difficult_negatives=params()),
        fit=small_run / "fit.json",
        style=small_run / "style.json",
        tables=shown / "tables" / "captions.json",
        figures=shown / "figures" / "captions.json",
        ledger=ROOT / "docs" / "studies" / "difficult_negatives.md",
        citation=ROOT / "CITATION.cff",
        benchmarks=[shown / "logs" / "negatives_pool.tsv"],
        out=shown / "report.html",
        provenance_out=shown / "provenance.html",
    )
    return (shown / "report.html").read_text(encoding="utf-8")


def test_table_2_has_the_paper_s_numbers_beside_those_of_the_run(shown):
    found = read_cells(shown / "tables" / "table2.csv").set_index("Dataset")
    assert found.loc["test[random+]"].tolist() == ["269", "2690", "6", "60"]
    assert found.loc["train[2σ]"].tolist() == ["864", "864", "16", "16"]
    assert found.loc["train[no]"].tolist() == ["864", "0", "16", "0"]


def test_the_figure_s_numbers_are_all_sampled_tweets(shown, small_run):
    found = read_frame(shown / "figures" / "figure5.csv")
    assert found.groupby("class")["tweets"].sum().to_dict() == {"storm": 200, "wildfire": 200}
    assert found.groupby("class")["normal"].sum().between(199, 200.01).all()
    assert (shown / "figures" / "figure5.svg").read_text().count("lower end") == 2


def test_every_table_figure_and_entry_is_in_the_report(small_run, shown):
    text = page(small_run, shown)
    assert text == page(small_run, shown)
    captions = [read_json(shown / kind / "captions.json") for kind in ("tables", "figures")]
    assert text.count("<table>") == len(captions[0]) + 1
    assert text.count("<figure ") == len(captions[1])
    assert sum(map(len, SECTIONS.values())) == len(captions[0]) + len(captions[1]) + 1
    assert "Five models" in text and "Win Myint" in text and "Lamsal" not in text
    assert not re.search(r"(src|href)=\"(?!#|data:|https://)", text)
    assert "<script" not in page(small_run, shown, "<script>alert(1)</script>")


def test_the_headline_says_that_the_pool_is_generated(shown):
    found = read_headline(shown / "headline.json")
    assert found.paper == 0.3
    assert 0 <= found.ours < 10
    assert "generated" in found.note
