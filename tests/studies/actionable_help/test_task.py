"""Tasks: the labelled texts of a set, and their splits."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.artifacts import SPANS, TWEETS, read_json, read_parquet, write_json, write_parquet
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.corpus.splits import SPLITS, by_row
from crisisflow.errors import CrisisflowError
from crisisflow.params import TextsParams
from crisisflow.studies.actionable_help import task
from crisisflow.studies.actionable_help.agree import AGREED
from crisisflow.studies.actionable_help.pool import POOL
from crisisflow.studies.actionable_help.row_params import SplitsParams, TaskParams
from crisisflow.studies.actionable_help.task import LabelledText, divide
from crisisflow.studies.actionable_help.task_texts import TASK

TEXTS = TextsParams(repair=True, entities=True, urls=True, mentions=True, emoji=True, white_space=True)
BY_GROUP = SplitsParams(by="group", train=0.7, validation=0.1, test=0.2, seed=42)
BY_ROW = BY_GROUP.model_copy(update={"by": "row"})
LABELS = ("request", "offer", "irrelevant")

rows = st.lists(st.tuples(st.sampled_from(LABELS), st.integers(0, 60)), min_size=30, max_size=120)


def labelled(pairs) -> list[LabelledText]:
    return [LabelledText("mine", str(at), f"text {at}", label, group, None) for at, (label, group) in enumerate(pairs)]


def make(folder: Path, splits=BY_GROUP, **own) -> tuple[list[dict], dict]:
    """The rows and counts of a task of the files in `folder`."""
    values = {"set": "mine", "label": "help", "stands_for": None, "kind": "real", "limit": "all", **own}
    paths = {name: folder / f"{name}.parquet" for name in ("agreed", "pool", "tweets", "resolved", "out")}
    task.run(
        "toy",
        TaskParams.model_validate(values),
        splits,
        TEXTS,
        **paths,
        statistics=folder / "counts.json",
        posts=[folder / "posts.parquet"],
        manifests=[folder / "manifest.json"],
    )
    return read_parquet(paths["out"], TASK).to_pylist(), read_json(folder / "counts.json")


@pytest.fixture
def sets(tmp_path) -> Path:
    """A folder with a public set, an agreed pool and a corpus of 60 texts each."""
    texts = [f"text &amp; number {at} of {LABELS[at % 3]} https://example.org/{at}" for at in range(60)]
    posts = [
        {"tweet_id": str(at), "text": text, "labels": [{"task": "help", "value": LABELS[at % 3]}], "group": at}
        for at, text in enumerate(texts)
    ]
    posts[3]["labels"] = []
    posts[6]["labels"] += [{"task": "help", "value": "offer"}]
    posts[9]["text"] = "…"
    write_parquet(tmp_path / "posts.parquet", posts, POSTS)
    write_json(tmp_path / "manifest.json", {"set": "mine"})
    pool = [{"set": "mine", "tweet_id": str(at), "text": text, "group": at} for at, text in enumerate(texts)]
    agreed = [
        {"set": "mine", "tweet_id": str(at), "label": None if at % 5 == 0 else LABELS[at % 3], "agreed": at % 5 > 0}
        for at in range(60)
    ]
    agreed[7]["tweet_id"] = pool[7]["tweet_id"] = "1"
    write_parquet(tmp_path / "pool.parquet", pool, POOL)
    write_parquet(tmp_path / "agreed.parquet", agreed, AGREED)
    tweets = [{"tweet_id": str(at), "text": text, "class_label": LABELS[at % 3]} for at, text in enumerate(texts)]
    spans = [{"tweet_id": str(at), "start": 0, "end": 4, "label": ["LOCATION", "PERSON"][at % 2]} for at in range(40)]
    write_parquet(tmp_path / "tweets.parquet", tweets, TWEETS)
    write_parquet(tmp_path / "resolved.parquet", spans, SPANS)
    return tmp_path


def test_the_posts_of_a_set_that_have_one_value_of_the_label_are_split(sets):
    found, facts = make(sets)
    assert facts["dropped"] == {"no label": 1, "no word": 1, "several labels": 1}
    assert facts["texts"] == len(found) == 57
    assert facts["classes"] == sorted(LABELS)
    assert {split: own["used"] for split, own in facts["splits"].items()} == Counter(row["split"] for row in found)
    assert Counter(row["split"] for row in found) == {"train": 39, "validation": 6, "test": 12}
    assert found[0]["text"] == "text & number 0 of request HTTPURL"
    assert [int(row["tweet_id"]) for row in found] == sorted(int(row["tweet_id"]) for row in found)


def test_the_agreed_tweets_of_the_pool_are_a_task_and_an_id_is_one_tweet(sets):
    found, facts = make(sets, set="agreed", label="label", kind="built")
    assert len(found) == 47
    assert facts["dropped"] == {"id of another set": 1, "not agreed": 12}


def test_the_corpus_is_a_task_by_class_and_by_whether_it_names_a_place(sets):
    found, facts = make(sets, set="corpus", label="class_label")
    assert facts["classes"] == sorted(LABELS)
    found, facts = make(sets, set="corpus", label="has_location")
    assert Counter(row["label"] for row in found) == {"yes": 20, "no": 40}
    assert {row["tweet_id"] for row in found if row["label"] == "yes"} == {str(at) for at in range(0, 40, 2)}


def test_a_limit_draws_training_and_validation_texts_and_no_test_text(sets):
    whole, _ = make(sets)
    found, facts = make(sets, limit=12)
    assert Counter(row["split"] for row in found) == {"train": 12, "validation": 6, "test": 12}
    assert facts["splits"]["train"]["texts"] == 39
    assert facts["splits"]["train"]["classes"] == dict.fromkeys(sorted(LABELS), 4)
    assert [row for row in found if row["split"] == "test"] == [row for row in whole if row["split"] == "test"]


def test_the_same_set_gives_the_same_bytes(sets):
    make(sets, limit=12)
    first = (sets / "out.parquet").read_bytes(), (sets / "counts.json").read_bytes()
    make(sets, limit=12)
    assert ((sets / "out.parquet").read_bytes(), (sets / "counts.json").read_bytes()) == first


@given(rows)
def test_near_duplicates_stay_together_and_what_a_row_split_parts_is_counted(pairs):
    texts = labelled(pairs)
    try:
        found = divide("toy", texts, BY_GROUP, "all")
    except CrisisflowError:
        return  # a class is too small
    where = {(own.group, split) for own, split in zip(texts, found.splits.tolist(), strict=True)}
    assert len(where) == len({own.group for own in texts})
    assert found.near_duplicates["group"] == 0
    if found.near_duplicates["row"] is not None:
        class_ids = [found.classes.index(own.label) for own in texts]
        splits = list(zip(texts, by_row(class_ids, BY_ROW, 42).tolist(), strict=True))
        elsewhere = {own.group for own, split in splits if SPLITS[split] != "test"}
        tested = [own.group for own, split in splits if SPLITS[split] == "test"]
        assert found.near_duplicates["row"] == sum(group in elsewhere for group in tested)


@pytest.mark.parametrize("splits", [BY_GROUP, BY_ROW])
@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((40,), "task toy: every labelled text is of class request; a task needs two classes"),
        ((40, 30, 2), "task toy: class irrelevant has 2 texts in 2 groups of near duplicates, too few to be in the "),
        ((40, 1), "task toy: class offer has 1 texts in 1 groups"),
        ((), "task toy: no text has a label"),
    ],
)
def test_a_task_with_one_class_or_a_class_too_small_is_refused(splits, sizes, message):
    pairs = [(label, 0) for label, size in zip(LABELS, sizes, strict=False) for _ in range(size)]
    texts = [own._replace(group=at) for at, own in enumerate(labelled(pairs))]
    with pytest.raises(CrisisflowError, match=message):
        divide("toy", texts, splits, "all")


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"set": "yours"}, "no set is called yours; there are: agreed, corpus, mine"),
        ({"label": "stance"}, "the set mine has no stance; it has: help"),
        ({"set": "agreed"}, "the set agreed has no help"),
        ({"set": "corpus"}, "the set corpus has no help; it has: class_label, has_location"),
        ({"limit": 2}, "task toy, train: cannot stratify 2 of 39 tweets by class"),
    ],
)
def test_what_is_not_there_is_named_and_nothing_is_written(sets, own, message):
    with pytest.raises(CrisisflowError, match=message):
        make(sets, **own)
    assert not (sets / "out.parquet").exists()
    assert not (sets / "counts.json").exists()
