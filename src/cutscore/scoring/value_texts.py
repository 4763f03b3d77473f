"""What a row has in a column, as people read it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cutscore.records import RawColumn

_WHOLE = 2**24
"""Up to here float32 holds every whole number."""


def value_text(raw: RawColumn, value: float, exact: Any = None) -> str:
    """Return the text of a value of a table; `exact` is the same as it is in the file, if known."""
    if math.isnan(value):
        return "missing"
    if raw.kind == "category":
        return (raw.levels or ())[int(value)]
    if raw.kind == "boolean":
        return "true" if value else "false"
    if raw.kind in ("date", "timestamp"):
        # The table's own value of a time is off by minutes.
        moment = np.datetime64(math.floor(value), "D") if exact is None else exact
        known = "s" if raw.kind == "timestamp" and exact is not None else "D"
        return str(moment.astype(f"M8[{known}]")).replace("T", " ")
    return number_text(value if exact is None else exact)


def number_text(value: float) -> str:
    """Return a number with the digits that a float32 has for sure, thousands separated."""
    if int(value) == value and (abs(value) <= _WHOLE or isinstance(value, (int, np.integer))):
        return f"{int(value):,}"
    if abs(value) >= _WHOLE:
        return f"{float(f'{value:.6g}'):,.0f}" if abs(value) < 1e15 else f"{value:.4g}"
    return f"{value:,.2f}" if abs(value) >= 100 else f"{value:.3g}"
