"""Every metric of the record but those over time: name, label, direction, format, where it is used.

A new metric is one entry here and one formula: of a confusion matrix in
`decisions.decision_metrics`, of scores in `ranking.score_metrics`, of anything else where the
record is written (`report/record.py`).
"""

from __future__ import annotations

from dataclasses import replace

from cutscore.metrics.metric_spec import (
    Direction,
    MetricSpec,
    MetricView,
    Scope,
    on_outer_rows,
    score_family,
)
from cutscore.metrics.period_specs import BY_PERIOD, OVER_TIME
from cutscore.records.weights import WEIGHT_FIGURES

HEADLINE = "crossfit_cost"
"""The cost that decides between runs, unless another metric is named."""

_UP: Direction = "maximize"
_DOWN: Direction = "minimize"
_SCORE, _RATE, _SHARE, _WHOLE, _PER_ROW, _SECONDS = ".4f", ".3f", ".1%", ",.0f", ",.4f", ".1f"
_LIST, _BOARD, _WIDE, _FILE = (
    MetricView.LIST,
    MetricView.BOARD,
    MetricView.WIDE_BOARD,
    MetricView.FILE,
)
_SINGLE, _BEST, _FIRST, _NAMED = (
    MetricView.SINGLE,
    MetricView.BEST,
    MetricView.FIRST,
    MetricView.NAMED,
)

_SCORES = (
    MetricSpec(
        "roc_auc", "AUC", _UP, _SCORE, aliases=("auc", "auroc"),
        views=_LIST | _BOARD | _FILE | _SINGLE | _BEST | _FIRST | _NAMED,
    ),
    MetricSpec(
        "pr_auc", "average precision", _UP, _SCORE, views=_FILE | _SINGLE | _FIRST | _NAMED,
        aliases=("average_precision", "ap", "auprc"),
    ),
    MetricSpec(
        "brier", "Brier score", _DOWN, _SCORE, views=_FILE | _SINGLE | _NAMED,
        aliases=("brier_score", "brier_score_loss"),
    ),
    MetricSpec("log_loss", "log loss", _DOWN, _SCORE, views=_NAMED, aliases=("logloss",)),
)  # fmt: skip
"""Of scores as the model gives them: means over folds, which bring their `score_family` along."""

_DECISIONS = (
    MetricSpec("tp", "true positives", _UP, _WHOLE),
    MetricSpec("fp", "false positives", _DOWN, _WHOLE),
    MetricSpec("tn", "true negatives", _UP, _WHOLE),
    MetricSpec("fn", "false negatives", _DOWN, _WHOLE),
    MetricSpec("precision", "precision", _UP, _RATE, views=_SINGLE | _NAMED),
    MetricSpec("recall", "recall", _UP, _RATE, views=_SINGLE | _NAMED, aliases=("tpr",)),
    MetricSpec("specificity", "specificity", _UP, _RATE, aliases=("tnr",)),
    MetricSpec("f1", "F1", _UP, _RATE, views=_NAMED),
    MetricSpec("fbeta", "F-beta", _UP, _RATE, views=_SINGLE),
    MetricSpec("accuracy", "accuracy", _UP, _RATE),
    MetricSpec("fpr", "false positive rate", _DOWN, _RATE),
    MetricSpec("fnr", "false negative rate", _DOWN, _RATE),
)
"""Of the confusion matrix at the chosen threshold."""

_ON_OUTER_ROWS = ("tp", "fp", "tn", "fn", "precision", "recall", "fbeta")

_THRESHOLDS = (
    MetricSpec(
        "threshold", "threshold", None, _SCORE, spread="threshold_std", required=True,
        views=_LIST | _BOARD | _FILE | _SINGLE | _BEST | _FIRST,
    ),
    MetricSpec("threshold_std", "threshold, spread over folds", _DOWN, _SCORE, required=True),
    MetricSpec("threshold_low", "95 % of resamples put it above", None, _SCORE, "threshold, low",
               required=True, views=_SINGLE),
    MetricSpec("threshold_high", "95 % of resamples put it below", None, _SCORE, "threshold, high",
               required=True, views=_SINGLE),
    MetricSpec("plateau_low", "costs hardly more from", None, _SCORE, "plateau, low",
               required=True, views=_SINGLE),
    MetricSpec("plateau_high", "costs hardly more up to", None, _SCORE, "plateau, high",
               required=True, views=_SINGLE),
    MetricSpec("plateau_pieces", "pieces of the plateau", _DOWN, _WHOLE, required=True),
    MetricSpec("threshold_raw", "threshold on scores before calibration", None, _SCORE),
    MetricSpec("threshold_median", "median of the rows' own thresholds", None, _SCORE,
               views=_SINGLE, searchable=False),
    MetricSpec("threshold_value", "what the threshold optimises", None),
    MetricSpec("threshold_exact", "cheapest threshold", None, _SCORE),
    MetricSpec("threshold_grid", "threshold on the fine grid", None, _SCORE, required=True,
               views=_SINGLE),
    MetricSpec("threshold_bayes", "Bayes threshold", None, _SCORE, required=True, views=_SINGLE),
    MetricSpec("bootstrap_level", "level of the intervals", None, _SHARE, searchable=False),
    MetricSpec("bootstrap_resamples", "resamples", None, _WHOLE, searchable=False),
)  # fmt: skip

