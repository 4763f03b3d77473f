"""What a confusion matrix says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.records import (
    Confusion,
    MetricValue,
    Target,
    Undefined,
    Weights,
    class_sizes,
    counted,
)


def confusion_at(
    target: Target, flagged: npt.NDArray[np.bool_], weights: Weights | None = None
) -> Confusion:
    """Count the outcomes of flagging some rows, by weight; arrays have shape (rows,)."""
    tp = counted(flagged & (target == 1), weights)
    fp = counted(flagged, weights) - tp
    positives, negatives = class_sizes(target, weights)
    return Confusion(tp, fp, negatives - fp, positives - tp)


def decision_metrics(confusion: Confusion, beta: float = 1.0) -> dict[str, MetricValue]:
    """Return all figures of a confusion matrix by the names under which they are recorded."""
    c = confusion
    return {
        "tp": c.tp,
        "fp": c.fp,
        "tn": c.tn,
        "fn": c.fn,
        "precision": precision(c),
        "recall": recall(c),
        "specificity": specificity(c),
        "f1": fbeta(c, 1.0),
        "fbeta": fbeta(c, beta),
        "accuracy": accuracy(c),
        "fpr": false_positive_rate(c),
        "fnr": false_negative_rate(c),
    }


def precision(confusion: Confusion) -> MetricValue:
    """Return tp / (tp + fp), the share of flagged rows that are positive."""
    return _ratio(confusion.tp, confusion.tp + confusion.fp, "nobody is flagged")


def recall(confusion: Confusion) -> MetricValue:
    """Return tp / (tp + fn), the share of positive rows that are flagged."""
    return _ratio(confusion.tp, confusion.tp + confusion.fn, "no row is positive")


def specificity(confusion: Confusion) -> MetricValue:
    """Return tn / (tn + fp), the share of negative rows that are not flagged."""
    return _ratio(confusion.tn, confusion.tn + confusion.fp, "no row is negative")


def false_positive_rate(confusion: Confusion) -> MetricValue:
    """Return fp / (fp + tn), the share of negative rows that are flagged."""
    return _ratio(confusion.fp, confusion.tn + confusion.fp, "no row is negative")


def false_negative_rate(confusion: Confusion) -> MetricValue:
    """Return fn / (fn + tp), the share of positive rows that are not flagged."""
    return _ratio(confusion.fn, confusion.tp + confusion.fn, "no row is positive")


def accuracy(confusion: Confusion) -> MetricValue:
    """Return (tp + tn) / rows."""
    c = confusion
    return _ratio(c.tp + c.tn, c.tp + c.fp + c.tn + c.fn, "there are no rows")


def fbeta(confusion: Confusion, beta: float) -> MetricValue:
    """Return (1 + beta²) tp / ((1 + beta²) tp + beta² fn + fp), van Rijsbergen 1979."""
    c, square = confusion, beta * beta
    if c.tp + c.fn == 0:
        return Undefined("no row is positive")
    return (1.0 + square) * c.tp / (square * (c.tp + c.fn) + c.tp + c.fp)


def _ratio(part: float, whole: float, otherwise: str) -> MetricValue:
    return part / whole if whole else Undefined(otherwise)
