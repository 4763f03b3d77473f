"""The same figures for each fold, or each stretch of time, so that one that is odd stands out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cutscore.metrics import population_stability, ranking, roc_auc, roc_auc_error
from cutscore.records import MetricValue, Scores, Undefined, counted, positive_share, size_of
from cutscore.report.validation.rows import JudgedRows


@dataclass(frozen=True)
class PartFigures:
    """What the rows of a part say.

    Attributes
    ----------
    rows : how many rows
    rate, flagged : share of positives and share flagged, by weight
    expected : share of positives that the probabilities promise, by weight
    observed_to_expected : positives for each that is promised
    cost_per_row : of the chosen rule
    roc_auc, error : and its standard error (Hanley and McNeil 1982)
    stability, noise : the index of the scores against the first part's, and what chance makes of it
    """

    rows: int
    rate: float
    flagged: float
    expected: MetricValue
    observed_to_expected: MetricValue
    cost_per_row: float
    roc_auc: MetricValue
    error: MetricValue
    stability: float
    noise: float


def by_part(rows: JudgedRows) -> dict[int, PartFigures]:
    """Return the figures of each part by its number, in order; there is at least one row."""
    numbers = np.unique(rows.part).tolist()
    first = rows.score[rows.part == numbers[0]]
    return {number: _figures(rows.take(rows.part == number), first) for number in numbers}


def expected_rate(rows: JudgedRows) -> tuple[MetricValue, MetricValue]:
    """Return the share of positives that probabilities promise, and positives for each of them."""
    known = rows.with_probability()
    if not len(known):
        why = Undefined("no calibrator may see these rows' scores")
        return why, why
    each = np.ones(len(known)) if known.weights is None else known.weights
    promised, positives = (float((each * v).sum()) for v in (known.probability, known.target))
    ratio = positives / promised if promised > 0 else Undefined("nothing is promised")
    return promised / float(each.sum()), ratio


def _figures(rows: JudgedRows, first: Scores) -> PartFigures:
    size = size_of(len(rows), rows.weights)
    ranked = ranking(rows.target, rows.score, rows.weights)
    expected, ratio = expected_rate(rows)
    stability, noise = population_stability(first, rows.score)
    return PartFigures(
        rows=len(rows),
        rate=positive_share(rows.target, rows.weights),
        flagged=counted(rows.flagged, rows.weights) / size,
        expected=expected,
        observed_to_expected=ratio,
        cost_per_row=rows.costs.total(rows.target, rows.flagged) / size,
        roc_auc=roc_auc(ranked),
        error=roc_auc_error(ranked),
        stability=stability,
        noise=noise,
    )
