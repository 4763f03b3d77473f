"""Degree-2 products of columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations_with_replacement

import numpy as np

from cutscore.errors import Fault, RequestError, nearest
from cutscore.features.derive import Derived, as_feature
from cutscore.records import Table

SETTING = "data.polynomial"


def products(table: Table, columns: Sequence[str], taken: Iterable[str] = ()) -> list[Derived]:
    """Return squares and pairwise products of numeric columns, in the order they are declared.

    Products are computed in float64 and kept as float32; a product too large for float32 is
    missing, and so is one of a missing value.

    Raises
    ------
    RequestError
        For each column that is unknown or categorical and each name that is taken.
    """
    pairs = list(combinations_with_replacement(columns, 2))
    faults = list(_faults(table, columns, pairs, taken))
    if faults:
        raise RequestError(faults)
    at = {name: table.names.index(name) for name in columns}
    made = []
    for left, right in pairs:
        first = table.values[:, at[left]].astype(np.float64)
        product = first * table.values[:, at[right]]
        made.append(Derived(_name(left, right), as_feature(product)))
    return made


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
