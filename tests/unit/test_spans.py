"""Spans and tweets in files: read and written as a stream, in shards of any number."""

from itertools import chain, groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.artifacts import TWEETS, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.spans import BATCH, Span, gather, read_spans, read_texts, shard_rows, write_spans

SPANS = st.lists(
    st.builds(
        Span,
        st.integers(10, 40).map(str),
        st.integers(0, 9),
        st.integers(10, 20),
        st.sampled_from(["LOCATION", "NUMBER"]),
        st.just("regex"),
        st.sampled_from(["x", "y"]),
    ),
    max_size=60,
)


@given(st.integers(0, 20_000), st.integers(1, 50))
def test_shards_part_the_rows_at_whole_batches(total, number):
    shards = [shard_rows(f"{part}-of-{number}", total) for part in range(1, number + 1)]
    assert list(chain.from_iterable(shards)) == list(range(total))
    assert all(shard.start % BATCH == 0 for shard in shards)
    assert max(map(len, shards)) - min(map(len, shards)) < 2 * BATCH


@pytest.mark.parametrize("shard", ["0-of-2", "3-of-2", "1-of-0", "1", "a-of-b", "1-of-2-of-3"])
def test_a_shard_that_cannot_be(shard):
    with pytest.raises(CrisisflowError, match=f"--shard {shard}: give K-of-N with K from 1 to N"):
        shard_rows(shard, 10)


def test_the_texts_of_the_shards_are_the_texts(tmp_path):
    texts = [(f"{at:05}", f"text {at}") for at in range(11_000)]  # more than a row group
    rows = [{"tweet_id": key, "text": text, "class_label": "", "event": None, "split": "train"} for key, text in texts]
    write_parquet(tmp_path / "tweets", rows, TWEETS)
    assert list(read_texts(tmp_path / "tweets", "test")) == texts
    for number in (2, 7, 60):
        parts = [list(read_texts(tmp_path / "tweets", "test", f"{k}-of-{number}")) for k in range(1, number + 1)]
        assert list(chain.from_iterable(parts)) == texts


@given(SPANS, st.lists(st.integers(10, 41), max_size=6), st.randoms())
def test_any_shards_of_the_tweets_give_the_bytes_of_the_whole(tmp_path_factory, found, cuts, random):
    folder = tmp_path_factory.mktemp("shards")
    random.shuffle(found)
    found.sort(key=lambda span: span.tweet_id)  # a stage yields tweet by tweet, in a tweet in any order
    write_spans(folder / "whole", found)
    assert list(read_spans(folder / "whole")) == sorted(found)
    shards = []
    for last, part in groupby(found, key=lambda span: sum(cut <= int(span.tweet_id) for cut in cuts)):
        shards += [folder / f"{last}", folder / f"{last}-empty"]
        write_spans(shards[-2], part)
        write_spans(shards[-1], [])
    gather(shards, folder / "gathered")
    assert (folder / "gathered").read_bytes() == (folder / "whole").read_bytes()


def test_tweets_out_of_order_end_the_step_with_one_line_and_leave_nothing(tmp_path):
    spans = [Span(key, 0, 1, "NUMBER", "regex", "x") for key in ("12", "9", "10")]
    with pytest.raises(CrisisflowError, match=r"out: tweet 10 comes after tweet 9, but .* crisisflow subset") as error:
        write_spans(tmp_path / "out", spans)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []
