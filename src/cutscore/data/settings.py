"""Settings that say which columns of a table are what."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

from cutscore.data.locate import TextFormat
from cutscore.data.numerals import Notation
from cutscore.expressions import mentioned

PositiveValue = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class LineSettings:
    """How the lines of a text file become cells, and how its numbers are written.

    `skip_lines` is a number of lines above the column names, or a list of lines to leave out,
    counted from 1. `columns` names those of a file whose first line is not `header`.
    """

    # YAML and the command line take a column or a text like 5 for a number.
    __pydantic_config__: ClassVar[dict[str, bool]] = {"coerce_numbers_to_str": True}

    delimiter: str | None = None
    encoding: str | None = None
    skip_lines: int | tuple[int, ...] = 0
    header: bool = True
    columns: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str | None = None

    def __post_init__(self) -> None:
        """Check what stands between cells and within numbers."""
        for key in ("delimiter", "decimal", "thousands"):
            mark = getattr(self, key)
            if mark is not None and len(mark) != 1:
                or_null = "" if key == "decimal" else " or null"
                raise ValueError(f"data.{key} must be one character{or_null}, not {mark!r}.")
        if self.decimal not in (".", ","):
            raise ValueError(f"data.decimal must be . or , not {self.decimal!r}.")
        if self.thousands == self.decimal or (self.thousands or " ").isalnum():
            raise ValueError(
                f"data.thousands is {self.thousands!r}; it must be a mark, and not data.decimal."
            )
        lines = (self.skip_lines,) if isinstance(self.skip_lines, int) else self.skip_lines
        if any(line < 0 for line in lines) or (lines == self.skip_lines and 0 in lines):
            raise ValueError("data.skip_lines must be a number from 0, or a list of lines from 1.")
        if self.columns and self.header:
            raise ValueError(
                "data.columns names the columns of a file without column names: it needs "
                "data.header=false."
            )

    @property
    def notation(self) -> Notation:
        """How numbers are written."""
        return Notation(self.decimal, self.thousands)

    @property
    def lines(self) -> TextFormat:
        """How lines become cells."""
        return TextFormat(self.delimiter, self.encoding, self.skip_lines, self.header, self.columns)


@dataclass(frozen=True, kw_only=True)
class TableSettings(LineSettings):
    """Which columns of a table are what.

    `amounts` are kept at full precision (float64) for costs and stay features too, unless they
    are also in `drop`. The target, the id, `group`, `time` and `weight` (how many rows a row counts
    for) are never features. Of `domain` and `polynomial`, from which feature strategies make
    columns, loading takes which columns are to be kept as they are in the file; `whole` lists more
    of them. `period` is the column whose values are periods, where the validation names one.

    `missing`, `numeric` and `date_format` say how cells become values. `numeric` lists columns
    whose numbers carry a percent or currency sign, or that a Parquet file holds as text.
    `date_format` is a format of strptime, for all columns of dates that it fits or by column.

    `apply` is a table of rows without a target, which a final delivery scores.
    `labels` are what people call columns, and what is made of them, where scores are explained.
    """

    target: str
    positive: PositiveValue | tuple[PositiveValue, ...] | None = None
    id: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    weight: str | None = None
    apply: str | None = None
    where: str | None = None
    missing: tuple[str, ...] = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")
    numeric: tuple[str, ...] = ()
    date_format: str | Mapping[str, str] | None = None
    domain: Mapping[str, str] = field(default_factory=dict)
    polynomial: tuple[str, ...] = ()
    credit_line: Mapping[str, str | int | float | None] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    whole: tuple[str, ...] = ()
    period: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.target in self.drop:
            raise ValueError(f"data.drop lists {self.target!r}, which is data.target.")
        for key in ("id", "group", "time", "weight"):
            if getattr(self, key) == self.target:
                raise ValueError(f"data.{key} is {self.target!r}, which is data.target.")
        if self.target in self.amounts:
            raise ValueError(f"data.amounts lists {self.target!r}, which is data.target.")
        both = sorted(
            set(self.categorical)
            & {*self.drop, *self.amounts, *self.numeric, self.target, self.weight}
        )
        if both:
            raise ValueError(
                f"data.categorical lists {', '.join(both)}, also in data.drop, data.amounts, "
                "data.numeric, data.target or data.weight; a categorical column must be a feature "
                "and nothing else."
            )
        for key in ("group", "time"):
            if getattr(self, key) is not None and key in self.amounts:
                raise ValueError(
                    f'data.amounts lists a column called "{key}" while data.{key} is set; '
                    "rename the column."
                )

    def format_of(self, column: str) -> str | None:
        """Return the format of dates that is given for a column, or for all; None for none."""
        if isinstance(self.date_format, str) or self.date_format is None:
            return self.date_format
        return self.date_format.get(column)

    @property
    def positives(self) -> tuple[PositiveValue, ...] | None:
        """The values of the target that mean 1, or None for a target of 0 and 1."""
        if self.positive is None or isinstance(self.positive, tuple):
            return self.positive
        return (self.positive,)

    def unlabelled(self) -> Path | None:
        """Return the file of rows without a target, its columns named as in training, or None."""
        return None if self.apply is None else Path(self.apply).expanduser()

    def keeping(self, where: str | None) -> Self:
        """Return the same settings with one more condition on the rows; None changes nothing."""
        if where is None:
            return self
        both = where if self.where is None else f"({self.where}) AND ({where})"
        return replace(self, where=both)

    def keeping_whole(self, columns: Iterable[str]) -> Self:
        """Return the same settings with more columns (in lower case) kept as they are."""
        more = tuple(sorted(set(columns) - self.kept_whole))
        return replace(self, whole=(*self.whole, *more)) if more else self

    def keeping_period(self, column: str) -> Self:
        """Return the same settings with the column whose values are periods."""
        return replace(self, period=column)

    @property
    def made(self) -> frozenset[str]:
        """The names of what feature strategies may make of the columns."""
        columns = self.polynomial
        squares = {f"{name}^2" for name in columns}
        products = {f"{one}*{other}" for one, other in itertools.combinations(columns, 2)}
        return frozenset((*self.domain, *squares, *products))

    @property
    def kept_whole(self) -> frozenset[str]:
        """The columns, in lower case, that are kept as they are in the file."""
        named = {name.lower() for name in (*self.polynomial, *self.whole)}
        return mentioned(tuple(self.domain.values())) | named