_COSTS = (
    MetricSpec("total_cost", "cost at the threshold", _DOWN, _WHOLE, required=True,
               views=_FILE | _SINGLE | _FIRST | _NAMED),
    MetricSpec("cost_per_row", "cost per row at the threshold", _DOWN, _PER_ROW, required=True),
    MetricSpec("savings", "savings at the threshold", _UP, _SHARE, required=True,
               stand_in="savings"),
    MetricSpec("exact_cost", "cost at the cheapest threshold", _DOWN, _WHOLE),
    MetricSpec("grid_cost", "cost on the fine grid", _DOWN, _WHOLE),
    MetricSpec("grid_excess", "what the fine grid costs more", _DOWN, _WHOLE, views=_SINGLE),
    MetricSpec("bayes_cost", "cost at the Bayes threshold", _DOWN, _WHOLE),
    MetricSpec("bootstrap_cost_low", "bootstrap interval of the cost, from", _DOWN, _WHOLE,
               required=True, views=_SINGLE),
    MetricSpec("bootstrap_cost_high", "bootstrap interval of the cost, to", _DOWN, _WHOLE,
               required=True, views=_SINGLE),
    MetricSpec(HEADLINE, "cross-fitted cost", _DOWN, _WHOLE, "cost", required=True,
               views=_LIST | _BOARD | _FILE | _SINGLE | _BEST | _FIRST | _NAMED),
    MetricSpec("crossfit_cost_per_row", "cross-fitted cost per row", _DOWN, _PER_ROW,
               "cost per row", required=True, views=_SINGLE | _BEST, outer="outer_cost_per_row"),
    MetricSpec("crossfit_cost_fold_mean", "cross-fitted cost, mean of the folds", _DOWN, _WHOLE,
               "cost per fold", views=_WIDE | _FILE, spread="crossfit_cost_fold_std"),
    MetricSpec("crossfit_cost_fold_std", "cross-fitted cost, spread over folds", _DOWN, _WHOLE),
    MetricSpec("crossfit_savings", "cross-fitted savings", _UP, _SHARE, "savings", required=True,
               views=_LIST | _BOARD | _FILE | _SINGLE | _BEST | _FIRST | _NAMED,
               stand_in="savings", outer="outer_savings"),
    MetricSpec("crossfit_fbeta", "cross-fitted F-beta", _UP, _RATE, "F-beta", required=True,
               views=_FILE | _NAMED, stand_in="fbeta", outer="outer_fbeta"),
    MetricSpec("bayes_risk_cost", "cost, each row by its own costs", _DOWN, _WHOLE, required=True),
    MetricSpec("bayes_risk_savings", "savings, each row by its own costs", _UP, _SHARE,
               required=True, views=_SINGLE, spread="bayes_risk_savings_std"),
    MetricSpec("bayes_risk_savings_std", "savings by row, spread over folds", _DOWN, _SHARE),
)  # fmt: skip

_GIVEN = (
    MetricSpec("no_model_rule_cost", "cost without a model, by costs alone", None, _WHOLE),
    MetricSpec("no_model_rule_savings", "savings without a model, by costs alone", None, _SHARE,
               required=True, views=_SINGLE, spread="no_model_rule_savings_std"),
    MetricSpec("no_model_rule_savings_std", "the same, spread over folds", None, _SHARE),
    MetricSpec("flag_nobody_cost", "cost of flagging nobody", None, _WHOLE),
    MetricSpec("flag_everybody_cost", "cost of flagging everybody", None, _WHOLE),
    MetricSpec("crossfit_rows", "rows decided by other folds' threshold", None, _WHOLE),
    MetricSpec("crossfit_rows_left_out", "scored rows that no threshold decides", None, _WHOLE),
    MetricSpec("rows", "rows", None, _WHOLE, required=True),
    MetricSpec("positives", "positive rows", None, _WHOLE),
    MetricSpec("duplicates", "rows that repeat others", None, _WHOLE, required=True),
    *(MetricSpec(name, name.replace("_", " "), None, _PER_ROW) for name in WEIGHT_FIGURES),
    MetricSpec("rows_scored", "rows with a score", None, _WHOLE),
    MetricSpec("rows_unscored", "rows without a score", None, _WHOLE),
    MetricSpec("rows_outer", "outer rows held out from all folds", None, _WHOLE),
    MetricSpec("rows_to_fit", "rows of the latest window, for a kept model", None, _WHOLE),
    MetricSpec("trees", "rounds of boosting, mean of the folds", None, _WHOLE),
)  # fmt: skip
"""What no search can better: it follows from data, costs and folds, or is none of its aims."""

