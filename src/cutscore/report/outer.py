"""What the outer rows say of a run: figures of rows that no fold has seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from cutscore.metrics import decision_metrics
from cutscore.metrics.catalogue import required
from cutscore.records import Confusion, MetricValue, MetricValues, Undefined
from cutscore.report.items import Item, TableFile, Tag
from cutscore.report.record import figure_item
from cutscore.report.record_spec import OUTER_ARTIFACT


@dataclass(frozen=True, eq=False)
class OuterEvaluation:
    """The outer rows, decided by a model, calibrator and threshold that saw none of them.

    Attributes
    ----------
    rows : how many they are
    size : how many rows they count for, by weight
    total_cost, confusion : of the decisions
    flag_nobody, flag_everybody : total cost of the policies without a model
    scores : the score metrics
    beta : that of the reported F-beta
    frame : one entry per row: id, target, score, calibrated score where there is one, flagged
    notes : what a user should know
    """

    rows: int
    total_cost: float
    flag_nobody: float
    flag_everybody: float
    confusion: Confusion
    scores: MetricValues
    beta: float
    size: float
    frame: Mapping[str, npt.NDArray[Any]]
    notes: tuple[str, ...] = ()

    @property
    def cost_per_row(self) -> float:
        """Cost over rows, by weight."""
        return self.total_cost / self.size

    @property
    def savings(self) -> MetricValue:
        """Return 1 − cost / cost of the cheaper no-model policy."""
        cheaper = min(self.flag_nobody, self.flag_everybody)
        if cheaper <= 0:
            return Undefined(f"the cheaper no-model policy costs {cheaper:g}, which is not above 0")
        return 1.0 - self.total_cost / cheaper

    def figures(self) -> dict[str, MetricValue]:
        """Return all figures by the names under which they are recorded."""
        found = {
            "rows": self.rows,
            "cost": self.total_cost,
            "cost_per_row": self.cost_per_row,
            "savings": self.savings,
            **self.scores,
            **decision_metrics(self.confusion, self.beta),
        }
        recorded = required("outer")
        named = ((f"outer_{name}", value) for name, value in found.items())
        return {name: value for name, value in named if name in recorded}

    def defined(self) -> dict[str, float]:
        """Return the figures that exist."""
        return {
            name: float(value)
            for name, value in self.figures().items()
            if not isinstance(value, Undefined)
        }


def outer_items(outer: OuterEvaluation) -> Iterator[Item]:
    """Yield every figure, and the scores and decisions as a table."""
    for name, value in outer.figures().items():
        yield figure_item(name, value)
    if outer.notes:
        yield Tag("outer_notes", " ".join(outer.notes))
    yield TableFile(OUTER_ARTIFACT, outer.frame)
