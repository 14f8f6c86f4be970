"""The sheet for review: its draw, its margins of error, and the way through Label Studio and back."""

import csv
import json
import random
from collections import Counter
from itertools import product
from math import sqrt
from pathlib import Path
from statistics import mean
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.annotation import agreement, review
from crisisflow.annotation.label_studio import configuration, read_export, task
from crisisflow.annotation.review import margin_of_tweets, margins_of_spans
from crisisflow.annotation.reviewed import Mark
from crisisflow.artifacts import TWEETS, read_json, write_parquet
from crisisflow.corpus.spread import allocate, spread
from crisisflow.errors import CrisisflowError
from crisisflow.spans import Span, write_spans
from crisisflow.taxonomy import ENTITY_TYPES
from tests.unit.test_cli import crisisflow

TEXT = "🔥 <b>Floods</b> in  Nepal & #Apia, 17 dead"
FLOODS, NEPAL, APIA, DEAD = (
    Mark(TEXT.index(word), TEXT.index(word) + len(word), label)
    for word, label in [
        ("Floods", "DISASTER_TYPE"),
        ("Nepal", "LOCATION"),
        ("Apia", "LOCATION"),
        ("17 dead", "CASUALTY"),
    ]
)

sizes = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 30), min_size=1)


@given(sizes, st.data())
def test_every_class_is_in_the_sheet_and_none_with_more_than_it_has(sizes: dict[str, int], data) -> None:
    total = data.draw(st.integers(len(sizes), sum(sizes.values())))
    allocated = allocate(sizes, total)
    assert sum(allocated.values()) == total
    assert all(1 <= allocated[name] <= size for name, size in sizes.items())


@settings(max_examples=30)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=3), st.data())
def test_no_other_allocation_has_a_smaller_variance(sizes: list[int], data) -> None:
    total = data.draw(st.integers(len(sizes), sum(sizes)))

    def variance(numbers) -> float:
        return sum(size**2 / number for size, number in zip(sizes, numbers, strict=True))

    found = allocate(dict(enumerate(sizes)), total).values()
    others = product(*(range(1, size + 1) for size in sizes))
    assert variance(found) == pytest.approx(min(variance(one) for one in others if sum(one) == total))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["e", "f", "g", None])), min_size=2), st.data())
def test_each_event_has_its_share_of_its_class(tweets, data) -> None:
    classes, events = zip(*tweets, strict=True)
    size = data.draw(st.integers(len(set(classes)), len(tweets)))
    drawn = spread(classes, events, size, seed=3)
    assert len(set(drawn)) == len(drawn) == size
    assert drawn == spread(classes, events, size, seed=3)
    of_class, of_sheet = Counter(classes), Counter(classes[at] for at in drawn)
    in_sheet = Counter(tweets[at] for at in drawn)
    for (name, event), number in Counter(tweets).items():
        assert abs(in_sheet[name, event] - of_sheet[name] * number / of_class[name]) < 1


def test_each_tweet_of_a_class_is_drawn_equally_often() -> None:
    classes, events = "aaaaaaab", "eefffffg"
    drawn = Counter(at for seed in range(4000) for at in spread(classes, events, 4, seed))
    assert drawn[7] == 4000
    assert all(drawn[at] / 4000 == pytest.approx(3 / 7, abs=0.03) for at in range(7))


def shares(**classes: tuple[int, int]) -> dict[str, dict[str, int]]:
    return {name: {"corpus": corpus, "sheet": sheet} for name, (corpus, sheet) in classes.items()}


def test_margin_of_tweets_by_hand() -> None:
    # One class: the textbook's 1.96 sqrt(p q / n), with the correction for a finite population.
    assert margin_of_tweets(shares(a=(10_001, 100))) == round(1.95996 * sqrt(0.25 / 100 * 9_901 / 10_000), 4)
    # Two classes, three quarters and one quarter of the corpus.
    variance = 0.75**2 * 0.25 / 10 * 20 / 29 + 0.25**2 * 0.25 / 5 * 5 / 9
    assert margin_of_tweets(shares(a=(30, 10), b=(10, 5))) == round(1.95996 * sqrt(variance), 4)
    assert margin_of_tweets(shares(a=(30, 30), b=(1, 1))) == 0


