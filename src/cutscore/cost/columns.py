"""Costs that stand in the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np

from cutscore.cost.amounts import Amounts, amount, missing_amounts
from cutscore.cost.matrix import ENTRIES, LARGEST, CostMatrix, Entry
from cutscore.errors import Fault, RequestError
from cutscore.records import Dataset, Rows

Given = str | float
OPTIONAL = {"true_positive": "C_TP", "true_negative": "C_TN"}
"""Columns of right decisions' costs, where the settings leave them open and the table has them."""


@dataclass(frozen=True)
class ColumnCost:
    """Take each cost from a column of the table, or give it as one number for all rows.

    Columns must be listed in `data.amounts`. Costs may be negative (gains). Of right decisions
    None is the column C_TP or C_TN where the table has one, and 0 where it has none.
    """

    false_negative: Given
    false_positive: Given
    true_positive: Given | None = None
    true_negative: Given | None = None

    where: ClassVar[None] = None

    def __post_init__(self) -> None:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, cost in given.items():
            if isinstance(cost, float | int) and not abs(cost) <= LARGEST:
                raise ValueError(
                    f"{name} must be a column or a number of at most {LARGEST:g}, got {cost}."
                )
        if not any(isinstance(cost, str) for cost in given.values()):
            raise ValueError(
                "at least one of the four costs must be a column; use cost=fixed for costs that "
                "are the same in every row."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns named, each once, and those that are taken where they are kept."""
        left_open = (column for name, column in OPTIONAL.items() if getattr(self, name) is None)
        return tuple(dict.fromkeys([*self._named().values(), *left_open]))

    def fit(self, dataset: Dataset, _training: Rows | None = None, /) -> ColumnCost:
        """Return itself with every cost settled: nothing is estimated.

        Raises
        ------
        RequestError
            If a column is not kept, or a row has no costs.
        """
        there = {*dataset.amounts, *dataset.columns}
        found: dict[str, Given] = {
            name: column if column in there else 0.0
            for name, column in OPTIONAL.items()
            if getattr(self, name) is None
        }
        settled = replace(self, **found)
        wanted = {f"cost.{name}": column for name, column in settled._named().items()}
        if missing := missing_amounts(dataset, wanted):
            raise RequestError([*missing, *settled._bad(dataset.amounts, None)])
        return settled

    def matrix(self, amounts: Amounts, rows: Rows | None = None) -> CostMatrix:
        """Return the costs of the rows, numbers staying numbers; it must have been fitted."""
        entries: dict[str, Entry] = {}
        for field in fields(self):
            given = getattr(self, field.name)
            if isinstance(given, str):
                column = amount(amounts, f"cost.{field.name}", given)
                entries[field.name] = column if rows is None else column[rows]
            else:
                entries[field.name] = float(given)
        if faults := list(self._bad(amounts, rows)):
            raise RequestError(faults)
        return CostMatrix(*(entries[name] for name in ENTRIES))

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return {"kind": "columns", **asdict(self)}

    def _named(self) -> dict[str, str]:
        """Return the columns that are named, by the cost that they are."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: cost for name, cost in given.items() if isinstance(cost, str)}

    def _bad(self, amounts: Amounts, rows: Rows | None) -> Iterator[Fault]:
        """Yield the columns in which a row has no cost."""
        for name, column in self._named().items():
            if column not in amounts:
                continue
            values = amounts[column] if rows is None else amounts[column][rows]
            finite = np.isfinite(values)
            for what, where in (
                ("missing or infinite", ~finite),
                (f"beyond {LARGEST:g}", finite & (np.abs(values) > LARGEST)),
            ):
                if bad := int(np.count_nonzero(where)):
                    yield Fault(
                        f"cost.{name}",
                        f'"{column}" is {what} in {bad:,} of {len(values):,} rows.',
                        "Every row needs its costs: mend the file, or leave those rows out (by "
                        "data.where in cutscore run).",
                    )
