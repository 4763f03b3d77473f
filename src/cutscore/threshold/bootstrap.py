"""How much threshold and cost would vary on other rows like these.

The threshold interval holds the optima of resamples: spread given these scores. The cost interval
holds the cost of the chosen threshold in each resample. Rows are drawn with replacement, groups as
a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix
from cutscore.metrics.sorting import SortedRows, order_rows
from cutscore.records import CutTable, Interval, Scores, Target, ThresholdChoice, Weights
from cutscore.threshold import ThresholdRule
from cutscore.threshold.constraints import limited
from cutscore.threshold.grid import Grid
from cutscore.threshold.kernels import grid_points
from cutscore.threshold.losses import (
    ADDED,
    FP,
    GAINED,
    TP,
    Floats,
    Loss,
    RowCostLoss,
    counted_loss,
)
from cutscore.threshold.objective import Objective
from cutscore.threshold.resampling import Draws, cells_of, resample_cells

RESAMPLES = 1_000
LEVEL = 0.95
# Where whole rows are drawn, so many draws at most (but `LEAST` resamples).
MAX_DRAWS = 1_000_000_000
LEAST = 40

Labels = npt.NDArray[np.int64]


def bootstrap(
    target: Target,
    scores: Scores,
    costs: CostMatrix,
    rule: ThresholdRule,
    chosen: ThresholdChoice,
    cut_table: CutTable,
    *,
    groups: Labels | None = None,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 42,
) -> Interval:
    """Return intervals of the threshold that a rule chose, and of its cost.

    There is none of thresholds if each row is decided by its own costs.

    `cut_table` holds the cuts of the same rows (all points of a grid, if it is thinned); `groups`
    labels rows that are drawn together. With costs per row, weights or groups whole rows are drawn,
    with what they cost and weigh; of more than a million others, counts over the cuts of the table.
    """
    cuts, threshold = None, chosen.threshold
    alike = costs.fixed and costs.weights is None and groups is None
    if threshold is not None and isinstance(rule, Objective) and alike:
        cells = cells_of(cut_table, threshold, _points(rule))
        draws = resample_cells(cells, costs, RuleLoss(rule, costs), resamples, seed)
        cuts = len(cut_table.threshold) - 1 if cut_table.thinned else None
    else:
        resamples = min(resamples, max(LEAST, MAX_DRAWS // len(scores)))
        draws = _resample_rows(target, scores, costs, rule, chosen, groups, resamples, seed)
    return _interval(draws, level, cuts, searched=isinstance(rule, Objective))


def _points(rule: object) -> Floats | None:
    """Return the thresholds that a rule is limited to; None if every score may be one."""
    return grid_points(rule.step) if isinstance(rule, Grid) else None


@dataclass(frozen=True, eq=False)
class RuleLoss:
    """The loss of a rule for a resample's counts of positives and negatives."""

    rule: Objective
    costs: CostMatrix

    def __call__(self, positives: int, negatives: int) -> Loss:
        """Return it, constraints included."""
        rule = self.rule
        loss = counted_loss(rule.objective, rule.beta, positives, negatives, self.costs)
        return limited(loss, rule.limits, positives, positives + negatives)


@dataclass(frozen=True, eq=False)
class _Ranked:
    """Rows from the highest score down: what a resample's sums are made of.

    `last` is the last row of each distinct score (or the rows that a grid point flags), `added`
    what flagging adds to a row's cost, `spared` its cost if it is not flagged, both by weight.
    """

    threshold: Floats
    last: Labels
    target: Floats
    added: Floats
    spared: Floats
    nobody: float | None
    weights: Weights | None


def _resample_rows(
    target: Target,
    scores: Scores,
    costs: CostMatrix,
    rule: ThresholdRule,
    chosen: ThresholdChoice,
    groups: Labels | None,
    resamples: int,
    seed: int,
) -> Draws:
    """Draw rows, or groups of rows, and count the sorted rows as often as they were drawn."""
    rng = np.random.default_rng(seed)
    rows, upwards = order_rows(target, scores)
    order = np.ascontiguousarray(upwards[::-1])
    ranked = _ranked(rows, costs.take(order), rule)
    cost = ranked.spared + ranked.added * chosen.rule.flag(scores, costs)[order]
    labels, units = None, len(scores)
    if groups is not None:
        names, labels = np.unique(groups, return_inverse=True)
        labels, units = labels[order], len(names)
    fixed = np.nan if chosen.threshold is None else chosen.threshold
    thresholds, totals = np.full(resamples, fixed), np.empty(resamples)
    for i in range(resamples):
        times = np.bincount(rng.integers(0, units, units), minlength=units).astype(np.float64)
        if labels is not None:
            times = times[labels]
        totals[i] = np.dot(times, cost)
        if isinstance(rule, Objective):
            thresholds[i] = _resampled_optimum(ranked, times, rule, costs)
    return Draws(thresholds, totals)


def _ranked(rows: SortedRows, costs: CostMatrix, rule: ThresholdRule) -> _Ranked:
    """Return sorted rows from the highest down; `costs` are in that order."""
    points, starts, nobody = _points(rule), rows.starts, None
    if points is not None:
        threshold = points[::-1]
        starts = np.searchsorted(rows.score, points)
    else:
        threshold, nobody = rows.score[starts][::-1], float(np.nextafter(rows.score[-1], np.inf))
    target = np.ascontiguousarray(rows.target[::-1])
    last = (len(target) - 1 - starts)[::-1]
    label = target.astype(np.float64)
    added, spared = costs.delta(target), costs.unflagged(target)
    return _Ranked(threshold, last, label, added, spared, nobody, costs.weights)


def _resampled_optimum(ranked: _Ranked, times: Floats, rule: Objective, costs: CostMatrix) -> float:
    """Return the threshold of least loss of rows that were drawn so often, the highest of equal."""
    counted = times if ranked.weights is None else times * ranked.weights
    tp = np.append(0.0, np.cumsum(counted * ranked.target))
    rows = np.append(0.0, np.cumsum(counted))
    positives, size = float(tp[-1]), float(rows[-1])
    sums = np.zeros((4, len(ranked.last) + 1))
    sums[TP, 1:] = tp[ranked.last + 1]
    sums[FP, 1:] = rows[ranked.last + 1] - sums[TP, 1:]
    if rule.objective == "cost" and not costs.fixed:
        added = np.append(0.0, np.cumsum(times * ranked.added))
        sums[ADDED, 1:] = added[ranked.last + 1]
        sums[GAINED] = 0.0  # a bound's part, and nothing is bounded here
        inner: Loss = RowCostLoss(ranked.added, float(np.dot(times, ranked.spared)))
    else:
        inner = counted_loss(rule.objective, rule.beta, positives, size - positives, costs)
    losses = limited(inner, rule.limits, positives, size).at(sums)
    if ranked.nobody is None:
        losses[0] = np.inf
    i = int(np.argmin(losses))
    if not np.isfinite(losses[i]):
        return np.nan
    if i == 0:
        return float(ranked.nobody) if ranked.nobody is not None else np.nan
    return float(ranked.threshold[i - 1])


def _interval(draws: Draws, level: float, cuts: int | None, *, searched: bool) -> Interval:
    """Return the central intervals of draws; `searched` thresholds may be missing in some."""
    tails = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    found = draws.threshold[~np.isnan(draws.threshold)]
    low, high = np.quantile(found, tails).tolist() if len(found) else (None, None)
    cost = np.quantile(draws.cost, tails).tolist()
    unmet = len(draws.threshold) - len(found) if searched else 0
    return Interval(low, high, cost[0], cost[1], level, len(draws.cost), unmet, cuts)
