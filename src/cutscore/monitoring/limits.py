"""From when on monitoring calls something an alarm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Interval, Lt

GROUP = "monitor"
Share = Annotated[float, Interval(ge=0, le=1)]


@dataclass(frozen=True)
class MonitorLimits:
    """An alarm needs both: chance does not explain it, and it is large enough to matter.

    Parameters
    ----------
    level : float
        Where nothing has changed, at most this share of all commands may raise any alarm.
    psi : float
        From which stability index, beyond its noise, a column, the score or the flagged share has
        moved so far that it matters.
    noise : float
        If chance alone makes a larger index than this, nothing that is found is called fine.
    roc_auc : float
        By how much the area under the ROC curve may have fallen.
    calibration : float
        Share of the expected positives that may come in other grades or not at all.
    cost : float
        Share by which the realised cost of a row may exceed the promised one.
    regret : float
        Share of the realised cost that another threshold must save, with 95 % confidence.
    positives : int
        Fewest labelled rows of each class for figures that need labels.
    """

    level: Annotated[float, Gt(0), Lt(0.5)] = 0.05
    psi: Annotated[float, Ge(0)] = 0.02
    noise: Annotated[float, Gt(0)] = 0.25
    roc_auc: Share = 0.01
    calibration: Share = 0.15
    cost: Annotated[float, Ge(0)] = 0.10
    regret: Annotated[float, Ge(0)] = 0.01
    positives: Annotated[int, Ge(2)] = 20
