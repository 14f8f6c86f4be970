import hashlib
import html
import os
import random
import re
import subprocess
import sys
from collections import Counter, defaultdict
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.annotation.numerals import OTHER, mark_numbers
from crisisflow.artifacts import RAW
from crisisflow.corpus import sample
from crisisflow.taxonomy import CLASSES, ENTITY_TYPES, OFFICIAL_SPLITS

SIZES = (200, 2400)
EVENTS = {
    "california_wildfires_2018",
    "canada_wildfires_2016",
    "cyclone_idai_2019",
    "ecuador_earthquake_2016",
    "greece_wildfires_2018",
    "hurricane_dorian_2019",
    "hurricane_florence_2018",
    "hurricane_harvey_2017",
    "hurricane_irma_2017",
    "hurricane_maria_2017",
    "hurricane_matthew_2016",
    "italy_earthquake_aug_2016",
    "kaikoura_earthquake_2016",
    "kerala_floods_2018",
    "maryland_floods_2018",
    "midwestern_us_floods_2019",
    "pakistan_earthquake_2019",
    "puebla_mexico_earthquake_2017",
    "srilanka_floods_2017",
}


def repair(text):
    # Written out here, so that an error in the project's own repair cannot hide one in the sample.
    return re.sub("([\u1f00-\u1fff])([0-9A-F])", lambda m: chr((ord(m[1]) << 4) | int(m[2], 16)), html.unescape(text))


def generate(tweets, seed):
    """All rows and all spans."""
    rows, spans = zip(*sample.generate(tweets, seed), strict=True)
    return list(rows), [span for own in spans for span in own]


@pytest.fixture(scope="module", params=SIZES)
def corpus(request):
    return generate(request.param, seed=7)


def test_same_seed_same_corpus_and_another_seed_another():
    first = generate(200, seed=1)
    assert first == generate(200, seed=1)
    assert first[0] != generate(200, seed=2)[0]


def test_each_tweet_comes_with_its_own_spans():
    for row, spans in sample.generate(200, seed=1):
        assert {span.tweet_id for span in spans} <= {row["tweet_id"]}


@pytest.mark.parametrize("ids", [2_000, 10**9])
@given(seed=st.integers(), tweets=st.integers(6, 200))
def test_the_ids_are_those_of_a_plain_sample_even_if_one_is_drawn_twice(ids, seed, tweets):
    ids = range(5 * 10**8, 5 * 10**8 + ids)
    drawn, plain = random.Random(seed), random.Random(seed)
    with patch.object(sample, "TWEET_IDS", ids):
        found = sample._draw_ids(tweets, drawn).tolist()
    assert found == sorted(plain.sample(ids, tweets))
    assert drawn.getstate() == plain.getstate()


def test_corpus_does_not_depend_on_the_hash_seed():
    code = "from crisisflow.corpus.sample import generate; print(ascii(list(generate(200, seed=1))))"
    outputs = {
        hashlib.sha256(
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": hash_seed},
                capture_output=True,
                check=True,
            ).stdout
        ).hexdigest()
        for hash_seed in ("0", "1")
    }
    assert len(outputs) == 1


def test_rows_have_the_raw_columns_and_ascending_unique_ids(corpus):
    rows, _ = corpus
    assert len(rows) in SIZES
    assert all(list(row) == RAW.names for row in rows)
    ids = [row["tweet_id"] for row in rows]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"\d{19}", tweet_id) for tweet_id in ids)


def test_texts_are_one_line_without_outer_space_and_rarely_equal(corpus):
    texts = [row["text"] for row in corpus[0]]
    assert all(text == text.strip() and not re.search(r"[\t\r\n]", text) for text in texts)
    assert not any(re.search(r"[{}'\"]", text) for text in texts)
    assert len(texts) - len(set(texts)) < 0.005 * len(texts)


