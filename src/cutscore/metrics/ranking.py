"""How well scores rank rows, and how good they are as probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.metrics.sorting import SortedRows, sort_rows
from cutscore.records import MetricValue, Scores, Target, Undefined, Weights

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[Any]
"""Whole numbers, or sums of weights."""

_PIECE = 1 << 20
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Rows ordered by score: one entry per distinct score, from the highest down.

    `tp` and `fp` count the positives and negatives at or above each score, by weight, shape
    (scores,).
    """

    score: Floats
    tp: Counts
    fp: Counts

    @property
    def positives(self) -> float:
        """Number of rows with target 1, by weight."""
        return float(self.tp[-1]) if len(self.tp) else 0.0

    @property
    def negatives(self) -> float:
        """Number of rows with target 0, by weight."""
        return float(self.fp[-1]) if len(self.fp) else 0.0


def ranking(target: Target, scores: Scores, weights: Weights | None = None) -> Ranking:
    """Sort rows once for all figures that depend on their order only; shapes (rows,)."""
    return ranking_of(sort_rows(target, scores, weights))


def ranking_of(ranked: SortedRows) -> Ranking:
    """Return the ranking of rows that are sorted."""
    starts = ranked.starts
    tp, fp = ranked.counts(starts)
    return Ranking(score=np.ascontiguousarray(ranked.score[starts][::-1]), tp=tp, fp=fp)


def roc_auc(ranked: Ranking) -> MetricValue:
    """Return the area under the ROC curve: P(a positive scores above a negative), ties half."""
    if one_class := _one_class(ranked.positives, ranked.negatives):
        return one_class
    fp = np.concatenate([[0], ranked.fp])
    tp = np.concatenate([[0], ranked.tp])
    doubled = _total(np.diff(fp).astype(np.float64) * (tp[1:] + tp[:-1]))
    return doubled / (2.0 * ranked.positives * ranked.negatives)


def roc_auc_error(ranked: Ranking, each: float = 1.0) -> MetricValue:
    """Return the standard error of the area under the ROC curve (Hanley and McNeil 1982).

    A weight of one tells as much as `each` rows.
    """
    area = roc_auc(ranked)
    if isinstance(area, Undefined):
        return area
    m, n = each * ranked.positives, each * ranked.negatives
    one, two = area / (2.0 - area), 2.0 * area * area / (1.0 + area)
    square = area * area
    variance = area - square + (m - 1.0) * (one - square) + (n - 1.0) * (two - square)
    return math.sqrt(max(variance, 0.0) / (m * n))


def kolmogorov_smirnov(ranked: Ranking) -> tuple[MetricValue, MetricValue]:
    """Return the largest difference of the two classes' distributions of scores, and where it is.

    That is the largest true minus false positive rate of any threshold, and the highest threshold
    that reaches it.
    """
    if one_class := _one_class(ranked.positives, ranked.negatives):
        return one_class, one_class
    gaps = ranked.tp / ranked.positives - ranked.fp / ranked.negatives
    at = int(np.argmax(gaps))
    return float(gaps[at]), float(ranked.score[at])


def roc_auc_of_sorted(scores: Scores, target: Target, piece: int = _PIECE) -> MetricValue:
    """Return the area under the ROC curve of rows that are sorted by score, the lowest first.

    It goes about `piece` rows at a time, so that a hundred million need no arrays of that length.
    """
    positives = int(np.count_nonzero(target))
    negatives = len(target) - positives
    if one_class := _one_class(positives, negatives):
        return one_class
    start, below, doubled = 0, 0, 0
    while start < len(scores):
        last = scores[min(start + piece, len(scores)) - 1]
        stop = int(np.searchsorted(scores, last, side="right"))  # ties are not torn apart
        here = scores[start:stop]
        first = np.flatnonzero(np.append(True, here[1:] != here[:-1]))
        tp = np.add.reduceat(target[start:stop], first, dtype=np.int64)
        fp = np.diff(np.append(first, len(here))) - tp
        doubled += int((tp * (2 * (below + np.cumsum(fp)) - fp)).sum())
        below += int(fp.sum())
        start = stop
    return doubled / (2 * positives * negatives)


def pr_auc(ranked: Ranking) -> MetricValue:
    """Return average precision: the sum over distinct scores of recall gained × precision."""
    if one_class := _one_class(ranked.positives, ranked.negatives):
        return one_class
    gained = np.diff(np.concatenate([[0], ranked.tp])).astype(np.float64)
    return _total(gained * (ranked.tp / (ranked.tp + ranked.fp))) / ranked.positives


def brier(target: Target, scores: Scores, weights: Weights | None = None) -> MetricValue:
    """Return the mean squared difference of score and target (Brier 1950)."""
    if wrong := not_probabilities(scores):
        return wrong
    difference = scores - target
    return _mean(difference * difference, weights)


def log_loss(target: Target, scores: Scores, weights: Weights | None = None) -> MetricValue:
    """Return the mean of −log of the probability given to the true class.

    Scores are kept 2^-52 away from 0 and 1, as scikit-learn does for float64.
    """
    if wrong := not_probabilities(scores):
        return wrong
    right = np.where(target == 1, scores, 1.0 - scores)
    return _mean(-np.log(np.clip(right, _EPSILON, 1.0 - _EPSILON)), weights)


def score_metrics(
    target: Target, scores: Scores, weights: Weights | None = None
) -> dict[str, MetricValue]:
    """Return roc_auc, pr_auc, brier and log_loss of rows of shape (rows,), from one sort.

    `weights` are what scikit-learn calls `sample_weight`.
    """
    ranked = ranking(target, scores, weights)
    return {
        "roc_auc": roc_auc(ranked),
        "pr_auc": pr_auc(ranked),
        "brier": brier(target, scores, weights),
        "log_loss": log_loss(target, scores, weights),
    }


def _total(values: Floats) -> float:
    """Return the sum. A dot product would do it in several threads.

    They wait busily for each other, and the last digits depend on how many there are.
    """
    return float(values.sum())


def _mean(values: Floats, weights: Weights | None) -> float:
    if weights is None:
        return _total(values) / len(values)
    return _total(values * weights) / _total(weights)


def _one_class(positives: float, negatives: float) -> Undefined | None:
    if positives and negatives:
        return None
    if not positives and not negatives:
        return Undefined("there are no rows")
    return Undefined(f"all rows are {'positive' if positives else 'negative'}")


def not_probabilities(scores: Scores) -> Undefined | None:
    """Return why scores cannot be probabilities, None if they can."""
    if len(scores) == 0:
        return Undefined("there are no rows")
    if scores.min() >= 0 and scores.max() <= 1:
        return None
    return Undefined("some scores lie outside [0, 1]")
