"""What training data and out-of-fold scores looked like, to measure drift against.

Each run has it as `reference.json`, and so has the folder of a kept model. What is counted of the
raw columns needs no labels and is of all rows; what is said of scores is out of fold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from cutscore.metrics.histograms import Counts, TableBins
from cutscore.records import Column, Scores
from cutscore.scoring.documents import read_document

REFERENCE_JSON = "reference.json"
_FORMAT = 1


@dataclass(frozen=True)
class ScoredReference:
    """Out-of-fold scores by grade; probabilities are calibrated.

    Attributes
    ----------
    rows : how many were scored; with row weights as many as tell as much (Kish 1965)
    base_rate, flagged : the shares of positives and of flagged rows
    roc_auc : None where it does not exist
    grades : the upper ends of all grades of probability but the last, which belong to them
    counts, positives, mean : rows, positives and mean probability of each grade
    cost_per_row : cross-fitted, so what is promised of new rows; None where it does not exist
    cost_low, cost_high : the bootstrap interval of what the decisions cost a row
    spread : how far the scores of one fold's model lie from those of the others: the largest
        stability index beyond its noise, which is no drift
    rate_spread : likewise of the share of positives that `prior_shift` estimates from the scores of
        one fold: its largest error beyond chance
    objective : what the threshold optimises; '' with constraints, or where each row is decided by
        its own costs
    """

    rows: float
    base_rate: float
    flagged: float
    roc_auc: float | None
    grades: tuple[float, ...]
    counts: tuple[float, ...]
    positives: tuple[float, ...]
    mean: tuple[float, ...]
    cost_per_row: float | None = None
    cost_low: float | None = None
    cost_high: float | None = None
    objective: str = ""
    spread: float = 0.0
    rate_spread: float = 0.0

    def grade(self, probability: Scores) -> npt.NDArray[np.int64]:
        """Return the grade of each row, from 0, shape (rows,)."""
        return np.searchsorted(self.grades, probability, side="left")


@dataclass(frozen=True, eq=False)
class DriftReference:
    """A table in little, and its out-of-fold scores.

    Attributes
    ----------
    rows : how many the table has
    bins, counts : of its raw columns; features where a model takes those
    scored : of the scores; None where there are none yet
    time : the column of dates or numbers that orders rows, if the data named one
    """

    rows: int
    bins: TableBins
    counts: Counts
    scored: ScoredReference | None = None
    time: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "format": _FORMAT,
            "rows": self.rows,
            "time": self.time,
            "scored": None if self.scored is None else asdict(self.scored),
            "columns": self.bins.to_json(self.counts),
        }

    @property
    def text(self) -> str:
        """It as the text of `reference.json`."""
        return json.dumps(self.to_json(), ensure_ascii=False, allow_nan=False) + "\n"

    def save(self, folder: Path) -> None:
        """Write `reference.json`."""
        (folder / REFERENCE_JSON).write_text(self.text, encoding="utf-8")

    def with_scores(self, state: Mapping[str, Any]) -> Self:
        """Return it with the scores of another one that was read as plain values."""
        return replace(self, scored=_scored(state))

    @classmethod
    def from_json(cls, state: Mapping[str, Any], columns: Sequence[Column]) -> Self:
        """Return what `to_json` described, of a model that takes `columns`; ValueError if not."""
        bins, counts = TableBins.from_json(state["columns"], columns)
        return cls(int(state["rows"]), bins, counts, _scored(state), state["time"])


def load_drift_reference(folder: Path, columns: Sequence[Column]) -> DriftReference | None:
    """Return what `save` wrote, None if there is none.

    Raises
    ------
    StoreError
        If it is damaged, of a newer format or of another model.
    """
    path = folder / REFERENCE_JSON
    return read_document(path, _FORMAT, lambda state: DriftReference.from_json(state, columns))


def _scored(state: Mapping[str, Any]) -> ScoredReference | None:
    told = state["scored"]
    if told is None:
        return None
    lists = {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
    return ScoredReference(**{**told, **lists})
