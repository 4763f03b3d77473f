"""Frozen values that travel between the stages.

Rows are always named by their index in the loaded data set (int64), so that nothing has to be
copied to say which rows are meant. Scores are float64 in [0, 1], targets int8 of 0 and 1, feature
values float32 with NaN for missing.
"""

from __future__ import annotations

from cutscore.records.certainty import Certainty, CutTable, Interval, Plateau
from cutscore.records.decision import (
    OWN_COSTS,
    BayesMinimumRisk,
    Calibrates,
    Calibrator,
    DecisionRule,
    FixedThreshold,
    Flags,
    fit_calibrator,
)
from cutscore.records.evidence import (
    Basis,
    Confusion,
    CostsUsed,
    CrossFit,
    PartDecision,
    Reference,
    RuleCost,
    ScoreOrigin,
    ThresholdChoice,
    threshold_figure,
)
from cutscore.records.folds import CrossfitRule, Fold, Folds, FoldTimes, Informs, TimeSpan
from cutscore.records.outcomes import (
    FoldResult,
    MetricValue,
    MetricValues,
    OutOfFold,
    Undefined,
)
from cutscore.records.periods import (
    STRETCHES,
    RowPeriods,
    Stretch,
    is_stretch,
    stretch_periods,
    value_periods,
)
from cutscore.records.recutting import Recutting
from cutscore.records.rows import (
    ClassFactors,
    Column,
    Dataset,
    RawColumn,
    RawTable,
    Rows,
    Scores,
    SyntheticRows,
    Table,
    Target,
    TrainingRows,
    Values,
)
from cutscore.records.weights import (
    Weights,
    class_sizes,
    counted,
    exact_weights,
    positive_share,
    size_of,
    weight_figures,
    weights_of,
)

__all__ = [
    "OWN_COSTS",
    "STRETCHES",
    "Basis",
    "BayesMinimumRisk",
    "Calibrates",
    "Calibrator",
    "Certainty",
    "ClassFactors",
    "Column",
    "Confusion",
    "CostsUsed",
    "CrossFit",
    "CrossfitRule",
    "CutTable",
    "Dataset",
    "DecisionRule",
    "FixedThreshold",
    "Flags",
    "Fold",
    "FoldResult",
    "FoldTimes",
    "Folds",
    "Informs",
    "Interval",
    "MetricValue",
    "MetricValues",
    "OutOfFold",
    "PartDecision",
    "Plateau",
    "RawColumn",
    "RawTable",
    "Recutting",
    "Reference",
    "RowPeriods",
    "Rows",
    "RuleCost",
    "ScoreOrigin",
    "Scores",
    "Stretch",
    "SyntheticRows",
    "Table",
    "Target",
    "ThresholdChoice",
    "TimeSpan",
    "TrainingRows",
    "Undefined",
    "Values",
    "Weights",
    "class_sizes",
    "counted",
    "exact_weights",
    "fit_calibrator",
    "is_stretch",
    "positive_share",
    "size_of",
    "stretch_periods",
    "threshold_figure",
    "value_periods",
    "weight_figures",
    "weights_of",
]
