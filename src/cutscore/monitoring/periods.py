"""Which period each row belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.data.texts import canonical
from cutscore.errors import Fault, RequestError
from cutscore.records import Stretch, stretch_periods
from cutscore.scoring.cells import fault_at

MOST = 1_000
WHOLE = "all"
"""What the one period is called where none are asked for."""
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Periods:
    """By what rows are grouped.

    Attributes
    ----------
    stretch : of time; None where a column's values are the periods, or all rows are one
    column : of dates and times, or of the periods themselves; None for one period
    """

    stretch: Stretch | None = None
    column: str | None = None

    def of(self, beside: Mapping[str, Any], rows: int) -> tuple[list[str], npt.NDArray[np.int64]]:
        """Return the periods of rows, and which one each belongs to, shape (rows,).

        Raises
        ------
        RequestError
            For dates that are missing, do not parse or lie in the future, and periods that are
            missing.
        """
        if self.column is None:
            return [WHOLE], np.zeros(rows, dtype=np.int64)
        array = beside[self.column]
        if self.stretch is None:
            return _values(self.column, array)
        days = _days(self.column, array)
        found = stretch_periods(days, self.stretch)
        return list(found.names), found.which


def _values(column: str, array: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
    import pyarrow as pa

    given = array.cast(pa.string())
    _refuse_missing(column, given, "a period is needed")
    coded = given.dictionary_encode()
    texts = [canonical(each) for each in coded.dictionary.to_pylist()]
    names = list(dict.fromkeys(texts))
    if len(names) > MOST:
        problem = f'the column "{column}" has more than {MOST:,} values.'
        raise RequestError(Fault("--period", problem, "Say month or week, and --time COLUMN."))
    place = np.array([names.index(each) for each in texts], dtype=np.int64)
    return names, place[coded.indices.to_numpy(zero_copy_only=False)]


def _days(column: str, array: Any) -> npt.NDArray[np.datetime64]:
    """Return moments as days."""
    import pyarrow as pa

    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        array = _parsed(column, array)
    elif not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        problem = f'the column "{column}" holds no dates ({kind}).'
        raise RequestError(Fault("--time", problem, f"Or take its values: --period {column}."))
    _refuse_missing(column, array, "a date is needed")
    days: npt.NDArray[np.datetime64]
    days = array.to_numpy(zero_copy_only=False).astype("datetime64[D]")
    latest = np.datetime64(datetime.now(UTC).date()) + _DAY  # whatever zone the rows are of
    future = np.flatnonzero(days > latest)
    if len(future):
        cells = {int(future[0]): str(days[future[0]])}
        raise RequestError(
            fault_at(column, "a date that is not in the future is needed", future, cells)
        )
    return days


def _parsed(column: str, texts: Any) -> Any:
    import pyarrow.compute as pc

    kept = pc.utf8_slice_codeunits(texts, 0, 10)
    fits = pc.match_substring_regex(kept, r"^\d{4}-\d{2}-\d{2}$")
    days = pc.strptime(pc.if_else(fits, kept, None), "%Y-%m-%d", "s", error_is_null=True)
    wrong = np.flatnonzero(
        (days.is_null().to_numpy(zero_copy_only=False))
        & texts.is_valid().to_numpy(zero_copy_only=False)
    )
    if len(wrong):
        cells = {int(wrong[0]): texts[int(wrong[0])].as_py()}
        raise RequestError(fault_at(column, "a date such as 2026-01-31 is needed", wrong, cells))
    return days


def _refuse_missing(column: str, array: Any, needed: str) -> None:
    missing = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))
    if len(missing):
        raise RequestError(fault_at(column, needed, missing))
