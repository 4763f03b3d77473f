"""What a row has in a column, as people read it."""

from __future__ import annotations

import numpy as np
import pytest

from cutscore.records import RawColumn
from cutscore.scoring.value_texts import value_text

DAY = np.datetime64("2024-01-31T12:30:05.250")
DAYS = float((np.datetime64("2024-01-31") - np.datetime64("1970-01-01")).astype(int)) + 0.5


@pytest.mark.parametrize(
    ("kind", "value", "exact", "text"),
    [
        ("number", 3.0, None, "3"),
        ("number", -0.0, None, "0"),
        ("number", -9120.0, None, "-9,120"),
        ("number", float(np.float32(0.766126609)), None, "0.766"),
        ("number", 2283.1234, None, "2,283.12"),
        ("number", 0.00001234, None, "1.23e-05"),
        ("number", float(np.float32(123_456_789)), None, "123,457,000"),
        ("number", float(np.float32(1.5e20)), None, "1.5e+20"),
        ("integer", 9.1e15, np.int64(9_100_000_000_000_001), "9,100,000,000,000,001"),
        ("number", 99.5, 99.512, "99.5"),
        ("boolean", 1.0, None, "true"),
        ("boolean", 0.0, None, "false"),
        ("date", DAYS, None, "2024-01-31"),
        ("date", -0.5, None, "1969-12-31"),
        ("date", DAYS, DAY.astype("M8[D]"), "2024-01-31"),
        ("timestamp", DAYS, DAY.astype("M8[us]"), "2024-01-31 12:30:05"),
        ("timestamp", DAYS, None, "2024-01-31"),
        ("category", 1.0, None, "house"),
        ("category", float("nan"), None, "missing"),
        ("number", float("nan"), None, "missing"),
    ],
)
def test_values_are_told_with_the_digits_that_are_known(kind, value, exact, text):
    levels = ("car", "house") if kind == "category" else None
    assert value_text(RawColumn("x", kind, levels), value, exact) == text
