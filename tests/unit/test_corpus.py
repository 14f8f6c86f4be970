"""Repair, subset, split and the duplicates between splits."""

import unicodedata
from collections import Counter, defaultdict
from itertools import combinations
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow import artifacts
from crisisflow.artifacts import RAW, TWEETS, read_json, read_parquet, write_parquet
from crisisflow.corpus import repair, sample, similarity, subset
from crisisflow.corpus.leakage import crossing_duplicates
from crisisflow.corpus.tweet_words import tokens
from crisisflow.errors import CrisisflowError
from crisisflow.params import RepairParams, SplitParams
from crisisflow.taxonomy import CLASSES

SHARES = SplitParams(train=0.72, validation=0.14, test=0.14)


def raw(texts, labels=None):
    labels = labels or [CLASSES[0]] * len(texts)
    return [
        {"tweet_id": f"{at:05}", "text": text, "class_label": label, "event": None, "official_split": "train"}
        for at, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]


@pytest.mark.parametrize(
    ("broken", "whole", "places"),
    [
        ("A &amp; B &lt;3 &gt;", "A & B <3 >", 3),
        ("&amp;amp; once only", "&amp; once only", 1),
        ("a&b; R&D &foo; &region", "a&b; R&D &foo; &region", 0),
        ("&#39;hi&#x27;", "'hi'", 2),
    ],
)
def test_entities_are_decoded_once_and_only_whole_ones(broken, whole, places):
    assert repair.decode_entities(broken) == (whole, places)


damaged = st.characters(min_codepoint=0x1F000, max_codepoint=0x1FFFF)
damaged |= st.characters(min_codepoint=0x1D400, max_codepoint=0x1D7FF)


@given(st.text(damaged, max_size=8))
def test_every_broken_emoji_and_mathematical_letter_comes_back(emoji):
    broken = "".join(chr(ord(char) >> 4) + f"{ord(char) & 15:X}" for char in emoji)
    assert repair.restore_emoji(broken) == (emoji, len(emoji))


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("\u1d643", "\U0001d643"),
        ("\u1d400\u1d7fF", "\U0001d400\U0001d7ff"),
        ("\u1f000\u1fffF", "\U0001f000\U0001ffff"),
        ("\u1d5dB\u1d5f8 \u1d5ff", "\U0001d5db\U0001d5f8 \u1d5ff"),
    ],
)
def test_damage_is_undone_in_both_blocks_from_end_to_end(broken, whole):
    assert repair.restore_emoji(broken)[0] == whole


@pytest.mark.parametrize(
    "text", ["\u1d3fA", "\u1d800", "\u1effF", "\u20000", "\u1f00", "\u1d64 3", "\u1f52a", "\u1d00\u0299"]
)
def test_what_is_no_damage_stays(text):
    assert repair.restore_emoji(text) == (text, 0)


def test_repairs_are_counted_and_switchable(tmp_path):
    write_parquet(tmp_path / "raw", raw(["fire \u1f525 &amp; \u1f525", "nothing", "&gt;"]), RAW)
    for emoji in (True, False):
        params = RepairParams(html_entities=True, broken_emoji=emoji)
        repair.run(tmp_path / "raw", params, tmp_path / "out", tmp_path / "counts")
        counts = read_json(tmp_path / "counts")
        assert counts["html_entities"] == {"applied": True, "tweets": 2, "places": 2}
        assert counts["broken_emoji"] == {"applied": emoji, "tweets": int(emoji), "places": 2 * emoji}
        first = read_parquet(tmp_path / "out", RAW)["text"].to_pylist()[0]
        assert first == ("fire 🔥 & 🔥" if emoji else "fire \u1f525 & \u1f525")


def test_sixty_thousand_split_to_the_tweet():
    assert subset.split_sizes(60_000, SHARES) == {"train": 43_200, "validation": 8_400, "test": 8_400}


@given(st.integers(1, 100_000))
def test_the_splits_of_any_size_sum_to_it(total):
    assert sum(subset.split_sizes(total, SHARES).values()) == total


def run_subset(folder, rows, size="all", seed=13, name="tweets"):
    write_parquet(folder / "in", rows, RAW)
    subset.run(folder / "in", size, SHARES, seed, folder / name, folder / "statistics")
    return (folder / name).read_bytes()


