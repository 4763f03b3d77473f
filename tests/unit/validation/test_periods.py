from dataclasses import replace
from pathlib import Path

import pytest

from cutscore.data.table import TableSource
from cutscore.errors import RequestError
from cutscore.validation.periods import dataset_periods, told_periods

ROWS = """week,day,half,x,y
3,2020-01-20,first,1,0
1,2020-01-07,first,2,1
10,2020-03-09,second,3,0
,2020-03-10,,4,1
"""


@pytest.fixture
def source(tmp_path):
    (tmp_path / "rows.csv").write_text(ROWS)
    return TableSource(path=str(tmp_path / "rows.csv"), target="y", drop=("half",), time="day")


def named(periods):
    return [periods.names[at] if at >= 0 else None for at in periods.which]


def test_periods_come_from_dates_or_from_a_column(source):
    dataset = source.load()
    assert dataset.time_is_date
    assert named(dataset_periods(dataset, "month", "s")) == ["2020-01"] * 2 + ["2020-03"] * 2
    by_week = source.keeping_period("week").load()
    assert by_week.periods.names == ("1", "3", "10")
    assert named(dataset_periods(by_week, "week", "s")) != named(by_week.periods)  # a stretch
    (note,) = by_week.notes
    assert '"week" is a feature too' in note
    assert "data.drop=[half, week]" in note
    assert by_week.digest != dataset.digest
    half = dataset_periods(source.keeping_period("half").load(), "half", "s")
    assert named(half) == ["first", "first", "second", None]
    assert half.missing.tolist() == [3]


def test_a_columns_periods_are_in_the_order_of_time(source):
    text = ROWS.replace("first", "z").replace("second", "a")
    Path(source.path).write_text(text)
    dataset = source.keeping_period("half").load()
    assert dataset.periods.names == ("a", "z")
    assert dataset_periods(dataset, "half", "s").names == ("z", "a")
    assert named(dataset_periods(dataset, "half", "s")) == ["z", "z", "a", None]
    assert dataset_periods(replace(dataset, amounts={}), "half", "s").names == ("a", "z")


def test_of_a_column_with_too_many_values_nothing_is_told(source):
    rows = (f"1,2020-01-20,w{at},{at},{at % 2}\n" for at in range(500))
    Path(source.path).write_text("week,day,half,x,y\n" + "".join(rows))
    found = told_periods(source.keeping_period("half").load(), "half", "s")
    assert found.reason == "there are 500 values of half, more than 400 are not told"


def test_what_no_period_can_be_made_of_is_told(source):
    numbers = replace(source, time="x").load()
    assert not numbers.time_is_date
    with pytest.raises(RequestError, match=r"s: month is asked for, but data\.time holds no dates"):
        dataset_periods(numbers, "month", "s")
    with pytest.raises(RequestError, match=r"no column of dates is declared"):
        dataset_periods(replace(source, time=None).load(), "day", "s")
    with pytest.raises(RequestError, match=r's: the data have no column "half"'):
        dataset_periods(source.load(), "half", "s")
    with pytest.raises(
        RequestError,
        match=r'validation\.period: the table has no column "hafl"\. Did you mean "half"',
    ):
        source.keeping_period("hafl").load()
    with pytest.raises(
        RequestError, match=r'Did you mean "month"\? Allowed are day, week, month and'
    ):
        source.keeping_period("mnth").load()
