"""All cuts from flagging nobody down, with what they flag and cost.

Up to a million rows every distinct score is a cut. Of more rows, about 65,536 cuts of equally many
rows each are kept.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix
from cutscore.metrics import roc_auc_of_sorted
from cutscore.records import CutTable, Scores, Target
from cutscore.threshold.kernels import score_range
from cutscore.threshold.losses import Floats

ALL_CUTS = 1_000_000  # rows up to which every distinct score is a cut
CUTS = 1 << 16
_CHUNK = 1 << 22

Places = npt.NDArray[np.int64]


def cut_table_of(
    target: Target,
    scores: Scores,
    costs: CostMatrix,
    *,
    include: Iterable[float] = (),
    all_cuts: int = ALL_CUTS,
    cuts: int = CUTS,
) -> CutTable:
    """Return the table of rows of shape (rows,); `include` names thresholds it must hold.

    Raises `RequestError` if there is no row or a score is not finite.
    """
    low, high = score_range(scores)
    delta = None if costs.fixed else costs.delta(target)
    thinned = len(scores) > all_cuts
    if delta is None and low >= 0 and high < 2:
        ranked, label = _by_bits(scores, target)
        order = None
    else:
        order = np.argsort(scores)
        ranked, label = scores[order], target[order]
    starts = _thinned(ranked, cuts, include) if thinned else _distinct(ranked)
    tp = _from_top(np.add.reduceat(label, starts, dtype=np.int64))
    flagged = (len(scores) - starts)[::-1].astype(np.float64)
    fp = flagged - tp
    if delta is None:
        positives, negatives = int(tp[-1]), int(fp[-1])
        counts = (np.append(0.0, tp), np.append(0.0, fp))
        cost = costs.of_counts(*counts, negatives - counts[1], positives - counts[0])
    else:
        added = _from_top(np.add.reduceat(delta[order], starts))
        nobody = costs.no_model(target)[0]
        cost = np.append(nobody, nobody + added)
    threshold = np.append(np.nextafter(high, np.inf), ranked[starts][::-1])
    auc = roc_auc_of_sorted(ranked, label)
    return CutTable(threshold, np.append(0.0, tp), np.append(0.0, fp), cost, thinned, auc)


def _by_bits(scores: Scores, target: Target) -> tuple[Scores, Target]:
    """Return scores in [0, 2) in ascending order with their targets.

    The bits of such floats order as the floats do and leave the top bits free: with the target as
    the lowest bit, one sort of integers orders both, in place.
    """
    ranked = scores + 0.0  # -0.0 becomes 0.0
    keys = ranked.view(np.uint64)
    label = np.empty(len(scores), dtype=np.int8)
    for start in range(0, len(keys), _CHUNK):
        part = slice(start, start + _CHUNK)
        keys[part] <<= np.uint64(1)
        keys[part] |= target[part].astype(np.uint64)
    keys.sort()
    for start in range(0, len(keys), _CHUNK):
        part = slice(start, start + _CHUNK)
        label[part] = keys[part] & np.uint64(1)
        keys[part] >>= np.uint64(1)
    return ranked, label


def _distinct(ranked: Scores) -> Places:
    """Return where each distinct score begins in ascending scores."""
    return np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))


def _thinned(ranked: Scores, cuts: int, include: Iterable[float]) -> Places:
    """Return where some distinct scores begin, the first and the last among them."""
    even = np.linspace(0, len(ranked) - 1, cuts).astype(np.int64)
    wanted = np.append(ranked[even], np.fromiter(include, dtype=np.float64))
    starts = np.unique(np.searchsorted(ranked, wanted, side="left"))
    return starts[starts < len(ranked)]


def _from_top(inside: npt.NDArray[np.generic]) -> Floats:
    """Return sums from the highest score down, of sums in ascending order."""
    return np.cumsum(inside[::-1], dtype=np.float64)