@pytest.fixture
def corpus():
    labels = [label for at, label in enumerate(CLASSES) for _ in range(40 * (at + 1))]
    return raw([f"tweet number {at}" for at in range(len(labels))], labels)


EVENTS = [None, "", " ", "\u00a0", "unknown", "kerala", " kerala", "kerala ", "caf\u00e9", "cafe\u0301", "Kerala"]


@settings(max_examples=20)
@given(st.lists(st.sampled_from(EVENTS), min_size=100, max_size=100))
def test_the_counts_of_the_events_sum_up_to_the_tweets(tmp_path_factory, events):
    folder = tmp_path_factory.mktemp("events")
    rows = [{**row, "event": event} for row, event in zip(raw([f"tweet {n}" for n in range(100)]), events, strict=True)]
    run_subset(folder, rows)
    counts = read_json(folder / "statistics")["tweets_per_event"]
    assert sum(counts.values()) == 100
    assert len(counts) == len({unicodedata.normalize("NFC", name.strip()) for name in counts})
    assert counts.get("unknown", 0) == sum((event or "").strip() in ("", "unknown") for event in events)


def test_empty_and_unlisted_events_are_both_unknown(tmp_path):
    rows = raw([f"tweet {n}" for n in range(400)])
    for row, event in zip(rows, [*[""] * 100, *[None] * 100, *["kerala"] * 200], strict=True):
        row["event"] = event
    run_subset(tmp_path, rows)
    assert read_json(tmp_path / "statistics")["tweets_per_event"] == {"unknown": 200, "kerala": 200}


def test_every_class_keeps_its_share_in_the_subset_and_in_each_split(tmp_path, corpus):
    run_subset(tmp_path, corpus, size=1100)
    table = read_parquet(tmp_path / "tweets", TWEETS)
    counts = Counter(zip(table["class_label"].to_pylist(), table["split"].to_pylist(), strict=True))
    for at, label in enumerate(CLASSES):
        own = sum(counts[label, split] for split in ("train", "validation", "test"))
        assert own == 20 * (at + 1)
        assert counts[label, "train"] == pytest.approx(0.72 * own, abs=1)
        assert counts[label, "validation"] == pytest.approx(0.14 * own, abs=1.01)
    assert read_json(tmp_path / "statistics")["tweets_per_split"] == {"train": 792, "validation": 154, "test": 154}


def test_same_seed_same_bytes_other_seed_other_tweets(tmp_path, corpus):
    first = run_subset(tmp_path, corpus, size=1100)
    assert run_subset(tmp_path, corpus, size=1100, name="again") == first
    assert run_subset(tmp_path, corpus, size=1100, seed=14, name="other") != first


def test_a_subset_larger_than_the_source_or_too_small_to_stratify_is_refused(tmp_path, corpus):
    with pytest.raises(CrisisflowError, match="the source has 2,200 tweets"):
        run_subset(tmp_path, corpus, size=2201)
    with pytest.raises(CrisisflowError, match="cannot stratify"):
        run_subset(tmp_path, corpus, size=5)
    assert not (tmp_path / "tweets").exists()


def test_an_error_of_the_draw_names_the_class(tmp_path, corpus):
    with pytest.raises(CrisisflowError, match=CLASSES[0]):
        run_subset(tmp_path, [*corpus[40:], corpus[0]], size=1000)


def test_parts_of_any_size_make_one_corpus(tmp_path, corpus):
    first = run_subset(tmp_path, corpus, size=1100), read_json(tmp_path / "statistics")
    with patch.object(artifacts, "ROW_GROUP", 97):
        write_parquet(tmp_path / "in", corpus, RAW)
    subset.run(tmp_path / "in", 1100, SHARES, 13, tmp_path / "tweets", tmp_path / "statistics")
    assert ((tmp_path / "tweets").read_bytes(), read_json(tmp_path / "statistics")) == first


# All are similar to some: up to three words of a run of twelve are left out.
word_sets = st.sets(
    st.one_of(
        st.frozensets(st.integers(0, 8), min_size=1),
        st.builds(
            lambda start, out: frozenset(range(start, start + 12)) - out,
            st.integers(0, 3),
            st.frozensets(st.integers(0, 15), max_size=4),
        ),
    ),
    max_size=40,
)


