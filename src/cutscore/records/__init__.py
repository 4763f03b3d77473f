"""Frozen values that travel between the stages.

Rows are always named by their index in the loaded data set (int64), so that nothing has to be
copied to say which rows are meant. Scores are float64 in [0, 1], targets int8 of 0 and 1, feature
values float32 with NaN for missing.
"""

from __future__ import annotations

from cutscore.records.outcomes import (
    Basis,
    Certainty,
    Confusion,
    CostsUsed,
    CrossFit,
    FoldResult,
    MetricValue,
    MetricValues,
    OutOfFold,
    PartDecision,
    Reference,
    RuleCost,
    ScoreOrigin,
    ThresholdChoice,
    Undefined,
)
from cutscore.records.rows import (
    Column,
    CrossfitRule,
    Dataset,
    Fold,
    Folds,
    Rows,
    Scores,
    SyntheticRows,
    Table,
    Target,
    TrainingRows,
    Values,
)

__all__ = [
    "Basis",
    "Certainty",
    "Column",
    "Confusion",
    "CostsUsed",
    "CrossFit",
    "CrossfitRule",
    "Dataset",
    "Fold",
    "FoldResult",
    "Folds",
    "MetricValue",
    "MetricValues",
    "OutOfFold",
    "PartDecision",
    "Reference",
    "Rows",
    "RuleCost",
    "ScoreOrigin",
    "Scores",
    "SyntheticRows",
    "Table",
    "Target",
    "ThresholdChoice",
    "TrainingRows",
    "Undefined",
    "Values",
]
