"""A threshold with all that speaks for it, from scores alone."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cutscore.assess.reading import Labels, ScoreRows
from cutscore.assess.settings import Strategies
from cutscore.assess.warnings import cautions
from cutscore.calibration.none import NoCalibration
from cutscore.cost.matrix import CostMatrix
from cutscore.errors import Fault, RequestError
from cutscore.records import (
    Certainty,
    Confusion,
    CrossFit,
    CutTable,
    Dataset,
    FixedThreshold,
    Interval,
    MetricValue,
    OutOfFold,
    Reference,
    ScoreOrigin,
    Table,
    ThresholdChoice,
    Undefined,
)
from cutscore.threshold import ThresholdRule
from cutscore.threshold.bootstrap import RESAMPLES
from cutscore.threshold.certainty import certainty_of, evidence_cuts
from cutscore.threshold.choosing import outcome_of
from cutscore.threshold.evidence import cross_fit, reference
from cutscore.threshold.expected import check_probabilities
from cutscore.threshold.grid import Grid
from cutscore.threshold.implied import (
    TOLERANCE,
    Frontier,
    Implied,
    frontier_of,
    implied_beta,
    implied_ratio,
)
from cutscore.validation.stratified_groups import stratified_group_labels

PARTS = 5


@dataclass(frozen=True)
class AssessRequest:
    """What is asked about some scores."""

    strategies: Strategies
    at: tuple[float, ...] = ()
    in_sample: bool = False
    resamples: int = RESAMPLES
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class ThresholdAt:
    """A threshold put beside the optimum, and what it is optimal for."""

    threshold: float
    confusion: Confusion
    total_cost: float
    savings: MetricValue
    excess: float
    ratio: Implied | Undefined
    beta: Implied | Undefined


@dataclass(frozen=True, eq=False)
class Assessment:
    """Everything that is known about the threshold of some scores."""

    rows: ScoreRows
    costs: CostMatrix
    rule: ThresholdRule
    reference: Reference
    grid_covers: bool
    crossfit: CrossFit
    certainty: Certainty
    cut_table: CutTable
    frontier: Frontier | Undefined
    at: tuple[ThresholdAt, ...]
    warnings: tuple[str, ...]

    @functools.cached_property
    def highest_score(self) -> float:
        """The highest score; what lies above it flags nobody."""
        return float(self.rows.score.max())

    @property
    def chosen(self) -> ThresholdChoice:
        """The threshold that the rule chose."""
        return self.reference.chosen

    @property
    def interval(self) -> Interval:
        """The bootstrap intervals, which there always are: see `AssessRequest.resamples`."""
        if isinstance(self.certainty.interval, Undefined):
            raise ValueError("an assessment draws at least one resample")
        return self.certainty.interval


def assess(rows: ScoreRows, request: AssessRequest) -> Assessment:
    """Choose a threshold on scores and gather its evidence.

    Raises
    ------
    RequestError
        If the costs make no sense, the scores do not suit the rule, or a constraint cannot be met.
    """
    made, rule = request.strategies, request.strategies.threshold
    costs = cost_matrix(rows, made)
    scores = rows.score
    if isinstance(rule, Grid):
        check_probabilities(scores, "threshold", "a grid over [0, 1]")
    origin: ScoreOrigin = "in-sample" if request.in_sample else "external"
    oof = _as_out_of_fold(rows, made.seed)
    evidence = reference(oof, costs, rule, origin=origin, calibration="unknown")
    cut_table = evidence_cuts(oof, costs, rule, evidence, request.at)
    frontier = frontier_of(cut_table)
    marks = [
        _at(t, rows, costs, evidence.exact.total_cost, frontier, request.tolerance)
        for t in request.at
    ]
    return Assessment(
        rows=rows,
        costs=costs,
        rule=rule,
        reference=evidence,
        grid_covers=bool(scores.min() >= 0 and scores.max() <= 1),
        crossfit=_cross_fit(oof, costs, rule),
        certainty=certainty_of(
            oof,
            costs,
            rule,
            evidence.chosen,
            cut_table,
            frontier,
            groups=rows.group,
            resamples=request.resamples,
            seed=made.seed,
        ),
        cut_table=cut_table,
        frontier=frontier,
        at=tuple(marks),
        warnings=tuple(cautions(rows, costs, evidence, in_sample=request.in_sample)),
    )


def cost_matrix(rows: ScoreRows, made: Strategies) -> CostMatrix:
    """Return the costs of rows; a cost strategy sees the file as a data set without features."""
    dataset = Dataset(
        name="scores",
        source=rows.path,
        table=Table((), np.empty((len(rows.target), 0), dtype=np.float32)),
        target=rows.target,
        target_name="target",
        ids=np.empty(0),
        digest="",
        duplicate_of=np.empty(0, dtype=np.int64),
        duplicates=0,
        amounts=rows.amounts,
        columns=rows.columns,
        weights=rows.weights,
    )
    try:
        return made.cost.fit(dataset).matrix(dataset.amounts).weighed(rows.weights)
    except (ValueError, KeyError) as error:
        problem = f"these costs cannot be had from this table: {error}"
        raise RequestError(Fault("cost", problem)) from error


def _at(
    threshold: float,
    rows: ScoreRows,
    costs: CostMatrix,
    optimum: float,
    frontier: Frontier | Undefined,
    tolerance: float,
) -> ThresholdAt:
    counts, cost = outcome_of(FixedThreshold(threshold), rows.target, rows.score, costs)
    known = not isinstance(frontier, Undefined)
    return ThresholdAt(
        threshold=threshold,
        confusion=counts,
        total_cost=cost,
        savings=costs.savings(rows.target, cost),
        excess=cost - optimum,
        ratio=implied_ratio(frontier, counts, tolerance) if known else frontier,  # type: ignore[arg-type]
        beta=implied_beta(frontier, counts, tolerance) if known else frontier,  # type: ignore[arg-type]
    )


def _cross_fit(oof: OutOfFold, costs: CostMatrix, rule: ThresholdRule) -> CrossFit:
    """Cross-fit; constraints that the rows of some parts cannot meet leave it undefined."""
    try:
        return cross_fit(oof, costs, rule, NoCalibration())
    except RequestError as error:
        why = Undefined(f"without one part of the rows: {error.faults[0]}")
        return CrossFit(why, why, why, why, why, why, 0, len(oof.row), ())


def _as_out_of_fold(rows: ScoreRows, seed: int) -> OutOfFold:
    """Return the scores as out-of-fold scores of one repeat, with parts for cross-fitting."""
    n = len(rows.target)
    part = _parts(rows, seed).astype(np.int16)
    return OutOfFold(
        row=np.arange(n, dtype=np.int64),
        repeat=np.zeros(n, dtype=np.int16),
        fold=part,
        part=part,
        target=rows.target,
        score=rows.score,
        rule="earlier" if rows.in_time else "others",
        weights=rows.weights,
    )


def _parts(rows: ScoreRows, seed: int) -> Labels:
    """Return the part of each row: its fold, or one of five stratified ones drawn by a seed."""
    if rows.fold is not None:
        names, part = np.unique(rows.fold, return_inverse=True)
        if len(names) > np.iinfo(np.int16).max:
            problem = f"{len(names):,} folds are too many; is this the column of the folds?"
            raise RequestError(Fault("--fold", problem))
        return part
    shares: Sequence[float] = [1.0 / PARTS] * PARTS
    return stratified_group_labels(rows.target, rows.group, shares, seed).astype(np.int64)
