"""The cells of a sweep side by side, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.launch.outcome import RunOutcome
from cutscore.metrics.catalogue import HEADLINE, describe, shown
from cutscore.metrics.metric_spec import MetricView

OPTIMISM = (
    "The best of several cells looks better than it is: its figures were used to choose it. "
    "Judge it on rows that no cell has seen."
)
JUDGED = (
    "The best of several cells was chosen by its cross-fitted figures, which therefore look better "
    "than they are; its outer rows were in none of its folds."
)


@dataclass(frozen=True)
class Leaderboard:
    """Cells in order of `metric` (failed ones last); `lower` says whether less is better."""

    metric: str
    lower: bool
    ranked: tuple[RunOutcome, ...]
    failed: tuple[RunOutcome, ...]
    swept: tuple[str, ...]

    @property
    def best(self) -> RunOutcome | None:
        """The first cell, None when all failed."""
        return self.ranked[0] if self.ranked else None

    @property
    def note(self) -> str:
        """What to bear in mind about the best cell."""
        judged = self.best is not None and "outer_cost_per_row" in self.best.metrics
        return JUDGED if judged else OPTIMISM

    def with_best(self, figures: Mapping[str, float]) -> Leaderboard:
        """Return the board with more figures of the best cell."""
        first, *others = self.ranked
        first = replace(first, metrics={**first.metrics, **figures})
        return replace(self, ranked=(first, *others))

    def frame(self) -> dict[str, npt.NDArray[Any]]:
        """Return the board as columns, ready to be written as CSV."""
        cells = [*self.ranked, *self.failed]
        labels = ("features", "sampling", "model", *self._other_keys())
        frame: dict[str, npt.NDArray[Any]] = {
            "rank": np.arange(1, len(cells) + 1),
            "name": np.array([cell.name for cell in cells]),
            "run_id": np.array([cell.run_id for cell in cells]),
            "status": np.array([cell.status for cell in cells]),
        }
        for label in labels:
            frame[label] = np.array([cell.label(label) for cell in cells])
        for spec in shown(MetricView.FILE):
            for metric in filter(None, (spec.name, spec.spread)):
                frame[metric] = np.array([cell.metrics.get(metric, np.nan) for cell in cells])
        return frame

    def _other_keys(self) -> list[str]:
        """Return the swept settings that have no column of their own."""
        return [key for key in self.swept if key not in ("features", "sampling", "model")]

    def grid(self, metric: str) -> tuple[list[str], list[str], npt.NDArray[np.float64]]:
        """Return features (rows), samplings (columns) and the best value of each pair.

        Pairs without a complete cell are NaN.
        """
        cells = self.ranked
        features = list(dict.fromkeys(cell.label("features") for cell in _by_number(cells)))
        samplings = list(dict.fromkeys(cell.label("sampling") for cell in _by_number(cells)))
        values = np.full((len(features), len(samplings)), np.nan)
        for cell in reversed(cells):  # the best cell of a pair is written last
            place = features.index(cell.label("features")), samplings.index(cell.label("sampling"))
            values[place] = cell.metrics.get(metric, np.nan)
        return features, samplings, values


def rank(
    outcomes: Sequence[RunOutcome], swept: Sequence[str], *, same_costs: bool = True
) -> Leaderboard:
    """Order cells by cross-fitted cost, or by what makes them comparable.

    Costs are comparable only on the same data with the same costs (`same_costs`); else savings
    decide. F-beta decides where it is what the threshold optimises.
    """
    complete = [outcome for outcome in outcomes if outcome.status == "complete"]
    failed = tuple(outcome for outcome in outcomes if outcome.status != "complete")
    metric = HEADLINE
    if complete and all(outcome.objective == "fbeta" for outcome in complete):
        metric = "crossfit_fbeta"
    elif not same_costs:
        metric = "crossfit_savings"
    if any(metric not in outcome.metrics for outcome in complete):
        metric = "roc_auc"
    lower = describe(metric).better == "minimize"
    sign = 1 if lower else -1
    ranked = sorted(complete, key=lambda outcome: sign * outcome.metrics.get(metric, np.inf))
    return Leaderboard(metric, lower, tuple(ranked), failed, tuple(swept))


def _by_number(cells: Sequence[RunOutcome]) -> list[RunOutcome]:
    """Return cells in the order of the sweep."""
    return sorted(cells, key=lambda cell: cell.name)
