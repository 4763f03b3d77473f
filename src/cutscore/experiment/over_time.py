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
from cutscore.records import (
    MetricValue,
    OutOfFold,
    Recutting,
    RowPeriods,
    Rows,
    Undefined,
    weights_of,
)
from cutscore.report.judged_rows import JudgedRows
from cutscore.report.over_time import OverTime
from cutscore.report.part_figures import PartFigures, by_part
from cutscore.report.result import Result
from cutscore.threshold.recutting import choosing_periods, recutting
from cutscore.validation.splitting import informing

_UNDATED = "no scored row has a date"


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
        return Undefined(_UNDATED)
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
        informs=informing(experiment.validation, prepared.dataset, oof.row[dated]),
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


def missing_objectives(experiment: Experiment, prepared: Prepared) -> dict[str, str]:
    """Return the metrics of all periods that cannot exist, whatever the scores, and why."""
    periods, settings = prepared.periods, experiment.stability
    if not isinstance(periods, RowPeriods):
        why = "the data have no time" if periods is None else periods.reason
        return {spec.name: why for spec in OVER_TIME}
    folds = [fold.validation for fold in prepared.folds.splits if fold.repeat == 0]
    scored = np.concatenate(folds)
    scored = scored[periods.which[scored] >= 0]
    if not len(scored):
        return {spec.name: _UNDATED for spec in OVER_TIME}
    target, which = prepared.dataset.target[scored], periods.which[scored]
    rows, positives = np.bincount(which), np.bincount(which, target).astype(np.int64)
    told = np.flatnonzero(np.minimum(positives, rows - positives) >= settings.positives)
    level = np.zeros(len(told))
    ginis = _gini_figures(
        periods.numbers[told], positives[told], rows[told], level, level, settings
    )
    cut = choosing_periods(
        target,
        which,
        informing(experiment.validation, prepared.dataset, scored),
        chosen_from=settings.threshold_periods,
        fewest=settings.positives,
    )
    found = {**ginis, **(_cut_figures(cut) if isinstance(cut, Undefined) else {})}
    return {name: each.reason for name, each in found.items() if isinstance(each, Undefined)}


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
    """Return some entries, without what only the correction of the prior needs."""
    names = "row", "repeat", "fold", "part", "target", "score"
    taken = {name: getattr(oof, name)[chosen] for name in names}
    weights = weights_of(oof.weights, chosen)
    return replace(oof, **taken, base_rate=None, prior=None, weights=weights)


def _figures(
    numbers: Rows,
    parts: Sequence[PartFigures],
    insufficient: Sequence[str],
    cut: Recutting | Undefined,
    settings: StabilitySettings,
) -> Mapping[str, MetricValue]:
    """Return the metrics of all periods together, those that have too few rows left out."""
    told = [at for at, why in enumerate(insufficient) if not why]
    known = [parts[at] for at in told]
    positives, rows = (
        np.array(each, dtype=np.int64)
        for each in ([part.positives for part in known], [part.rows for part in known])
    )
    gini = 2 * np.array([part.roc_auc for part in known], dtype=np.float64) - 1
    error = 2 * np.array([part.error for part in known], dtype=np.float64)
    found = {
        **_gini_figures(numbers[told], positives, rows, gini, error, settings),
        **_cut_figures(cut),
        "periods": float(len(parts)),
        "periods_insufficient": float(len(parts) - len(told)),
    }
    return {spec.name: found[spec.name] for spec in OVER_TIME}


def _gini_figures(
    numbers: Rows,
    positives: Rows,
    rows: Rows,
    gini: Floats,
    error: Floats,
    settings: StabilitySettings,
) -> dict[str, MetricValue]:
    """Return the metrics of the Ginis of periods that have enough rows, shape (periods,)."""
    number, mean = numbers.astype(np.float64), mean_gini(gini)
    noise = no_ranking_error(positives.astype(np.float64), (rows - positives).astype(np.float64))
    line = mean if isinstance(mean, Undefined) else gini_line(number, gini, error)
    return {
        "gini_mean": mean,
        "gini_stability": gini_stability(number, gini, noise, settings),
        "mean_minus_sd": mean_minus_deviation(gini, settings.deviation_weight),
        "worst_period": worst_period(gini),
        "gini_slope": line if isinstance(line, Undefined) else line.slope,
        "gini_slope_error": line if isinstance(line, Undefined) else line.error,
    }


def _cut_figures(cut: Recutting | Undefined) -> dict[str, MetricValue]:
    names = "frozen_threshold_cost", "refitted_threshold_cost", "not_recutting_cost"
    if isinstance(cut, Undefined):
        return dict.fromkeys(names, cut)
    total = cut.difference
    more = (total,) * 2 if isinstance(total, Undefined) else (cut.refitted_total, total[0])
    return dict(zip(names, (cut.frozen_total, *more), strict=True))