def test_margin_of_tweets_holds_what_it_says() -> None:
    """Of many draws about 95 % estimate the share of right tweets, here one half, to within the margin."""
    generator = random.Random(5)
    classes = ["a"] * 300 + ["b"] * 100
    right = [generator.random() < 0.5 for _ in classes]
    within = []
    for seed in range(1000):
        drawn = spread(classes, ["e"] * 400, 80, seed)
        share = sum(
            size / 400 * mean(right[at] for at in drawn if classes[at] == name)
            for name, size in Counter(classes).items()
        )
        within.append(abs(share - mean(right)) <= margin_of_tweets(shares(a=(300, 60), b=(100, 20))))
    assert 0.93 < mean(within) < 0.97


def test_margins_of_spans_by_hand() -> None:
    alone = 1.95996 * sqrt(0.25 / 40 * 80 / 99)
    assert margins_of_spans([2] * 20, 20, 100) == (round(alone, 4), round(alone * sqrt(2), 4))
    # 10 tweets with one span, 10 with three: the second weigh more.
    assert margins_of_spans([1, 3] * 10, 20, 100) == (round(alone, 4), round(alone * sqrt(100 / 40), 4))
    assert margins_of_spans([1], 20, 100) == (0.5, 0.5)
    assert margins_of_spans([], 20, 100) == (None, None)


def test_the_configuration_has_each_type_in_a_colour_of_its_own() -> None:
    view = ElementTree.fromstring(configuration())
    labels, text = view
    assert [label.get("value") for label in labels] == list(ENTITY_TYPES)
    assert len({label.get("background") for label in labels}) == len(ENTITY_TYPES)
    assert labels.get("toName") == text.get("name")
    assert text.get("value") == "$text"


pieces = st.sampled_from(
    ["🔥", "👩‍🚒", "#", "Nepal", " ", "  ", "<b>", "&amp;", '"', "é", "e\u0301", "\n", "\\n", "\ufeff"]
)


@settings(deadline=None)
@given(st.lists(pieces, min_size=1).map("".join), st.data())
def test_what_goes_out_comes_back(tmp_path_factory, text: str, data) -> None:
    borders = data.draw(st.lists(st.integers(0, len(text)), unique=True).map(sorted))
    marks = {
        Mark(start, end, data.draw(st.sampled_from(ENTITY_TYPES)))
        for start, end in zip(borders[::2], borders[1::2], strict=False)
    }
    exported = task({"tweet_id": "1", "text": text}, marks)
    # Label Studio's export: the numbers of the predictions, and of each result what was imported.
    exported["annotations"] = [{"completed_by": 1, "result": exported["predictions"][0]["result"]}]
    exported["predictions"] = [7]
    path = tmp_path_factory.mktemp("export") / "export.json"
    path.write_text(json.dumps([exported]))
    (tweet,) = read_export(path)
    assert (tweet.text, tweet.marks) == (text, {"pipeline": marks, "1": marks})


def study(folder: Path, tweets: int = 40) -> list[str]:
    """Two classes of tweets with the same text and spans; returns the options that name the files."""
    rows = [
        {"tweet_id": f"{at:03}", "text": TEXT, "class_label": "ab"[at % 4 == 0], "event": "ef"[at % 3 == 0]}
        for at in range(tweets)
    ]
    write_parquet(folder / "tweets.parquet", [row | {"split": "train"} for row in rows], TWEETS)
    spans = (Span(row["tweet_id"], *mark, "ruler", "r") for row in rows for mark in sorted([FLOODS, NEPAL, APIA, DEAD]))
    write_spans(folder / "resolved.parquet", spans)
    return [f"--tweets={folder}/tweets.parquet", f"--resolved={folder}/resolved.parquet", f"--out={folder}/sheet"]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    options = study(tmp_path)
    sheets = []
    for seed in (1, 1, 2):
        done = crisisflow("sample_for_review", "--n=8", f"--seed={seed}", *options)
        assert (done.returncode, done.stdout) == (0, "")
        sheets.append([path.read_bytes() for path in sorted((tmp_path / "sheet").iterdir())])
    assert sheets[0] == sheets[1] != sheets[2]
    assert "8 of 40 tweets; 95 % margins of error in points" in done.stderr
    assert "REQUEST 0 0 nothing can be said" in " ".join(done.stderr.split())
    assert "share or commit none of it" in done.stderr


