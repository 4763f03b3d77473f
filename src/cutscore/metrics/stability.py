"""How steady a score is over periods: one number of the Gini (2 AUC − 1) of each.

The metric of Home Credit's contest of 2024 was won by spoiling: whoever ranked the rows of early
periods worse had a flatter slope. What is guarded here cannot become better when the ranking of
any period becomes worse: its derivative by each period's Gini is never below 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Interval

from cutscore.records import MetricValue, Undefined

Floats = npt.NDArray[np.float64]
_ONE_SIDED = 1.6448536269514722
"""The standard normal quantile of 95 %."""


@dataclass(frozen=True)
class StabilitySettings:
    """How periods are judged together.

    Parameters
    ----------
    slope_weight, residual_weight : float
        Of `gini_stability`: what a fall by 1 a period counts, and what the spread around the line.
    deviation_weight : float
        Of `mean_minus_sd`.
    guarded : bool
        False for the formula of 2024 as it was, which can be gamed.
    positives : int
        Fewest rows of each class for the Gini of a period.
    threshold_periods : int, optional
        From how many periods a threshold is chosen: the first ones for the frozen one, the latest
        ones for one that is chosen anew; None for a third of them.
    """

    slope_weight: Annotated[float, Ge(0)] = 88.0
    residual_weight: Annotated[float, Ge(0)] = 0.5
    deviation_weight: Annotated[float, Interval(ge=0, le=1)] = 1.0
    guarded: bool = True
    positives: Annotated[int, Ge(2)] = 20
    threshold_periods: Annotated[int, Ge(1)] | None = None


@dataclass(frozen=True, eq=False)
class GiniLine:
    """The least-squares line of Ginis over the numbers of their periods.

    Attributes
    ----------
    slope, error : by period, and its standard error by those of the Ginis
    residuals : shape (periods,)
    pull : what a Gini adds to the slope, shape (periods,)
    leverage : the diagonal of the hat matrix, shape (periods,)
    """

    slope: float
    error: float
    residuals: Floats
    pull: Floats
    leverage: Floats


def gini_line(number: Floats, gini: Floats, error: Floats) -> GiniLine:
    """Return the line through at least two periods; all of shape (periods,)."""
    away = number - number.mean()
    square = float((away * away).sum())
    pull = away / square
    slope = float((pull * gini).sum())
    return GiniLine(
        slope=slope,
        error=math.sqrt(float((pull * pull * error * error).sum())),
        residuals=gini - gini.mean() - slope * away,
        pull=pull,
        leverage=1 / len(gini) + away * away / square,
    )


def gini_stability(
    number: Floats, gini: Floats, noise: Floats, settings: StabilitySettings
) -> MetricValue:
    """Return mean + slope_weight · min(0, slope) − residual_weight · spread around the line.

    With weights of 88 and 0.5 and not guarded that is the metric of "Home Credit - Credit Risk
    Model Stability" (Kaggle 2024). Guarded, a fall counts as far as it exceeds what chance makes
    of a level line (one-sided, 95 %), the spread is that of residuals below the line, and
    neither may take more than half of the weight that any period's Gini has in the mean.

    Parameters
    ----------
    number, gini : array of float64, shape (periods,)
        The periods by the calendar, and their Ginis.
    noise : array of float64, shape (periods,)
        Standard errors that do not depend on how well scores rank (`no_ranking_error`).

    Notes
    -----
    With p periods, pull b and leverage h the derivative of p times the figure by a Gini is at
    least 1 − slope_weight · p · max(−b) − residual_weight · sqrt(p · max(h)): of the root mean
    square of shortfalls it is at most sqrt(h / p), by the inequality of Cauchy and Schwarz.
    """
    if len(gini) < 3:
        return Undefined(f"{_few(len(gini))}, and a line needs three")
    line, periods = gini_line(number, gini, noise), len(gini)
    mean = float(gini.mean())
    if not settings.guarded:
        fall, spread = min(0.0, line.slope), float(np.std(line.residuals))
        return mean + settings.slope_weight * fall - settings.residual_weight * spread
    fall = min(0.0, line.slope + _ONE_SIDED * line.error)
    of_slope = min(settings.slope_weight, -0.5 / (periods * float(line.pull.min())))
    of_spread = min(settings.residual_weight, 0.5 / math.sqrt(periods * float(line.leverage.max())))
    return mean + of_slope * fall - of_spread * _below(line.residuals)


def mean_minus_deviation(gini: Floats, weight: float) -> MetricValue:
    """Return the mean less `weight` (0 to 1) times the deviation of periods below it.

    That is the mean less the lower semideviation, which never becomes better when a period
    becomes worse (Ogryczak and Ruszczynski 1999); less the standard deviation it would, where a
    period stands out above the others.
    """
    if len(gini) < 2:
        return Undefined(_few(len(gini)))
    return float(gini.mean()) - weight * _below(gini - gini.mean())


def worst_period(gini: Floats) -> MetricValue:
    """Return the lowest Gini."""
    return float(gini.min()) if len(gini) > 1 else Undefined(_few(len(gini)))


def mean_gini(gini: Floats) -> MetricValue:
    """Return the mean of the Ginis, each period counting alike."""
    return float(gini.mean()) if len(gini) > 1 else Undefined(_few(len(gini)))


def no_ranking_error(positives: Floats, negatives: Floats) -> Floats:
    """Return the standard error of a Gini where scores do not rank (Mann and Whitney 1947)."""
    error: Floats = np.sqrt((positives + negatives + 1) / (3 * positives * negatives))
    return error


def _below(differences: Floats) -> float:
    short = np.minimum(differences, 0.0)
    return math.sqrt(float((short * short).mean()))


def _few(periods: int) -> str:
    only = "only one period has" if periods == 1 else f"{periods or 'no'} periods have"
    return f"{only} enough rows of both classes"
