"""A result as a stream of typed items: the part of the record that the experiment itself gives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from cutscore.cost.matrix import COLUMNS
from cutscore.metrics import decision_metrics, score_metrics
from cutscore.metrics.aggregate import difference, mean, spread
from cutscore.metrics.catalogue import SCORE_METRICS
from cutscore.records import (
    FoldResult,
    MetricValue,
    OutOfFold,
    Undefined,
    threshold_figure,
    weights_of,
)
from cutscore.report.calibrated import calibrated_of
from cutscore.report.extras import calibration_figures, rule_figures
from cutscore.report.importance import importance_items, importance_of
from cutscore.report.items import Figure, Item, Metric, TableFile, Tag, Text
from cutscore.report.over_time_items import over_time_figures, over_time_items
from cutscore.report.pictures import picture_items
from cutscore.report.record_spec import REPORT, UNDEFINED_PREFIX, WEIGHT
from cutscore.report.result import Result
from cutscore.report.run_page import run_page
from cutscore.report.settings import ReportSettings
from cutscore.report.threshold_json import json_text, run_json


def record_items(
    result: Result, name: str, settings: ReportSettings, *, by_period: bool = True
) -> Iterator[Item]:
    """Yield every metric, table and figure of a result; `name` is the run's.

    Without `by_period` there are no metrics of each period.
    """
    pooled = _pooled(result.oof)
    yield from _score_items(result, pooled)
    yield from _threshold_items(result)
    yield from _crossfit_items(result)
    yield from _tree_items(result)
    for key, value, step in (
        *calibration_figures(result, pooled),
        *rule_figures(result),
        *over_time_figures(result.over_time, by_period=by_period),
    ):
        yield figure_item(key, value, step)
    if result.over_time is not None:
        yield from over_time_items(result.over_time, name)
    if result.notes:
        yield Tag("notes", " ".join(result.notes))
    yield Metric("rows_scored", result.rows - result.outer_rows - result.unscored)
    yield Metric("rows_unscored", result.unscored)
    yield Metric("rows_outer", result.outer_rows)
    for stage, seconds in result.seconds.items():
        yield Metric(f"seconds_{stage}", seconds)
    yield Tag("score_digest", score_digest(result))
    yield _oof_table(result)
    document, importance = run_json(result), importance_of(result)
    oof, bins = result.oof, settings.calibration_bins
    calibrated = calibrated_of(oof.target, oof.score, result.cross_calibrated, oof.weights, bins)
    yield Text("threshold.json", json_text(document))
    yield from _certainty_items(result, name)
    yield from importance_items(importance, name, settings)
    yield from picture_items(result, name, settings, calibrated)
    yield Text(REPORT, run_page(result, name, document, importance, calibrated))


def fold_items(folds: Sequence[FoldResult]) -> Iterator[Item]:
    """Yield the score metrics of each fold, which exist as soon as the fold is finished."""
    for step, fold in enumerate(folds):
        for name in SCORE_METRICS:
            yield figure_item(f"fold_{name}", fold.validation[name], step)
            yield figure_item(f"fold_train_{name}", fold.train[name], step)


def score_digest(result: Result) -> str:
    """Return the sha256 (hex) of the out-of-fold scores' bytes."""
    return hashlib.sha256(result.oof.score.tobytes()).hexdigest()


def figure_item(key: str, value: MetricValue, step: int = 0) -> Item:
    """Return a metric, or for a figure that does not exist the tag that says why."""
    if isinstance(value, Undefined):
        return Tag(f"{UNDEFINED_PREFIX}{key}", value.reason)
    return Metric(key, float(value), step)


def _score_items(result: Result, pooled: Mapping[str, MetricValue]) -> Iterator[Item]:
    """Yield each score metric over folds, pooled, in training, and the gap between the two.

    All are of scores as the model gives them.
    """
    yield from fold_items(result.folds)
    for name in SCORE_METRICS:
        validation = [fold.validation[name] for fold in result.folds]
        train = [fold.train[name] for fold in result.folds]
        yield figure_item(name, mean(validation))
        yield figure_item(f"{name}_std", spread(validation))
        yield figure_item(f"{name}_oof", pooled[name])
        yield figure_item(f"train_{name}", mean(train))
        yield figure_item(f"{name}_gap", difference(mean(train), mean(validation)))


