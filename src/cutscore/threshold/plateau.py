"""How far the threshold can move at little cost."""

from __future__ import annotations

import numpy as np

from cutscore.records import CutTable, Plateau

SHARE = 0.01


def plateau_of(cut_table: CutTable, share: float = SHARE) -> Plateau:
    """Return the connected interval around the optimum that costs at most `share` of the cheaper
    no-model policy more (where that gains, nothing more).
    """
    cheaper = min(float(cut_table.cost[0]), float(cut_table.cost[-1]))
    allowed = share * max(cheaper, 0.0)
    best = int(np.argmin(cut_table.cost))
    near = cut_table.cost - cut_table.cost[best] <= allowed
    starts = near & ~np.append(False, near[:-1])
    piece = np.cumsum(starts)
    inside = np.flatnonzero(near & (piece == piece[best]))
    return Plateau(
        low=float(cut_table.threshold[inside[-1]]),
        high=float(cut_table.threshold[inside[0]]),
        pieces=int(np.count_nonzero(starts)),
        excess=allowed,
    )
