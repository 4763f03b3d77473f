"""A run and its rerun side by side: equal bit for bit, within a tolerance, or different."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import COLUMNS
from cutscore.metrics.catalogue import describe
from cutscore.records import OWN_COSTS
from cutscore.report.record_spec import UNDEFINED_PREFIX
from cutscore.runs.port import RunStore
from cutscore.runs.values import RunDetail

RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""Two figures are within tolerance if they differ by at most RELATIVE of the larger one's size, or
by ABSOLUTE: what other orders of the same sums give."""

SCORES = "oof_scores.parquet"


class RerunVerdict(StrEnum):
    """How a figure of a run and that of its rerun compare."""

    EQUAL = "equal"
    CLOSE = "within tolerance"
    DIFFERENT = "different"
    ONLY_NEW = "only in the rerun"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class MetricComparison:
    """One metric of both runs; `fold` is None for metrics without steps."""

    name: str
    fold: int | None
    first: float | None
    second: float | None
    verdict: RerunVerdict


@dataclass(frozen=True)
class ScoreComparison:
    """The out-of-fold scores of both: how many rows differ, and by how much at most."""

    verdict: RerunVerdict
    rows: int = 0
    differing: int = 0
    largest: float = 0.0


@dataclass(frozen=True)
class Agreement:
    """All that is compared of a run and its rerun."""

    scores: ScoreComparison
    metrics: tuple[MetricComparison, ...]

    @property
    def verdict(self) -> RerunVerdict:
        """The worst of all verdicts; `not known` where nothing could be compared."""
        verdicts = {self.scores.verdict, *(figure.verdict for figure in self.metrics)}
        for verdict in (RerunVerdict.DIFFERENT, RerunVerdict.CLOSE, RerunVerdict.EQUAL):
            if verdict in verdicts:
                return verdict
        return RerunVerdict.UNKNOWN

    def count(self, verdict: RerunVerdict) -> int:
        """Return how many figures have a verdict."""
        return sum(figure.verdict == verdict for figure in self.metrics)


def compare_runs(store: RunStore, first: RunDetail, second: RunDetail) -> Agreement:
    """Compare a run with its rerun: all metrics but time and memory, by fold too, and scores."""
    return Agreement(compare_scores(store, first, second), tuple(compare_metrics(first, second)))


def compare_metrics(first: RunDetail, second: RunDetail) -> Iterator[MetricComparison]:
    """Yield every metric of either run, by name and fold; time and memory are left out.

    What only the rerun has is no difference: the record of the first run is not whole. A metric
    that was undefined and now exists, or the other way round, is one.
    """
    a, b = _figures(first), _figures(second)
    undefined = {
        key.removeprefix(UNDEFINED_PREFIX)
        for key in first.summary.tags
        if key.startswith(UNDEFINED_PREFIX)
    }
    for name, fold in sorted({*a, *b}, key=lambda key: (key[0], key[1] or 0)):
        x, y = a.get((name, fold)), b.get((name, fold))
        verdict = _verdict(x, y)
        if verdict == RerunVerdict.ONLY_NEW and name in undefined:
            verdict = RerunVerdict.DIFFERENT
        if y is None and _told_a_median(name, first, second):
            verdict = RerunVerdict.UNKNOWN
        yield MetricComparison(name, fold, x, y, verdict)


def _told_a_median(name: str, first: RunDetail, second: RunDetail) -> bool:
    """Return whether a run told the rows' median threshold where its rerun has none in common.

    Older records do so where each row is decided by its own costs.
    """
    none = second.summary.tags.get(f"{UNDEFINED_PREFIX}{name}")
    return none == OWN_COSTS and f"{UNDEFINED_PREFIX}threshold_bayes" in first.summary.tags


def compare_scores(store: RunStore, first: RunDetail, second: RunDetail) -> ScoreComparison:
    """Compare out-of-fold scores row by row, or by their digests where a file is missing."""
    with tempfile.TemporaryDirectory(prefix="cutscore-") as folder:
        tables = [
            _read_scores(store, run.summary.run_id, Path(folder) / str(number))
            for number, run in enumerate((first, second))
        ]
    before, after = tables
    if before is None or after is None:
        return _by_digest(first, second)
    return compare_tables(before, after)