def _threshold_items(result: Result) -> Iterator[Item]:
    """Yield the chosen threshold, what it costs on the scores that chose it, and references."""
    reference = result.reference
    chosen = reference.chosen
    yield figure_item("threshold", chosen.figure)
    yield figure_item("threshold_raw", result.raw_threshold)
    yield Metric("threshold_value", chosen.value)
    if chosen.median_threshold is not None:
        yield Metric("threshold_median", chosen.median_threshold)
    yield figure_item("threshold_exact", reference.exact.figure)
    yield Metric("exact_cost", reference.exact.total_cost)
    yield figure_item("threshold_grid", reference.grid.figure)
    yield Metric("grid_cost", reference.grid.total_cost)
    yield Metric("grid_excess", reference.grid_excess)
    bayes = reference.bayes
    if isinstance(bayes, Undefined):
        yield figure_item("threshold_bayes", bayes)
        yield figure_item("bayes_cost", bayes)
    else:
        yield figure_item("threshold_bayes", bayes.figure)
        yield Metric("bayes_cost", bayes.total_cost)
    yield Tag("bayes_valid", str(reference.bayes_valid).lower())
    yield Metric("flag_nobody_cost", reference.flag_nobody)
    yield Metric("flag_everybody_cost", reference.flag_everybody)
    yield Metric("total_cost", chosen.total_cost)
    yield Metric("cost_per_row", reference.cost_per_row)
    yield figure_item("savings", reference.savings)
    for key, value in decision_metrics(chosen.confusion, result.beta).items():
        yield figure_item(key, value)


def _tree_items(result: Result) -> Iterator[Item]:
    """Yield how many rounds of boosting each fold has, and their mean, for a boosted model."""
    trees = [fold.trees for fold in result.folds if fold.trees is not None]
    for step, count in enumerate(trees):
        yield Metric("fold_trees", count, step)
    if trees:
        yield Metric("trees", float(np.mean(trees)))


def _crossfit_items(result: Result) -> Iterator[Item]:
    """Yield the cross-fitted figures and their spread over folds."""
    crossfit = result.crossfit
    yield figure_item("crossfit_cost", crossfit.total_cost)
    yield figure_item("crossfit_cost_per_row", crossfit.cost_per_row)
    yield figure_item("crossfit_savings", crossfit.savings)
    yield figure_item("crossfit_fbeta", crossfit.fbeta)
    yield figure_item("threshold_std", crossfit.threshold_std)
    yield Metric("crossfit_rows", crossfit.rows)
    yield Metric("crossfit_rows_left_out", crossfit.left_out)
    size = max((part.part for part in crossfit.parts), default=0) + 1  # parts of a repeat
    for part in crossfit.parts:
        step = part.repeat * size + part.part  # in time order the first ones are not decided
        yield figure_item("fold_threshold", threshold_figure(part.threshold), step)
        yield Metric("fold_crossfit_cost", part.total_cost, step)
    if crossfit.parts:
        costs = [part.total_cost for part in crossfit.parts]
        yield Metric("crossfit_cost_fold_mean", float(np.mean(costs)))
        yield Metric("crossfit_cost_fold_std", float(np.std(costs)))


def _certainty_items(result: Result, name: str) -> Iterator[Item]:
    """Yield bootstrap intervals, plateau, and how the threshold depends on the cost ratio."""
    certainty = result.certainty
    for key, value in certainty.figures.items():
        yield figure_item(key, value)
    table, picture = "threshold_by_ratio.csv", "threshold_by_ratio.png"
    if isinstance(certainty.by_ratio, Undefined):
        for artifact in (table, picture):
            yield Tag(f"{UNDEFINED_PREFIX}{artifact}", certainty.by_ratio.reason)
        return
    from cutscore.report.figures.ratio import RatioCurve, threshold_by_ratio

    yield TableFile(table, certainty.by_ratio)
    threshold = result.reference.chosen.threshold
    marks = {} if threshold is None else {"chosen": threshold}
    curve = RatioCurve(**certainty.by_ratio)
    figure = threshold_by_ratio(name, curve, certainty.asked_ratio, marks)
    yield Figure(picture, figure)


def _oof_table(result: Result) -> TableFile:
    """Return row id, repeat, fold, target and score of every entry.

    If scores are calibrated, also by the calibrator that the threshold goes with (`calibrated`)
    and by the one that saw only other parts (`cross_calibrated`); if rows have their own costs,
    also these, by the names that cost=columns expects; if rows have weights, also these.
    """
    oof, decided = result.oof, result.decided
    frame = {
        "row": result.ids,
        "repeat": oof.repeat,
        "fold": oof.fold,
        "target": oof.target,
        "score": oof.score,
    }
    if not np.array_equal(decided.score, oof.score):
        frame["calibrated"] = decided.score
        frame["cross_calibrated"] = result.cross_calibrated
    if not result.costs.fixed:
        for short, entry in zip(COLUMNS, result.costs.given, strict=True):
            frame[short] = np.broadcast_to(entry, decided.score.shape)
    if oof.weights is not None:
        frame[WEIGHT] = oof.weights
    return TableFile("oof_scores.parquet", frame)


def _pooled(oof: OutOfFold) -> Mapping[str, MetricValue]:
    """Return score metrics of all out-of-fold scores together, averaged over repeats."""
    if oof.repeats == 1:
        return score_metrics(oof.target, oof.score, oof.weights)
    each = [
        score_metrics(oof.target[here], oof.score[here], weights_of(oof.weights, here))
        for here in (oof.repeat == repeat for repeat in np.unique(oof.repeat))
    ]
    return {name: mean([found[name] for found in each], "repeat") for name in SCORE_METRICS}
