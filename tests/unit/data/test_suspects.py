"""Warnings of columns that alone rank the target, or that count the rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loading import Load

from cutscore.data.suspects import alone, notes
from cutscore.records import Column, Table

RNG = np.random.default_rng(0)
TARGET = (RNG.random(400) < 0.3).astype(np.int8)
NOISE = RNG.normal(size=400)


def _notes(values, target=TARGET, levels=None) -> list[str]:
    columns = (Column("noise"), Column("seen", levels))
    return notes(Table(columns, np.column_stack([NOISE, values]).astype(np.float32)), target)


@pytest.mark.parametrize(
    "values",
    [
        TARGET + RNG.random(400) / 2,
        -(TARGET + RNG.random(400)),
        np.where(TARGET == 1, RNG.random(400), np.nan),  # known of positives only
        np.where(TARGET == 0, NOISE, np.nan),
    ],
    ids=["high", "low", "present", "missing"],
)
def test_a_column_that_ranks_the_target(values) -> None:
    told = _notes(values)
    assert len(told) == 1
    assert "seen (AUC" in told[0]
    assert "noise" not in told[0]


def test_a_category_that_tells_the_target() -> None:
    levels = ("bad", "good", "late")
    codes = np.where(TARGET == 1, RNG.choice([0, 2], 400), 1)
    assert "seen (AUC 1.0000)" in _notes(codes, levels=levels)[0]


def test_what_is_no_reason_to_warn() -> None:
    assert _notes(TARGET + RNG.normal(size=400)) == []
    many = tuple(f"l{i:03d}" for i in range(400))
    assert _notes(RNG.permutation(400), levels=many) == []  # rates of levels seen once say nothing
    few = np.arange(8)
    table = Table((Column("x"),), few.astype(np.float32)[:, None])
    assert notes(table, (few > 3).astype(np.int8)) == []


@pytest.mark.parametrize("start", [0, 1, 100_002])
def test_a_column_that_counts_rows_in_any_order(start: int) -> None:
    told = _notes(RNG.permutation(400) + start)
    assert len(told) == 1
    assert "Counts the rows: seen" in told[0]


@pytest.mark.parametrize(
    "values",
    [
        np.arange(400) / 2,
        np.r_[0, 0, np.arange(2, 399), 399],
        np.r_[np.arange(399), 500],
        np.r_[np.nan, np.arange(1, 400)],
    ],
    ids=["halves", "one twice", "a gap", "one missing"],
)
def test_what_does_not_count_rows(values) -> None:
    assert _notes(values) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 2, 3]), st.booleans()), min_size=2, max_size=30))
def test_the_area_is_that_of_scikit_learn(rows) -> None:
    from sklearn.metrics import roc_auc_score

    values = np.array([value for value, _ in rows], dtype=np.float32)
    target = np.array([flag for _, flag in rows], dtype=np.int8)
    if 0 < target.sum() < len(target):
        area = roc_auc_score(target, values)
        assert alone(values, target, None) == pytest.approx(max(area, 1 - area))


def test_the_whole_table_decides_not_the_first_look() -> None:
    target = (np.arange(60_000) % 2).astype(np.int8)
    values = np.where(np.arange(60_000) % 12 < 4, 0.5, target).astype(np.float32)
    table = Table((Column("x"),), values[:, None])
    assert notes(table, target) == []


def test_a_data_set_says_so(load: Load) -> None:
    lines = [f"{i},{(i * 7) % 40},{int(i >= 20)}" for i in range(40)]
    dataset = load("row,x,bad\n" + "\n".join(lines) + "\n")
    assert len(dataset.notes) == 2
    assert "row (AUC 1.0000)" in dataset.notes[0]
    assert "row, x holds" in dataset.notes[1]
