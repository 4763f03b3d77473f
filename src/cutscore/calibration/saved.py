"""Calibrators out of the plain values that they were kept as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cutscore.calibration.isotonic import Isotonic, Knots
from cutscore.calibration.none import NoCalibration
from cutscore.calibration.prior import PriorCorrection
from cutscore.calibration.sigmoid import Logistic, Sigmoid
from cutscore.errors import StoreError
from cutscore.records import Calibrator

KEPT = (NoCalibration, PriorCorrection, Sigmoid, Isotonic)
"""The strategies whose calibrators can be kept."""


def calibrator_from_json(state: Mapping[str, Any]) -> Calibrator:
    """Return the calibrator that `to_json` described, bit for bit.

    Raises
    ------
    StoreError
        If the values are not those of a kind known here.
    """
    match state:
        case {"kind": "none"}:
            return NoCalibration()
        case {"kind": "prior"}:
            return PriorCorrection()
        case {
            "kind": "sigmoid",
            "slope": int() | float() as slope,
            "offset": int() | float() as at,
        }:
            return Logistic(float(slope), float(at))
        case {"kind": "isotonic", "x": [_, *_] as x, "y": [_, *_] as y} if len(x) == len(y):
            try:
                return Knots(np.array(x, dtype=np.float64), np.array(y, dtype=np.float64))
            except (TypeError, ValueError) as error:
                raise StoreError(f"the knots of a calibrator are damaged: {error}.") from error
    raise StoreError(f"an unknown kind of calibrator, or a damaged one: {state.get('kind')!r}.")
