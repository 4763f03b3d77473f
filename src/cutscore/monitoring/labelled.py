"""What rows with known classes say: ranking, calibration, cost, and whether the threshold holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cutscore.metrics import kolmogorov_smirnov, ranking, roc_auc, roc_auc_error
from cutscore.metrics.drift import binomial_tails
from cutscore.monitoring.limits import MonitorLimits
from cutscore.monitoring.verdicts import DriftFinding
from cutscore.records import MetricValue, Undefined
from cutscore.report.judged_rows import JudgedRows
from cutscore.report.validator.bands import LEVEL, Grade, bands_of, grade_of
from cutscore.report.validator.swaps import SwapSet, swap_set
from cutscore.scoring.drift_reference import ScoredReference
from cutscore.threshold.refitted import refitted_flags

_QUANTILE = 1.96
"""Of the normal distribution, for an interval of 95 %."""


@dataclass(frozen=True)
class LabelledFigures:
    """What the labelled rows of one period come to.

    Attributes
    ----------
    rows, positives : how many there are
    expected_rate : the mean probability
    roc_auc, roc_auc_error, ks : and its standard error (Hanley and McNeil 1982); largest
        difference of the two classes' distributions
    grades : the reference's grades that have rows, each with Jeffreys' interval
    cost_per_row, cost_error : the realised cost of a row, and its standard error
    regret : the decisions made beside those of a threshold that other rows chose anew
    threshold : the one that these rows would choose; None where there is no regret
    """

    rows: int
    positives: int
    expected_rate: float
    roc_auc: MetricValue
    roc_auc_error: MetricValue
    ks: MetricValue
    grades: tuple[Grade, ...]
    cost_per_row: float
    cost_error: float
    regret: SwapSet | Undefined
    threshold: float | None = None

    @property
    def regret_per_row(self) -> tuple[float, float, float] | None:
        """What the present threshold costs a row more than a new one, and the interval of that."""
        if isinstance(self.regret, Undefined):
            return None
        made = self.regret
        return made.difference / self.rows, made.low / self.rows, made.high / self.rows


def figures_of(rows: JudgedRows, scored: ScoredReference, limits: MonitorLimits) -> LabelledFigures:
    """Return the figures of labelled rows, at least one."""
    ranked = ranking(rows.target, rows.probability)
    ks, _ = kolmogorov_smirnov(ranked)
    which = scored.grade(rows.probability)
    used = np.unique(which)
    bands = bands_of(np.searchsorted(used, which), rows.target, rows.probability)
    spent = np.where(
        rows.flagged, rows.costs.flagged(rows.target), rows.costs.unflagged(rows.target)
    )
    positives, threshold = int(rows.target.sum(dtype=np.int64)), None
    regret: SwapSet | Undefined = Undefined("each row is decided by its own costs, or by limits")
    few = _too_few(rows, limits)
    if few is not None:
        regret = few
    elif scored.objective:
        flags, threshold = refitted_flags(rows.target, rows.probability, rows.costs)
        regret = swap_set(rows, flags)
    return LabelledFigures(
        rows=len(rows),
        positives=positives,
        expected_rate=float(rows.probability.mean()),
        roc_auc=roc_auc(ranked),
        roc_auc_error=roc_auc_error(ranked),
        ks=ks,
        grades=tuple(grade_of(band) for band in bands),
        cost_per_row=float(spent.mean()),
        cost_error=float(spent.std() / math.sqrt(len(rows))),
        regret=regret,
        threshold=threshold,
    )


def labelled_findings(
    period: str,
    rows: JudgedRows,
    figures: LabelledFigures,
    scored: ScoredReference,
    limits: MonitorLimits,
) -> Iterator[DriftFinding]:
    """Yield what labelled rows say against what the reference promised."""
    if _too_few(rows, limits) is not None:
        return
    if scored.roc_auc is not None and not isinstance(figures.roc_auc, Undefined):
        yield _ranking(period, figures, scored, limits)
    yield _calibration(period, rows, scored, limits)
    if scored.cost_per_row is not None:
        yield _cost(period, figures, scored, limits)
    if not isinstance(figures.regret, Undefined):
        yield _threshold(period, figures, scored, limits)


def _too_few(rows: JudgedRows, limits: MonitorLimits) -> Undefined | None:
    positives = int(rows.target.sum(dtype=np.int64))
    for name, number in (("1", positives), ("0", len(rows) - positives)):
        if number < limits.positives:
            return Undefined(f"{number:,} rows of class {name}, {limits.positives} are needed")
    return None


def _ranking(
    period: str, figures: LabelledFigures, scored: ScoredReference, limits: MonitorLimits
) -> DriftFinding:
    """Hold the area under the curve against the reference's, one-sided."""
    area, error = figures.roc_auc, figures.roc_auc_error
    assert not isinstance(area, Undefined)  # noqa: S101
    assert not isinstance(error, Undefined)  # noqa: S101
    before = scored.roc_auc or 0.0
    positives = scored.base_rate * scored.rows
    own = error * math.sqrt(
        figures.positives
        * (figures.rows - figures.positives)
        / max(positives * (scored.rows - positives), 1.0)
    )  # about the reference's error: the same curve, other numbers of rows
    z = (before - area) / max(math.hypot(error, own), 1e-12)
    said = f"area under the ROC curve {before:.4f}, now {area:.4f} ± {_QUANTILE * error:.4f}"
    drop = before - area
    return DriftFinding(
        period, "roc_auc", "ROC AUC", drop, None, _upper_tail(z), drop >= limits.roc_auc, said=said
    )


