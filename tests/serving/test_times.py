"""Times of tweets, and the pace of a replay."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.serving.times import moment, recorded

TIME = datetime(2018, 10, 10, 20, 19, 24, tzinfo=UTC)
SOME = st.datetimes(datetime(1990, 1, 2), datetime(2100, 12, 30)).map(lambda own: own.replace(microsecond=0))


@pytest.mark.parametrize(
    "value",
    [
        "Wed Oct 10 20:19:24 +0000 2018",
        "2018-10-10T20:19:24Z",
        "2018-10-10T20:19:24.000Z",
        "2018-10-10 20:19:24",
        "2018-10-10 20:19:24 UTC",
        "2018-10-11 01:49:24 +0530",
        "2018-10-11T01:49:24+05:30",
        "2018/10/10 20:19:24",
        "20181010201924",
        "Wed, 10 Oct 2018 20:19:24 GMT",
        " 1539202764 ",
        1539202764,
        1539202764.0,
        1539202764000,
        "1539202764000",
    ],
)
def test_the_forms_of_exports_are_read_as_utc(value):
    assert moment(value) == TIME


@pytest.mark.parametrize(
    "value", ["03/04/2017", "10.10.2018", "20:19", "yesterday", "", None, True, 7, "9" * 30, 1e300]
)
def test_what_could_be_another_time_or_none_is_not_read(value):
    assert moment(value) is None


@given(SOME, st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours))))
def test_each_form_of_a_time_is_that_time(time, zone):
    own = time.replace(tzinfo=UTC).astimezone(zone)
    for form in (own.isoformat(), str(own), own.strftime("%Y-%m-%d %H:%M:%S %z"), format_datetime(own)):
        assert moment(form) == own
    assert moment(time.isoformat()) == time.replace(tzinfo=UTC)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_none(text):
    assert moment(text) is None or moment(text).tzinfo == UTC


@given(st.lists(st.none() | SOME.map(lambda own: own.replace(tzinfo=UTC)), max_size=20), st.floats(0.01, 1000))
def test_a_recorded_pace_has_every_tweet_once_in_the_order_of_times(times, speed):
    if not any(times):
        with pytest.raises(ValueError, match="no tweet has a time"):
            recorded(times, speed)
        return
    order, due = recorded(times, speed)
    assert sorted(order) == list(range(len(times)))
    assert due == sorted(due)
    assert due[0] == 0
    known = [times[at] for at in order if times[at]]
    assert known == sorted(known)
    assert due[-1] == pytest.approx((known[-1] - known[0]).total_seconds() / speed)
