"""The same costs for every row."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, ClassVar

from annotated_types import Ge

from cutscore.cost.amounts import Amounts
from cutscore.cost.matrix import LARGEST, CostMatrix
from cutscore.records import Dataset, Rows


@dataclass(frozen=True)
class FixedCost:
    """Give every row the same four costs, in any one unit.

    Only differences and ratios matter to the threshold; the reported totals are in the unit that
    the costs are given in.
    """

    false_negative: Annotated[float, Ge(0)]
    false_positive: Annotated[float, Ge(0)]
    true_positive: Annotated[float, Ge(0)] = 0.0
    true_negative: Annotated[float, Ge(0)] = 0.0

    where: ClassVar[None] = None
    columns: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, cost in given.items():
            if not 0 <= cost <= LARGEST:
                raise ValueError(f"{name} must be a finite cost from 0 to {LARGEST:g}, got {cost}.")
        if not any(given.values()):
            raise ValueError(
                "false_negative, false_positive, true_positive and true_negative are all 0; "
                "at least false_negative or false_positive must be above 0."
            )
        if self.false_negative <= self.true_positive and self.false_positive <= self.true_negative:
            raise ValueError(
                "a mistake must cost more than the right decision: false_negative above "
                "true_positive, or false_positive above true_negative; got false_negative="
                f"{self.false_negative:g}, true_positive={self.true_positive:g}, false_positive="
                f"{self.false_positive:g}, true_negative={self.true_negative:g}."
            )

    def fit(self, _dataset: Dataset, _training: Rows | None = None, /) -> FixedCost:
        """Return itself: nothing is estimated."""
        return self

    def matrix(self, _amounts: Amounts, _rows: Rows | None = None, /) -> CostMatrix:
        """Return the cost matrix, the same for any rows."""
        return CostMatrix(**asdict(self))

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return {"kind": "fixed", **asdict(self)}
