"""How values lie along an axis, and which of them are written on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Kind = Literal["linear", "log", "root"]
_MOST_STEPS = 6
_ALIKE = 1e-4
_MOST_DECADES = 5
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class AxisScale:
    """An axis from `low` to `high`; `ticks` are values and their texts, `small` more ticks.

    The square root ("root") stretches an axis towards 0 and keeps 0 on it, which a logarithm
    cannot.
    """

    low: float
    high: float
    kind: Kind = "linear"
    ticks: tuple[tuple[float, str], ...] = ()
    small: tuple[float, ...] = ()

    def share(self, values: Points | float) -> Points:
        """Return how far along the axis values lie: 0 at `low`, 1 at `high`."""
        low, high = self._bent(self.low), self._bent(self.high)
        share: Points = (self._bent(values) - low) / (high - low)
        return share

    def _bent(self, values: Points | float) -> Points:
        given = np.asarray(values, dtype=np.float64)
        if self.kind == "log":
            return np.log10(np.maximum(given, 1e-300))
        return np.sqrt(np.maximum(given, 0.0)) if self.kind == "root" else given


def linear(
    low: float,
    high: float,
    text: Callable[[float], str] | None = None,
    *,
    most: int = _MOST_STEPS,
    whole: bool = False,
) -> AxisScale:
    """Return an even scale with round ticks, written by `text` or as short as they differ.

    There are at most `most` steps between ticks, and ticks are whole numbers if `whole` says so.
    """
    values, digits = _round_values(low, high, most, whole=whole)
    written = [text(v) if text else f"{v:.{digits}f}".replace("-", "−") for v in values]
    return AxisScale(low, high, ticks=tuple(zip(values, written, strict=True)))


def around(
    values: Points, text: Callable[[float], str] | None = None, *, air: float = 0.05
) -> AxisScale:
    """Return an even scale that holds all values with a little air.

    Values that differ in their last digits only are shown as the one value that they are to the
    eye: ticks that tell them apart would be too long to write.
    """
    low, high = float(values.min()), float(values.max())
    size = max(abs(low), abs(high))
    apart = high - low > size * _ALIKE
    wide = ((high - low) if apart else size) * air or air
    return linear(low - wide, high + wide, text)


def named(labels: Sequence[str], most: int = 9) -> AxisScale:
    """Return an even scale of things from 0 on, of which at most `most` are written."""
    step = -(-len(labels) // most)
    ticks = tuple((float(at), labels[at]) for at in range(0, len(labels), step))
    return AxisScale(-0.5, len(labels) - 0.5, ticks=ticks)


def root(low: float, high: float, ticks: Sequence[float]) -> AxisScale:
    """Return a scale by square roots with the given ticks."""
    shown = tuple((tick, f"{tick:g}") for tick in ticks if low <= tick <= high)
    return AxisScale(low, high, "root", shown)


def ratios(low: float, high: float) -> AxisScale:
    """Return a logarithmic scale of ratios to one."""
    ticks = (1, 2, 3, 5, 10, 20, 30, 50, 100)
    shown = tuple((float(t), f"{t}:1") for t in ticks if low <= t <= high)
    return AxisScale(low, high, "log", shown)


def logarithmic(
    low: float, high: float, text: Callable[[float], str], *, air: float = 0.0
) -> AxisScale:
    """Return a logarithmic scale with a share of `air` on both sides.

    Its ticks are decades, or 1-2-5 steps where few fit.
    """
    shown = tuple((tick, text(tick)) for tick in log_ticks(low, high))
    wide = (high / low) ** air
    return AxisScale(low / wide, high * wide, "log", shown)


def log_ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Return few round numbers between two positive ends."""
    powers = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0)):
        ticks = [float(f"{step * 10.0**power:.6g}") for power in powers for step in steps]
        inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(inside) >= 3:
            return inside[:: -(-len(inside) // most)]
    return inside if len(inside) >= 2 else [low, high]


def decades(low: float, high: float) -> AxisScale:
    """Return a logarithmic scale with powers of ten as ticks."""
    first, last = int(np.ceil(np.log10(low))), int(np.floor(np.log10(high)))
    step = -(-(last - first + 1) // _MOST_DECADES)
    powers = range(first, last + 1, max(step, 1))
    ticks = tuple((10.0**p, f"10{str(p).translate(_RAISED)}") for p in powers)
    between = (n * 10.0**p for p in range(first - 1, last + 1) for n in range(2, 10))
    small = tuple(v for v in between if low <= v <= high) if step == 1 else ()
    return AxisScale(low, high, "log", ticks, small)


def _round_values(low: float, high: float, most: int, *, whole: bool) -> tuple[list[float], int]:
    """Return round values from `low` to `high` in even steps, and the digits they need."""
    rough = max((high - low) / most, 1.0 if whole else 0.0)
    power = int(np.floor(np.log10(rough)))
    steps = [f for f in _STEPS if not whole or (f * 10.0**power).is_integer()]
    factor = next(f for f in steps if f * 10.0**power >= rough * (1 - 1e-9))
    step = factor * 10.0**power
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    digits = max(0, -power + (1 if factor == 2.5 else 0))
    if factor == 10.0:
        digits = max(0, digits - 1)
    return [round(i * step, digits) + 0.0 for i in range(first, last + 1)], digits