@given(
    word_sets, st.sampled_from([0.3, 0.5, 0.8, 0.9, 1.0]), st.sampled_from([1, 3, 36]), st.sampled_from([16, 1 << 21])
)
def test_similar_pairs_are_those_of_comparing_all_with_all(sets, threshold, subsets, at_once):
    by_size = {
        size: sorted(sorted(words) for words in sets if len(words) == size) for size in {len(words) for words in sets}
    }
    expected = {
        frozenset((a, b)) for a, b in combinations(sets, 2) if len(a & b) >= threshold * (len(a) + len(b) - len(a & b))
    }
    limits = {"SUBSETS": subsets, "SUMS_AT_ONCE": at_once, "WORDS_AT_ONCE": at_once}
    with patch.multiple(similarity, **limits):
        found = [
            frozenset((frozenset(by_size[size][i]), frozenset(by_size[other][j])))
            for size, rows, other, other_rows in similarity.similar(
                {size: np.array(table, np.int32) for size, table in by_size.items()}, threshold
            )
            for i, j in zip(rows, other_rows, strict=True)
        ]
    assert len(found) == len(set(found))
    assert set(found) == expected


def simple_crossing_duplicates(texts, splits):
    """Each text beside each other one."""
    places = defaultdict(set)
    tweets = Counter()
    for text, split in zip(texts, splits, strict=True):
        folded = " ".join(text.lower().split())
        places[folded].add(split)
        tweets[folded] += 1
    exact = [folded for folded, found in places.items() if len(found) > 1]
    sets = [tokens(text) for text in texts]
    near = [
        (i, j)
        for i, j in combinations(range(len(texts)), 2)
        if sets[i] and sets[j] and splits[i] != splits[j] and len(sets[i] & sets[j]) >= 0.8 * len(sets[i] | sets[j])
    ]
    held_out = {
        k for pair in near for k in pair if splits[k] != "train" and "train" in (splits[pair[0]], splits[pair[1]])
    }
    return {
        "exact": {"texts": len(exact), "tweets": sum(tweets[folded] for folded in exact)},
        "near": {"jaccard": 0.8, "pairs": len(near), "held_out_tweets_with_a_training_neighbour": len(held_out)},
    }


WORDS = ["a", "small", "flood", "hit", "the", "old", "town", "and", "its", "bridge", "at", "night"]
texts_with_few_words_changed = st.builds(
    lambda out, more, gap, case: case(gap.join([*(word for word in WORDS if word not in out), *more])),
    st.sets(st.sampled_from(WORDS), max_size=4),
    st.lists(st.sampled_from(["now", "RT", "@user", "http", "17", "…"]), max_size=2),
    st.sampled_from([" ", "  "]),
    st.sampled_from([str.lower, str.upper]),
)


@given(
    st.lists(
        st.tuples(
            st.one_of(texts_with_few_words_changed, st.sampled_from(["…", "http", "@a @b", "new", "new  "])),
            st.sampled_from(["train", "validation", "test"]),
        ),
        max_size=40,
    )
)
def test_duplicates_are_those_of_comparing_all_with_all(tweets):
    texts, splits = [text for text, _ in tweets], [split for _, split in tweets]
    assert crossing_duplicates(tweets) == simple_crossing_duplicates(texts, splits)


def test_the_duplicates_of_the_embedded_corpus_are_those_of_comparing_all_with_all():
    rows = [row for row, _ in sample.generate(1500, 13)]
    splits = [row["official_split"] for row in rows]
    found = crossing_duplicates((row["text"], row["official_split"]) for row in rows)
    assert found == simple_crossing_duplicates([row["text"] for row in rows], splits)
    assert found["near"]["pairs"] > 0


def test_duplicates_count_only_across_splits():
    texts = ["Flood in town A", "flood  in town a", "RT @x: Flood in town A http", "Flood in town A", "all else here"]
    splits = ["train", "test", "validation", "train", "test"]
    found = crossing_duplicates(zip(texts, splits, strict=True))
    assert found["exact"] == {"texts": 1, "tweets": 3}
    assert found["near"]["pairs"] == 5
    assert found["near"]["held_out_tweets_with_a_training_neighbour"] == 2
    assert tokens(texts[2]) == tokens(texts[0])
