"""Sorting rows by score, against numpy's plain sort."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.metrics.sorting import from_top, order_rows, sort_rows

SCORES = st.lists(
    st.tuples(
        st.integers(0, 1), st.sampled_from([-0.0, 0.0, 5e-324, 0.1, 0.5, 1.0, 1.5, 3.0, -2.0])
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(SCORES)
def test_sorted_rows_count_what_every_score_flags(entries):
    target = np.array([label for label, _ in entries], dtype=np.int8)
    scores = np.array([score for _, score in entries], dtype=np.float64)
    before = scores.copy()
    by_order, order = order_rows(target, scores)
    for found in (sort_rows(target, scores), by_order):
        assert np.array_equal(found.score, np.sort(scores))
        starts = found.starts
        distinct = np.unique(scores)
        assert np.array_equal(found.score[starts], distinct)
        tp, fp = found.counts(starts)
        assert tp.tolist() == [int(target[scores >= t].sum()) for t in distinct[::-1]]
        assert (tp + fp).tolist() == [int((scores >= t).sum()) for t in distinct[::-1]]
    assert np.array_equal(target[order], by_order.target)
    assert scores.tobytes() == before.tobytes()


@pytest.mark.parametrize("shape", [(5,), (2, 5)])
def test_sums_from_the_top(shape):
    inside = np.arange(float(np.prod(shape))).reshape(shape)
    by_hand = [inside[..., i:].sum(axis=-1) for i in range(5)]
    assert from_top(inside).tolist() == np.stack(by_hand, axis=-1).tolist()
