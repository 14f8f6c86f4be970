"""The ledger of the paper's gaps: every entry is there, and names parameters that are there."""

import re
from functools import reduce
from operator import getitem
from pathlib import Path

import yaml

from crisisflow.reporting.ledger import read_ledger

ROOT = Path(__file__).parents[3]
ROWS = read_ledger(ROOT / "docs" / "studies" / "actionable_help.md").rows


def test_each_entry_is_there_in_its_order():
    assert [row[0] for row in ROWS] == [str(at + 1) for at in range(36)]
    assert ROWS[5][1] == "38 tweets in the fourth class"
    assert ROWS[-1][1] == "Order of the text steps"


def test_each_parameter_is_one_of_params_yaml():
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    named = [name for row in ROWS for name in re.findall(r"<code>(.+?)</code>", row[-1])]
    assert len(named) > 20
    for name in named:
        reduce(getitem, name.split("."), params)  # raises KeyError of an unknown one


def test_an_entry_names_a_parameter_or_says_that_there_is_none():
    assert all(row[-1] == "none" or re.fullmatch(r"(<code>[\w.]+</code>(, )?)+", row[-1]) for row in ROWS)
