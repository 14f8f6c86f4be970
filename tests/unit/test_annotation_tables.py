"""The tables of the pages on annotation are those of docs/annotation/*.csv, all of one run."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "annotation_tables.py"


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("annotation_tables", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_on_the_pages_are_those_of_the_numbers(tables):
    for path in tables.PAGES:
        text = path.read_text(encoding="utf-8")
        assert tables.page(path, text, tables.read_numbers()) == text


def test_the_parts_of_a_table_sum_to_its_whole(tables):
    numbers = tables.read_numbers()
    sources = numbers["sources"].set_index(["stage", "label"])
    spans = sources.loc[("resolved", "all"), "spans"]
    assert spans == sources.loc["resolved"].drop("all")["spans"].sum()
    assert spans == numbers["splits"]["spans"].sum() == numbers["alignment"].drop(columns="label").to_numpy().sum()
    assert spans == sum(sources.loc[(stage, "all"), "kept"] for stage in tables.STAGES)


def test_a_page_without_the_markers_of_a_table_is_refused(tables):
    path = next(path for path, own in tables.PAGES.items() if tables.splits in own)
    text = path.read_text(encoding="utf-8").replace("<!-- splits -->", "")
    with pytest.raises(SystemExit, match="markers of the table splits"):
        tables.page(path, text, tables.read_numbers())
