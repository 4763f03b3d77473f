"""How sure a chosen threshold is: bootstrap intervals, plateau, and the costs it depends on."""

from __future__ import annotations

import numpy as np

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Certainty, MetricValue, OutOfFold, Rows, ThresholdChoice, Undefined
from cutscore.threshold import ThresholdRule
from cutscore.threshold.bootstrap import bootstrap
from cutscore.threshold.cut_table import CutTable, cut_table_of
from cutscore.threshold.grid import Grid
from cutscore.threshold.implied import frontier_of
from cutscore.threshold.kernels import grid_points
from cutscore.threshold.plateau import plateau_of
from cutscore.threshold.sensitivity import asked_ratio, sensitivity_of

INTERVALS = ("threshold_low", "threshold_high", "bootstrap_cost_low", "bootstrap_cost_high")


def certainty_of(
    oof: OutOfFold,
    costs: CostMatrix,
    rule: ThresholdRule,
    chosen: ThresholdChoice,
    *,
    groups: Rows | None,
    resamples: int,
    seed: int,
) -> Certainty:
    """Return intervals, plateau and sensitivity of a threshold on the scores that chose it.

    `costs` and `groups` (labels of entries that are drawn together) are aligned with the entries
    of `oof`. Costs are averaged over repeats, and the entries of one row are drawn together.
    """
    include = [chosen.threshold]
    if isinstance(rule, Grid):
        include += grid_points(rule.step).tolist()
    cut_table = cut_table_of(oof.target, oof.score, costs, include=include)
    if groups is None and oof.repeats > 1:
        groups = oof.row
    plateau = plateau_of(cut_table)
    figures: dict[str, MetricValue] = {
        "plateau_low": plateau.low,
        "plateau_high": plateau.high,
        "plateau_pieces": plateau.pieces,
        **_intervals(oof, costs, rule, chosen, cut_table, groups, resamples, seed),
    }
    frontier = frontier_of(cut_table)
    if isinstance(frontier, Undefined):
        return Certainty(figures, frontier)
    by_ratio = sensitivity_of(frontier)
    return Certainty(
        figures,
        {
            "ratio": by_ratio.ratio,
            "threshold": by_ratio.threshold,
            "cost": by_ratio.cost / oof.repeats,
        },
        asked_ratio(oof.target, costs),
    )


def _intervals(
    oof: OutOfFold,
    costs: CostMatrix,
    rule: ThresholdRule,
    chosen: ThresholdChoice,
    cut_table: CutTable,
    groups: Rows | None,
    resamples: int,
    seed: int,
) -> dict[str, MetricValue]:
    """Return the bootstrap intervals by the names under which they are recorded."""
    if resamples == 0:
        off = Undefined("report.bootstrap is 0")
        return dict.fromkeys(INTERVALS, off)
    if groups is not None:
        groups = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    interval = bootstrap(
        oof.target,
        oof.score,
        costs,
        rule,
        chosen,
        cut_table,
        groups=groups,
        resamples=resamples,
        seed=seed,
    )
    unmet = Undefined("no threshold keeps the constraints in enough resamples")
    ends = (
        interval.threshold_low,
        interval.threshold_high,
        interval.cost_low / oof.repeats,
        interval.cost_high / oof.repeats,
    )
    named = zip(INTERVALS, ends, strict=True)
    found = {name: unmet if end is None else float(end) for name, end in named}
    return {**found, "bootstrap_level": interval.level, "bootstrap_resamples": interval.resamples}
