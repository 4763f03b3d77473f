"""The nearest neighbours of every row, exact, with the same bits whatever the threads.

Matrix products in float32 only find candidates: they give a lower bound of each squared distance,
which allows for rounding and leaves out columns that hardly vary. What may be among the nearest is
then measured in float64 over all columns, so that no neighbour depends on how a product is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.records import Rows, Values

_LEFT_OUT = 1e-5
"""Share of the variance in the columns that bounds leave out: it decides the speed alone."""
_ROUNDING = 2.0**-24
_BOUNDS_AT_ONCE = 4_000_000
_PAIRS_AT_ONCE = 4_096
_FAR = np.finfo(np.float32).max

Distances = npt.NDArray[np.float64]


def nearest(values: Values, neighbours: int) -> Rows:
    """Return each row's nearest other rows by Euclidean distance, the nearest first.

    Parameters
    ----------
    values : array of float32, shape (rows, columns)
        Without missing ones.
    neighbours : int
        How many: fewer than there are rows.

    Returns
    -------
    array of int64, shape (rows, neighbours)
        Positions; of equally near rows the first comes first.
    """
    from threadpoolctl import threadpool_limits

    screen = _Screen.of(values, neighbours)
    found = np.empty((len(values), neighbours), dtype=np.int64)
    at_once = max(1, _BOUNDS_AT_ONCE // len(values))
    with threadpool_limits(1):  # the run's threads are for the classifier
        for start in range(0, len(values), at_once):
            rows = np.arange(start, min(start + at_once, len(values)))
            bounds = screen.bounds(rows)
            least = bounds.min(axis=2)
            # So many groups have a row within this bound: a first guess at who is near.
            limit = np.partition(least, neighbours - 1, axis=1)[:, neighbours - 1]
            _, distances = _closest(values, rows, _within(bounds, least, limit), neighbours)
            # Nobody nearer than the farthest of these has a bound beyond its distance.
            limit = screen.limit(rows, distances[:, -1])
            found[rows], _ = _closest(values, rows, _within(bounds, least, limit), neighbours)
    return found


@dataclass(frozen=True, eq=False)
class _Screen:
    """What the lower bounds are made of.

    Attributes
    ----------
    right : the columns that vary most, centred and scaled, and `low`; padded to whole groups by
        rows that are far from all; float32, shape (groups * size, columns + 1)
    low : each row's square, less what rounding may add up to, shape (rows,)
    scale : what squared distances are multiplied by
    size : the rows of a group
    """

    right: Values
    low: Distances
    scale: float
    size: int

    @classmethod
    def of(cls, values: Values, neighbours: int) -> _Screen:
        rows = len(values)
        variances = values.var(axis=0, dtype=np.float64)
        order = np.argsort(-variances, kind="stable")
        enough = (1 - _LEFT_OUT) * variances.sum()
        used = order[: int(np.searchsorted(np.cumsum(variances[order]), enough)) + 1]
        centred = values[:, used] - values[:, used].mean(axis=0, dtype=np.float64)
        _, exponent = np.frexp(np.abs(centred).max())
        centred = np.ldexp(centred, -exponent)  # by a power of two, which rounds nothing
        size = max(1, rows // max(128, 4 * neighbours))
        right = np.zeros((-(-rows // size) * size, len(used) + 1), dtype=np.float32)
        right[:rows, :-1] = centred
        # The rounding of n + 1 products and sums, and of the columns themselves (Higham 2002, 3.1).
        low = np.square(centred).sum(axis=1) * (1 - (2 * len(used) + 16) * _ROUNDING)
        right[:rows, -1] = low
        right[rows:, -1] = _FAR
        return cls(right, low, float(np.ldexp(1.0, -2 * exponent)), size)

    def bounds(self, rows: Rows) -> Values:
        """Return lower bounds of scaled distances less `low`, shape (rows, groups, size)."""
        left = self.right[rows]
        left *= -2
        left[:, -1] = 1
        bounds: Values = left @ self.right.T
        bounds[np.arange(len(rows)), rows] = _FAR  # no row is its own neighbour
        return bounds.reshape(len(rows), -1, self.size)

    def limit(self, rows: Rows, distances: Distances) -> npt.NDArray[np.float32]:
        """Return the highest bounds that rows within these squared distances can have."""
        beyond = distances * (self.scale * (1 + 1e-9)) - self.low[rows] + 1e-30
        return np.nextafter(beyond.astype(np.float32), _FAR)


def _within(bounds: Values, least: Values, limit: npt.NDArray[np.float32]) -> tuple[Rows, Rows]:
    """Return the pairs (position of the row, other row), in order, with bounds up to the limit."""
    row, group = np.nonzero(least <= limit[:, None])
    hit, place = np.nonzero(bounds[row, group] <= limit[row, None])
    return row[hit], group[hit] * bounds.shape[2] + place


def _closest(
    values: Values, rows: Rows, pairs: tuple[Rows, Rows], neighbours: int
) -> tuple[Rows, Distances]:
    """Return the nearest of the candidates and their squared distances, (rows, neighbours) each."""
    one, other = pairs
    squared = np.empty(len(one))
    for start in range(0, len(one), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        apart = values[rows[one[part]]].astype(np.float64)
        apart -= values[other[part]]
        np.einsum("ij,ij->i", apart, apart, out=squared[part])
    order = np.lexsort((squared, one))  # stable: ties stay in the order of the rows
    first = np.searchsorted(one, np.arange(len(rows)))
    chosen = order[first[:, None] + np.arange(neighbours)]
    return other[chosen], squared[chosen]