def _calibration(
    period: str, rows: JudgedRows, scored: ScoredReference, limits: MonitorLimits
) -> DriftFinding:
    """Hold each grade's share of positives against the reference's, exactly (see `chance`)."""
    which, size = scored.grade(rows.probability), len(scored.grades) + 1
    number = np.bincount(which, minlength=size).astype(np.float64)
    hits = np.bincount(which, rows.target, size).astype(np.float64)
    before, positives = np.array(scored.counts), np.array(scored.positives)
    used = (number > 0) & (before > 0)
    share = number[used] / (number + before)[used]
    tails = binomial_tails(hits[used], (hits + positives)[used], share)
    expected = np.divide(number * positives, before, out=np.zeros(size), where=before > 0)
    off = float(np.abs(hits - expected)[used].sum() / max(expected.sum(), 1e-12))
    probability = float(min(1.0, 2 * tails.min() * np.count_nonzero(used)))
    said = f"positives expected by grade {expected.sum():,.0f}, now {hits.sum():,.0f}"
    return DriftFinding(
        period,
        "calibration",
        "calibration",
        off,
        None,
        probability,
        off >= limits.calibration,
        said=said,
    )


def _cost(
    period: str, figures: LabelledFigures, scored: ScoredReference, limits: MonitorLimits
) -> DriftFinding:
    promised = scored.cost_per_row or 0.0
    known = scored.cost_low is not None and scored.cost_high is not None
    spread = (
        ((scored.cost_high or 0.0) - (scored.cost_low or 0.0)) / (2 * _QUANTILE) if known else 0.0
    )
    more = figures.cost_per_row - promised
    z = more / max(math.hypot(figures.cost_error, spread), 1e-300)
    off = more / abs(promised) if promised else math.inf * (more > 0 or 0)
    said = f"cost per row promised {promised:.4g}, now {figures.cost_per_row:.4g}"
    return DriftFinding(
        period, "cost", "cost per row", off, None, _upper_tail(z), off >= limits.cost, said=said
    )


def _threshold(
    period: str, figures: LabelledFigures, scored: ScoredReference, limits: MonitorLimits
) -> DriftFinding:
    """Say whether the threshold is still right: it matters if the whole interval does."""
    regret, low, high = figures.regret_per_row or (0.0, 0.0, 0.0)
    error = max((high - low) / (2 * _QUANTILE), 1e-300)
    matters = low > max(limits.regret * abs(figures.cost_per_row), 0.0)
    said = (
        f"another threshold ({figures.threshold:.4g}) saves {regret:.3g} a row, "
        f"{LEVEL:.0%} interval {low:.3g} to {high:.3g}"
    )
    matters = matters and scored.objective == "cost"
    probability = _upper_tail(regret / error)
    return DriftFinding(
        period, "threshold", "threshold", regret, None, probability, matters, said=said
    )


def _upper_tail(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))
