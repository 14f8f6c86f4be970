"""Classification: the splits, the rows through the training loop, and the scores of Table 5."""

import numpy as np
import pytest
from pydantic import ValidationError

from crisisflow.artifacts import read_json, read_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.bootstrap import SeedCounts, differences
from crisisflow.evaluation.counts import TweetCounts
from crisisflow.studies.analytics import classify, classify_scores
from crisisflow.studies.analytics.classify import PREDICTIONS
from crisisflow.studies.analytics.classify_scores import accuracy, difference
from crisisflow.studies.analytics.splits import read_labelled, split
from crisisflow.studies.analytics.word_numbers import UNKNOWN, numbers, vocabulary
from tests.studies.analytics.classes import COMPUTE, ROWS, TESTS, classify_params, labelled_rows, row, write_posts


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classes")
    posts = write_posts(folder / "posts.parquet", labelled_rows())
    params = classify_params()
    for name, own in params.rows.items():
        for test in TESTS:
            train(folder, posts, name, own, test)
    files = [sorted(folder.glob(f"*/*/{name}")) for name in ("predictions.parquet", "training.json")]
    classify_scores.run(*files, params, 200, folder / "scores.json")
    return folder


def train(folder, posts, name, own, test, seed=13):
    out = folder / name / f"{test}{seed}"
    classify.run(
        name, own, posts, "own", test, TESTS[test], 0.2, 0.25, 5, COMPUTE, seed, out / "checkpoint",
        out / "predictions.parquet", out / "training.json", out / "epochs.csv", out / "speed.csv",
    )  # fmt: skip
    return out


def of(folder, name, test="stratified13"):
    return read_parquet(folder / name / test / "predictions.parquet", PREDICTIONS).to_pylist()


def test_all_rows_are_asked_about_the_same_posts_and_learn_what_is_easy(trained):
    asked = [[(own["part"], own["post_id"], own["label"]) for own in of(trained, name)] for name in ROWS]
    assert asked[0] == asked[1] == asked[2]
    for name in ROWS:
        facts = read_json(trained / name / "stratified13" / "training.json")
        assert facts["scores"]["test"]["accuracy"] > 0.8, name
        right = [own["label"] == own["predicted"] for own in of(trained, name) if own["part"] == "test"]
        assert facts["scores"]["test"]["accuracy"] == pytest.approx(np.mean(right))


def test_a_group_is_tested_on_and_never_trained_on(trained):
    facts = read_json(trained / "svm" / "without_york13" / "training.json")
    assert sum(facts["counts"]["test"].values()) == 45
    posts = {own["post_id"]: own["group"] for own in labelled_rows()}
    parts: dict[str, set[str]] = {}
    for own in of(trained, "svm", "without_york13"):
        parts.setdefault(own["part"], set()).add(posts[own["post_id"]])
    assert parts == {"validation": {"leeds"}, "test": {"york"}}


def test_the_same_seed_gives_the_same_bytes(trained, tmp_path):
    posts = write_posts(tmp_path / "posts.parquet", list(reversed(labelled_rows())))
    out = train(tmp_path, posts, "gru", classify_params().rows["gru"], "stratified")
    first = trained / "gru" / "stratified13"
    for name in ("predictions.parquet", "training.json", "epochs.csv"):
        assert (out / name).read_bytes() == (first / name).read_bytes(), name


def test_scores_are_of_all_rows_with_intervals_and_differences(trained):
    found = read_json(trained / "scores.json")
    stratified = found["tests"][0]
    assert [own["row"] for own in stratified["rows"]] == [*ROWS] and stratified["test"] == "stratified"
    for own in stratified["rows"]:
        score = own["test"]["accuracy"]
        assert score["low"] <= score["mean"] <= score["high"]
    less, more = (difference(stratified, "test", "accuracy", *pair) for pair in (("gru", "svm"), ("svm", "gru")))
    assert less["difference"] == -more["difference"] and less["low"] == -more["high"]
    assert difference(stratified, "test", "accuracy", "gru", "dpcnn") is None


