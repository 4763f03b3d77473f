"""Formulas shared by the stages.

A figure that does not exist (no positive row, nobody flagged) is `Undefined` with the reason.
"""

from __future__ import annotations

from cutscore.metrics.calibration import ECE_BINS, calibration_error, equal_count_bins
from cutscore.metrics.curves import (
    Curve,
    Floats,
    pr_curve,
    roc_curve,
    thinned,
    thinned_cuts,
)
from cutscore.metrics.decisions import (
    accuracy,
    confusion_at,
    decision_metrics,
    false_negative_rate,
    false_positive_rate,
    fbeta,
    precision,
    recall,
    specificity,
)
from cutscore.metrics.ranking import (
    Ranking,
    brier,
    kolmogorov_smirnov,
    log_loss,
    pr_auc,
    ranking,
    ranking_of,
    roc_auc,
    roc_auc_error,
    roc_auc_of_sorted,
    score_metrics,
)

__all__ = [
    "ECE_BINS",
    "Curve",
    "Floats",
    "Ranking",
    "accuracy",
    "brier",
    "calibration_error",
    "confusion_at",
    "decision_metrics",
    "equal_count_bins",
    "false_negative_rate",
    "false_positive_rate",
    "fbeta",
    "kolmogorov_smirnov",
    "log_loss",
    "pr_auc",
    "pr_curve",
    "precision",
    "ranking",
    "ranking_of",
    "recall",
    "roc_auc",
    "roc_auc_error",
    "roc_auc_of_sorted",
    "roc_curve",
    "score_metrics",
    "specificity",
    "thinned",
    "thinned_cuts",
]
