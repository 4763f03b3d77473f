"""On what a threshold was chosen, recorded with it."""

from __future__ import annotations

import hashlib

import numpy as np

from cutscore.cost.matrix import ENTRIES, CostMatrix
from cutscore.records import Basis, CostsUsed, ScoreOrigin, Scores

IN_SAMPLE = (
    "These scores come from rows that the model was trained on: every figure here is too good, "
    "and the threshold will not hold on new rows."
)


def basis_of(
    scores: Scores, costs: CostMatrix, origin: ScoreOrigin, calibration: str = "none"
) -> Basis:
    """Return the record of scores (rows,) and costs that a threshold was chosen on."""
    digest = hashlib.sha256(np.ascontiguousarray(scores, dtype=np.float64).data).hexdigest()
    used = {}
    for name, given in zip(ENTRIES, costs.given, strict=True):
        entry = np.asarray(given)
        mean = (
            entry.mean()
            if costs.weights is None or not entry.ndim
            else np.average(entry, weights=costs.weights)
        )
        used[name] = CostsUsed(float(mean), float(entry.min()), float(entry.max()))
    return Basis(digest, origin, calibration, used)
