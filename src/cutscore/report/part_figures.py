"""The same figures for each fold, or each stretch of time, so that one that is odd stands out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cutscore.metrics import ranking, roc_auc, roc_auc_error
from cutscore.metrics.calibration import equal_count_edges
from cutscore.metrics.drift import psi, psi_noise
from cutscore.records import MetricValue, Scores, Undefined, counted, positive_share, size_of
from cutscore.report.judged_rows import JudgedRows

BINS = 10


@dataclass(frozen=True)
class PartFigures:
    """What the rows of a part say.

    Attributes
    ----------
    rows, positives, size : how many rows, and of class 1, and how many by weight
    rate, flagged : share of positives and share flagged, by weight
    observed_to_expected : positives for each that the probabilities promise
    cost_per_row : of the chosen rule
    roc_auc, error : and its standard error (Hanley and McNeil 1982)
    stability, noise : the index of the scores against the first part's, and what chance makes of it
    """

    rows: int
    positives: int
    size: float
    rate: float
    flagged: float
    observed_to_expected: MetricValue
    cost_per_row: float
    roc_auc: MetricValue
    error: MetricValue
    stability: float
    noise: float


def by_part(rows: JudgedRows, *more: JudgedRows) -> list[PartFigures]:
    """Return the figures of each part in order, then of other rows; there is at least one row."""
    order = np.argsort(rows.part, kind="stable")
    _, starts = np.unique(rows.part[order], return_index=True)
    parts = [rows.take(places) for places in np.split(order, starts[1:])]
    edges = equal_count_edges(parts[0].score, BINS)
    before = _counts(parts[0].score, edges)
    return [_figures(part, edges, before) for part in (*parts, *more)]


def area_of(rows: JudgedRows) -> tuple[MetricValue, MetricValue]:
    """Return the area under the ROC curve and its standard error.

    Weighed rows tell as much as (sum of weights)² / sum of squares equal ones (Kish 1965).
    """
    weights = rows.weights
    each = 1.0 if weights is None else float(weights.sum() / (weights**2).sum())
    ranked = ranking(rows.target, rows.score, weights)
    return roc_auc(ranked), roc_auc_error(ranked, each)


def observed_to_expected(rows: JudgedRows) -> MetricValue:
    """Return the positives for each that probabilities promise, by weight."""
    known = rows.with_probability()
    each = np.ones(len(known)) if known.weights is None else known.weights
    promised, positives = (float((each * v).sum()) for v in (known.probability, known.target))
    return positives / promised if promised > 0 else Undefined("nothing is promised")


def _counts(scores: Scores, edges: Scores) -> Scores:
    places = np.searchsorted(edges, scores)
    return np.bincount(places, minlength=len(edges) + 1).astype(np.float64)


def _figures(rows: JudgedRows, edges: Scores, before: Scores) -> PartFigures:
    size = size_of(len(rows), rows.weights)
    area, error = area_of(rows)
    after = _counts(rows.score, edges)
    return PartFigures(
        rows=len(rows),
        positives=int(np.count_nonzero(rows.target)),
        size=size,
        rate=positive_share(rows.target, rows.weights),
        flagged=counted(rows.flagged, rows.weights) / size,
        observed_to_expected=observed_to_expected(rows),
        cost_per_row=rows.costs.total(rows.target, rows.flagged) / size,
        roc_auc=area,
        error=error,
        stability=psi(before, after),
        noise=psi_noise(before, after),
    )
