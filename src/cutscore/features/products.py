"""Degree-2 products of columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError, nearest
from cutscore.features.derive import Derived, as_feature
from cutscore.records import Dataset, Scores, Table

SETTING = "data.polynomial"
_MICROSECONDS_PER_DAY = 86_400_000_000


def products(dataset: Dataset, columns: Sequence[str], taken: Iterable[str] = ()) -> list[Derived]:
    """Return squares and pairwise products of numeric columns, in the order they are declared.

    Products are computed from the columns as they are in the file, in float64, and kept as
    float32; a product too large for float32 is
    missing, and so is one of a missing value.

    Raises
    ------
    RequestError
        For each column that is unknown or categorical and each name that is taken.
    """
    table = dataset.table
    pairs = list(combinations_with_replacement(columns, 2))
    faults = list(_faults(table, columns, pairs, taken))
    if faults:
        raise RequestError(faults)
    return multiplied(table, dataset.whole, columns)


def multiplied(
    table: Table, whole: Mapping[str, npt.NDArray[Any]], columns: Sequence[str]
) -> list[Derived]:
    """Return the products of columns that are known to be there."""
    factors = {name: _factor(table, whole.get(name), name) for name in columns}
    with np.errstate(over="ignore"):
        return [
            Derived(_name(left, right), as_feature(factors[left] * factors[right]))
            for left, right in combinations_with_replacement(columns, 2)
        ]


def _factor(table: Table, whole: npt.NDArray[Any] | None, name: str) -> Scores:
    """Return a column as it is in the file, in float64; moments in days since 1970-01-01."""
    if whole is None:
        return table.values[:, table.names.index(name)].astype(np.float64)
    if whole.dtype.kind == "M":
        missing = np.isnat(whole)
        moments = whole.astype("datetime64[us]").astype(np.float64) / _MICROSECONDS_PER_DAY
        return np.where(missing, np.nan, moments)
    return np.ma.filled(whole.astype(np.float64), np.nan)


def _name(left: str, right: str) -> str:
    return f"{left}^2" if left == right else f"{left}*{right}"


def _faults(
    table: Table, columns: Sequence[str], pairs: Sequence[tuple[str, str]], taken: Iterable[str]
) -> Iterable[Fault]:
    known = {column.name: column for column in table.columns}
    for name in columns:
        if name not in known:
            yield Fault(SETTING, f'there is no feature column "{name}".{nearest(name, known)}')
        elif known[name].categorical:
            yield Fault(
                SETTING,
                f'"{name}" is categorical; only numeric columns have products.',
                "Take it off the list.",
            )
    used = {name.lower() for name in (*known, *taken)}
    for left, right in pairs:
        name = _name(left, right)
        if name.lower() in used:
            yield Fault(SETTING, f'the name "{name}" of a product is already taken by a column.')