def test_the_sheet_and_its_facts(tmp_path: Path) -> None:
    study(tmp_path)
    review.run(tmp_path / "tweets.parquet", tmp_path / "resolved.parquet", 8, 1, tmp_path / "sheet")
    facts = read_json(tmp_path / "sheet" / "review.json")
    assert facts["classes"] == shares(a=(30, 6), b=(10, 2))
    assert facts["events"] == shares(e=(26, 5), f=(14, 3))
    assert facts["tweets"] == {"corpus": 40, "sheet": 8, "margin": margin_of_tweets(shares(a=(30, 6), b=(10, 2)))}
    best, worst = margins_of_spans([2] * 8, 8, 40)
    assert facts["spans"]["LOCATION"] == {"spans": 16, "tweets": 8, "margin_at_best": best, "margin_at_worst": worst}
    sheet = read_json(tmp_path / "sheet" / "tasks.json")
    assert {tuple(sorted(one["data"])) for one in sheet} == {("class_label", "event", "pipeline", "text", "tweet_id")}
    assert sheet[0]["predictions"][0]["result"][0] == {
        "type": "labels",
        "from_name": "label",
        "to_name": "text",
        "value": {"start": 5, "end": 11, "text": "Floods", "labels": ["DISASTER_TYPE"]},
    }
    assert "Floods" not in (tmp_path / "sheet" / "config.xml").read_text()


@pytest.mark.parametrize(
    ("n", "message"),
    [
        (41, "cannot draw 41 of 40 tweets with one of each of 2 classes; ask for 2 to 40"),
        (1, "cannot draw 1 of 40 tweets with one of each of 2 classes; ask for 2 to 40"),
        (-1, "cannot draw -1 of 40 tweets"),
    ],
)
def test_a_sheet_that_cannot_be_drawn_is_one_line_and_nothing_written(tmp_path: Path, n: int, message: str) -> None:
    done = crisisflow("sample_for_review", f"--n={n}", *study(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr
    assert not (tmp_path / "sheet").exists()


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([(40, 50, "NUMBER")], "tweet 000: 40-50 is no stretch of the tweet's text"),
        ([(5, 11, "NUMBER"), (8, 12, "NUMBER")], "tweet 000: 5-11 NUMBER overlaps 8-12 NUMBER"),
    ],
)
def test_spans_of_another_corpus_are_named(tmp_path: Path, spans: list[tuple[int, int, str]], message: str) -> None:
    study(tmp_path)
    write_spans(tmp_path / "resolved.parquet", [Span("000", *one, "ruler", "r") for one in spans])
    with pytest.raises(CrisisflowError, match=message):
        review.run(tmp_path / "tweets.parquet", tmp_path / "resolved.parquet", 40, 1, tmp_path / "sheet")


def test_a_reviewed_sheet_scores_the_pipeline(tmp_path: Path, capsys) -> None:
    """The reviewer takes the hashtag out of every tweet, and adds what the pipeline has not to each second one."""
    study(tmp_path)
    review.run(tmp_path / "tweets.parquet", tmp_path / "resolved.parquet", 20, 1, tmp_path / "sheet")
    exported = read_json(tmp_path / "sheet" / "tasks.json")
    number = {"type": "labels", "value": {"start": 0, "end": 1, "text": "🔥", "labels": ["NUMBER"]}}
    for at, one in enumerate(exported):
        kept = [result for result in one["predictions"][0]["result"] if result["value"]["text"] != "Apia"]
        one["annotations"] = [
            {"completed_by": {"id": 3, "email": "a@example.org"}, "result": kept + [number] * (at % 2)}
        ]
        one["predictions"] = [at]
    (tmp_path / "export.json").write_text(json.dumps(exported))
    agreement.run(tmp_path / "export.json", tmp_path / "unused", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open() as lines:
        rows = {row["label"]: row for row in csv.DictReader(lines)}
    whole = rows["all"]
    assert (whole["first"], whole["second"]) == ("pipeline", "a@example.org")
    assert [whole[f"{one}_spans"] for one in ("first", "second", "both")] == ["80", "70", "60"]
    assert (whole["precision"], whole["recall"]) == ("0.75", "0.8571")
    # Each tweet has the same three of four right: no resample differs. Half of them have the spans that were missed.
    assert whole["precision_low"] == ""
    assert float(whole["recall_low"]) < 0.8571 < float(whole["recall_high"])
    assert (rows["LOCATION"]["precision"], rows["LOCATION"]["recall"]) == ("0.5", "1.0")
    assert (rows["NUMBER"]["precision"], rows["NUMBER"]["recall"], rows["NUMBER"]["kappa"]) == ("", "0.0", "0.0")
    said = capsys.readouterr().err
    assert "pipeline (first) against a@example.org: 20 tweets" in said
    assert f"LOCATION          40 /    20  0.500{'':16}1.000" in said
