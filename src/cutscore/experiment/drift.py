"""What is kept of an experiment's data and scores, to measure drift against later."""

from __future__ import annotations

import numpy as np

from cutscore.experiment.parts import Experiment, ExperimentCache, Prepared
from cutscore.features.derivation import derivation_of
from cutscore.metrics.drift import prior_shift, psi, psi_noise
from cutscore.metrics.histograms import BINS, SAMPLE
from cutscore.records import (
    Certainty,
    CrossFit,
    Interval,
    MetricValue,
    OutOfFold,
    Reference,
    Rows,
    Scores,
    Table,
    Undefined,
    size_of,
)
from cutscore.records.weights import effective_rows
from cutscore.report.result import Result
from cutscore.scoring.drift_reference import DriftReference, ScoredReference

_SEED = 20_240_229


def drift_reference(
    experiment: Experiment,
    prepared: Prepared,
    cache: ExperimentCache,
    result: Result | None = None,
) -> DriftReference:
    """Return what the data looked like, and what the scores did if there are any.

    The columns are those that come through the door of the kept model: raw ones, or features where
    it is not known how those are made. What is computed of them cannot drift by itself.
    """
    dataset = prepared.dataset
    bins, counts = cache.counted(watched_table(experiment, prepared), dataset.weights)
    time = getattr(experiment.data, "time", None)  # a user's own source may have none
    scored = None
    if result is not None:
        scored = scored_reference(
            result.decided,
            result.reference,
            result.crossfit,
            result.certainty,
            result.cut_table.roc_auc,
        )
    return DriftReference(dataset.rows, bins, counts, scored, time)


def watched_table(experiment: Experiment, prepared: Prepared) -> Table:
    """Return the columns by which data are held against others."""
    raw = prepared.dataset.raw is not None and derivation_of(experiment.features) is not None
    return prepared.dataset.table if raw else prepared.table


def scored_reference(
    decided: OutOfFold,
    evidence: Reference,
    crossfit: CrossFit,
    certainty: Certainty,
    roc_auc: MetricValue,
) -> ScoredReference:
    """Return what is kept of calibrated scores; entries are averaged over repeats."""
    scores, weights, repeats = decided.score, decided.weights, decided.repeats
    size, chosen = size_of(len(scores), weights) / repeats, evidence.chosen
    each = effective_rows(weights) / size_of(len(scores), weights) if weights is not None else 1.0
    grades = _grades(scores)
    which = np.searchsorted(grades, scores, side="left")
    counts, positives, sums = (
        np.bincount(which, values, len(grades) + 1) * each / repeats
        for values in (
            weights,
            decided.target if weights is None else decided.target * weights,
            scores if weights is None else scores * weights,
        )
    )
    interval = certainty.interval
    ends = (interval.cost_low, interval.cost_high) if isinstance(interval, Interval) else None
    free = not chosen.constraints and not chosen.rule.needs_costs
    mean = sums / np.where(counts > 0, counts, 1.0)
    spread, rate_spread = _spread(decided, which, mean)
    return ScoredReference(
        rows=float(counts.sum()),
        base_rate=float(positives.sum() / counts.sum()),
        flagged=(chosen.confusion.tp + chosen.confusion.fp) / size,
        roc_auc=_value(roc_auc),
        grades=tuple(grades.tolist()),
        counts=tuple(counts.tolist()),
        positives=tuple(positives.tolist()),
        mean=tuple(mean.tolist()),
        cost_per_row=_value(crossfit.cost_per_row),
        cost_low=None if ends is None else ends[0] / size,
        cost_high=None if ends is None else ends[1] / size,
        objective=chosen.objective if free else "",
        spread=spread,
        rate_spread=rate_spread,
    )


def _spread(decided: OutOfFold, which: Rows, mean: Scores) -> tuple[float, float]:
    """Return how far the scores of one fold lie from those of the rest, beyond chance.

    As a stability index, and as the error of the share of positives that is estimated from them.
    A model that is fitted on all rows differs from the folds' about as they do from each other:
    little where they had as many rows, much where the first of them had few, as in time order.
    """
    grades, number = len(mean), int(decided.fold.max()) + 1
    place = decided.fold.astype(np.int64) * grades + which
    counts, hits = (
        np.bincount(place, values, number * grades).reshape(number, grades) / decided.repeats
        for values in (None, decided.target)
    )
    whole, rate = counts.sum(axis=0), float(hits.sum() / counts.sum())
    beyond, errors = [0.0], [0.0]
    for own, positives in zip(counts, hits.sum(axis=1), strict=True):
        if not own.any():
            continue
        beyond.append(psi(whole - own, own) - psi_noise(whole - own, own))
        if 0 < rate < 1:
            share, error = prior_shift(mean, own, rate)
            chance = error**2 + rate * (1 - rate) / own.sum()
            errors.append(max((share - positives / own.sum()) ** 2 - chance, 0.0) ** 0.5)
    return max(each for each in beyond if np.isfinite(each)), max(errors)


def _grades(scores: Scores) -> Scores:
    """Return the upper ends of ten grades of about equally many rows, the last left out."""
    drawn = scores
    if len(scores) > SAMPLE:
        drawn = np.random.default_rng(_SEED).choice(scores, SAMPLE, replace=False)
    ends = np.unique(np.sort(drawn)[(np.arange(1, BINS) * len(drawn)) // BINS])
    inner: Scores = ends[ends < scores.max()]
    return inner


def _value(figure: MetricValue) -> float | None:
    return None if isinstance(figure, Undefined) else figure
