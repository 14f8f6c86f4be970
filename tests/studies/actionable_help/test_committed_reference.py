"""The reference in the repository: well-formed, of the sizes that the docs say, and without texts."""

import csv
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score

from crisisflow.studies.actionable_help.labels import LABELS
from crisisflow.studies.actionable_help.reference import COLUMNS, PASSES, SETTLED

FOLDER = Path(str(files("crisisflow.studies.actionable_help"))) / "reference"
DRAWN = {"irrelevant": 864, "disagreed": 300, "request": 106, "offer": 24, "request_and_offer": 4}


def rows() -> list[dict[str, str]]:
    with (FOLDER / "pool_2026.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_it_has_the_sample_of_the_docs() -> None:
    assert Counter(row["stratum"] for row in rows()) == DRAWN
    assert len({(row["set"], row["tweet_id"]) for row in rows()}) == sum(DRAWN.values())
    assert {row[column] for row in rows() for column in (*PASSES, SETTLED)} == {*LABELS}


def test_what_both_passes_say_is_settled() -> None:
    both = [row for row in rows() if row["first"] == row["second"]]
    assert all(row["settled"] == row["first"] for row in both)
    assert len(rows()) - len(both) == 19
    kappa = cohen_kappa_score(*([row[name] for row in rows()] for name in PASSES))
    assert kappa == pytest.approx(0.966, abs=0.0005)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.csv")), ids=lambda path: path.stem)
def test_a_reference_has_no_texts(path) -> None:
    header, *lines = csv.reader(path.read_text(encoding="utf-8").splitlines())
    assert tuple(header) == COLUMNS
    assert lines
    # A tweet has blanks and more than an id; the digest tells whether a text is the one that was labelled.
    assert all(re.fullmatch(r"[\w:.-]{1,64}", value) for line in lines for value in line)
    assert all(re.fullmatch(r"[0-9a-f]{64}", line[header.index("sha256")]) for line in lines)