def test_the_accuracy_of_the_bootstrap_is_the_share_that_is_right():
    true, guess = np.eye(3)[[0, 1, 2, 0]], np.eye(3)[[0, 1, 1, 1]]
    counts = TweetCounts((true * guess).astype(np.float32), (true + guess).astype(np.float32))
    assert accuracy(counts, np.ones((1, 4), dtype=np.float32)).tolist() == [0.5]
    perfect = TweetCounts(true.astype(np.float32), 2 * true.astype(np.float32))
    rows = {"a": {1: SeedCounts("wxyz", counts)}, "b": {1: SeedCounts("wxyz", perfect)}}
    assert differences(rows, "accuracy", 50, accuracy)[0].difference == -0.5


def test_near_repeats_are_in_one_split_and_every_class_in_all(tmp_path):
    rows = labelled_rows(60)
    rows += [own | {"post_id": f"{own['post_id']}-again", "text": f"RT {own['text']}!"} for own in rows[:20]]
    posts = read_labelled(write_posts(tmp_path / "posts.parquet", rows), "own")
    places = split(posts, "own", None, 0.2, 0.25, 5)
    assert sorted(at for own in places.values() for at in own) == list(range(80))
    near = groups_of(posts.texts)
    owners = [{*near[own].tolist()} for own in places.values()]
    assert not owners[0] & owners[1] and not owners[0] & owners[2] and not owners[1] & owners[2]
    for own in places.values():
        assert {*posts.class_ids[own].tolist()} == {0, 1, 2}
    without = split(posts, "own", "york", 0.2, 0.25, 5)
    assert {posts.groups[at] for at in without["test"]} == {"york"}
    assert not {*near[without["test"]].tolist()} & {*near[without["train"] + without["validation"]].tolist()}


def test_posts_that_cannot_be_split_are_refused(tmp_path):
    path = tmp_path / "posts.parquet"
    few = [*labelled_rows(30), row("x1", "one of a kind", "rare", "york"), row("x2", "two of a kind", "rare", "york")]
    posts = read_labelled(write_posts(path, few), "own")
    with pytest.raises(CrisisflowError, match="the class rare has fewer than 3 posts"):
        split(posts, "own", None, 0.2, 0.25, 5)
    with pytest.raises(CrisisflowError, match="no labelled post of corpus own is of the group hull"):
        split(posts, "own", "hull", 0.2, 0.25, 5)
    write_posts(path, [own | {"label": None} for own in few])
    with pytest.raises(CrisisflowError, match="without a label"):
        read_labelled(path, "own")
    write_posts(path, [own | {"label": "one"} for own in few])
    with pytest.raises(CrisisflowError, match="all labelled one"):
        read_labelled(path, "own")


def test_runs_that_do_not_fit_are_refused(trained, tmp_path):
    predictions = [trained / name / "stratified13" / "predictions.parquet" for name in ROWS]
    trainings = [path.with_name("training.json") for path in predictions]
    with pytest.raises(CrisisflowError, match=r"training\.json is not given"):
        classify_scores.read_runs(predictions, trainings[1:])
    with pytest.raises(CrisisflowError, match="there was a file before"):
        classify_scores.read_runs([*predictions, predictions[0]], trainings)


def test_words_have_numbers_by_their_frequency_and_a_post_without_words_has_one():
    known = vocabulary(["fever fever cough", "cough fever @someone https://example.org"], 2)
    assert known == {"fever": 2, "cough": 3}
    assert numbers(["Cough and fever", "@someone", "fever " * 9], known, 4) == [[3, 1, 2], [UNKNOWN], [2] * 4]


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"tests": {"other": None}}, "stratified: null is missing"),
        ({"tests": {"stratified": None, "again": None}}, "only stratified has no group"),
        ({"seeds": [13, 13]}, "each may stand there once"),
        ({"rows": {"x": {"kind": "lstm"}}}, "lstm"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(own, told):
    with pytest.raises(ValidationError, match=told):
        classify_params(**own)