_CALIBRATED_BRIER = MetricSpec("brier_calibrated", "Brier score, calibrated", _DOWN, _SCORE)
_CALIBRATION = (
    MetricSpec("ece", "calibration error", _DOWN, _SCORE, required=True, views=_SINGLE | _NAMED),
    MetricSpec("ece_calibrated", "calibration error, calibrated", _DOWN, _SCORE, views=_SINGLE),
    _CALIBRATED_BRIER,
    MetricSpec("log_loss_calibrated", "log loss, calibrated", _DOWN, _SCORE),
)

_STAGES = {
    "data": "loading data",
    "features": "making features",
    "folds": "dealing folds",
    "costs": "pricing rows",
    "binning": "binning",
    "preparation": "preparation",
    "sampling": "sampling",
    "fit": "fitting",
    "score": "scoring",
    "metrics": "computing metrics",
    "threshold": "choosing the threshold",
}

_EFFORT = (
    *(
        MetricSpec(
            f"seconds_{stage}", f"seconds of {told}", _DOWN, _SECONDS, varies=True,
            aliases=(f"{stage}_seconds",), views=_NAMED if stage == "fit" else MetricView.NONE,
        )
        for stage, told in _STAGES.items()
    ),
    MetricSpec("seconds_total", "seconds in all", _DOWN, _SECONDS, "s", required=True,
               views=_WIDE | _FILE, varies=True),
    MetricSpec("peak_memory_mb", "peak memory, MB", _DOWN, _WHOLE, required=True, varies=True),
    MetricSpec("features", "features", _DOWN, _WHOLE, required=True),
)  # fmt: skip

_OUTER = (
    MetricSpec("outer_rows", "outer rows, seen by no fold", None, _WHOLE, views=_SINGLE),
    MetricSpec("outer_cost", "cost on outer rows", _DOWN, _WHOLE),
    MetricSpec("outer_cost_per_row", "cost per outer row", _DOWN, _PER_ROW, views=_SINGLE | _BEST),
    MetricSpec("outer_savings", "savings on outer rows", _UP, _SHARE, views=_SINGLE | _BEST),
    *(on_outer_rows(spec) for spec in (*_SCORES, _CALIBRATED_BRIER)),
    *(on_outer_rows(spec) for spec in _DECISIONS if spec.name in _ON_OUTER_ROWS),
)

_BY_FOLD = (
    MetricSpec("fold_threshold", "threshold by fold", None, _SCORE),
    MetricSpec("fold_crossfit_cost", "cross-fitted cost by fold", None, _WHOLE),
    MetricSpec("fold_bayes_risk_savings", "savings by fold, each row by its costs", None, _SHARE),
    MetricSpec("fold_no_model_rule_savings", "savings by fold, no model", None, _SHARE),
    MetricSpec("fold_trees", "rounds of boosting by fold", None, _WHOLE),
)

_COUNTED = "trees counted on other folds"
_TRIAL = (
    MetricSpec("prune_value", "what the pruner was told", None),
    MetricSpec("folds_finished", "folds finished before it broke off", None, _WHOLE),
    MetricSpec(f"{HEADLINE}_counts", f"cross-fitted cost, {_COUNTED}", None, _WHOLE),
    MetricSpec(
        f"{HEADLINE}_per_row_counts", f"cross-fitted cost per row, {_COUNTED}", None, _PER_ROW
    ),
    MetricSpec("crossfit_savings_counts", f"cross-fitted savings, {_COUNTED}", None, _SHARE),
    MetricSpec("trees_grown", "trees grown in all folds", None, _WHOLE),
)

_PARENT = tuple(
    MetricSpec(name, name.replace("_", " "), None, _WHOLE)
    for name in (
        "cells_complete", "cells_failed", "trials", "trials_complete", "trials_pruned",
        "trials_failed", "folds_spared", "reruns_equal", "reruns_within_tolerance",
        "reruns_different", "reruns_failed",
    )
)  # fmt: skip


def _in(scope: Scope, specs: tuple[MetricSpec, ...], **changes: bool) -> tuple[MetricSpec, ...]:
    return tuple(replace(spec, scope=scope, **changes) for spec in specs)  # type: ignore[arg-type]


SPECS: tuple[MetricSpec, ...] = (
    *(variant for mean in _SCORES for variant in score_family(mean)),
    *_THRESHOLDS,
    *_COSTS,
    *(replace(spec, required=True, stand_in=spec.name) for spec in _DECISIONS),
    *_CALIBRATION,
    *(replace(spec, searchable=False) for spec in _GIVEN),
    *_in("outer", _OUTER, required=True),
    *OVER_TIME,
    *_EFFORT,
    *_in("fold", _BY_FOLD),
    *_in("period", BY_PERIOD),
    *_in("trial", _TRIAL),
    *_in("parent", _PARENT),
)
"""All metrics by name, in the order in which tables show them."""

SCORE_METRICS = tuple(spec.name for spec in _SCORES)
DECISION_METRICS = tuple(spec.name for spec in _DECISIONS)
"""What `ranking.score_metrics` and `decisions.decision_metrics` compute."""
