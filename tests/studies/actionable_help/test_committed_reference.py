"""The reference in the repository: well-formed, of the sizes that the docs say, and without texts."""

import csv
import re
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score

from crisisflow.studies.actionable_help.labels import BOTH, IRRELEVANT, LABELS, OFFER, REQUEST
from crisisflow.studies.actionable_help.reference import COLUMNS, PASSES, SETTLED
from crisisflow.studies.actionable_help.validation import DISAGREED

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


def weighed() -> list[tuple[dict[str, str], float]]:
    """Each tweet, and how many of the pool it stands for."""
    return [(row, int(row["population"]) / DRAWN[row["stratum"]]) for row in rows()]


def share(part: Callable[[dict[str, str]], bool], whole: Callable[[dict[str, str]], bool]) -> float:
    """The share of the pool's tweets of `whole` that are in `part`."""
    chosen = [(row, weight) for row, weight in weighed() if whole(row)]
    return sum(weight for row, weight in chosen if part(row)) / sum(weight for _, weight in chosen)


def test_the_agreed_labels_have_the_kappas_accuracy_and_precision_of_the_docs() -> None:
    agreed = [row for row in rows() if row["stratum"] != DISAGREED]
    for name, value in zip(PASSES, (0.807, 0.819), strict=True):
        kappa = cohen_kappa_score([row["stratum"] for row in agreed], [row[name] for row in agreed])
        assert kappa == pytest.approx(value, abs=0.0005)
    right = share(lambda row: row[SETTLED] == row["stratum"], lambda row: row["stratum"] != DISAGREED)
    assert right == pytest.approx(0.949, abs=0.0005)
    precision = {REQUEST: 0.972, OFFER: 0.917, BOTH: 0.75, IRRELEVANT: 0.947}
    for label, value in precision.items():
        found = share(lambda row: row[SETTLED] == row["stratum"], lambda row, own=label: row["stratum"] == own)
        assert found == pytest.approx(value, abs=0.0005)


@pytest.mark.parametrize(("label", "recall", "disagreed"), [(REQUEST, 0.25, 0.69), (OFFER, 0.05, 0.89)])
def test_agreement_keeps_what_it_agrees_on_under_the_right_label(label, recall, disagreed) -> None:
    found = [
        share(lambda row, own=own: row["stratum"] == own, lambda row: row[SETTLED] == label)
        for own in (label, DISAGREED)
    ]
    assert found == pytest.approx([recall, disagreed], abs=0.005)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.csv")), ids=lambda path: path.stem)
def test_a_reference_has_no_texts(path) -> None:
    header, *lines = csv.reader(path.read_text(encoding="utf-8").splitlines())
    assert tuple(header) == COLUMNS
    assert lines
    # A tweet has blanks and more than an id; the digest tells whether a text is the one that was labelled.
    assert all(re.fullmatch(r"[\w:.-]{1,64}", value) for line in lines for value in line)
    assert all(re.fullmatch(r"[0-9a-f]{64}", line[header.index("sha256")]) for line in lines)
