"""Pairs of requests and offers by the real command. All texts are invented."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from crisisflow.artifacts import write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.params import TextsParams, check, read_own
from crisisflow.studies.actionable_help import ratios
from crisisflow.studies.actionable_help.case_params import LEXICON, TRAINED, RatioParams
from crisisflow.studies.actionable_help.classify import PREDICTED
from crisisflow.studies.actionable_help.find_resources import SPOKEN
from crisisflow.studies.actionable_help.match import Tweets, of_study
from crisisflow.studies.actionable_help.match_posts import of_lines, pairs
from crisisflow.studies.actionable_help.mentions import MENTIONS
from crisisflow.studies.actionable_help.params import Matching
from crisisflow.studies.actionable_help.pool import POOL
from tests.cheap import check_told_cheaply
from tests.presets import read_preset

PRESETS = Path(__file__).parents[3] / "presets"
LINES = [
    {"id": "asks", "text": "We urgently need tents and water in Kathmandu", "created_at": "2015-04-26T10:00:00Z"},
    {"tweet_id": 7, "text": "Drinking water for Bhaktapur here", "label": "offer", "created_at": 1430049600},
    {"text": "Free rooms in Lima, ask @somebody", "label": "offer", "created_at": "none"},
    {"id": "both", "text": "Tents wanted in Patan, food given", "label": "request_and_offer"},
    {"id": "none", "text": "Praying for everyone"},
    {"id": "es", "text": "Necesitamos agua y comida para las familias de aquí"},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder without results, and params.yaml without the lexicons that take long to load."""
    found = tmp_path_factory.mktemp("match")
    plain = read_preset("sample", PRESETS)[1]
    plain["annotation"]["ruler"]["lexicons"] = ["disasters"]
    plain["actionable_help"]["match"]["least"] = 0.0
    (found / "params.yaml").write_text(yaml.safe_dump(plain))
    return found


def help_match(folder, *options, text):
    command = [sys.executable, "-m", "crisisflow", "help_match", *options]
    return subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True)


def test_pairs_have_ids_and_reasons_and_no_texts(folder):
    done = help_match(folder, "-", text="".join(json.dumps(line) + "\n" for line in LINES))
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert "so a lexicon answers" in done.stderr  # of the lines without a label
    assert "blank or not in English: 1 of 6 tweets" in done.stderr
    assert "created_at cannot be read as a time: 1 of 3 tweets" in done.stderr
    best = next(own for own in found if (own["request_id"], own["offer_id"]) == ("asks", "7"))
    assert best["resources"] == ["water"]
    assert best["days"] == pytest.approx(0.08)
    assert best["kilometres"] < 20
    assert [own["rank"] for own in found if own["request_id"] == "asks"] == [1, 2, 3]
    assert {own["request_set"] for own in found} == {"standard input"}
    ids = [(own["request_id"], own["offer_id"]) for own in found]
    assert ("both", "both") not in ids
    assert {own for own, _ in ids} == {"asks", "both"}
    assert {own for _, own in ids} == {"7", "line 3", "both"}
    lima = next(own for own in found if own["offer_id"] == "line 3")
    assert lima["days"] is None
    assert not any(word in done.stdout for word in ("tents", "somebody", "Lima"))


def test_the_pairs_of_the_pool_are_those_of_its_predictions_and_stand_in_a_table(folder, monkeypatch):
    monkeypatch.chdir(folder)
    place = {"name": "Lima", "country": "Peru", "kind": "city", "latitude": -12.0, "longitude": -77.0}
    keys = [{"set": "x", "tweet_id": name} for name in "abc"]
    rest = {"group": 0, "event": None, "month": None, "time": None}
    texts, labels = ("We need water and food", "Water and food for you", "Sunny"), ("request", "offer", "irrelevant")
    own = Path("data/actionable_help")
    tweets = [{**key, "text": text, **rest} for key, text in zip(keys, texts, strict=True)]
    write_parquet(own / "pool.parquet", tweets, POOL)
    named = [{**key, "places": [place]} for key in keys]
    write_parquet(own / "mentions.parquet", named, MENTIONS)
    spoken = [{**key, LEXICON: ["food", "water"], TRAINED: []} for key in keys]
    write_parquet(own / "resources.parquet", spoken, SPOKEN)
    said = [{**key, "label": label, "probabilities": [1.0]} for key, label in zip(keys, labels, strict=True)]
    write_parquet(own / "predicted.parquet", said, PREDICTED)
    done = help_match(folder, "--format", "csv", text="")
    assert done.returncode == 0, done.stderr
    header, line = csv.reader(done.stdout.splitlines())
    row = dict(zip(header, line, strict=True))
    assert (row["request_id"], row["offer_id"], row["resources"], row["days"]) == ("a", "b", "food;water", "")
    assert float(row["kilometres"]) == 0
    paths = [own / f"{name}.parquet" for name in ("pool", "mentions", "resources", "predicted")]
    tweets = of_study(*paths, LEXICON)
    (pair,) = pairs(tweets, read_own(Path("params.yaml"), Matching).actionable_help.match)
    assert str(pair["score"]) == row["score"]
    write_parquet(own / "mentions.parquet", named[::-1], MENTIONS)
    params = read_preset("sample", PRESETS)[1]["actionable_help"]
    rest = [paths[3], paths[0], paths[0], check(params["texts"], TextsParams, ""), RatioParams(**params["ratios"])]
    for reader in (
        lambda: of_study(*paths, LEXICON),
        lambda: ratios.run(*paths[:3], *rest, own / "ratios.csv"),
    ):
        with pytest.raises(CrisisflowError, match=r"mentions\.parquet is of other tweets than the pool"):
            reader()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['{"text": "a", "label": "asks"}'], "f, line 1: the label is none of request, offer"),
        (['{"id": 1, "text": "a"}', "", '{"tweet_id": "1", "text": "b"}'], "f, line 3: has the id of line 1"),
        (["no JSON"], "f, line 1: is no JSON object"),
    ],
)
def test_a_bad_line_is_named(folder, lines, said):
    own = read_own(folder / "params.yaml", Matching)
    with pytest.raises(CrisisflowError, match=said):
        of_lines(iter(lines), "f", own.actionable_help.texts, own.annotation, lambda texts: [])


def test_without_an_offer_there_is_no_pair(folder):
    own = read_own(folder / "params.yaml", Matching).actionable_help
    assert list(pairs(Tweets([("f", "1")], ["request"], ["We need water"], [[]], [["water"]], [None]), own.match)) == []


def test_what_is_absent_is_told_before_anything_heavy_is_imported(folder):
    named = ["--params", str(folder / "params.yaml")]
    cases = {
        "absent.jsonl does not exist": ["help_match", "absent.jsonl", *named],
        "absent.parquet does not exist": ["help_match", *named, "--pool", "absent.parquet"],
        "absent.yaml does not exist": ["help_match", "-", "--params", "absent.yaml"],
    }
    check_told_cheaply(cases)
