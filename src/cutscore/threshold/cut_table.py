"""All cuts from flagging nobody down, with what they flag and cost.

Up to a million rows every distinct score is a cut. Of more rows, about 65,536 cuts of equally many
rows each are kept.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix
from cutscore.metrics import ranking_of, roc_auc, roc_auc_of_sorted
from cutscore.metrics.sorting import from_top, order_rows, sort_rows
from cutscore.records import CutTable, Scores, Target
from cutscore.threshold.kernels import score_range

ALL_CUTS = 1_000_000  # rows up to which every distinct score is a cut
CUTS = 1 << 16

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
    _, high = score_range(scores)
    delta = None if costs.fixed else costs.delta(target)
    thinned = len(scores) > all_cuts
    if delta is None:
        ranked = sort_rows(target, scores, costs.weights)
    else:
        ranked, order = order_rows(target, scores, costs.weights)
    starts = _thinned(ranked.score, cuts, include) if thinned else ranked.starts
    tp, fp = (np.append(0.0, counts) for counts in ranked.counts(starts))
    if delta is None:
        cost = costs.of_counts(tp, fp, fp[-1] - fp, tp[-1] - tp)
    else:
        nobody = costs.no_model(target)[0]
        added = from_top(np.add.reduceat(delta[order], starts))[::-1]
        cost = np.append(nobody, nobody + added)
    threshold = np.append(np.nextafter(high, np.inf), ranked.score[starts][::-1])
    if ranked.weights is None:
        auc = roc_auc_of_sorted(ranked.score, ranked.target)
    else:
        auc = roc_auc(ranking_of(ranked))
    return CutTable(threshold, tp, fp, cost, thinned, auc)


def _thinned(ranked: Scores, cuts: int, include: Iterable[float]) -> Places:
    """Return where some distinct scores begin, the first and the last among them."""
    even = np.linspace(0, len(ranked) - 1, cuts).astype(np.int64)
    wanted = np.append(ranked[even], np.fromiter(include, dtype=np.float64))
    starts = np.unique(np.searchsorted(ranked, wanted, side="left"))
    return starts[starts < len(ranked)]
