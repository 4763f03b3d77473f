"""Which period a row is in, against the calendar of the standard library."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.records import stretch_periods, value_periods

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1930, 1, 1), datetime(2090, 1, 1))  # noqa: DTZ001  # in UTC


def name(moment, stretch):
    if stretch == "week":
        year, week, _ = moment.isocalendar()
        return f"{year}-W{week:02d}"
    return f"{moment:%Y-%m}" if stretch == "month" else f"{moment:%Y-%m-%d}"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.none() | MOMENTS, min_size=1, max_size=30),
    st.sampled_from(["day", "week", "month"]),
)
def test_stretches_are_those_of_the_calendar(moments, stretch):
    given_ = [None if m is None else m.replace(tzinfo=UTC) for m in moments]
    days = np.array([np.nan if m is None else (m - EPOCH) / timedelta(days=1) for m in given_])
    found = stretch_periods(days, stretch)
    expected = [None if m is None else name(m, stretch) for m in given_]
    assert [found.names[at] if at >= 0 else None for at in found.which] == expected
    assert list(found.names) == sorted(set(filter(None, expected)))
    assert found.missing.tolist() == [at for at, m in enumerate(given_) if m is None]
    exact = np.array(
        [None if m is None else m.replace(tzinfo=None) for m in given_], "datetime64[us]"
    )
    again = stretch_periods(exact, stretch)
    assert again.names == found.names
    assert (again.which == found.which).all()


@pytest.mark.parametrize(("stretch", "apart"), [("day", 60), ("week", 8), ("month", 2)])
def test_numbers_count_stretches_without_rows(stretch, apart):
    days = [(date(2020, month, 1) - date(1970, 1, 1)).days * 1.0 for month in (1, 3)]
    assert np.diff(stretch_periods(np.array(days), stretch).numbers) == [apart]


def test_values_without_rows_are_no_periods():
    found = value_periods(["a", "b", "c"], np.array([2, -1, 0, 2]))
    assert found.names == ("a", "c")
    assert found.numbers.tolist() == [0, 1]
    assert found.which.tolist() == [1, -1, 0, 1]


def test_weeks_beyond_what_a_date_of_the_standard_library_holds_have_names():
    found = stretch_periods(np.array([-800_000.0, -719_162.0, 6_666_666.0]), "week")
    assert found.names == ("-221-W35", "0001-W01", "20222-W38")
