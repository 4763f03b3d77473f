"""What out-of-fold scores come to period by period, where the data have a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cutscore.experiment.deciding import corrected
from cutscore.experiment.drift import watched_table
from cutscore.experiment.parts import Experiment, ExperimentCache, Prepared
from cutscore.metrics.period_specs import OVER_TIME
from cutscore.metrics.stability import (
    Floats,
    StabilitySettings,
    gini_line,
    gini_stability,
    mean_gini,
    mean_minus_deviation,
    no_ranking_error,
    worst_period,
)
from cutscore.records import MetricValue, OutOfFold, Recutting, RowPeriods, Rows, Undefined
from cutscore.report.judged_rows import JudgedRows
from cutscore.report.over_time import OverTime
from cutscore.report.part_figures import PartFigures, by_part
from cutscore.report.result import Result
from cutscore.threshold.recutting import recutting


def over_time(
    experiment: Experiment, prepared: Prepared, cache: ExperimentCache, result: Result
) -> OverTime | Undefined | None:
    """Return the figures of each period that has scored rows, and of all of them together.

    Rows are ranked by their scores as the model gives them, flagged by the run's own rule, and
    promised by calibrators that had not seen them.
    """
    periods, oof = prepared.periods, result.oof
    if not isinstance(periods, RowPeriods):
        return periods
    which = periods.which[oof.row]
    dated = np.flatnonzero((which >= 0) & (oof.repeat == oof.repeat[0]))
    if not len(dated):
        return Undefined("no scored row has a date")
    present, place = np.unique(which[dated], return_inverse=True)
    parts = by_part(_judged(result, which).take(dated))
    settings = experiment.stability
    insufficient = [too_few(part.positives, part.rows, settings) for part in parts]
    table, weights = watched_table(experiment, prepared), prepared.dataset.weights
    moved = cache.moved(table, weights, periods, int(present[0]))
    cut = recutting(
        _entries(corrected(oof, experiment.calibration), dated),
        result.costs.take(dated),
        experiment.threshold,
        experiment.calibration,
        place,
        chosen_from=settings.threshold_periods,
        fewest=settings.positives,
    )
    return OverTime(
        stretch=periods.stretch,
        names=tuple(periods.names[at] for at in present.tolist()),
        parts=parts,
        insufficient=insufficient,
        moved=replace(moved, psi=moved.psi[present], noise=moved.noise[present]),
        recutting=cut,
        figures=_figures(periods.numbers[present], parts, insufficient, cut, settings),
        undated=int(np.count_nonzero(which[oof.repeat == oof.repeat[0]] < 0)),
        settings=settings,
    )


def too_few(positives: int, rows: int, settings: StabilitySettings) -> str:
    """Return why a period's rows cannot be ranked, '' if they can."""
    if min(positives, rows - positives) >= settings.positives:
        return ""
    return (
        f"insufficient data: {positives:,} positives of {rows:,} rows; {settings.positives} of "
        "each class are needed"
    )


def _judged(result: Result, which: Rows) -> JudgedRows:
    oof, decided = result.oof, result.decided
    return JudgedRows(
        ids=result.ids,
        target=oof.target,
        score=oof.score,
        probability=result.cross_calibrated,
        flagged=result.reference.chosen.rule.flag(decided.score, result.costs),
        part=which,
        costs=result.costs,
    )


def _entries(oof: OutOfFold, chosen: Rows) -> OutOfFold:
    """Return some entries, as one part."""
    none = np.zeros(len(chosen), dtype=np.int16)
    weights = None if oof.weights is None else oof.weights[chosen]
    return OutOfFold(
        oof.row[chosen], none, none, none, oof.target[chosen], oof.score[chosen], weights=weights
    )


def _figures(
    numbers: Rows,
    parts: Sequence[PartFigures],
    insufficient: Sequence[str],
    cut: Recutting | Undefined,
    settings: StabilitySettings,
) -> Mapping[str, MetricValue]:
    """Return the metrics of all periods together, those that have too few rows left out."""
    told = [at for at, why in enumerate(insufficient) if not why]
    number = numbers[told].astype(np.float64)
    gini, error = _ginis([parts[at] for at in told])
    positives = np.array([parts[at].positives for at in told], dtype=np.float64)
    noise = no_ranking_error(positives, np.array([parts[at].rows for at in told]) - positives)
    mean = mean_gini(gini)
    line = mean if isinstance(mean, Undefined) else gini_line(number, gini, error)
    found: dict[str, MetricValue] = {
        "gini_mean": mean,
        "gini_stability": gini_stability(number, gini, noise, settings),
        "mean_minus_sd": mean_minus_deviation(gini, settings.deviation_weight),
        "worst_period": worst_period(gini),
        "gini_slope": line if isinstance(line, Undefined) else line.slope,
        "gini_slope_error": line if isinstance(line, Undefined) else line.error,
        **_cut_figures(cut),
        "periods": float(len(parts)),
        "periods_insufficient": float(len(parts) - len(told)),
    }
    return {spec.name: found[spec.name] for spec in OVER_TIME}


def _cut_figures(cut: Recutting | Undefined) -> dict[str, MetricValue]:
    names = "frozen_threshold_cost", "refitted_threshold_cost", "not_recutting_cost"
    if isinstance(cut, Undefined):
        return dict.fromkeys(names, cut)
    total = cut.difference
    more = (total,) * 2 if isinstance(total, Undefined) else (cut.refitted_total, total[0])
    return dict(zip(names, (cut.frozen_total, *more), strict=True))


def _ginis(parts: Sequence[PartFigures]) -> tuple[Floats, Floats]:
    """Return the Ginis of periods that have both classes, and their standard errors."""
    areas = np.array([part.roc_auc for part in parts], dtype=np.float64)
    return 2 * areas - 1, 2 * np.array([part.error for part in parts], dtype=np.float64)
