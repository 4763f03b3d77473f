"""What a page knows of all thresholds, as plain JSON values."""

from __future__ import annotations

import json
import math
import string
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import ENTRIES, CostMatrix
from cutscore.records import CutTable
from cutscore.report.page.points import CutPoints, cut_points

LARGEST = 16_000
"""Characters that the points may take of a page."""

_DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_LIMITS = (2_000, 1_500, 1_000, 600, 400, 200, 100)


def cut_evidence(
    cuts: CutTable, costs: CostMatrix, marks: Iterable[float], repeats: int
) -> dict[str, Any]:
    """Return thresholds from the highest down and what each flags, small enough for a page.

    `short` and `full` are the thresholds: `short` rising whole numbers from `first` that are
    divided by `scale`. `tp` and `fp` are counts in multiples of `unit`, summed over `repeats`
    passes over the rows; of all three the steps are written (`_steps`). With costs per row `cost`
    has the totals over repeats, and `costs` is null. `figures.js` unpacks it and computes as the
    record did: the same operations on the same numbers, to the last bit.

    Parameters
    ----------
    marks
        Thresholds that must be among them, such as those that are optimal for some costs.
    """
    marks = list(marks)
    for limit in _LIMITS:
        found = _packed(cuts, costs, cut_points(cuts, marks, limit))
        if len(json.dumps(found, separators=(",", ":"))) <= LARGEST:
            break
    return {**found, "repeats": repeats}


def _packed(cuts: CutTable, costs: CostMatrix, points: CutPoints) -> dict[str, Any]:
    tp, fp = cuts.tp[points.place], cuts.fp[points.place]
    unit = _unit(tp, fp)
    first = int(points.short[0]) if len(points.short) else 0
    return {
        "scale": points.scale,
        "first": first,
        "short": _steps(points.short - first),
        "full": points.full.tolist(),
        "complete": points.complete,
        "thinned": cuts.thinned,
        "unit": unit,
        "tp": _steps(tp / unit),
        "fp": _steps(fp / unit),
        "costs": dict(zip(ENTRIES, costs.entries, strict=True)) if costs.fixed else None,
        "cost": None if costs.fixed else cuts.cost[points.place].tolist(),
    }


def _steps(values: npt.NDArray[Any]) -> str:
    """Return by how much each of rising whole numbers is above the one before, 0 at first.

    Five bits a digit of base 64, the lowest first; the sixth bit says that more follow.
    """
    digits = []
    for step in np.diff(values, prepend=0).astype(np.int64).tolist():
        while step > 31:
            digits.append(_DIGITS[32 | step & 31])
            step >>= 5
        digits.append(_DIGITS[step])
    return "".join(digits)


def _unit(*counts: npt.NDArray[np.float64]) -> float:
    """Return a power of two of which all counts are multiples, by numbers that are exact."""
    weighed = np.concatenate(counts)
    largest = math.frexp(float(weighed.max()))[1]
    unit = 1.0 if largest <= 53 else math.ldexp(1.0, largest)
    while np.any(weighed % unit):
        unit /= 2
    return unit
