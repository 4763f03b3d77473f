"""What every feature strategy keeps to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import with_all_others

from cutscore.features import FeatureStrategy
from cutscore.features.combined import Combined
from cutscore.features.domain import Domain
from cutscore.features.polynomial import Polynomial
from cutscore.records import Column, Dataset, Rows, Table

EXPRESSIONS = {
    "RATIO": "a / b",
    "LOG": "ln(a + 2) * sqrt(b)",
    "IS_Y": "c = 'y'",
    "CASES": "CASE WHEN a IS NULL THEN b WHEN c IN ('x', 'z') THEN a ELSE 0 END",
    "WHOLE": "coalesce(b, 0) // a",
}
STRATEGIES = with_all_others(
    "features",
    Domain(EXPRESSIONS),
    Polynomial(("a", "b")),
    Combined(EXPRESSIONS, ("b", "a")),
)
each_strategy = pytest.mark.parametrize(
    "strategy", STRATEGIES, ids=[type(strategy).__name__ for strategy in STRATEGIES]
)


def _dataset(values: np.ndarray) -> Dataset:
    rows = len(values)
    columns = (Column("a"), Column("b"), Column("c", ("x", "y", "z")))
    return Dataset(
        name="made",
        source="made",
        table=Table(columns, values),
        target=np.zeros(rows, np.int8),
        target_name="t",
        ids=np.arange(rows),
        digest="0",
        duplicate_of=np.arange(rows),
        duplicates=0,
    )


# The last two rows give every expression a value, so that none is missing throughout.
SURE = np.array([[1, 2, 1], [3, 4, 2]], dtype=np.float32)
numbers = st.sampled_from([0.0, 1.0, -3.5, 1e30, float("nan"), 0.1])
row = st.tuples(numbers, numbers, st.sampled_from([0.0, 1.0, 2.0, float("nan")]))
tables = st.lists(row, min_size=1, max_size=30).map(
    lambda rows: np.concatenate([np.array(rows, dtype=np.float32), SURE])
)


def _taken(dataset: Dataset, rows: Rows) -> Dataset:
    table = Table(dataset.table.columns, np.ascontiguousarray(dataset.table.values[rows]))
    return replace(dataset, table=table, target=dataset.target[rows])


@each_strategy
@settings(max_examples=25, deadline=None)
@given(values=tables, data=st.data())
def test_a_rows_features_depend_on_that_row_alone(
    strategy: FeatureStrategy, values: np.ndarray, data: st.DataObject
) -> None:
    dataset = _dataset(values)
    built = strategy.build(dataset)
    chosen = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=20))
    rows = np.array([*chosen, len(values) - 1, len(values) - 2], dtype=np.int64)
    again = strategy.build(_taken(dataset, rows))
    assert again.columns == built.columns
    np.testing.assert_array_equal(again.values, built.values[rows])


@each_strategy
def test_the_target_makes_no_difference(strategy: FeatureStrategy) -> None:
    dataset = _dataset(SURE)
    other = replace(dataset, target=np.ones(2, np.int8))
    np.testing.assert_array_equal(strategy.build(dataset).values, strategy.build(other).values)


@each_strategy
def test_base_columns_come_first_and_are_left_alone(strategy: FeatureStrategy) -> None:
    dataset = _dataset(SURE.copy())
    table = strategy.build(dataset)
    assert table.columns[:3] == dataset.table.columns
    np.testing.assert_array_equal(table.values[:, :3], SURE)
    np.testing.assert_array_equal(dataset.table.values, SURE)
    assert len(set(table.names)) == len(table.names) == table.values.shape[1]
    assert table.values.dtype == np.float32
    assert table.values.flags.c_contiguous
    assert not np.isinf(table.values).any()


@each_strategy
def test_the_same_twice(strategy: FeatureStrategy) -> None:
    dataset = _dataset(SURE)
    np.testing.assert_array_equal(strategy.build(dataset).values, strategy.build(dataset).values)
