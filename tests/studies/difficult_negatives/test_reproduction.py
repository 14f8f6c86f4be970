"""The paper's numbers, what follows from them, and the ledger."""

import math
import re
from functools import reduce
from operator import getitem
from pathlib import Path

import pandas as pd
import pytest
import yaml

from crisisflow.evaluation.agreement import kappa
from crisisflow.reporting.ledger import read_ledger
from crisisflow.studies.difficult_negatives.reproduction import NEGATIVES, decomposed, decomposition, paper_table

ROOT = Path(__file__).parents[3]
PAPER = ROOT.parent / "shared" / "papers" / "2_difficult_negatives.txt"
ROWS = read_ledger(ROOT / "docs" / "studies" / "difficult_negatives.md").rows


def test_table_4_taken_apart_gives_the_known_numbers_to_the_last_digit():
    known = paper_table("table4_decomposed").set_index("train")
    found = decomposition()
    assert list(found) == list(known.index)
    for train, own in found.items():
        assert f"{own.f1:.2f}" == known.loc[train, "f1_without_negatives"]
        for name, value in own.false.items():
            assert f"{value:.3f}" == known.loc[train, f"false_per_true_span_269_{name}"]


def test_the_mining_times_fit_one_speed_only_if_both_ends_count():
    """Footnote 4: a band's share of a normal curve says how many tweets were looked at for 864 negatives."""
    times = paper_table("footnote4_mining_time").set_index("band").astype(float)
    share = {k: math.erf(k / math.sqrt(2)) for k in range(4)}
    ends = {"both_ends": 1.0, "upper_end_only": 0.5}
    for k, band in enumerate(times.index, 1):
        for name, part in ends.items():
            part = 1.0 if k == 1 else part  # the first band has one piece
            inside = part * (share[k] - share[k - 1])
            assert inside == pytest.approx(times.loc[band, f"share_of_a_normal_{name}"], abs=1e-4)
            number = 864 / times.loc[band, f"share_of_a_normal_{name}"]
            kind = name.removesuffix("_end_only") + ("_only" if "only" in name else "")
            kind = {"both_ends": "if_both_ends", "upper_only": "if_upper_only"}[kind]
            assert number == pytest.approx(times.loc[band, f"tweets_examined_{kind}"], abs=1)
            speed = number / times.loc[band, "seconds_for_864"]
            assert speed == pytest.approx(times.loc[band, f"tweets_per_second_{kind}"], abs=0.06)
    both, upper = (times[f"tweets_per_second_{kind}"] for kind in ("if_both_ends", "if_upper_only"))
    assert both.max() / both.min() < 1.25 < upper.max() / upper.min()


def test_precision_and_recall_follow_from_what_the_prose_says():
    """Both F1 and the gains of 2σ in precision and recall leave two solutions, one of them hardly possible."""
    prose = paper_table("numbers_in_prose").set_index("number")["statement"]
    more_precise, more_found = (float(own) for own in prose.index if own in ("1.07", "2.26"))
    table = paper_table("table4_f1").set_index("train")["test_random_plus"].astype(float)

    def gap(precision):
        recall = precision * table["random"] / (2 * precision - table["random"])
        one, other = precision + more_precise, recall + more_found
        return 2 * one * other / (one + other) - table["2σ"]

    found = [
        round(at / 100, 1) for at in range(1900, 6000) if gap(at / 100) * gap((at + 1) / 100) <= 0 and at / 100 < 100
    ]
    assert found == [23.5, 33.3]


@pytest.mark.skipif(not PAPER.exists(), reason="the paper's text is not here")
def test_the_settings_and_numbers_are_in_the_paper_s_text():
    text = PAPER.read_text(encoding="utf-8")
    for number in paper_table("numbers_in_prose")["number"]:
        for part in re.findall(r"\d+(?:\.\d+)?", number):
            assert part in text, part
    for value in paper_table("settings")["value"]:
        for part in re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", value):
            assert part in text, part


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
    assert [row[0] for row in ROWS] == [str(at + 1) for at in range(30)]
    assert ROWS[0][1] == "Six types, five named"
    assert ROWS[-1][1] == "Spans of the urban types"


def test_each_parameter_is_one_of_params_yaml():
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    named = [name for row in ROWS for name in re.findall(r"<code>(.+?)</code>", row[-1])]
    assert len(named) > 10
    for name in named:
        parts = name.split(".")
        reduce(getitem, parts, params if parts[0] in params else params["difficult_negatives"])


def test_an_entry_names_a_parameter_or_says_that_there_is_none():
    assert all(row[-1] == "none" or re.fullmatch(r"(<code>[\w.]+</code>(, )?)+", row[-1]) for row in ROWS)


def test_the_crisis_tweets_among_mined_negatives_are_as_many_as_the_ledger_says():
    rows = pd.read_csv(ROOT / "data/reference/pool/verdicts.csv", dtype=str)
    yes = (rows[["first", "second"]] == "yes").groupby(rows["setting"]).sum()
    said = " ".join(next(row for row in ROWS if row[0] == "8")[2].split())
    first, second = yes.loc["3sigma_upper"]
    assert f"took {first} for crisis tweets in one pass and {second} in another" in said
    assert yes.loc["random"].tolist() == [1, 1]
    assert rows["setting"].value_counts().to_dict() == {"3sigma_upper": 200, "random": 40}
    assert f"κ {kappa(pd.crosstab(rows['first'], rows['second']).to_numpy()):.2f}" in said
    assert rows["text_id"].str.fullmatch("[0-9a-f]{64}").all()
