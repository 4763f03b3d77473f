"""Counts by bin against counting row by row, and what a reference says of strange values."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutscore.metrics.histograms import SAMPLE, TableBins, fit_bins
from cutscore.records import Column

COLUMNS = (Column("amount"), Column("grade", ("a", "b", "c")), Column("empty"))


def made_rows(rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.full((rows, 3), np.nan, dtype=np.float32)
    values[:, 0] = np.round(rng.normal(size=rows), 1)
    values[:, 1] = rng.integers(0, 3, rows)
    values[rng.random((rows, 3)) < 0.1] = np.nan
    return values


def by_hand(bins: TableBins, row: np.ndarray, unseen: bool) -> list[int]:
    found = []
    for at, (cell, each) in enumerate(zip(row, bins.bins, strict=True)):
        start = bins.starts[at]
        if unseen and each.levels is not None:
            found.append(start + len(each.levels) + 1)
        elif np.isnan(cell):
            found.append(start + each.width - 1)
        elif each.levels is not None:
            name = COLUMNS[at].levels[int(cell)]
            found.append(start + each.levels.index(name))
        else:
            found.append(start + sum(cell > np.float32(edge) for edge in each.edges))
    return found


@given(st.integers(1, 60), st.integers(0, 5), st.integers(1, 3), st.booleans())
def test_counts_are_those_of_counting_row_by_row(rows, seed, groups, weighed):
    bins = fit_bins(COLUMNS, made_rows(40, 99))
    values, rng = made_rows(rows, seed), np.random.default_rng(seed)
    group, weights = rng.integers(0, groups, rows), rng.integers(1, 4, rows).astype(float)
    new = np.flatnonzero(rng.random(rows) < 0.2)
    values[new, 1] = np.nan
    expected = np.zeros((groups, int(bins.starts[-1])))
    for at, row in enumerate(values):
        for place in by_hand(bins, row, at in new):
            expected[group[at], place] += weights[at] if weighed else 1
    got = bins.count(
        values, group, groups, unseen={"grade": new}, weights=weights if weighed else None
    )
    assert (got == expected).all()


def test_strange_values_have_bins_of_their_own_and_training_rows_none_there():
    values = np.array([[1, 0, 5], [2, 1, 5], [3, 1, 5]], dtype=np.float32)
    bins = fit_bins(COLUMNS, values)
    counts = bins.count(values)[0]
    for at, each in enumerate(bins.bins):
        own = counts[bins.starts[at] : bins.starts[at + 1]]
        assert own.sum() == 3
        assert own[list(each.strange)].sum() == 0
    low, high = np.nextafter(np.float32(1), np.float32(0)), np.float32(3.1)
    strange = bins.count(np.array([[low, 0, 5], [high, 0, 5]], dtype=np.float32))[0]
    assert [strange[at] for at in bins.bins[0].strange] == [1, 1]
    assert [bins.bins[0].labels[at] for at in bins.bins[0].strange] == ["below 1", "above 3"]


def test_quantiles_hold_about_equally_many_rows_and_heavy_values_a_bin_each():
    values = np.random.default_rng(1).normal(size=(3 * SAMPLE, 1)).astype(np.float32)
    values[:SAMPLE] = 0
    bins = fit_bins(COLUMNS[:1], values)
    shares = bins.count(values)[0] / len(values)
    assert max(shares) == pytest.approx(0.36, abs=0.04)  # zeros, and what is beside them
    assert sum(shares > 0.08) >= 6


def test_bins_come_back_from_plain_values_and_refuse_another_table():
    values = made_rows(50, 3)
    bins = fit_bins(COLUMNS, values)
    state = json.loads(json.dumps(bins.to_json(bins.count(values)[0])))
    again, counts = TableBins.from_json(state, COLUMNS)
    assert again.bins == bins.bins
    assert (counts == again.count(values)[0]).all()
    with pytest.raises(ValueError, match="other columns"):
        TableBins.from_json(state, COLUMNS[:2])
    state["amount"]["counts"].pop()
    with pytest.raises(ValueError, match="do not go together"):
        TableBins.from_json(state, COLUMNS)
