"""The threshold step's figures, side by side in one run: CPU time as ratios, and peak memory.

Run `python benchmarks/threshold.py` on a quiet machine; `--huge` adds 100 million scores (5 GB),
`--small` shrinks everything to show that it works.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable

import numpy as np

from cutscore.cost.matrix import CostMatrix
from cutscore.threshold.bootstrap import RuleLoss
from cutscore.threshold.cut_table import cut_table_of
from cutscore.threshold.exact import Exact
from cutscore.threshold.resampling import cells_of, resample_cells

COSTS = CostMatrix(0.0, 1.0, 10.0, 0.0)
ROWS = 307_511
SHAPES = ("plain", "skewed", "crowded at 0", "two decimals", "three decimals", "nearly constant")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--huge", action="store_true")
    args = parser.parse_args()
    rows = 20_000 if args.small else ROWS
    sizes = [rows] if args.small else [ROWS, 10_000_000, *([100_000_000] if args.huge else [])]
    sorting(sizes)
    shapes(rows)
    scikit_learn(rows)
    resampling(rows, 50 if args.small else 1000, 5 if args.small else 25)


def made(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return targets (8 % positive) and scores of an AUC near 0.79, made in pieces."""
    rng = np.random.default_rng(seed)
    target, scores = np.empty(rows, dtype=np.int8), np.empty(rows)
    for start in range(0, rows, 1 << 22):
        part = slice(start, min(start + (1 << 22), rows))
        size = part.stop - start
        target[part] = rng.random(size) < 0.0807
        scores[part] = 1 / (1 + np.exp(0.6 - rng.normal(size=size) - 1.13 * target[part]))
    return target, scores


def shaped(shape: str, scores: np.ndarray) -> np.ndarray:
    if shape == "skewed":
        return scores**12
    if shape == "crowded at 0":
        return scores**40
    if shape in ("two decimals", "three decimals"):
        return np.round(scores, 2 if shape == "two decimals" else 3)
    if shape == "nearly constant":
        return np.where(np.random.default_rng(1).random(len(scores)) < 1e-3, scores, 0.3)
    return scores


def cpu(call: Callable[..., object], *given: object, repeats: int) -> float:
    """Return the least CPU seconds of some calls after one to warm up."""
    if repeats > 1:
        call(*given)
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        call(*given)
        spent.append(time.process_time() - start)
    return min(spent)


def peak() -> float:
    """Return the peak memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def sorting(sizes: list[int]) -> None:
    print("Exact optimum (fixed costs) against numpy.sort of the scores alone")
    for rows in sizes:
        target, scores = made(rows)
        repeats = 15 if rows < 1_000_000 else 3 if rows < 50_000_000 else 2
        before = peak()
        exact = cpu(Exact().choose, target, scores, COSTS, repeats=repeats)
        used = peak()
        ranked = cpu(np.sort, scores, repeats=repeats)
        print(
            f"  {rows:>11,} rows: sort {ranked:.4f} s, exact {exact:.4f} s, "
            f"{exact / ranked:.2f} of the sort; peak {used:.2f} GB ({before:.2f} before)"
        )
        sys.stdout.flush()


def shapes(rows: int) -> None:
    print(f"The same at {rows:,} rows, by how the scores lie")
    target, plain = made(rows)
    for shape in SHAPES:
        scores = shaped(shape, plain)
        exact = cpu(Exact().choose, target, scores, COSTS, repeats=15)
        ranked = cpu(np.sort, scores, repeats=15)
        print(f"  {shape:<16} {exact / ranked:.2f} of the sort ({exact * 1e3:.2f} ms)")


def scikit_learn(rows: int) -> None:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.metrics import make_scorer
    from sklearn.model_selection import TunedThresholdClassifierCV

    class Given(ClassifierMixin, BaseEstimator):
        """A fitted classifier whose one feature is the score."""

        classes_ = np.array([0, 1])

        def fit(self, X: np.ndarray, y: np.ndarray) -> Given:  # noqa: ARG002  already fitted
            return self

        def __sklearn_is_fitted__(self) -> bool:
            return True

        def predict_proba(self, X: np.ndarray) -> np.ndarray:
            return np.column_stack([1 - X[:, 0], X[:, 0]])

        def predict(self, X: np.ndarray) -> np.ndarray:
            return (X[:, 0] >= 0.5).astype(int)

    def gain(y: np.ndarray, guess: np.ndarray) -> float:
        # plain numpy: sklearn.metrics.confusion_matrix would cost it several times more
        missed = np.count_nonzero(y > guess)
        return -float(10 * missed + np.count_nonzero(y < guess))

    target, scores = made(rows)
    print(f"Against TunedThresholdClassifierCV (prefit), {rows:,} rows")
    chosen = Exact().choose(target, scores, COSTS)
    exact = cpu(Exact().choose, target, scores, COSTS, repeats=15)
    for thresholds in (100, 1000):
        tuned = TunedThresholdClassifierCV(
            Given(), scoring=make_scorer(gain), thresholds=thresholds, cv="prefit", refit=False
        )
        spent = cpu(tuned.fit, scores[:, None], target, repeats=1)
        cost = COSTS.total(target, scores >= tuned.best_threshold_)
        print(
            f"  {thresholds:>5} thresholds: {spent / exact:,.0f} times faster; cost "
            f"{chosen.total_cost:,.0f} against {cost:,.0f}"
        )


def resampling(rows: int, resamples: int, by_hand: int) -> None:
    target, scores = made(rows)
    chosen = Exact().choose(target, scores, COSTS)
    start = time.process_time()
    cells = cells_of(cut_table_of(target, scores, COSTS), chosen.threshold)
    draws = resample_cells(cells, COSTS, RuleLoss(Exact(), COSTS), resamples, 1)
    ours = time.process_time() - start
    rng = np.random.default_rng(2)
    thresholds, totals = np.empty(by_hand), np.empty(by_hand)
    start = time.process_time()
    for i in range(by_hand):
        drawn = rng.integers(0, rows, rows)
        again, label = scores[drawn], target[drawn]
        order = np.argsort(-again)
        tp = np.cumsum(label[order], dtype=np.int64)
        cost = 10 * (tp[-1] - tp) + np.arange(1, rows + 1) - tp
        thresholds[i] = again[order][np.argmin(cost)]
        totals[i] = COSTS.total(label, again >= chosen.threshold)
    theirs = (time.process_time() - start) * resamples / by_hand
    print(f"Bootstrap of {resamples:,} resamples, {rows:,} rows, against resample and sort")
    print(f"  {theirs / ours:.1f} times less CPU ({ours:.2f} s against {theirs:.1f} s)")
    for name, one, other in (
        ("threshold", draws.threshold, thresholds),
        ("cost", draws.cost, totals),
    ):
        told = [" ".join(f"{q:.6g}" for q in np.quantile(x, [0.1, 0.5, 0.9])) for x in (one, other)]
        print(f"  {name}: 10, 50 and 90 % of draws {told[0]} against {told[1]} ({by_hand} by hand)")


if __name__ == "__main__":
    main()
