"""Rows sorted by score, and what is flagged from each score up: once for all who need it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cutscore.records import Rows, Scores, Target, Weights, weights_of

_CHUNK = 1 << 22  # rows turned into keys at a time


class SortedRows(NamedTuple):
    """Rows from the lowest score up, each of shape (rows,)."""

    score: Scores
    target: Target
    weights: Weights | None = None

    @property
    def starts(self) -> Rows:
        """Where each distinct score begins, shape (scores,)."""
        if len(self.score) == 0:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(np.append(True, self.score[1:] != self.score[:-1]))

    def counts(self, starts: Rows) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return the positives and negatives from each start up, the last start first.

        They are whole numbers, or sums of weights.
        """
        if self.weights is not None:
            parts = (self.weights * self.target, self.weights)
            tp, flagged = (from_top(np.add.reduceat(part, starts))[::-1] for part in parts)
            return tp, flagged - tp
        positives = from_top(np.add.reduceat(self.target, starts, dtype=np.int64))[::-1]
        return positives, (len(self.score) - starts)[::-1] - positives


def order_rows(
    target: Target, scores: Scores, weights: Weights | None = None
) -> tuple[SortedRows, Rows]:
    """Sort rows of shape (rows,) by score; return also which row each was."""
    order = np.argsort(-scores)[::-1]
    return SortedRows(scores[order], target[order], weights_of(weights, order)), order


def sort_rows(target: Target, scores: Scores, weights: Weights | None = None) -> SortedRows:
    """Sort rows of shape (rows,) by score.

    The bits of floats from 0 to 2 order as the floats do and leave the top bits free: with the
    target as the lowest bit, one sort of integers in place orders both, twice as fast.
    """
    if weights is not None or not (len(scores) and scores.min() >= 0 and scores.max() < 2):
        return order_rows(target, scores, weights)[0]
    ranked = scores + 0.0  # -0.0, whose bits are out of order, becomes 0.0
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
    return SortedRows(ranked, label)


def from_top(inside: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return sums over each group of rows and all higher ones; groups ascend on the last axis."""
    return np.cumsum(inside[..., ::-1], axis=-1)[..., ::-1]
