"""What can be said of rows before their columns are read: names and ids."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from cutscore.errors import Fault, nearest
from cutscore.scoring.cells import EXACT, fault_at, is_missing

IDS = "ids must be numbers or texts."
_FEW, _MANY = 50, 200
"""Names up to which the nearest is looked for, and up to which each is told."""


def names_at_fault(
    present: Sequence[Any], read: Collection[str], known: Collection[str], ignore_unknown: bool
) -> list[Fault]:
    """Return a fault for each column that is missing, unknown, or there twice.

    `read` are the columns that are needed, `known` all that may be there.
    """
    given = [str(name) for name in present]
    unknown = [name for name in dict.fromkeys(given) if name not in known]
    there = frozenset(given)
    missing = [name for name in read if name not in there]
    # To look for the nearest of many names among many takes longer than anybody would wait.
    few, near = max(len(missing), len(unknown)) <= _FEW, (unknown or given)[:_MANY]
    faults = [
        Fault(name, f"the column is missing.{nearest(name, near) if few else ''}")
        for name in missing
    ]
    if not ignore_unknown:
        told, meant = "the model knows no such column.", missing or known
        faults += [
            Fault(name, f"{told}{nearest(name, meant) if few else ''}", "Leave it out.")
            for name in unknown[:_MANY]
        ]
        if len(unknown) > _MANY:
            further = f"the model knows none of {len(unknown) - _MANY:,} further columns."
            faults.append(Fault("rows", further, "Leave them out."))
    twice = [name for name, number in Counter(given).items() if number > 1]
    return faults + [Fault(name, "the column is there more than once.") for name in twice]


def names_in_common(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...] | None:
    """Return the names of all rows, None if they have not the same in the same order."""
    names = tuple(rows[0]) if rows else ()
    return names if names and all(tuple(row) == names for row in rows) else None


def picker(keys: tuple[Any, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what gives the values at `keys` of a row."""
    if len(keys) == 1:
        return lambda row: (row[keys[0]],)
    picked: Callable[[Any], tuple[Any, ...]] = itemgetter(*keys)
    return picked


def ids_at_fault(name: str | None, ids: Sequence[Any] | None) -> list[Fault]:
    """Return what is wrong with ids: each row needs one, and no two rows the same."""
    if name is None or ids is None:
        return []
    missing = [at for at, each in enumerate(ids) if is_missing(each)]
    faults = [fault_at(name, "an id is needed", missing)] if missing else []
    rounded = [
        at
        for at, each in enumerate(ids)
        if isinstance(each, (float, np.floating)) and EXACT < abs(float(each)) < math.inf
    ]
    if rounded:
        problem = "beyond 2^53 an id must be an integer or a text, since a float may be rounded"
        faults.append(fault_at(name, problem, rounded, ids))
    try:
        counts = Counter(ids)
    except TypeError:
        return [*faults, Fault(name, IDS)]
    again = [at for at, each in enumerate(ids) if counts[each] > 1 and not is_missing(each)]
    return faults + ([fault_at(name, "ids must differ", again, ids)] if again else [])
