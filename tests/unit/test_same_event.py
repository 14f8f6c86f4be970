"""Names of one event are one, in whatever way a set writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.corpus.same_event import same_event


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2016_Italy_Earthquake", "italy_earthquake_aug_2016"),
        ("2013_Alberta_Floods", "2013_Alberta_floods"),
        ("2015_Nepal_Earthquake_en", "nepal_earthquake_2015"),
        ("2014_Chile_Earthquake_cl", "2014_Chile_Earthquake_en"),
        ("2013_Pakistan_eq", "pakistan_earthquake_2013"),
        ("2020_COVID19_Pandemic", "covid_19_2020"),
        ("Ebola", "ebola"),
    ],
)
def test_case_order_month_plural_and_language_make_no_other_event(one, other):
    assert same_event(one, other) and same_event(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2012_Italy_earthquakes", "2016_Italy_Earthquake"),  # another year
        ("2013_Queensland_floods", "2013_Manila_floods"),
        ("2014_Chile_Earthquake_en", "2014_California_Earthquake"),
        ("2015", "2015_Nepal_Earthquake"),  # a year names no event
        ("earthquake", "nepal_earthquake"),  # without a year, no word may be left out
        ("earthquake", "2015_Nepal_Earthquake"),
        ("2013_Pakistan_eq", "2013_Pakistan_floods"),
        ("?", "!"),
        (None, "2015_Nepal_Earthquake"),
        (None, None),
    ],
)
def test_another_year_place_or_kind_is_another_event(one, other):
    assert not same_event(one, other) and not same_event(other, one)


names = st.lists(st.sampled_from(("2015", "2016", "Nepal", "floods", "Flood", "aug", "en", "?")), max_size=4)


@given(names.map("_".join), names.map("_".join))
def test_which_name_stands_first_counts_for_nothing(one, other):
    assert same_event(one, one)
    assert same_event(one, other) == same_event(other, one) == same_event(one.swapcase(), other)
