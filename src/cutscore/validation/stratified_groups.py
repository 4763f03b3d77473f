"""Dealing groups of rows to folds so that every fold gets its share of both classes.

Greedy, as scikit-learn's StratifiedGroupKFold, but quick when nearly every row is its own group
(150,000 rows with a few hundred duplicates: that class recomputes the spread of all folds for
each group in turn).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cutscore.records import Rows, Target

Labels = npt.NDArray[np.int16]


def stratified_group_labels(
    target: Target, groups: Rows | None, shares: Sequence[float], seed: int
) -> Labels:
    """Return for each row the index of the share it goes to, shape (rows,).

    Rows with one group label go to one share. Groups of several rows go first, the largest first,
    each to where it brings the counts of positives and negatives closest to the shares; single
    rows then fill the shares up. Equal groups come in an order drawn from `seed`.
    """
    rng = np.random.default_rng(seed)
    labels = np.zeros(len(target), dtype=np.int16)
    held = np.zeros((len(shares), 2))  # negatives and positives that each share has
    single = np.ones(len(target), dtype=np.bool_)
    if groups is not None:
        _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        single = sizes[group] == 1
        positives = np.bincount(group, weights=target, minlength=len(sizes))
        counts = np.column_stack([sizes - positives, positives])
        place = _deal_groups(counts, shares, held, rng)
        labels[~single] = place[group[~single]]
    _fill(target, single, shares, held, labels, rng)
    return labels


def _deal_groups(
    counts: npt.NDArray[np.float64],
    shares: Sequence[float],
    held: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> Labels:
    """Deal groups of several rows greedily; return each group's share and add to `held`.

    `counts` holds the negatives and positives of each group, shape (groups, 2).
    """
    sizes = counts.sum(axis=1)
    order = rng.permutation(np.flatnonzero(sizes > 1))
    order = order[np.argsort(-sizes[order], kind="stable")]
    folds = rng.permutation(len(shares)).tolist()  # of equally good shares the first one wins
    place = np.zeros(len(sizes), dtype=np.int16)
    # plain floats: the loop runs once per group, and numpy's scalars would be ten times slower
    totals = np.maximum(counts.sum(axis=0), 1.0).tolist()
    loads: list[list[float]] = held.tolist()
    for group, (negatives, positives) in zip(order.tolist(), counts[order].tolist(), strict=True):
        added = [
            _imbalance(loads[fold], (negatives, positives), shares[fold], totals) for fold in folds
        ]
        fold = folds[added.index(min(added))]
        loads[fold][0] += negatives
        loads[fold][1] += positives
        place[group] = fold
    held[:] = loads
    return place


def _imbalance(
    load: list[float], counts: tuple[float, float], share: float, totals: list[float]
) -> float:
    """Return how much adding counts to a share adds to the squared unevenness of both classes."""
    return sum(
        count * (2.0 * had + count) / (share * total * total)
        for had, count, total in zip(load, counts, totals, strict=True)
    )


def _fill(
    target: Target,
    single: npt.NDArray[np.bool_],
    shares: Sequence[float],
    held: npt.NDArray[np.float64],
    labels: Labels,
    rng: np.random.Generator,
) -> None:
    """Deal single rows so that each class comes as close to the shares as it can."""
    for kind in (0, 1):
        rows = rng.permutation(np.flatnonzero(single & (target == kind)))
        quota = _quotas(len(rows), held[:, kind], np.asarray(shares), reverse=kind == 1)
        labels[rows] = np.repeat(np.arange(len(shares), dtype=np.int16), quota)


def _quotas(
    rows: int, held: npt.NDArray[np.float64], shares: npt.NDArray[np.float64], *, reverse: bool
) -> npt.NDArray[np.int64]:
    """Return how many of `rows` each share gets, by largest remainder.

    Ties go to the first shares for one class and to the last for the other, so that the rows left
    over do not pile up in one share.
    """
    want = np.maximum(shares * (rows + held.sum()) - held, 0.0)
    want *= rows / want.sum() if want.sum() else 0.0
    quota: npt.NDArray[np.int64] = np.floor(want + 1e-9).astype(np.int64)
    rest = np.argsort(-(want - quota)[::-1] if reverse else -(want - quota), kind="stable")
    rest = len(shares) - 1 - rest if reverse else rest
    quota[rest[: rows - int(quota.sum())]] += 1
    return quota
