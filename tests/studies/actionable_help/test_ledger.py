"""The ledger of the paper's gaps: each entry is there, and what it names; and numbers that no other test computes."""

import csv
import gzip
import re
from functools import reduce
from itertools import combinations
from operator import getitem
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from sklearn.metrics import cohen_kappa_score, f1_score
from transformers import MPNetConfig, MPNetForMaskedLM, MPNetModel

from crisisflow.corpus import splits
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.sources.posts import Dropped
from crisisflow.corpus.sources.sets import files_of, rows_of
from crisisflow.evaluation import linear
from crisisflow.params import read_own
from crisisflow.reporting.ledger import read_ledger
from crisisflow.reporting.places import names_in
from crisisflow.studies.actionable_help.params import Own
from crisisflow.studies.actionable_help.reproduction import paper_table
from crisisflow.studies.actionable_help.sections import SECTIONS

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "data"
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


def test_each_entry_names_its_test_and_tables_that_the_report_has():
    tests = {
        path.name for folder in ("studies/actionable_help", "unit") for path in (ROOT / "tests" / folder).glob("*")
    }
    tables = set(names_in("tables", SECTIONS))
    for row in ROWS:
        (named,) = re.findall(r"Test: <code>(.+?)</code>\.$", row[2])
        assert named in tests, row[0]
        for said in re.findall(r"Tables?: (.+?)\.", row[2]):
            assert set(re.findall(r"<code>(.+?)</code>", said)) <= tables, row[0]


def test_the_kappas_with_two_people_do_not_differ():
    """Entry 3: the standard error of Cohen's kappa (Cohen 1960), on the sample and the whole of the rarest class."""
    shares = [size / 1094 for size in (164, 52, 38, 840)]
    by_chance = sum(share**2 for share in shares)
    for value in (0.934, 0.924):
        observed = 1 - (1 - value) * (1 - by_chance)
        error = (observed * (1 - observed) / 1094) ** 0.5 / (1 - by_chance)
        assert error == pytest.approx(0.012, abs=0.0015)
        assert error > 0.934 - 0.924


def test_the_paper_s_133_million_of_mpnet_are_with_a_language_model_head():
    """Entry 18."""
    with torch.device("meta"):
        config = MPNetConfig(vocab_size=30_527)
        encoder, tied = MPNetModel(config), MPNetForMaskedLM(config)
    parameters = sum(own.numel() for own in encoder.parameters())
    head = sum(own.numel() for own in tied.lm_head.parameters())
    assert (round(parameters / 1e6, 1), round((parameters + head) / 1e6, 1)) == (109.5, 133.6)


def test_the_steps_of_the_paper_s_distillation():
    """Entry 23: 440M tweets in batches of 1,024."""
    assert -(-440_000_000 // 1024) == 429_688


def read(name: str, folder: str) -> list:
    layout, files = files_of(name, SHARED / folder)
    rows = rows_of(name, SHARED / folder, layout, files)
    return [row for _, row in rows if not isinstance(row, Dropped)]


def by_row(posts: list, label: str) -> tuple[list[int], np.ndarray]:
    """Class and split of each post."""
    labels = [dict(own.labels)[label] for own in posts]
    classes = sorted(set(labels))
    class_ids = [classes.index(own) for own in labels]
    params = read_own(ROOT / "params.yaml", Own).actionable_help.splits
    return class_ids, splits.by_row(class_ids, params, params.seed)


@pytest.mark.skipif(not SHARED.exists(), reason="the real data is not here")
@pytest.mark.parametrize(
    ("name", "folder", "label", "tests", "repeated"),
    [
        ("crisislex_t26", "crisislex", "information_type", 5_587, 1_214),
        ("crisislex_t6", "crisislex", "relevance", 12_017, 2_159),
        ("kaggle", "disasters_on_social_media", "disaster", 1_523, 284),
    ],
)
def test_near_duplicates_cross_a_random_split(name, folder, label, tests, repeated):
    """Entry 11: token Jaccard of at least 0.8."""
    posts = read(name, folder)
    _, found = by_row(posts, label)
    assert int((found == 2).sum()) == tests
    assert splits.with_a_near_duplicate(groups_of([own.text for own in posts]).tolist(), found, "test") == repeated


@pytest.mark.skipif(not SHARED.exists(), reason="the real data is not here")
def test_a_linear_svm_is_far_better_on_the_set_that_the_paper_cites_than_its_best_score():
    """Entry 26."""
    posts = read("crisislex_t6", "crisislex")
    class_ids, found = by_row(posts, "relevance")
    train, asked = (np.flatnonzero(found == split) for split in (0, 2))
    model = linear.fit([posts[at].text for at in train], [class_ids[at] for at in train], 42, balanced=True)
    said = model.predict([posts[at].text for at in asked])
    assert f1_score(np.array(class_ids)[asked], said, average="macro") == pytest.approx(0.947, abs=0.0006)
    (of_paper,) = (row for row in paper_table("table3").values.tolist() if row[0] == "CrisisLex")
    assert max(map(float, of_paper[1:])) == pytest.approx(0.760, abs=0.0005)


@pytest.mark.skipif(not SHARED.exists(), reason="the real data is not here")
def test_not_all_tasks_are_tweets_and_their_labellers_agree_a_little():
    """Entry 28."""
    rows = read_table("sad/sad_v1.tsv.gz")
    sources = [row["Source"].lower() for row in rows]
    assert len(rows) == 6_850
    assert sum("inquire" in own for own in sources) == 3_546  # LiveJournal
    assert sum("turk" in own for own in sources) == 3_119
    rows = read_table("covid_stance/poddar_stance.tsv.gz")
    pairs = combinations((f"label{at}" for at in (1, 2, 3)), 2)
    kappas = [cohen_kappa_score(*([row[own] for row in rows] for own in pair)) for pair in pairs]
    assert sum(kappas) / 3 == pytest.approx(0.40, abs=0.005)


def read_table(name: str) -> list[dict[str, str]]:
    with gzip.open(SHARED / name, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))
