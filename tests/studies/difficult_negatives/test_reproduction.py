"""The paper's numbers, what follows from them, and the ledger."""

import re
from functools import reduce
from operator import getitem
from pathlib import Path

import pytest
import yaml

from crisisflow.reporting.ledger import read_ledger
from crisisflow.studies.difficult_negatives.reproduction import NEGATIVES, decomposed, decomposition, paper_table

ROOT = Path(__file__).parents[3]
ROWS = read_ledger(ROOT / "docs" / "studies" / "difficult_negatives.md").rows


def test_table_4_taken_apart_gives_the_known_numbers_to_the_last_digit():
    known = paper_table("table4_decomposed").set_index("train")
    found = decomposition()
    assert list(found) == list(known.index)
    for train, own in found.items():
        assert f"{own.f1:.2f}" == known.loc[train, "f1_without_negatives"]
        for name, value in own.false.items():
            assert f"{value:.3f}" == known.loc[train, f"false_per_true_span_269_{name}"]


def test_f1_is_taken_apart_as_it_is_made_of_counts():
    true, false, missed = 120, 30, 60
    brought = {"random": 12, "random_plus": 120, "1sigma": 18, "2sigma": 24, "3sigma": 60}
    assert {*brought} == {*NEGATIVES}
    f1 = {name: 100 * 2 * true / (2 * true + false + missed + own) for name, own in brought.items()}
    found = decomposed(f1)
    assert found.f1 == pytest.approx(100 * 2 * true / (2 * true + false + missed))
    for name in ("random", "1sigma", "2sigma", "3sigma"):
        assert found.false[name] == pytest.approx(brought[name] / true)


def test_the_ledger_has_its_entries_in_order():
    assert [row[0] for row in ROWS] == [str(at + 1) for at in range(27)]
    assert ROWS[0][1] == "Six types, five named"
    assert ROWS[-1][1] == "Five models"


def test_each_parameter_is_one_of_params_yaml():
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    named = [name for row in ROWS for name in re.findall(r"<code>(.+?)</code>", row[-1])]
    assert len(named) > 10
    for name in named:
        parts = name.split(".")
        reduce(getitem, parts, params if parts[0] in params else params["difficult_negatives"])


def test_an_entry_names_a_parameter_or_says_that_there_is_none():
    assert all(row[-1] == "none" or re.fullmatch(r"(<code>[\w.]+</code>(, )?)+", row[-1]) for row in ROWS)
