"""The lower convex hull of points: what can be optimal for some weights of its two axes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.threshold.losses import Floats

_PASSES = 40

Places = npt.NDArray[np.int64]


def falling_hull(x: Floats, y: Floats) -> Places:
    """Return the vertices of the lower hull between which y falls, for x that never falls.

    Those are the points that alone minimise w x + y for some weight w > 0. A point that lies on
    an edge is no vertex.
    """
    kept = _pruned(x, y)
    hull: list[int] = []
    for point in kept.tolist():
        while len(hull) > 1 and not _turns_left(x, y, hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    chain = np.array(hull, dtype=np.int64)
    dx, dy = np.diff(x[chain]), np.diff(y[chain])
    # an edge straight down, or one that does not fall, ends where all weights prefer one end
    first = int(np.count_nonzero(dx == 0))
    last = first + int(np.count_nonzero((dx > 0) & (dy < 0)))
    return chain[first : last + 1]


def breakpoints(x: Floats, y: Floats) -> Floats:
    """Return the weights w at which neighbouring vertices of a falling hull are equal.

    One fewer than vertices, falling; the first vertex is the best above the first weight.
    """
    weights: Floats = -np.diff(y) / np.diff(x)
    return weights


def _pruned(x: Floats, y: Floats) -> Places:
    """Return points without most of those that are no vertices.

    A point on or above the line between its neighbours is none; leaving many out at once is safe,
    and mostly leaves few after some passes.
    """
    kept = np.flatnonzero(np.append(True, (np.diff(x) != 0) | (np.diff(y) != 0)))
    for _ in range(_PASSES):
        if len(kept) < 3:
            break
        px, py = x[kept], y[kept]
        before = (px[1:-1] - px[:-2], py[1:-1] - py[:-2])
        after = (px[2:] - px[1:-1], py[2:] - py[1:-1])
        left = before[0] * after[1] - before[1] * after[0] > 0
        if left.all():
            break
        kept = kept[np.concatenate([[True], left, [True]])]
    return kept


def _turns_left(x: Floats, y: Floats, a: int, b: int, c: int) -> bool:
    return bool((x[b] - x[a]) * (y[c] - y[b]) - (y[b] - y[a]) * (x[c] - x[b]) > 0)