def compare_tables(
    first: Mapping[str, npt.NDArray[np.generic]], second: Mapping[str, npt.NDArray[np.generic]]
) -> ScoreComparison:
    """Compare two tables of scores bit for bit; NaN equals NaN.

    The rows' costs, which older records hold rounded, need only be within tolerance.
    """
    if set(first) != set(second) or len(first["score"]) != len(second["score"]):
        rows = len(first["score"])
        return ScoreComparison(RerunVerdict.DIFFERENT, rows, rows, math.nan)
    unequal = np.zeros(len(first["score"]), dtype=bool)
    for name, values in first.items():
        unequal |= _far(values, second[name]) if name in COLUMNS else _unequal(values, second[name])
    if not unequal.any():
        return ScoreComparison(RerunVerdict.EQUAL, len(unequal))
    same_rows = all(
        not _unequal(first[name], second[name]).any() for name in ("row", "target", "fold")
    )
    gaps = np.abs(first["score"].astype(np.float64) - second["score"].astype(np.float64))
    largest = float(np.nanmax(gaps)) if same_rows else math.nan
    close = same_rows and all(
        np.allclose(values, second[name], rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
        for name, values in first.items()
        if values.dtype.kind == "f"
    )
    verdict: RerunVerdict = RerunVerdict.CLOSE if close else RerunVerdict.DIFFERENT
    return ScoreComparison(verdict, len(unequal), int(unequal.sum()), largest)


def _far(first: npt.NDArray[np.generic], second: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Return where two columns differ by more than the tolerance."""
    numbers = first.astype(np.float64), second.astype(np.float64)
    far: npt.NDArray[np.bool_] = ~np.isclose(*numbers, rtol=RELATIVE, atol=ABSOLUTE)
    return far


def _unequal(
    first: npt.NDArray[np.generic], second: npt.NDArray[np.generic]
) -> npt.NDArray[np.bool_]:
    """Return where two columns differ in any bit."""
    if first.dtype != second.dtype:
        return np.ones(len(first), dtype=bool)
    if first.dtype.kind == "f":
        kind = f"u{first.dtype.itemsize}"
        first, second = first.view(kind), second.view(kind)
    differs: npt.NDArray[np.bool_] = np.asarray(first != second, dtype=bool)
    return differs


def _verdict(first: float | None, second: float | None) -> RerunVerdict:
    if first is None:
        return RerunVerdict.ONLY_NEW
    if second is None:
        return RerunVerdict.DIFFERENT
    if first == second:
        return RerunVerdict.EQUAL
    close = math.isclose(first, second, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return RerunVerdict.CLOSE if close else RerunVerdict.DIFFERENT


def _figures(run: RunDetail) -> dict[tuple[str, int | None], float]:
    """Return the metrics of a run that a rerun must repeat, by name and fold."""
    found: dict[tuple[str, int | None], float] = {}
    for name, value in run.summary.metrics.items():
        spec = describe(name)
        # not how a search led a run or how it broke off, nor time and memory
        if not (spec.varies or spec.stepped or spec.scope == "trial"):
            found[name, None] = value
    for name, steps in run.history.items():
        if describe(name).scope == "fold":  # trials write none of periods
            found |= {(name, step): value for step, value in steps.items()}
    return found


def _by_digest(first: RunDetail, second: RunDetail) -> ScoreComparison:
    """Compare scores by the digests that were recorded of them."""
    before, after = (run.summary.tags.get("score_digest") for run in (first, second))
    if before is None or after is None:
        return ScoreComparison(RerunVerdict.UNKNOWN)
    rows = int(second.summary.metrics.get("rows_scored", 0))
    if before == after:
        return ScoreComparison(RerunVerdict.EQUAL, rows)
    return ScoreComparison(RerunVerdict.DIFFERENT, rows, rows, math.nan)


def _read_scores(
    store: RunStore, run_id: str, folder: Path
) -> dict[str, npt.NDArray[np.generic]] | None:
    """Return the columns of a run's out-of-fold scores, None where the file is not there."""
    from pyarrow import ArrowInvalid
    from pyarrow.parquet import read_table

    folder.mkdir()
    path = store.download(run_id, SCORES, folder)
    if path is None:
        return None
    try:
        table = read_table(path)
    except (OSError, ArrowInvalid):
        return None
    return {
        name: column.to_numpy()
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
