"""Sets of the study: a table of one's own and public ones with their classes; splits and shares; what is refused."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.errors import CrisisflowError
from crisisflow.studies.gnom.params import SetParams, SplitsParams
from crisisflow.studies.gnom.read_set import run
from crisisflow.studies.gnom.sets import RARE, read_tweets, share_of

SPLITS = SplitsParams(grouped=True, seed=13, training_tweets="all")
TABLE = {
    "reader": "tsv",
    "columns": {"text": "text", "tweet_id": "id", "label": "label", "split": None},
    "languages": ["en"],
    "events": None,
    "task": None,
    "classes": {"relevant": ["yes", "maybe"], "not_relevant": ["no"]},
    "multi_label": False,
    "constant": "relevant",
    "split": {"train": 0.6, "validation": 0.2, "test": 0.2},
    "unlabelled": [],
    "terms": "open",
    "show_texts": False,
}
SHARED = Path(__file__).parents[4] / "shared" / "data" / "gnom"
here_only = pytest.mark.skipif(not SHARED.exists(), reason="the public sets are not here")


def rows(number: int) -> list[tuple[str, str]]:
    """Texts and labels."""
    words = ["bridge", "water", "school", "tent", "road", "storm", "river"]
    names = ["no", "yes", "maybe"]
    return [(f"{words[at % 7]} {words[at // 7 % 7]} number {at}", names[at % 3]) for at in range(number)]


def read(folder: Path, content: list[tuple], splits: SplitsParams = SPLITS, head: str = "id\ttext\tlabel", **instead):
    """The tweets of a table and its counts."""
    path = folder / "mine.tsv"
    lines = ["\t".join([str(number), *map(str, own)]) for number, own in enumerate(content, 1)]
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    out, counts = folder / "out.parquet", folder / "out.json"
    run("mine", SetParams.model_validate({**TABLE, "path": str(path), **instead}), splits, [], out, counts)
    return read_tweets([out], "mine")[0], json.loads(counts.read_text())


def test_labels_become_classes_and_each_class_is_in_each_part(tmp_path):
    tweets, counts = read(tmp_path, rows(90))
    assert Counter(label for own in tweets.labels for label in own) == {"relevant": 60, "not_relevant": 30}
    assert counts["classes"] == {"relevant": 60, "not_relevant": 30}
    assert counts["splits"] == {"train": 54, "validation": 18, "test": 18}
    for split in counts["splits"]:
        assert {label for own in tweets.part(split).labels for label in own} == {"relevant", "not_relevant"}


def test_a_label_may_count_as_two_classes_and_one_that_is_none_leaves_with_its_tweet(tmp_path):
    mapping = {"resources": ["yes"], "damage": ["yes", "maybe"]}
    content = [(text, f"{label},{label}") for text, label in rows(60) if label != "no"]
    tweets, _ = read(tmp_path, content, classes=mapping, constant="damage", multi_label=True)
    assert Counter(map(tuple, tweets.labels)) == {("resources", "damage"): 20, ("damage",): 20}


def test_near_duplicates_are_on_one_side_where_they_are_grouped(tmp_path):
    twice = [(f"RT @someone: {text}" if at % 2 else text, label) for text, label in rows(60) for at in (0, 1)]
    for grouped, parted in ((True, False), (False, True)):
        tweets, counts = read(tmp_path, twice, SplitsParams(grouped=grouped, seed=13, training_tweets="all"))
        pairs = zip(tweets.splits[::2], tweets.splits[1::2], strict=True)
        assert any(one != other for one, other in pairs) == parted
        assert (counts["test_near_training"] > 0) == parted


def test_an_official_split_is_kept_and_a_validation_part_is_drawn_where_it_has_none(tmp_path):
    content = [(text, label, "train" if at < 100 else "test") for at, (text, label) in enumerate(rows(150))]
    columns = TABLE["columns"] | {"split": "split"}
    tweets, counts = read(tmp_path, content, head="id\ttext\tlabel\tsplit", columns=columns, split="official")
    assert counts["splits"] == {"train": 90, "validation": 10, "test": 50}
    assert {*tweets.part("test").ids} == {str(at) for at in range(101, 151)}


def test_a_drawn_validation_part_of_an_official_split_keeps_near_duplicates_together(tmp_path):
    pairs = [(text, label) for text, label in rows(60) for _ in (0, 1)]
    content = [
        (f"RT @someone: {text}" if at % 2 else text, label, "train" if at < 90 else "test")
        for at, (text, label) in enumerate(pairs)
    ]
    columns = TABLE["columns"] | {"split": "split"}
    for grouped, parted in ((True, False), (False, True)):
        splits = SplitsParams(grouped=grouped, seed=13, training_tweets="all")
        tweets, counts = read(
            tmp_path, content, splits, head="id\ttext\tlabel\tsplit", columns=columns, split="official"
        )
        halves = zip(tweets.splits[:90:2], tweets.splits[1:90:2], strict=True)
        assert any(one != other for one, other in halves) == parted
        assert counts["splits"]["test"] == 30 and 6 <= counts["splits"]["validation"] <= 12


@pytest.mark.parametrize(
    ("content", "instead", "message"),
    [
        ([*rows(60), ("a text", "perhaps")], {}, "its label is none of maybe, no, yes"),
        ([("", "yes")] * 5, {}, "no tweet left"),
        ([row for row in rows(60) if row[1] != "no"], {}, "no tweet of class not_relevant is in the train part"),
        (rows(60), {"split": "official"}, "the set has no official split; give shares"),
        (rows(60), {"columns": TABLE["columns"] | {"label": "kind"}}, "kind"),
    ],
)
def test_what_is_refused_names_the_set_and_the_value_and_shows_no_text(tmp_path, content, instead, message):
    with pytest.raises(CrisisflowError, match=message) as raised:
        read(tmp_path, content, **instead)
    assert "perhaps" not in str(raised.value)
    assert not (tmp_path / "out.parquet").exists()


@given(
    st.lists(st.sampled_from([("a",), ("b",), ("a", "b"), ("b", "c")]), min_size=40, max_size=200),
    st.integers(0, 5),
    st.sampled_from(["all", 30]),
)
def test_shares_are_nested_and_stratified(labels, seed, size):
    labels = [*labels, *[("a",), ("b",), ("b", "c")] * RARE]
    found = {share: share_of(labels, size, share, seed) for share in (100, 50, 25)}
    assert {*found[25]} <= {*found[50]} <= {*found[100]} and found[25] == sorted(found[25])
    whole = len(labels) if size == "all" else size
    for share, positions in found.items():
        # To the nearest whole number in each stratum, of which there are at most five.
        assert abs(len(positions) - whole * share / 100) <= 2.5
        assert share_of(labels, size, share, seed) == positions


def test_a_share_that_leaves_a_class_without_a_tweet_is_refused():
    with pytest.raises(CrisisflowError, match="none of class b; raise the share"):
        share_of([("a",)] * 99 + [("b",)], "all", 10, 13)


@here_only
@pytest.mark.parametrize(
    ("damage", "activity", "counts"),
    [
        (["damage"], ["ngo_or_government_activity"], (790, 345, 252, 371)),
        (["damage", "medical_available"], ["ngo_or_government_activity", "medical_needed"], (790, 345, 583, 480)),
    ],
)
def test_fire16_by_the_mapping_of_table_2_and_by_the_published_one(tmp_path, damage, activity, counts):
    mapping = {
        "available": ["resources_available", "medical_available"],
        "needed": ["resources_needed", "medical_needed"],
        "damage": damage,
        "activity": activity,
    }
    own = {"reader": "fire16", "path": str(SHARED / "fire16"), "columns": None, "task": "class", "classes": mapping}
    out = tmp_path / "out.parquet"
    params = SetParams.model_validate({**TABLE, **own, "multi_label": True, "constant": "damage", "split": "official"})
    run("FIRE16", params, SPLITS, [], out, tmp_path / "out.json")
    found = json.loads((tmp_path / "out.json").read_text())
    assert (found["tweets"], [found["classes"][name] for name in mapping]) == (1522, list(counts))
    assert found["splits"] == {"train": 957, "validation": 106, "test": 459}  # as in the paper's Table 3


@here_only
def test_the_public_sets_have_the_sizes_of_the_readme(tmp_path):
    from tests.presets import read_preset

    own = read_preset("laptop", Path(__file__).parents[3] / "presets")[0].gnom
    sizes = {"QFL": 10_031, "SMERP17": 2_695, "EcuadorE": 4_190, "EcuadorS": 4_167, "ChileEQT1": 2_187}
    for name, size in sizes.items():
        params = own.sets[name].model_copy(update={"path": str(SHARED / Path(own.sets[name].path).name)})
        run(name, params, own.splits, [], tmp_path / "out.parquet", tmp_path / "out.json")
        assert json.loads((tmp_path / "out.json").read_text())["tweets"] == size
