"""Columns drawn so that each has a given distribution: uniform ranks become values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Columns = dict[str, Any]
"""The columns of a table by name: NumPy arrays, or Arrow arrays where values may be missing."""

LEVELS = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
WHOLE = ("DAYS_", "CNT_")
"""Columns of whole numbers, also where missing values make them floats."""
SENTINEL = 365_243
"""What Home Credit writes for "not applicable" in columns of days."""


@dataclass(frozen=True)
class Marginal:
    """The distribution of one column.

    Attributes
    ----------
    kind : str
        `category`, `integer` or `float`.
    missing : float
        Share of missing values.
    values, shares : tuple
        The values of a discrete column and their cumulative shares, the last of which is 1.
    quantiles : tuple of float
        Of a continuous column, at `LEVELS`, among what is not missing.
    """

    kind: str
    missing: float = 0.0
    values: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()

    def of(self, rank: Floats) -> npt.NDArray[Any]:
        """Return the values at ranks in [0, 1), shape (rows,): text, int64 or float64."""
        if self.quantiles:
            value = np.interp(rank, LEVELS, self.quantiles)
            return np.rint(value).astype(np.int64) if self.kind == "integer" else value
        at = np.searchsorted(np.array(self.shares), rank, side="right")
        values = np.array(self.values, dtype=object if self.kind == "category" else np.float64)
        drawn = values[np.minimum(at, len(values) - 1)]
        return drawn.astype(np.int64) if self.kind == "integer" else drawn


@cache
def marginals(name: str) -> Mapping[str, Mapping[str, Marginal]]:
    """Return the marginals of each column of each table of a collection, `name`.json beside this.

    The order of columns is that of the real files; keys are not among them.
    """
    text = (files(__package__) / f"{name}.json").read_text(encoding="utf-8")
    tables = json.loads(text)["tables"]
    return {
        table: {column: _marginal(entry) for column, entry in columns.items()}
        for table, columns in tables.items()
    }


def _marginal(entry: Mapping[str, Any]) -> Marginal:
    counts: Mapping[str, float] = entry.get("values", {})
    total = np.cumsum(list(counts.values())) if counts else np.empty(0)
    return Marginal(
        kind=entry["type"],
        missing=entry.get("missing", 0.0),
        values=tuple(counts),
        shares=tuple((total / total[-1]).tolist()) if counts else (),
        quantiles=tuple(float(value) for value in entry.get("quantiles", ())),
    )


def rank(normal: Floats) -> Floats:
    """Return the ranks in (0, 1) of standard normal values."""
    from scipy.special import ndtr

    ranks: Floats = ndtr(normal)
    return ranks


def blend(rng: np.random.Generator, *parts: tuple[float, Floats]) -> Floats:
    """Return standard normal values that correlate with others: weights times values, and noise.

    `parts` are weights and independent standard normal values, shape (rows,); the squares of the
    weights add up to less than 1.
    """
    noise = np.sqrt(1.0 - sum(weight**2 for weight, _ in parts))
    drawn: Floats = noise * rng.standard_normal(len(parts[0][1]))
    for weight, values in parts:
        drawn += weight * values
    return drawn


def without(values: npt.NDArray[Any], missing: npt.NDArray[np.bool_]) -> Any:
    """Return values as an Arrow array in which some are missing."""
    import pyarrow as pa

    return pa.array(values, pa.string() if values.dtype == object else None, mask=missing)


def fill(
    rng: np.random.Generator, rows: int, columns: Mapping[str, Marginal], given: Columns
) -> Columns:
    """Return all `columns` in order: the given ones as they are, the others drawn independently.

    Missing values strike each drawn column by itself.
    """
    table: Columns = {}
    for name, marginal in columns.items():
        if name in given:
            table[name] = given[name]
            continue
        values = marginal.of(rng.random(rows))
        if name.startswith(WHOLE) and values.dtype != object:
            values = np.rint(values)
        table[name] = without(values, rng.random(rows) < marginal.missing)
    return table
