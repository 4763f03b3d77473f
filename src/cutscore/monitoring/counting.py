"""Rows, counted by period as they are read: what is kept does not grow with their number.

Only of rows whose true class is known are probability, decision and class kept, 10 bytes each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.batch.scored_rows import ScoredRows, classes_of
from cutscore.cost.matrix import CostMatrix, join_costs
from cutscore.data.texts import in_order
from cutscore.errors import Fault, RequestError
from cutscore.metrics.histograms import Counts
from cutscore.monitoring.labels import Labels
from cutscore.monitoring.periods import Periods
from cutscore.records import Scores, Target
from cutscore.records.decision import Flags
from cutscore.report.judged_rows import JudgedRows
from cutscore.scoring.drift_reference import DriftReference, ScoredReference

_FINE = 4_096
"""Bins of equal width in the root of the probability, by which its distribution is kept."""
Groups = npt.NDArray[np.int64]


@dataclass(eq=False)
class PeriodCounts:
    """What the rows of one period come to; counts of columns are None in a log without them."""

    rows: int = 0
    flagged: int = 0
    priced: int = 0
    expected_cost: float = 0.0
    grades: Counts | None = None
    columns: Counts | None = None
    counted: int = 0
    fine: Counts = field(default_factory=lambda: np.zeros(_FINE))
    sums: Counts = field(default_factory=lambda: np.zeros(_FINE))

    @property
    def probabilities(self) -> tuple[Scores, Counts]:
        """The distribution of probabilities: the mean of each used bin, and its rows."""
        used = self.fine > 0
        return self.sums[used] / self.fine[used], self.fine[used]

    @property
    def expected_rate(self) -> float:
        """The mean probability."""
        return float(self.sums.sum() / self.rows)


@dataclass(frozen=True, eq=False)
class _Labelled:
    """Rows of a batch whose class is known."""

    period: Groups
    target: Target
    probability: Scores
    flagged: Flags
    costs: CostMatrix | None


class Counting:
    """Takes rows as they are read.

    Parameters
    ----------
    reference, scored : DriftReference, ScoredReference
        What rows are held against.
    periods : Periods
        Which period each row belongs to.
    labels : Labels or None
        True classes by id.
    target : str or None
        The column of true classes, where rows have them themselves.
    advance : callable
        Hears how many rows have been read.
    """

    def __init__(
        self,
        reference: DriftReference,
        scored: ScoredReference,
        periods: Periods,
        labels: Labels | None,
        target: str | None,
        advance: Callable[[int], None] = lambda _rows: None,
    ) -> None:
        self._reference, self._scored, self._periods = reference, scored, periods
        self._labels, self._target, self._advance = labels, target, advance
        self.periods: dict[str, PeriodCounts] = {}
        self._names: list[str] = []
        self._labelled: list[_Labelled] = []
        self.unlabelled = 0

    def take(self, rows: ScoredRows) -> None:
        """Count rows."""
        names, which = self._periods.of(rows.beside, len(rows.probability))
        size = len(self._scored.grades) + 1
        grades = self._scored.grade(rows.probability)
        fine = np.minimum((np.sqrt(rows.probability) * _FINE).astype(np.int64), _FINE - 1)
        expected = None
        if rows.costs is not None:
            expected = rows.costs.expected(rows.probability, rows.flagged)
        columns = None
        if rows.values is not None:
            bins = self._reference.bins
            columns = bins.count(rows.values, which, len(names), unseen=rows.unseen)
        for at, name in enumerate(names):
            here, kept = which == at, self._period(name)
            kept.rows += int(np.count_nonzero(here))
            kept.flagged += int(np.count_nonzero(rows.flagged & here))
            kept.grades = _sum(kept.grades, np.bincount(grades[here], minlength=size))
            kept.fine += np.bincount(fine[here], minlength=_FINE)
            kept.sums += np.bincount(fine[here], rows.probability[here], _FINE)
            if expected is not None:
                kept.expected_cost += float(expected[here].sum())
                kept.priced += int(np.count_nonzero(here))
            if columns is not None:
                kept.columns = _sum(kept.columns, columns[at])
                kept.counted += int(np.count_nonzero(here))
        self._keep_labelled(rows, names, which)
        self._advance(len(rows.probability))

    def join(self, other: Counting) -> None:
        """Add what another one has counted after this one, which goes on to be of no use."""
        for name, counts in other.periods.items():
            kept = self._period(name)
            for key in ("rows", "flagged", "priced", "counted", "expected_cost"):
                setattr(kept, key, getattr(kept, key) + getattr(counts, key))
            kept.fine += counts.fine
            kept.sums += counts.sums
            kept.grades = _sum(kept.grades, counts.grades)
            kept.columns = _sum(kept.columns, counts.columns)
        places = np.array([self._names.index(name) for name in other._names], dtype=np.int64)
        for one in other._labelled:
            self._labelled.append(
                _Labelled(places[one.period], one.target, one.probability, one.flagged, one.costs)
            )
        self.unlabelled += other.unlabelled

    @property
    def labelled(self) -> int:
        """How many rows have a known class."""
        return sum(len(one.target) for one in self._labelled)

    def judged(self) -> Iterator[tuple[str, JudgedRows]]:
        """Yield periods in order, each with its rows whose class is known, at least one.

        Nothing where outcomes have no price.
        """
        if any(one.costs is None for one in self._labelled):
            return
        for name in in_order(self._names):
            at = self._names.index(name)
            found = [(one, np.flatnonzero(one.period == at)) for one in self._labelled]
            mine = [(one, rows) for one, rows in found if len(rows)]
            if not mine:
                continue
            probability = np.concatenate([one.probability[rows] for one, rows in mine])
            prices = [one.costs.take(rows) for one, rows in mine if one.costs is not None]
            yield (
                name,
                JudgedRows(
                    ids=np.arange(len(probability)),
                    target=np.concatenate([one.target[rows] for one, rows in mine]),
                    score=probability,
                    probability=probability,
                    flagged=np.concatenate([one.flagged[rows] for one, rows in mine]),
                    part=np.zeros(len(probability), dtype=np.int64),
                    costs=join_costs(prices, [len(rows) for _, rows in mine]),
                ),
            )

    def _period(self, name: str) -> PeriodCounts:
        if name not in self.periods:
            self.periods[name] = PeriodCounts()
            self._names.append(name)
        return self.periods[name]

    def _keep_labelled(self, rows: ScoredRows, names: list[str], which: Groups) -> None:
        known: Flags | None = None
        if self._target is not None and self._labels is None:
            target, known = classes_of(rows.beside[self._target], self._target)
        elif self._labels is not None:
            if rows.ids is None:
                raise RequestError(Fault("--id", "rows have no ids to find labels by."))
            target, known = self._labels.of(rows.ids)
        if known is None:
            return
        self.unlabelled += int(np.count_nonzero(~known))
        at = np.flatnonzero(known)
        if len(at):
            place = np.array([self._names.index(name) for name in names], dtype=np.int64)
            costs = None if rows.costs is None else rows.costs.take(at)
            self._labelled.append(
                _Labelled(
                    place[which[at]], target[at], rows.probability[at], rows.flagged[at], costs
                )
            )


def _sum(one: Counts | None, other: Any) -> Counts | None:
    if other is None:
        return one
    return np.asarray(other, dtype=np.float64) if one is None else one + other
