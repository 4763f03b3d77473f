"""Equal rows, found by hash and verified."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cutscore.data import digest
from cutscore.data.digest import first_equal_row, repeated_rows


def _slowly(values: np.ndarray) -> list[int]:
    met: dict[bytes, int] = {}
    return [met.setdefault(row.tobytes(), at) for at, row in enumerate(values)]


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=12),
        elements=st.sampled_from([0.0, 1.0, 2.0, np.nan]),
    )
)
def test_agrees_with_comparing_every_row(values: np.ndarray) -> None:
    values[np.isnan(values)] = np.nan
    assert first_equal_row(values).tolist() == _slowly(values)


def test_rows_of_the_same_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "_keys", lambda values: np.zeros(len(values), np.uint64))
    values = np.array([[1], [2], [1], [3], [2]], dtype=np.float32)
    assert first_equal_row(values).tolist() == [0, 1, 0, 3, 1]


def test_no_rows() -> None:
    assert first_equal_row(np.empty((0, 3), np.float32)).tolist() == []


def test_repeats_count_the_target_in() -> None:
    first = np.array([0, 0, 0, 3], dtype=np.int64)
    assert repeated_rows(first, np.array([0, 0, 1, 0], dtype=np.int8)) == 1
