"""How sure a chosen threshold is: bootstrap intervals, plateau, and the costs it depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cutscore.cost.matrix import CostMatrix
from cutscore.records import (
    Certainty,
    CutTable,
    Interval,
    OutOfFold,
    Reference,
    Rows,
    ThresholdChoice,
    Undefined,
)
from cutscore.threshold import ThresholdRule
from cutscore.threshold.bootstrap import bootstrap
from cutscore.threshold.cut_table import cut_table_of
from cutscore.threshold.grid import Grid
from cutscore.threshold.implied import Frontier
from cutscore.threshold.kernels import grid_points
from cutscore.threshold.losses import Floats
from cutscore.threshold.plateau import plateau_of
from cutscore.threshold.sensitivity import asked_ratio, sensitivity_of


def evidence_cuts(
    oof: OutOfFold,
    costs: CostMatrix,
    rule: ThresholdRule,
    known: Reference,
    marks: Iterable[float] = (),
) -> CutTable:
    """Return the cuts of scores with all that evidence needs: known ones, a grid's, and marks."""
    choices = (known.chosen, known.exact, known.grid, known.bayes)
    thresholds = [c.threshold for c in choices if not isinstance(c, Undefined)]
    include = [*marks, *(threshold for threshold in thresholds if threshold is not None)]
    if isinstance(rule, Grid):
        include += grid_points(rule.step).tolist()
    return cut_table_of(oof.target, oof.score, costs, include=include)


def certainty_of(
    oof: OutOfFold,
    costs: CostMatrix,
    rule: ThresholdRule,
    chosen: ThresholdChoice,
    cut_table: CutTable,
    frontier: Frontier | Undefined,
    *,
    groups: Rows | None,
    resamples: int,
    seed: int,
) -> Certainty:
    """Return intervals, plateau and sensitivity of a threshold on the scores that chose it.

    `cut_table` and `frontier` are those of the scores; `costs` and `groups` (labels of entries
    that are drawn together) are aligned with the entries of `oof`. Costs are averaged over
    repeats, and the entries of one row are drawn together.
    """
    if groups is None and oof.repeats > 1:
        groups = oof.row
    plateau = plateau_of(cut_table)
    return Certainty(
        interval=_interval(oof, costs, rule, chosen, cut_table, groups, resamples, seed),
        plateau=replace(plateau, excess=plateau.excess / oof.repeats),
        by_ratio=_by_ratio(frontier, oof.repeats),
        asked_ratio=asked_ratio(oof.target, costs),
    )


def _by_ratio(frontier: Frontier | Undefined, repeats: int) -> Mapping[str, Floats] | Undefined:
    if isinstance(frontier, Undefined):
        return frontier
    found = sensitivity_of(frontier)
    return {"ratio": found.ratio, "threshold": found.threshold, "cost": found.cost / repeats}


def _interval(
    oof: OutOfFold,
    costs: CostMatrix,
    rule: ThresholdRule,
    chosen: ThresholdChoice,
    cut_table: CutTable,
    groups: Rows | None,
    resamples: int,
    seed: int,
) -> Interval | Undefined:
    if resamples == 0:
        return Undefined("report.bootstrap is 0")
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
    low, high = interval.cost_low / oof.repeats, interval.cost_high / oof.repeats
    return replace(interval, cost_low=low, cost_high=high)
