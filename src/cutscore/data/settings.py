"""Settings that say which columns of a table are what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

PositiveValue = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class TableSettings:
    """Which columns of a table are what.

    `amounts` are kept at full precision (float64) for costs and stay features too, unless they
    are also in `drop`. The target, the id, `group` and `time` are never features. `domain` and
    `polynomial` are not used in loading: feature strategies take them from here.
    """

    target: str
    positive: PositiveValue | tuple[PositiveValue, ...] | None = None
    id: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    where: str | None = None
    delimiter: str | None = None
    missing: tuple[str, ...] = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")
    domain: Mapping[str, str] = field(default_factory=dict)
    polynomial: tuple[str, ...] = ()
    credit_line: Mapping[str, str | int | float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ValueError(
                f"data.delimiter must be one character or null, not {self.delimiter!r}."
            )
        if self.target in self.drop:
            raise ValueError(f"data.drop lists {self.target!r}, which is data.target.")
        for key in ("id", "group", "time"):
            if getattr(self, key) == self.target:
                raise ValueError(f"data.{key} is {self.target!r}, which is data.target.")
        if self.target in self.amounts:
            raise ValueError(f"data.amounts lists {self.target!r}, which is data.target.")
        both = sorted(set(self.categorical) & {*self.drop, *self.amounts, self.target})
        if both:
            raise ValueError(
                f"data.categorical lists {', '.join(both)}, also in data.drop, data.amounts or "
                "data.target; a categorical column must be a feature and nothing else."
            )
        for key in ("group", "time"):
            if getattr(self, key) is not None and key in self.amounts:
                raise ValueError(
                    f'data.amounts lists a column called "{key}" while data.{key} is set; '
                    "rename the column."
                )

    @property
    def positives(self) -> tuple[PositiveValue, ...] | None:
        """The values of the target that mean 1, or None for a target of 0 and 1."""
        if self.positive is None or isinstance(self.positive, tuple):
            return self.positive
        return (self.positive,)

    def keeping(self, where: str | None) -> Self:
        """Return the same settings with one more condition on the rows; None changes nothing."""
        if where is None:
            return self
        both = where if self.where is None else f"({self.where}) AND ({where})"
        return replace(self, where=both)
