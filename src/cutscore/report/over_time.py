"""What out-of-fold scores come to in each period: values, table, document."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.metrics.moved import ColumnIndexes
from cutscore.metrics.stability import StabilitySettings
from cutscore.records import MetricValue, Recutting, Undefined
from cutscore.report.part_figures import PartFigures

SCHEMA_VERSION = 1
NOISY = 0.25
"""If chance alone makes a larger stability index than this, none is told."""
_TEXTS = ("period", "largest_column", "insufficient")


@dataclass(frozen=True, eq=False)
class OverTime:
    """The periods that have scored rows, and what these come to.

    Attributes
    ----------
    stretch : day, week or month; None for a column's values
    names : of the periods, in order
    parts : what the rows of each say; the first pass over the rows, where there are several
    insufficient : why the ranking of a period is not told; '' where it is
    moved : how far columns are from where they were in the first of these periods, (periods,
        columns)
    recutting : the later periods by a frozen threshold and by ones that are chosen anew
    figures : of all periods together, by the metrics' names
    undated : scored rows that are in no period
    settings : how periods are judged together
    """

    stretch: str | None
    names: tuple[str, ...]
    parts: Sequence[PartFigures]
    insufficient: Sequence[str]
    moved: ColumnIndexes
    recutting: Recutting | Undefined
    figures: Mapping[str, MetricValue]
    undated: int
    settings: StabilitySettings

    def periods(self) -> Iterator[dict[str, str | float | None]]:
        """Yield the figures of each period by name; None for what does not exist."""
        told = zip(self.names, self.parts, self.insufficient, strict=True)
        for at, (name, part, why) in enumerate(told):
            area, error = (None if why else _plain(v) for v in (part.roc_auc, part.error))
            frozen, anew, threshold = self._cut(at)
            column, largest = self._largest(at)
            yield {
                "period": name,
                "rows": part.rows,
                "positives": part.positives,
                "base_rate": part.rate,
                "roc_auc": area,
                "gini": None if area is None else 2 * area - 1,
                "gini_error": None if error is None else 2 * error,
                "flagged_share": part.flagged,
                "observed_to_expected": None if why else _plain(part.observed_to_expected),
                "cost_per_row": part.cost_per_row,
                "score_psi": part.stability if part.noise <= NOISY else None,
                "score_psi_noise": part.noise,
                "largest_column_psi": largest,
                "largest_column": column,
                "frozen_cost_per_row": None if frozen is None else frozen / part.size,
                "refitted_cost_per_row": None if anew is None else anew / part.size,
                "refitted_threshold": threshold,
                "insufficient": why,
            }

    def _cut(self, at: int) -> tuple[float | None, float | None, float | None]:
        """Return what a period costs by the frozen threshold and by the new one, and the latter."""
        cut = self.recutting
        first = 0 if isinstance(cut, Undefined) else len(self.names) - len(cut.frozen_cost)
        if isinstance(cut, Undefined) or at < first:
            return None, None, None
        each = (cut.frozen_cost, cut.refitted_cost, cut.refitted_threshold)
        frozen, anew, threshold = (_finite(values[at - first]) for values in each)
        return frozen, anew, threshold

    def _largest(self, at: int) -> tuple[str, float | None]:
        """Return the column that has moved farthest beyond chance by a period, and its index."""
        index, noise = self.moved.psi[at], self.moved.noise[at]
        known = np.flatnonzero(noise <= NOISY)
        if not len(known):
            return "", None
        most = known[np.argmax((index - noise)[known])]
        return self.moved.columns[most], float(index[most])

    def document(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        known = {k: v for k, v in self.figures.items() if not isinstance(v, Undefined)}
        missing = {k: v.reason for k, v in self.figures.items() if isinstance(v, Undefined)}
        index, noise = self.moved.psi.T.tolist(), self.moved.noise.T.tolist()
        columns = zip(self.moved.columns, index, noise, strict=True)
        return {
            "schema_version": SCHEMA_VERSION,
            "stretch": self.stretch,
            "settings": asdict(self.settings),
            "rows_without_period": self.undated,
            "figures": known,
            "undefined": missing,
            "recutting": self._recut(),
            "periods": list(self.periods()),
            "columns": {
                name: {"psi": [_finite(v) for v in psi], "noise": [_finite(v) for v in by_chance]}
                for name, psi, by_chance in columns
            },
        }

    def _recut(self) -> dict[str, Any]:
        cut = self.recutting
        if isinstance(cut, Undefined):
            return {"chosen_from": None, "undefined": cut.reason}
        total = cut.difference
        low_to_high = (None,) * 3 if isinstance(total, Undefined) else total
        return {
            "chosen_from": cut.chosen_from,
            "threshold": cut.threshold,
            **dict(zip(("difference", "low", "high"), low_to_high, strict=True)),
            "undefined": total.reason if isinstance(total, Undefined) else None,
        }

    def table(self) -> dict[str, npt.NDArray[Any]]:
        """Return the figures of periods as columns of a table, NaN for what does not exist."""
        rows = list(self.periods())
        return {
            name: np.array([row[name] for row in rows], dtype=object)
            if name in _TEXTS
            else np.array([math.nan if row[name] is None else row[name] for row in rows])
            for name in rows[0]
        }


def document_text(found: OverTime) -> str:
    """Return `periods.json`."""
    return json.dumps(found.document(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: MetricValue) -> float | None:
    return None if isinstance(value, Undefined) else value


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
