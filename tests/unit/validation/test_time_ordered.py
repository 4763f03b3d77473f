"""Folds of whole periods: each row's side by brute force over the calendar, and what is refused."""

from dataclasses import replace
from datetime import date, timedelta

import made_costs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from cutscore.errors import RequestError
from cutscore.records import OutOfFold, value_periods
from cutscore.validation.splitting import rows_to_fit, split_rows
from cutscore.validation.time_ordered import TimeOrdered

EPOCH = date(1970, 1, 1)
COLUMN = "batch"


def made(rows=300, days=400, seed=0, share=0.4):
    """Rows of dated loans, some customers with several; batches of 40 days as a column."""
    rng = np.random.default_rng(seed)
    day = 18_000 + rng.integers(0, days, rows)
    batch = np.unique(day // 40, return_inverse=True)[1]
    data = made_costs.dataset(
        np.ones(rows),
        target=rng.random(rows) < share,
        time=day + rng.random(rows),
        group=rng.integers(0, max(rows // 2, 1), rows) * 1.0,
    )
    names = [f"b{number}" for number in range(batch.max() + 1)]
    return replace(data, time_is_date=True, periods=value_periods(names, batch))


def number_of(time, period):
    """Count a row's period by the calendar of the standard library."""
    day = EPOCH + timedelta(days=int(time))
    if period == "month":
        return 12 * day.year + day.month
    if period == "week":
        return (day - timedelta(days=day.weekday())).toordinal() // 7
    return day.toordinal() if period == "day" else int(time) // 40


schemes = st.builds(
    TimeOrdered,
    folds=st.integers(1, 4),
    period=st.sampled_from(["day", "week", "month", COLUMN]),
    window=st.none() | st.integers(1, 5),
    gap=st.integers(0, 2),
    keep_groups_together=st.booleans(),
    outer=st.sampled_from(["none", "holdout", "nested"]),
    outer_folds=st.just(2),
)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(40, 300), schemes, st.integers(0, 1))
def test_a_fold_trains_on_what_its_settings_say_and_on_nothing_else(seed, rows, scheme, part):
    data = made(rows, seed=seed)
    if scheme.outer == "nested":
        scheme = replace(scheme, outer_part=part)
    try:
        folds = split_rows(scheme, data)
    except RequestError:
        return
    time, group = data.amounts["time"], data.amounts["group"]
    number = [number_of(each, scheme.period) for each in time]
    inner = range(rows) if folds.inner is None else folds.inner.tolist()
    if len(folds.outer):
        first = min(number[row] for row in folds.outer)
        assert all(number[row] < first - scheme.gap for row in inner)
        assert not scheme.keep_groups_together or not set(group[inner]) & set(group[folds.outer])
    oof = scored(data, folds)
    informed = {int(oof.part[inside[0]]): oof.row[fit] for inside, fit in oof.informed_parts()}
    last = -1
    for fold in folds.splits:
        validated = {number[row] for row in fold.validation}
        start, end = min(validated), max(validated)
        assert start > last
        assert fold.validation.tolist() == [row for row in inner if start <= number[row] <= end]
        last = end
        known = set(group[fold.validation]) if scheme.keep_groups_together else set()
        may = [
            row
            for row in inner
            if number[row] < start - scheme.gap
            and (scheme.window is None or number[row] >= start - scheme.gap - scheme.window)
            and group[row] not in known
        ]
        assert fold.train.tolist() == may
        left_out = sum(number[row] < start for row in inner) - len(may)
        assert sum(fold.times.left_out.values()) == left_out
        for row in informed.get(fold.number, ()):  # what chooses the threshold
            assert number[row] < start - scheme.gap
            assert group[row] not in known
    assert last == max(number[row] for row in inner)
    latest = rows_to_fit(scheme, data, np.array(inner))
    oldest = -np.inf if scheme.window is None else max(number[row] for row in inner) - scheme.window
    assert latest.tolist() == [row for row in inner if number[row] > oldest]


def scored(data, folds):
    row = np.concatenate([fold.validation for fold in folds.splits])
    numbers = np.repeat([f.number for f in folds.splits], [len(f.validation) for f in folds.splits])
    return OutOfFold(
        row=row,
        repeat=np.zeros(len(row), np.int16),
        fold=numbers,
        part=folds.parts,
        target=data.target[row],
        score=np.zeros(len(row)),
        rule=folds.crossfit,
        withheld={fold.number: fold.withheld for fold in folds.splits},
    )


def test_windows_slide_over_whole_months_with_a_gap():
    data = made(2000, days=365)  # 2019-04-14 to 2020-04-12
    folds = split_rows(TimeOrdered(folds=3, period="month", window=4, gap=1), data)
    told = [(str(fold.times.train), str(fold.times.validation)) for fold in folds.splits]
    assert told == [
        ("2019-04 to 2019-07", "2019-09 to 2019-11"),
        ("2019-07 to 2019-10", "2019-12 to 2020-01"),
        ("2019-09 to 2019-12", "2020-02 to 2020-04"),
    ]
    for fold in folds.splits:
        assert fold.times.left_out["gap"] > 100
        assert fold.times.left_out["group"] == 0
    free = split_rows(TimeOrdered(folds=3, period="month"), data)
    assert {str(fold.times.train)[:7] for fold in free.splits} == {"2019-04"}


def test_without_periods_folds_say_when_they_are():
    (fold,) = split_rows(TimeOrdered(folds=1, gap=30), made(200)).splits
    assert str(fold.times.train)[:3] == "201"
    assert fold.times.train.last_name[:10] < fold.times.validation.first_name[:10]
    assert len(fold.withheld) == 0  # a gap without periods is one of training only
    numbers = replace(made(200), time_is_date=False)
    (fold,) = split_rows(TimeOrdered(folds=1), numbers).splits
    assert fold.times.train.first_name[:2] == "18"


def told(scheme, data):
    with pytest.raises(RequestError) as caught:
        split_rows(scheme, data)
    return str(caught.value)


def test_too_few_periods_say_what_would_do():
    data = made(2000, days=365)
    asked = TimeOrdered(folds=5, period="month", window=8, gap=2)
    assert told(asked, data) == (
        "validation.folds: 5 folds and a window of 8 months and a gap of 2 months need 15 months, "
        "but there are only 13: 2019-04 to 2020-04. Set validation.folds to at most 3, or "
        "validation.window to at most 6, or validation.gap to at most 0. Or choose a shorter "
        "validation.period."
    )
    for mended in ({"folds": 3}, {"window": 6}, {"gap": 0}):
        assert split_rows(replace(asked, **mended), data)
    nested = TimeOrdered(folds=8, period="month", gap=1, outer="nested", outer_folds=4)
    text = told(nested, data)
    assert "validation.outer_folds: 4 outer folds with 8 folds each and a gap of 1 month" in text
    assert "need 15 months" in text
    assert "Set validation.outer_folds to at most 2, or validation.folds to at most 6" in text
    assert split_rows(replace(nested, folds=6), data)
    assert split_rows(replace(nested, outer_folds=2), data)
    hopeless = told(TimeOrdered(folds=20, period="month"), data)
    assert "at most 12" in hopeless


def test_periods_that_cannot_be_used_are_told():
    data = made(60)
    times = {**data.amounts, "time": np.arange(60.0)}
    holes = value_periods(["a", "b"], np.repeat([0, 1, -1], [30, 27, 3]))
    asked = TimeOrdered(folds=1, period=COLUMN)
    text = told(asked, replace(data, amounts=times, periods=holes))
    assert 'validation.period: 3 of 60 rows have no value in the column "batch".' in text
    mixed = value_periods(["a", "b", "c"], np.arange(60) % 2 + (np.arange(60) > 50) * 1)
    text = told(asked, replace(data, amounts=times, periods=mixed))
    assert 'overlap by data.time, so that none is before the other: "a" and "b"' in text
    text = told(replace(asked, period="month"), replace(data, time_is_date=False))
    assert "validation.period: month is asked for, but data.time holds no dates." in text
    times["time"] = np.where(np.arange(60) < 5, np.nan, times["time"])
    text = told(replace(asked, period="day"), replace(data, amounts=times))
    assert "data.time: 5 of 60 rows have no finite time" in text


def test_a_side_with_one_class_is_told_with_its_time():
    data = made(2000, days=365)
    early = data.amounts["time"] < 18_000 + 150
    data = replace(data, target=np.where(early, 0, data.target).astype(np.int8))
    text = told(TimeOrdered(folds=6, period="month", window=2), data)
    assert "rows of fold 0 (2019-04 to 2019-05) have no positive row" in text
    assert "rows of fold 0 (2019-06 to 2019-07) have no positive row" in text
    tied = replace(data, amounts={**data.amounts, "group": np.zeros(2000)})
    text = told(TimeOrdered(folds=1, period="month", keep_groups_together=True), tied)
    assert "validation.keep_groups_together: the 0 training rows of fold 0 (never)" in text


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"window": 3}, "window=3 counts periods, but period is null; set period to day"),
        ({"window": 3, "outer_part": 1}, "outer_part=1 names a .*; window=3 counts periods"),
        ({"window": 0, "period": "day"}, "greater than or equal to 1"),
        ({"gap": 1.5, "period": "day"}, "gap=1.5 must be a whole number of periods"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(given, message):
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(TimeOrdered).validate_python(given)
