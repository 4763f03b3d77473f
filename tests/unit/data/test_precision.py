"""Columns whose distinct values float32 cannot hold apart are told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loading import Load

from cutscore.data.precision import Distinct, notes

RNG = np.random.default_rng(2)


def _seen(values: np.ndarray, batch: int = 8_192) -> Distinct:
    distinct = Distinct()
    for start in range(0, len(values), batch):
        part = values[start : start + batch]
        distinct.add(part, part.astype(np.float32))
    return distinct


@settings(deadline=None)
@given(st.lists(st.integers(2**24, 2**24 + 60), min_size=1, max_size=60), st.integers(1, 60))
def test_small_columns_are_counted_exactly(numbers: list[int], batch: int) -> None:
    values = np.array(numbers, dtype=np.float64)
    before, after = _seen(values, len(values)).counts()
    if (values % 2).any():
        assert (before, after) == (len(set(numbers)), len(np.unique(values.astype(np.float32))))
    parts = _seen(values, batch).counts()
    assert parts[0] - parts[1] <= before - after or before == 0


@pytest.mark.parametrize("step", [1, 7, 50])
def test_a_sample_tells_the_share_of_lost_values(step: int) -> None:
    values = 1.6e9 + RNG.permutation(300_000) * step
    before, after = _seen(values).counts()
    expected = len(np.unique(values.astype(np.float32))) / len(values)
    assert after / before == pytest.approx(expected, rel=0.15)
    assert before < 20_000


def test_columns_that_float32_holds_are_not_told() -> None:
    seen = {
        0: _seen(np.arange(1000.0)),
        1: _seen(RNG.normal(size=5_000)),
        2: _seen(np.full(9, 0.1)),
    }
    assert notes(["a", "b", "c"], seen) == []


def test_dates_written_as_numbers(load: Load) -> None:
    days = np.arange("2019-01-01", "2020-02-05", dtype="datetime64[D]")
    cells = [str(day).replace("-", "") for day in days]
    text = "when,x,bad\n" + "".join(f"{c},{i % 7},{i % 2}\n" for i, c in enumerate(cells))
    (note,) = load(text).notes
    assert "lose distinct values: when (55% of them are left)" in note
    assert """'data.date_format={when: "%Y%m%d"}'""" in note
    mended = load(text, date_format={"when": "%Y%m%d"})
    assert not any("distinct" in note for note in mended.notes)
    assert len(np.unique(mended.table.values[:, 0])) == len(days)


@pytest.mark.parametrize(
    "cells",
    [
        [f"{100_000_000 + i}" for i in range(40)],
        [f"{900_000 + i / 1000:.3f}" for i in range(40)],
        [f"2020-01-01 00:{i:02d}:00" for i in range(40)],
    ],
    ids=["whole numbers", "decimals", "times"],
)
def test_told_by_the_data_set(load: Load, cells: list[str]) -> None:
    text = "v,x,bad\n" + "".join(f"{c},{i % 7},{i % 2}\n" for i, c in enumerate(cells))
    (note,) = load(text).notes
    assert "lose distinct values: v" in note
    assert "date_format" not in note
