"""Nearest neighbours against brute force, and against what only decides the speed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.sampling import neighbours as searching
from cutscore.sampling.neighbours import nearest


def _brute(values, neighbours: int):
    exact = values.astype(np.float64)
    squared = np.square(exact[:, None, :] - exact[None, :, :]).sum(axis=2)
    np.fill_diagonal(squared, np.inf)
    return np.argsort(squared, axis=1, kind="stable")[:, :neighbours]


@given(
    rows=st.integers(2, 300),
    columns=st.integers(1, 12),
    levels=st.integers(1, 6),
    scale=st.sampled_from([1.0, 2.0**-60, 2.0**90]),
    seed=st.integers(0, 99),
)
@settings(max_examples=150, deadline=None)
def test_neighbours_are_those_of_brute_force_ties_by_position(rows, columns, levels, scale, seed):
    draw = np.random.default_rng(seed)
    # Few whole numbers: many rows are equally near, or equal, and squares of them are exact.
    values = (draw.integers(0, levels, (rows, columns)) * scale).astype(np.float32)
    neighbours = int(draw.integers(1, min(rows, 8)))
    np.testing.assert_array_equal(nearest(values, neighbours), _brute(values, neighbours))


def _credit(rows: int = 900):
    """Amounts beside shares and indicators, some rows far out, a pile of equal ones."""
    draw = np.random.default_rng(5)
    amounts = draw.lognormal(11, 2, (rows, 3))
    amounts[:3] *= 1e6
    shares, indicators = draw.random((rows, 9)), draw.random((rows, 9)) < 0.3
    values = np.hstack([amounts, shares, indicators, np.full((rows, 1), 7e8)]).astype(np.float32)
    values[-200:] = values[-1]
    return values


@pytest.mark.parametrize("left_out", [0.0, 0.4, 0.999999])
@pytest.mark.parametrize("at_once", [1, 50_000])
def test_bounds_decide_nothing_but_the_speed(monkeypatch, left_out, at_once):
    monkeypatch.setattr(searching, "_LEFT_OUT", left_out)
    monkeypatch.setattr(searching, "_BOUNDS_AT_ONCE", at_once)
    monkeypatch.setattr(searching, "_PAIRS_AT_ONCE", at_once)
    values = _credit(300)
    np.testing.assert_array_equal(nearest(values, 5), _brute(values, 5))


def test_a_product_summed_in_another_order_gives_the_same_neighbours(monkeypatch):
    values = _credit()
    expected = nearest(values, 5)

    def backwards(self, rows):
        left = self.right[rows] * np.float32(-2)
        left[:, -1] = 1
        bounds = np.zeros((len(rows), len(self.right)), dtype=np.float32)
        for column in reversed(range(left.shape[1])):
            bounds += np.outer(left[:, column], self.right[:, column])
        bounds[np.arange(len(rows)), rows] = searching._FAR
        return bounds.reshape(len(rows), -1, self.size)

    monkeypatch.setattr(searching._Screen, "bounds", backwards)
    np.testing.assert_array_equal(nearest(values, 5), expected)
