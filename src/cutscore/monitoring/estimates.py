"""What can be said without labels of what rows will cost, and what that stands on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cutscore.metrics.drift import prior_shift
from cutscore.monitoring.counting import PeriodCounts
from cutscore.scoring.drift_reference import ScoredReference

PRIOR = "probabilities were right in training, and only the share of positives has changed"
CALIBRATED = "probabilities are still right for these rows"


@dataclass(frozen=True)
class Estimates:
    """Figures that no label backs; each stands on an assumption.

    Attributes
    ----------
    base_rate, base_rate_error : of the period and its standard error, by `PRIOR`; with what another
        fit of the model makes of the estimate
    expected_rate : the mean probability, by `CALIBRATED`
    cost_per_row : the expected cost of the decisions, by `CALIBRATED`; None where rows have no
        prices
    """

    base_rate: float
    base_rate_error: float
    expected_rate: float
    cost_per_row: float | None


def estimates_of(counts: PeriodCounts, scored: ScoredReference) -> Estimates:
    """Return what is estimated of a period's rows, at least one."""
    rate = min(max(scored.base_rate, 1e-9), 1 - 1e-9)
    share, error = prior_shift(*counts.probabilities, rate)
    cost = counts.expected_cost / counts.priced if counts.priced else None
    error = math.hypot(error, scored.rate_spread)
    return Estimates(share, error, counts.expected_rate, cost)
