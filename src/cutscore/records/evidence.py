"""Values about a threshold: what was chosen, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field
from typing import Literal

from cutscore.records.decision import OWN_COSTS, DecisionRule
from cutscore.records.outcomes import MetricValue, Undefined

ScoreOrigin = Literal["out-of-fold", "holdout", "in-sample", "external"]


@dataclass(frozen=True)
class Confusion:
    """Counts at a threshold, by weight; repeated validation averages them over repeats."""

    tp: float
    fp: float
    tn: float
    fn: float

    @classmethod
    def total(cls, parts: Iterable[Confusion]) -> Confusion:
        """Return the counts of all parts together; there is at least one."""
        return cls(*map(sum, zip(*map(astuple, parts), strict=True)))

    def shared(self, repeats: int) -> Confusion:
        """Return the counts averaged over repeats."""
        return Confusion(*(count / repeats for count in astuple(self)))


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

    Attributes
    ----------
    digest : sha256 (hex) of the scores' bytes (float64, in their order)
    origin : who gave the scores, and to which rows
    calibration : the name of the calibration that they went through
    costs : the entries of the cost matrix, by name
    """

    digest: str
    origin: ScoreOrigin
    calibration: str
    costs: Mapping[str, CostsUsed]


def threshold_figure(threshold: float | None) -> MetricValue:
    """Return a threshold, or that rows have none in common, as a figure of the record."""
    return Undefined(OWN_COSTS) if threshold is None else threshold


@dataclass(frozen=True)
class ThresholdChoice:
    """A decision rule, what it was chosen for, and what it costs on the same scores.

    Attributes
    ----------
    rule : how rows are decided: at one threshold, or each by its own costs
    objective : what was optimised
    search : exact, grid or bayes
    step : the grid's, None for other searches
    value : the objective's value under the rule (a cost, or an F-beta)
    total_cost, confusion : over the rows it was chosen on
    beta : that of the F-beta, if it is the objective
    constraints : the limits kept, by name
    median_threshold : where the rows' own thresholds lie, if each has one; it decides nothing
    basis : what it was chosen on
    """

    rule: DecisionRule
    objective: str
    search: str
    step: float | None
    value: float
    total_cost: float
    confusion: Confusion
    beta: float | None = None
    constraints: Mapping[str, float] = field(default_factory=dict)
    median_threshold: float | None = None
    basis: Basis | None = None

    @property
    def threshold(self) -> float | None:
        """The one threshold of all rows; None if each is decided by its own costs."""
        return self.rule.threshold

    @property
    def figure(self) -> MetricValue:
        """The threshold as a figure of the record."""
        return threshold_figure(self.threshold)


@dataclass(frozen=True)
class PartDecision:
    """One part, decided with a rule (and calibrator) that saw only other parts.

    Attributes
    ----------
    repeat, part : which part of which repeat, from 0
    rows : how many rows were decided
    threshold : None if each row was decided by its own costs
    total_cost, confusion : over these rows
    """

    repeat: int
    part: int
    rows: int
    threshold: float | None
    total_cost: float
    confusion: Confusion


@dataclass(frozen=True)
class CrossFit:
    """The cross-fitted cost: every part decided with a threshold fitted on other parts' scores.

    Attributes
    ----------
    total_cost, cost_per_row, savings, fbeta, confusion : over the decided rows, per repeat and
        then averaged over repeats
    threshold_std : population standard deviation over all decided parts
    rows : how many rows of a repeat were decided
    left_out : how many were scored but had no part to fit a threshold on (the first in time order)
    parts : every decision, by repeat and part
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

    Attributes
    ----------
    chosen : the rule as it was chosen
    cost_per_row, savings : under it
    flag_nobody, flag_everybody : total cost of the policies without a model
    exact, grid : cost optima over all distinct scores and over the fine grid
    grid_excess : how much dearer the grid's is, never below 0
    bayes : the threshold that is optimal for calibrated scores
    bayes_valid : whether the scores may be taken as such; None where nobody knows
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
    bayes_valid: bool | None


@dataclass(frozen=True)
class RuleCost:
    """What a rule costs that decides each row by its own costs.

    Attributes
    ----------
    total_cost, savings : over the rows decided in a repeat, averaged over repeats
    fold_savings : those of each fold of each repeat, in the order of the folds
    rows : how many rows were decided in a repeat
    """

    total_cost: float
    savings: MetricValue
    fold_savings: tuple[MetricValue, ...]
    rows: int
