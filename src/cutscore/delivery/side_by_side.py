"""Two models on the same labelled rows: which is cheaper, and who is decided otherwise."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cutscore.data.relational.new_folder import FolderSettings
from cutscore.delivery.labelled_rows import LabelledRows, read_labelled
from cutscore.errors import Fault, RequestError
from cutscore.metrics import ranking, roc_auc
from cutscore.records import MetricValue, Undefined
from cutscore.report.judged_rows import JudgedRows
from cutscore.report.validator.swaps import SwapSet, swap_set
from cutscore.scoring.scorer import Scorer

FEWEST = 20
"""Rows of each class below which two models are not compared."""


@dataclass(frozen=True)
class SideBySide:
    """A model, `first`, beside another on the same rows.

    Attributes
    ----------
    first, second : their titles
    rows, positives : how many labelled rows there are
    unlabelled : how many more have no class
    roc_auc : of each
    swaps : who is decided otherwise, and the difference of total costs, first minus second, with
        its paired interval
    """

    first: str
    second: str
    rows: int
    positives: int
    unlabelled: int
    roc_auc: tuple[MetricValue, MetricValue]
    swaps: SwapSet

    @property
    def cost_per_row(self) -> tuple[float, float]:
        """What each costs."""
        return self.swaps.cost_this / self.rows, self.swaps.cost_other / self.rows

    @property
    def difference(self) -> tuple[float, float, float]:
        """What the first costs a row more than the second, and the 95 % interval of that."""
        made = self.swaps
        return made.difference / self.rows, made.low / self.rows, made.high / self.rows

    @property
    def approval(self) -> tuple[float, float]:
        """The share of rows that each lets through."""
        passed, made = self.swaps.neither.size, self.swaps
        return (
            (passed + made.only_other.size) / self.rows,
            (passed + made.only_this.size) / self.rows,
        )

    @property
    def verdict(self) -> str:
        """Which is cheaper, as far as these rows tell."""
        _, low, high = self.difference
        if low == high == 0:
            return "every row is decided alike"
        if low <= 0 <= high:
            return "these rows cannot tell which is cheaper"
        return f"{self.first if high < 0 else self.second} is cheaper"

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        areas = [None if isinstance(a, Undefined) else a for a in self.roc_auc]
        names = ("both", "neither", "only_this", "only_other")
        cells = {n: asdict(cell) | {"rate": cell.rate} for n in names
                 for cell in [getattr(self.swaps, n)]}  # fmt: skip
        return {
            "models": [self.first, self.second],
            "rows": self.rows,
            "positives": self.positives,
            "unlabelled": self.unlabelled,
            "roc_auc": areas,
            "cost_per_row": list(self.cost_per_row),
            "difference_per_row": self.difference[0],
            "interval": list(self.difference[1:]),
            "approval": list(self.approval),
            "swap_set": cells,
            "verdict": self.verdict,
        }


def side_by_side(
    first: Scorer, second: Scorer, rows: Path, target: str, settings: FolderSettings | None = None
) -> SideBySide:
    """Let two models decide the same labelled rows; rows without a class are passed over.

    Raises
    ------
    RequestError
        If their costs differ, there are too few rows, or with all that is wrong with any.
    """
    made = settings or FolderSettings()
    prices = [
        None if s.model.prices is None else dict(s.model.prices.to_json()) for s in (first, second)
    ]
    if prices[0] != prices[1]:
        problem = f"{first.name} and {second.name} were kept with other costs, so that neither "
        problem += "is cheaper at the same prices."
        raise RequestError(Fault("MODEL", problem, "Recut one of them, or make it with the same."))
    ours, theirs = (read_labelled(each, rows, target, made, FEWEST) for each in (first, second))
    judged = JudgedRows(
        ids=np.arange(len(ours.target)),
        target=ours.target,
        score=ours.probability,
        probability=ours.probability,
        flagged=ours.flagged,
        part=np.zeros(len(ours.target), dtype=np.int64),
        costs=ours.costs,
    )
    return SideBySide(
        first=first.tags.get("version") or first.name,
        second=second.tags.get("version") or second.name,
        rows=len(ours.target),
        positives=ours.positives,
        unlabelled=ours.unlabelled,
        roc_auc=(_area(ours), _area(theirs)),
        swaps=swap_set(judged, theirs.flagged),
    )


def _area(rows: LabelledRows) -> MetricValue:
    return roc_auc(ranking(rows.target, rows.probability))
