"""The paper's numbers: they stand in its text, and what is counted again from them is known."""

import re
from functools import reduce
from operator import getitem
from pathlib import Path

import pytest
import yaml

from crisisflow.reporting.ledger import read_ledger
from crisisflow.studies.gnom.claims import COUNTED, recomputed, rounded
from crisisflow.studies.gnom.reproduction import FOLDER, ablation, paper_scores, paper_table, scores_of
from crisisflow.studies.gnom.sections import SECTIONS

ROOT = Path(__file__).parents[3]
LEDGER = read_ledger(ROOT / "docs" / "studies" / "gnom.md").rows
PAPER = Path(__file__).parents[4] / "shared" / "papers" / "5_gnom.txt"
NUMBER = re.compile(r"\d+(?:\.\d+)?")
# Columns of ours: what was counted again, the claims in our words, and what was read in the authors' code.
OURS = {"recomputed", "claim", "public_code_glen_bert"}
ALL_LABELS = "100"  # percent; the paper does not print it
TABLES = sorted(path.stem for path in FOLDER.glob("*.csv"))


@pytest.mark.skipif(not PAPER.exists(), reason="the paper's text is not here")
@pytest.mark.parametrize("name", TABLES)
def test_every_number_that_is_shipped_stands_in_the_paper_s_text(name):
    text = re.sub(r"(?<=\d), (?=\d{3}\b)", "", PAPER.read_text(encoding="utf-8"))
    known = {*NUMBER.findall(text)}
    table = paper_table(name)
    cells = [cell for column in table.columns.difference([*OURS]) for cell in table[column]]
    assert {number for cell in cells for number in NUMBER.findall(cell)} - known <= {ALL_LABELS}


def test_the_averages_counted_again_are_those_of_the_claims():
    lines = paper_table("claims").set_index(["place", "claim"])
    assert {*COUNTED} <= {*lines.index}
    for key, counted in COUNTED.items():
        known = lines.loc[key, "recomputed"]
        for own in counted:
            assert rounded(own.of_paper()).removeprefix("+") in known, key
        assert recomputed(counted)


def test_what_the_paper_prints_agrees_where_the_table_says_so():
    for line in paper_table("claims").to_dict("records"):
        counted = COUNTED.get((line["place"], line["claim"]))
        if counted and (printed := NUMBER.search(line["printed"])) and line["agrees"] in ("yes", "no"):
            agrees = abs(float(printed[0]) - counted[0].of_paper()) < 0.0051
            assert agrees == (line["agrees"] == "yes"), line


def test_gnom_is_above_the_encoder_alone_in_every_cell_of_the_paper():
    scores = paper_scores()
    cells = [cell for cell in scores if cell.model.startswith("GNoM")]
    assert len(cells) == 104
    for cell in cells:
        plain = [
            scores[other] for other in (cell._replace(model=name) for name in ("BERT", "mBERT")) if other in scores
        ]
        assert plain and scores[cell] > plain[0], cell


def test_an_empty_cell_stays_empty():
    assert scores_of("table4")[("NEQ", "NEQ", 100, "DRCN")] is None
    assert ablation()["NEQ", "QFL", "TR+GF-e+IE"] is None


def test_no_table_shows_what_people_wrote():
    assert "figure3" not in TABLES
    assert "table12" in TABLES


def test_the_ledger_has_its_entries_in_order():
    assert [row[0] for row in LEDGER] == [str(at + 1) for at in range(32)]


def test_each_entry_names_parameters_of_the_study_or_says_that_there_is_none():
    own = yaml.safe_load((ROOT / "presets" / "sample" / "gnom.yaml").read_text(encoding="utf-8"))["gnom"]
    for row in LEDGER:
        assert row[-1] == "none" or re.fullmatch(r"(<code>[\w.]+</code>(, )?)+", row[-1])
        for name in re.findall(r"<code>(.+?)</code>", row[-1]):
            reduce(getitem, name.split("."), own)


def test_each_entry_names_a_table_or_a_test_that_is_there():
    tables = {name.partition("/")[2] for names in SECTIONS.values() for name in names}
    for row in LEDGER:
        parts = re.findall(
            r"(?:[Tt]ables?|[Tt]ests?) ((?:(?:, | and | to )?<code>[\w.]+</code>)+)", " ".join(row[2].split())
        )
        assert parts, row[1]
        for part in parts:
            for name in re.findall(r"<code>(.+?)</code>", part):
                if name.endswith(".py"):
                    folders = (ROOT / "tests" / "studies" / "gnom", ROOT / "tests" / "unit")
                    assert any((folder / name).exists() for folder in folders), name
                else:
                    assert name in tables, name
