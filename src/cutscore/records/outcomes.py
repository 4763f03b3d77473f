"""Values about results: scores, thresholds and what speaks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from cutscore.records.rows import CrossfitRule, Fold, Rows, Scores, Target


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Out-of-fold scores, one entry per (repeat, row), in the order of the folds.

    `part` is the cross-fitting label of each entry, `rule` which parts may inform which.
    `base_rate` is the share of positives among the training rows of the model that gave the
    score, `prior` that share by weight as sampling made it; None where no model is known.
    """

    row: Rows
    repeat: npt.NDArray[np.int16]
    fold: npt.NDArray[np.int16]
    part: npt.NDArray[np.int16]
    target: Target
    score: Scores
    rule: CrossfitRule = "others"
    base_rate: npt.NDArray[np.float64] | None = None
    prior: npt.NDArray[np.float64] | None = None

    @cached_property
    def repeats(self) -> int:
        """Number of repeats."""
        return len(np.unique(self.repeat))

    def informed_parts(self) -> Iterator[tuple[Rows, Rows]]:
        """Yield each part that other parts may inform, and those: positions of entries.

        Parts inform each other within a repeat only, as `rule` says.
        """
        for repeat in np.unique(self.repeat):
            entries = np.flatnonzero(self.repeat == repeat)
            labels = self.part[entries]
            for part in np.unique(labels):
                others = entries[labels < part if self.rule == "earlier" else labels != part]
                if len(others):
                    yield entries[labels == part], others


@dataclass(frozen=True)
class Confusion:
    """Counts at a threshold; floats because repeated validation averages over repeats."""

    tp: float
    fp: float
    tn: float
    fn: float


ScoreOrigin = Literal["out-of-fold", "holdout", "in-sample", "external"]


@dataclass(frozen=True)
class CostsUsed:
    """What is recorded of a cost entry: one value, or the spread of values per row."""

    mean: float
    low: float
    high: float

    @property
    def fixed(self) -> bool:
        """Whether every row has the same cost."""
        return self.low == self.high


@dataclass(frozen=True)
class Basis:
    """What a threshold was chosen on: two choices with one basis can be compared.

    `digest` is the sha256 (hex) of the scores' bytes (float64, in their order), `calibration`
    the name of the calibration that they went through, `costs` the entries of the cost matrix.
    """

    digest: str
    origin: ScoreOrigin
    calibration: str
    costs: Mapping[str, CostsUsed]


@dataclass(frozen=True)
class ThresholdChoice:
    """A decision threshold, what it was chosen for, and what it costs on the same scores.

    A row is flagged when `score >= threshold`. `search` is exact, grid or bayes; `step` is the
    grid's. `value` is the objective's value at the threshold (a cost, or an F-beta). `beta` is
    that of the F-beta, if it is the objective; `constraints` holds the limits kept, by name.

    With `per_row`, each row is decided at its own threshold, and `threshold` is their median.
    """

    threshold: float
    objective: str
    search: str
    step: float | None
    value: float
    total_cost: float
    confusion: Confusion
    beta: float | None = None
    constraints: Mapping[str, float] = field(default_factory=dict)
    per_row: bool = False
    basis: Basis | None = None


@dataclass(frozen=True)
class Undefined:
    """A figure that does not exist for a run, and why."""

    reason: str


MetricValue = float | Undefined
"""A metric, or why it does not exist."""

MetricValues = Mapping[str, MetricValue]


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What one fold gave.

    `fitted_rows` counts the rows the model saw after sampling; `validation` and `train` hold the
    score metrics on validation rows and on the original training rows; `scores` are those of the
    validation rows; `natural` says that no row was drawn, made up or weighted, so that scores may
    be taken as probabilities; `base_rate` is the share of positives among the training rows and
    `prior` that share by weight as sampling made it; `seconds` are wall time per stage; `trees`
    counts the rounds of boosting, None where there are none; `notes` tell what a user should know.
    """

    fold: Fold
    fitted_rows: int
    validation: MetricValues
    train: MetricValues
    scores: Scores
    importance: Mapping[str, float] | None
    natural: bool
    base_rate: float
    prior: float
    seconds: Mapping[str, float]
    trees: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PartDecision:
    """One part, decided with a threshold (and calibrator) that saw only other parts."""

    repeat: int
    part: int
    rows: int
    threshold: float
    total_cost: float
    confusion: Confusion


@dataclass(frozen=True)
class CrossFit:
    """The cross-fitted cost: every part decided with a threshold fitted on other parts' scores.

    `rows` is how many rows of a repeat were decided and `left_out` how many were scored but had
    no part to fit a threshold on (the first part in time order). Costs, savings, F-beta and
    confusion are over the decided rows, per repeat and then averaged over repeats;
    `threshold_std` is the population standard deviation over all decided parts.
    """

    total_cost: MetricValue
    cost_per_row: MetricValue
    savings: MetricValue
    fbeta: MetricValue
    threshold_std: MetricValue
    confusion: Confusion | Undefined
    rows: int
    left_out: int
    parts: tuple[PartDecision, ...]


@dataclass(frozen=True)
class Reference:
    """The chosen threshold on the scores that chose it, and what to compare it with.

    `exact` and `grid` are the cost optima over all distinct scores and over the fine grid,
    `grid_excess` the difference of their costs (never below 0). `bayes` is the threshold that is
    optimal for calibrated scores, `bayes_valid` whether the scores may be taken as such.
    """

    chosen: ThresholdChoice
    cost_per_row: float
    savings: MetricValue
    flag_nobody: float
    flag_everybody: float
    exact: ThresholdChoice
    grid: ThresholdChoice
    grid_excess: float
    bayes: ThresholdChoice | Undefined
    bayes_valid: bool


@dataclass(frozen=True)
class RuleCost:
    """What a rule costs that decides each row by its own costs.

    Total cost and savings are over the `rows` decided in a repeat, averaged over repeats;
    `fold_savings` are those of each fold of each repeat, in the order of the folds.
    """

    total_cost: float
    savings: MetricValue
    fold_savings: tuple[MetricValue, ...]
    rows: int


@dataclass(frozen=True, eq=False)
class Certainty:
    """How sure a threshold is.

    `figures` are bootstrap intervals and plateau by the names under which they are recorded;
    `by_ratio` holds the arrays `ratio`, `threshold` and `cost` (in units of a false positive) as
    the FN:FP cost ratio runs from 1 to 100; `asked_ratio` is the ratio of the costs in use.
    """

    figures: MetricValues
    by_ratio: Mapping[str, npt.NDArray[np.float64]] | Undefined
    asked_ratio: float | None = None
