"""Preparation: what it learns, from which rows, and what it writes."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.preparation import Preparation, fit_preparation
from cutscore.records import Column, Table

NAN = float("nan")


def _table(*columns, levels=None) -> Table:
    """One column per list; `levels` maps a position to its levels."""
    named = tuple(Column(f"c{i}", (levels or {}).get(i)) for i in range(len(columns)))
    return Table(named, np.ascontiguousarray(np.array(columns, dtype=np.float32).T))


def _rows(*rows):
    return np.array(rows, dtype=np.int64)


def _fit(table, rows, impute=False, encode=False, scale=False) -> Preparation:
    return fit_preparation(table, rows, impute=impute, encode=encode, scale=scale)


def test_nothing_asked_is_the_same_table():
    table = _table([1, NAN], [0, 1], levels={1: ("a", "b")})
    preparation = _fit(table, _rows(0))
    assert preparation.identity
    assert preparation.transform(table) is table


def test_missing_numbers_become_the_training_median():
    table = _table([1, 2, 4, NAN, 100])
    prepared = _fit(table, _rows(0, 1, 2, 3), impute=True).transform(table)
    assert prepared.values[:, 0].tolist() == [1, 2, 4, 2, 100]


def test_median_of_an_even_count_is_the_middle():
    table = _table([1, 2, 4, 8, NAN])
    assert _fit(table, _rows(0, 1, 2, 3, 4), impute=True).parts[0].fill == 3


def test_a_column_without_training_values_becomes_zero_and_is_noted():
    table = _table([NAN, NAN, 5])
    preparation = _fit(table, _rows(0, 1), impute=True, scale=True)
    assert preparation.transform(table).values[:, 0].tolist() == [0, 0, 0]
    assert 'column "c0" has no value' in preparation.notes[0]


def test_indicators_for_all_levels_even_unseen_ones():
    table = _table([0, 2, NAN], levels={0: ("a", "b", "c")})
    prepared = _fit(table, _rows(0), encode=True).transform(table)
    assert prepared.names == ("c0=a", "c0=b", "c0=c")
    assert prepared.values.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert not prepared.categorical


def test_more_than_fifty_levels_keep_the_most_frequent_ties_by_order():
    levels = tuple(f"l{i:02d}" for i in range(60))
    values = [*range(60), *([59] * 3), *([58] * 2)]
    table = _table(values, levels={0: levels})
    preparation = _fit(table, np.arange(len(values)), encode=True)
    assert preparation.parts[0].levels == (*range(48), 58, 59)
    assert len(preparation.outputs) == 50


def test_missing_categories_that_stay_categories_become_the_most_frequent():
    table = _table([1, 1, 0, NAN], levels={0: ("a", "b")})
    prepared = _fit(table, _rows(0, 1, 2), impute=True).transform(table)
    assert prepared.values[:, 0].tolist() == [1, 1, 0, 1]
    assert prepared.columns == table.columns


def test_scaling_uses_training_moments_and_keeps_missing():
    table = _table([0, 2, 4, NAN], [7, 7, 9, NAN])
    prepared = _fit(table, _rows(0, 1), scale=True).transform(table)
    np.testing.assert_array_equal(prepared.values[:, 0], [-1, 1, 3, NAN])
    np.testing.assert_array_equal(prepared.values[:, 1], [0, 0, 0, NAN])


def test_indicators_are_not_scaled():
    table = _table([0, 1, 1], levels={0: ("a", "b")})
    prepared = _fit(table, _rows(0, 1, 2), encode=True, scale=True).transform(table)
    assert set(prepared.values.ravel().tolist()) == {0, 1}


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_only_training_values_are_read(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    flags = {name: data.draw(st.booleans()) for name in ("impute", "encode", "scale")}
    values = rng.normal(size=(30, 20)).astype(np.float32)
    values[:, 3] = rng.integers(0, 4, 30)
    values[rng.random(values.shape) < 0.2] = np.nan
    columns = tuple(Column(f"c{i}", tuple("abcd") if i == 3 else None) for i in range(20))
    train = np.sort(rng.choice(30, 18, replace=False)).astype(np.int64)
    planted = np.full_like(values, data.draw(st.sampled_from([NAN, 1e30, 3.0])))
    planted[train] = values[train]
    first = fit_preparation(Table(columns, values), train, **flags)
    assert fit_preparation(Table(columns, planted), train, **flags) == first


@pytest.mark.parametrize("scale", [False, True])
def test_json_round_trip_is_exact(scale):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 3)).astype(np.float32)
    values[:, 2] = rng.integers(0, 3, 50)
    values[rng.random(values.shape) < 0.2] = np.nan
    table = Table((Column("a"), Column("b"), Column("c", ("x", "ü", "z"))), values)
    preparation = _fit(table, np.arange(40), impute=True, encode=True, scale=scale)
    again = Preparation.from_json(json.loads(json.dumps(preparation.to_json())))
    assert again == preparation
    assert again.transform(table).values.tobytes() == preparation.transform(table).values.tobytes()


def test_prepared_values_are_complete_float32_in_c_order():
    table = _table([1, NAN, 3], [NAN, 0, 1], levels={1: ("a", "b")})
    prepared = _fit(table, _rows(0, 1), impute=True, encode=True, scale=True).transform(table)
    assert prepared.values.dtype == np.float32
    assert prepared.values.flags.c_contiguous
    assert not np.isnan(prepared.values).any()


def test_another_table_is_refused():
    preparation = _fit(_table([1, 2]), _rows(0), impute=True)
    with pytest.raises(ValueError, match="cannot be applied to"):
        preparation.transform(_table([1, 2], [1, 2]))


def test_no_second_copy_of_the_matrix_is_held():
    values = np.random.default_rng(0).normal(size=(100_000, 40)).astype(np.float32)
    table = Table(tuple(Column(f"c{i}") for i in range(40)), values)
    tracemalloc.start()
    try:
        _fit(table, np.arange(80_000), impute=True, scale=True).transform(table)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * values.nbytes
