"""Costs that stand in the table."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

import numpy as np

from cutscore.cost.amounts import Amounts, amount
from cutscore.cost.matrix import ENTRIES, CostMatrix, Entry
from cutscore.errors import Fault, RequestError
from cutscore.records import Dataset, Rows

Given = str | float


@dataclass(frozen=True)
class ColumnCost:
    """Take each cost from a column of the table, or give it as one number for all rows.

    Columns must be listed in `data.amounts`. Costs may be negative (gains).
    """

    false_negative: Given
    false_positive: Given
    true_positive: Given = 0.0
    true_negative: Given = 0.0

    where: ClassVar[None] = None

    def __post_init__(self) -> None:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, cost in given.items():
            if not isinstance(cost, str) and not math.isfinite(cost):
                raise ValueError(f"{name} must be a column or a finite number, got {cost}.")
        if not any(isinstance(cost, str) for cost in given.values()):
            raise ValueError(
                "at least one of the four costs must be a column; use cost=fixed for costs that "
                "are the same in every row."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns named, each once."""
        given = (getattr(self, field.name) for field in fields(self))
        return tuple(dict.fromkeys(cost for cost in given if isinstance(cost, str)))

    def fit(self, _dataset: Dataset, _training: Rows | None = None, /) -> ColumnCost:
        """Return itself: nothing is estimated."""
        return self

    def matrix(self, amounts: Amounts, rows: Rows | None = None) -> CostMatrix:
        """Return the costs of the rows, numbers staying numbers."""
        entries: dict[str, Entry] = {}
        faults: list[Fault] = []
        for field in fields(self):
            try:
                entries[field.name] = self._entry(amounts, field.name, rows)
            except RequestError as error:
                faults += error.faults
        if faults:
            raise RequestError(faults)
        return CostMatrix(*(entries[name] for name in ENTRIES))

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return {"kind": "columns", **asdict(self)}

    def _entry(self, amounts: Amounts, name: str, rows: Rows | None) -> Entry:
        given = getattr(self, name)
        if not isinstance(given, str):
            return float(given)
        column = amount(amounts, f"cost.{name}", given)
        values = column if rows is None else column[rows]
        bad = int(np.count_nonzero(~np.isfinite(values)))
        if bad:
            raise RequestError(
                Fault(
                    f"cost.{name}",
                    f'"{given}" is missing or infinite in {bad:,} of {len(values):,} rows.',
                    "Every row needs its costs: mend the file, or leave rows out with data.where.",
                )
            )
        return values
