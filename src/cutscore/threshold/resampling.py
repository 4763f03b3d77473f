"""Resamples of rows with fixed costs, without sorting each of them.

A resample's counts by score are multinomial. They are drawn in two stages: first by block of
neighbouring scores, then inside the few blocks that may hold the resample's optimum. The
distribution is that of drawing and sorting all rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix
from cutscore.records import CutTable
from cutscore.threshold.losses import FP, TP, Floats, Loss

BLOCKS = 1 << 9
_DRAWS_PER_CELL = 16  # above, drawing counts is cheaper than drawing rows

Counts = npt.NDArray[np.int64]
LossFor = Callable[[int, int], Loss]


@dataclass(frozen=True, eq=False)
class CutCells:
    """Rows by score, from the highest down: thresholds and rows of each class, shape (cells,).

    `chosen` cells are flagged by the chosen threshold; `nobody` is the threshold that flags
    nobody, if that may be chosen.
    """

    threshold: Floats
    positives: Counts
    negatives: Counts
    chosen: int
    nobody: float | None


@dataclass(frozen=True, eq=False)
class Draws:
    """The optimum of each resample, NaN where there is none, and the cost of the chosen one."""

    threshold: Floats
    cost: Floats


def cells_of(cut_table: CutTable, chosen: float, points: Floats | None = None) -> CutCells:
    """Return the cells between the cuts of a cut table, or between the points of a grid."""
    if points is None:
        tp, fp, threshold = cut_table.tp, cut_table.fp, cut_table.threshold[1:]
        place, nobody = int(cut_table.place(chosen)), float(cut_table.threshold[0])
    else:
        threshold = np.sort(points)[::-1]
        places = cut_table.place(threshold)
        tp, fp = np.append(0.0, cut_table.tp[places]), np.append(0.0, cut_table.fp[places])
        place, nobody = int(np.count_nonzero(threshold >= chosen)), None
    return CutCells(
        threshold, np.diff(tp).astype(np.int64), np.diff(fp).astype(np.int64), place, nobody
    )


def resample_cells(
    cells: CutCells, costs: CostMatrix, loss_for: LossFor, resamples: int, seed: int
) -> Draws:
    """Draw resamples of rows with fixed costs; `loss_for(positives, negatives)` is minimised."""
    rng = np.random.default_rng(seed)
    blocks = _Blocks(cells)
    rows = int(cells.positives.sum() + cells.negatives.sum())
    shares = np.concatenate([blocks.positives, blocks.negatives]) / rows
    thresholds, totals = np.empty(resamples), np.empty(resamples)
    for i in range(resamples):
        drawn = rng.multinomial(rows, shares).reshape(2, -1)  # TP and FP of each block
        below = np.cumsum(drawn, axis=1, dtype=np.float64)
        positives, negatives = int(below[TP, -1]), int(below[FP, -1])
        tp, fp = below[:, blocks.chosen - 1] if blocks.chosen else (0.0, 0.0)
        totals[i] = costs.of_counts(tp, fp, negatives - fp, positives - tp)
        loss = loss_for(positives, negatives)
        thresholds[i] = _optimum(cells, blocks, drawn, below, loss, rng)
    return Draws(thresholds, totals)


class _Blocks:
    """Neighbouring cells put together, none across the chosen threshold."""

    def __init__(self, cells: CutCells) -> None:
        size = cells.positives + cells.negatives
        total = np.cumsum(size)
        even = np.searchsorted(total, np.linspace(0, total[-1], BLOCKS + 1)[1:-1], side="left")
        width = -(-len(size) // BLOCKS)
        ends = np.concatenate([even + 1, np.arange(width, len(size), 2 * width)])
        cuts = np.unique(np.concatenate([ends, [0, cells.chosen, len(size)]]))
        self.starts = cuts[cuts < len(size)]
        self.lengths = np.diff(np.append(self.starts, len(size)))
        self.chosen = int(np.searchsorted(self.starts, cells.chosen))
        self.width = int(self.lengths.max())
        self.members = [self._class(kind) for kind in (cells.positives, cells.negatives)]
        self.positives, self.negatives = (member.size for member in self.members)

    def _class(self, counts: Counts) -> _Members:
        return _Members(counts, self.starts, self.lengths, self.width)


class _Members:
    """The rows of one class in the blocks."""

    def __init__(self, counts: Counts, starts: Counts, lengths: Counts, width: int) -> None:
        self.size = np.add.reduceat(counts, starts)
        self.width = width
        self.by_row = counts.sum() <= _DRAWS_PER_CELL * len(counts)
        place = np.arange(len(counts)) - np.repeat(starts, lengths)  # of a cell in its block
        if self.by_row:
            self.first = np.cumsum(self.size) - self.size
            self.place = np.repeat(place, counts)
        else:
            self.shares = np.zeros((len(starts), width))
            block = np.repeat(np.arange(len(starts)), lengths)
            self.shares[block, place] = counts / np.maximum(self.size, 1)[block]

    def draw(self, blocks: Counts, drawn: Counts, rng: np.random.Generator) -> Counts:
        """Return how often each cell of some blocks is drawn, shape (blocks, width)."""
        if not self.by_row:
            return rng.multinomial(drawn, self.shares[blocks])
        block = np.repeat(np.arange(len(blocks)), drawn)
        rows = (rng.random(len(block)) * self.size[blocks][block]).astype(np.int64)
        rows += self.first[blocks][block]
        label = self.place[rows] + block * self.width
        return np.bincount(label, minlength=len(blocks) * self.width).reshape(-1, self.width)


def _optimum(
    cells: CutCells,
    blocks: _Blocks,
    drawn: Counts,
    below: Floats,
    loss: Loss,
    rng: np.random.Generator,
) -> float:
    """Return the threshold of least loss in one resample, the highest of equal ones."""
    above = below - drawn
    bound = loss.bound(above, below)
    least = float(loss.at(below).min())
    if cells.nobody is not None:
        at_nobody = float(loss.at(np.zeros((2, 1)))[0])
        least = min(least, at_nobody)
    inside = np.flatnonzero(np.isfinite(bound) & (bound <= least + loss.slack))
    if len(inside) == 0:
        return cells.nobody if cells.nobody is not None and np.isfinite(least) else np.nan
    counts = np.stack(
        [
            member.draw(inside, drawn[kind, inside], rng)
            for kind, member in zip((TP, FP), blocks.members, strict=True)
        ]
    )
    sums = np.cumsum(counts, axis=2) + above[:, inside, None]
    losses = loss.at(sums.reshape(2, -1))
    i = int(np.argmin(losses))
    if cells.nobody is not None and at_nobody <= losses[i]:
        return cells.nobody if np.isfinite(at_nobody) else np.nan
    if not np.isfinite(losses[i]):
        return np.nan
    block, place = divmod(i, blocks.width)
    return float(cells.threshold[blocks.starts[inside[block]] + place])
