"""Typography alone: what tells texts of two sources apart, and what normalisation leaves of that."""

import csv
import gzip
import io
import random
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.corpus.normalise import STEPS, normalise
from crisisflow.evaluation.style import VIEWS, matched, punctuation, separation, shape

DATA = Path(__file__).parents[3] / "shared" / "data"
DEFAULT = [step for step in STEPS if step not in ("paper", "case")]
LENGTHS = st.lists(st.integers(1, 6), max_size=12)


def test_a_view_has_no_words():
    assert punctuation("Roof gone, 3 #now!") == ",#!"
    assert shape("Roof gone, 3 #now!") == "4 4 1 3"


def test_only_a_difference_that_a_view_shows_separates():
    rng = random.Random(1)
    texts = [" ".join(rng.choices(["roof", "rain", "a"], k=8)) for _ in range(200)]
    marked = [f"{text}!" for text in texts[:100]]
    assert separation(marked, texts[100:], "punctuation", 13) == 1
    assert separation(texts[:100], texts[100:], "punctuation", 13) == 0.5
    long = [text.replace("a", "as") for text in texts[:100]]
    assert separation(long, texts[100:], "shape", 13) > 0.9
    assert abs(separation(texts[:100], texts[100:], "shape", 13) - 0.5) < 0.15
    assert {*VIEWS} == {"punctuation", "shape"}


@pytest.mark.parametrize("marked", [0, 1, 2, 7])
def test_signs_in_few_texts_or_in_none_hardly_separate(marked):
    """Also where all of them are in one fold, so that its model has seen none."""
    texts = ["roof gone"] * 100
    signs = [f"{text}!" for text in texts[:marked]] + texts[marked:]
    assert separation(signs, texts, "punctuation", 13) == pytest.approx(0.5, abs=0.05)


@given(LENGTHS, LENGTHS)
def test_lengths_are_matched_by_the_first_that_are_left(wanted, there):
    if len(wanted) > len(there):
        with pytest.raises(ValueError, match="are wanted"):
            matched(wanted, there)
        return
    found = matched(wanted, there)
    assert len(set(found)) == len(found) == len(wanted)
    for length in set(wanted):
        exact = [place for place, own in enumerate(there) if own == length]
        served = [place for place, own in zip(found, wanted, strict=True) if own == length and there[place] == length]
        assert served == exact[: len(served)]
        assert len(served) == min(wanted.count(length), len(exact))


def test_a_length_that_is_not_there_gets_the_nearest_shorter_one_first():
    assert matched([5, 9], [4, 6, 9, 6]) == [0, 2]
    assert matched([5, 5], [7, 6, 4]) == [2, 1]


def _rows(stream):
    return csv.DictReader(stream, delimiter="\t")


@pytest.mark.skipif(not DATA.exists(), reason="the real data is not here")
def test_normalised_texts_of_both_real_sources_are_hardly_told_apart_by_punctuation():
    """AUC 0.94 as they come; 0.50 normalised and matched by length: next to no sign is left."""
    with gzip.open(DATA / "background" / "tweets_background.tsv.gz", "rt", newline="") as stream:
        ordinary = [row["text"] for row in _rows(stream)]
    with tarfile.open(DATA / "humaid" / "HumAID_data_all_combined.tar.gz") as archive:
        member = next(name for name in archive.getnames() if name.endswith("all_dev.tsv"))
        lines = io.TextIOWrapper(archive.extractfile(member), encoding="utf-8", newline="")
        crisis = [row["tweet_text"] for row in _rows(lines) if row["class_label"] != "not_humanitarian"]
    rng = random.Random(13)
    crisis, ordinary = rng.sample(crisis, 1_500), rng.sample(ordinary, 6_000)
    before = separation(crisis, ordinary[:1_500], "punctuation", 13)
    positives, pool = ([normalise(text, DEFAULT).text for text in texts] for texts in (crisis, ordinary))
    lengths = [[len(text.split()) for text in texts] for texts in (positives, pool)]
    chosen = [pool[place] for place in matched(*lengths)]
    after = separation(positives, chosen, "punctuation", 13)
    without = [normalise(text, [step for step in DEFAULT if step != "hashtags"]).text for text in crisis]
    pool_without = [normalise(text, [step for step in DEFAULT if step != "hashtags"]).text for text in ordinary[:1_500]]
    # Compared by name: a failure must not show texts.
    assert before > 0.9
    assert after <= 0.60
    assert separation(without, pool_without, "punctuation", 13) > 0.60  # a step less is seen