def test_gold_spans_fit_the_repaired_texts(corpus):
    rows, spans = corpus
    texts = {row["tweet_id"]: repair(row["text"]) for row in rows}
    assert spans == sorted(spans)
    ends = defaultdict(int)
    for span in spans:
        text = texts[span.tweet_id]
        assert ends[span.tweet_id] <= span.start < span.end <= len(text)
        ends[span.tweet_id] = span.end
        covered = text[span.start : span.end]
        assert covered == covered.strip()
        for edge in (span.start, span.end):
            assert not re.fullmatch(r"\w\w", text[max(edge - 1, 0) : edge + 1]), (covered, text)
        assert span.label in ENTITY_TYPES
        assert span.source == "gold"
        assert re.fullmatch(r"template:[a-z_]+-\d+", span.rule)


def test_gold_spans_cover_the_words_they_name():
    rows, spans = generate(2400, seed=7)
    texts = {row["tweet_id"]: repair(row["text"]) for row in rows}
    covered = defaultdict(Counter)
    for span in spans:
        covered[span.label][texts[span.tweet_id][span.start : span.end].lower()] += 1
    assert {"red cross", "fema"} <= set(covered["ORGANIZATION"])
    assert {"texas", "kerala"} <= set(covered["LOCATION"])
    assert {"hurricane irma", "hurricaneirma"} <= set(covered["DISASTER_TYPE"])
    assert any(re.fullmatch(r"day \d", text) for text in covered["NUMBER"])


def test_gold_numbers_are_amounts_with_their_unit(corpus):
    rows, spans = corpus
    texts = {row["tweet_id"]: repair(row["text"]) for row in rows}
    for span in spans:
        text = texts[span.tweet_id]
        if span.label == "NUMBER":
            assert OTHER not in mark_numbers(text)[span.start : span.end], text
            assert not re.match(r" (?:dollars|percent|miles|acres|inches|tons)\b", text[span.end :], re.IGNORECASE), (
                text
            )


def test_repair_restores_exactly_the_text_before_the_damage(corpus, monkeypatch):
    rows, _ = corpus
    monkeypatch.setattr(sample, "_damage", lambda text: text)
    intact, _ = generate(len(rows), seed=7)
    changed = 0
    for damaged, original in zip(rows, intact, strict=True):
        assert repair(damaged["text"]) == repair(original["text"]) == original["text"]
        changed += damaged["text"] != original["text"]
    assert 0.05 < changed / len(rows) < 0.5


def test_damage_is_humaids():
    assert sample._damage("a & b <3 🔥") == "a &amp; b &lt;3 \u1f525"


def test_classes_have_humaids_skew(corpus):
    rows, _ = corpus
    counts = Counter(row["class_label"] for row in rows)
    assert set(counts) == set(CLASSES)
    assert min(counts.values()) >= 10
    assert counts.most_common(1)[0][0] == "rescue_volunteering_or_donation_effort"
    if len(rows) == 2400:
        assert abs(counts["rescue_volunteering_or_donation_effort"] / 2400 - 21_125 / 71_024) < 0.01
        assert min(counts, key=counts.get) == "missing_or_found_people"


def test_every_event_occurs_and_splits_are_stratified(corpus):
    rows, _ = corpus
    assert {row["event"] for row in rows} == EVENTS
    for label in CLASSES:
        splits = Counter(row["official_split"] for row in rows if row["class_label"] == label)
        total = sum(splits.values())
        for split, share in zip(OFFICIAL_SPLITS, (0.7, 0.1, 0.2), strict=True):
            assert splits[split] >= 1
            assert abs(splits[split] - share * total) <= 1.5


def test_all_ten_types_are_frequent():
    rows, spans = generate(2400, seed=7)
    counts = Counter(span.label for span in spans)
    assert set(counts) == set(ENTITY_TYPES)
    assert min(counts.values()) >= 40
    assert 2.4 < len(spans) / len(rows) < 3.5
