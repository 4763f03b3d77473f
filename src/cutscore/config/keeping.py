"""Whether a model that is to be kept can be kept whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutscore.calibration.saved import KEPT as CALIBRATIONS
from cutscore.cost.saved import KEPT as COSTS
from cutscore.errors import Fault
from cutscore.threshold.bayes import Bayes

REMEDY = "Choose one of Cutscore's own, or set model.refit=false."


def keeping_faults(parts: Mapping[str, Any]) -> list[Fault]:
    """Return a fault for whatever a kept model could not carry, where one is asked for.

    A class made from one of Cutscore's is not carried either: what it does otherwise would be lost.
    """
    model, calibration, cost = (parts.get(name) for name in ("model", "calibration", "cost"))
    report = parts.get("report")
    if model is None or not (model.refit or (report is not None and report.delivery)):
        return []
    faults = []
    if calibration is not None and type(calibration) not in CALIBRATIONS:
        problem = f"a kept model cannot carry what {type(calibration).__name__} learns."
        faults.append(Fault("calibration", problem, REMEDY))
    by_costs = isinstance(parts.get("threshold"), Bayes)
    if by_costs and cost is not None and type(cost) not in COSTS:
        problem = (
            f"a kept model that decides rows by their costs cannot carry {type(cost).__name__}."
        )
        faults.append(Fault("cost", problem, REMEDY))
    return faults
