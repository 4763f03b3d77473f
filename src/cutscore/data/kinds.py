"""What the texts of a column are: numbers, dates, true and false, words, or a doubt.

The same judgement is made twice: on a column's first rows, so that it can be read as what it is,
and on all its rows where it was read as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from cutscore.data.doubts import Doubt, moment_doubt, number_doubt, order_doubt
from cutscore.data.moments import given, look_at, unreadable, written
from cutscore.data.numerals import looks_numeric, sign_of
from cutscore.data.settings import TableSettings

if TYPE_CHECKING:
    import duckdb

ALMOST = 0.5  # the share of cells from which a column counts as one of numbers, or of dates


class Reading(Protocol):
    """A way of reading texts: the type that comes of it, and its SQL."""

    @property
    def type(self) -> str:
        """The DuckDB type."""
        ...

    def sql(self, column: str) -> str:
        """Return the SQL of a text column, NULL where a text cannot be read so."""
        ...


@dataclass(frozen=True)
class Flag:
    """The words true and false, as 1 and 0."""

    type = "DOUBLE"

    def sql(self, column: str) -> str:
        """Return the SQL of a text column as DOUBLE."""
        return f"CASE lower({column}) WHEN 'true' THEN 1.0::DOUBLE WHEN 'false' THEN 0.0 END"


@dataclass(frozen=True, eq=False)
class Cells:
    """The distinct texts of a column and how many rows hold each."""

    texts: Sequence[str]
    rows: npt.NDArray[np.int64]

    def share(self, which: Sequence[bool]) -> float:
        """Return the share of rows whose text is among `which`."""
        return float(self.rows[np.array(which, dtype=bool)].sum() / max(self.rows.sum(), 1))


def judge(
    name: str,
    cells: Cells,
    settings: TableSettings,
    connection: duckdb.DuckDBPyConnection,
    *,
    numbers: bool,
) -> Reading | Doubt | None:
    """Say how a column of texts is to be read; None for words.

    Without `numbers` (text of a Parquet file, which was text to whoever wrote it) only what
    `data.numeric` lists is read as numbers, and a doubt is told all the same.
    """
    if not len(cells.texts):
        return None
    format_ = settings.format_of(name)
    if format_ is not None:
        moment = given(format_)
        wrong = unreadable(moment, cells.texts, connection)
        if not wrong:
            return moment
        if not isinstance(settings.date_format, str):
            return Doubt(
                "data.date_format",
                f"holds cells that are not written as {format_}:",
                tuple(wrong),
                "Correct the format, or list texts that mean missing in data.missing.",
            )
    return _numbers(name, cells, settings, numbers=numbers) or _moments(
        name, cells, settings, connection
    )


def _numbers(
    name: str, cells: Cells, settings: TableSettings, *, numbers: bool
) -> Reading | Doubt | None:
    notation, listed = settings.notation, name in settings.numeric
    plain = [notation.fits(text) for text in cells.texts]
    if numbers and {text.lower() for text in cells.texts} <= {"true", "false"}:
        return Flag()
    if all(plain):
        return notation if numbers or listed else None
    signs = {sign_of(text) for text in cells.texts} if listed else {None}
    if len(signs) == 1 and (sign := signs.pop()) is not None:
        signed = replace(notation, sign=sign)
        if all(map(signed.fits, cells.texts)):
            return signed
    like = [
        known or looks_numeric(text) or (listed and sign_of(text) is not None)
        for known, text in zip(plain, cells.texts, strict=True)
    ]
    if not listed and cells.share(like) < ALMOST:
        return None
    texts = [
        [t for t, same in zip(cells.texts, like, strict=True) if same is kind]
        for kind in (True, False)
    ]
    return number_doubt(name, texts[0], texts[1], settings)


def _moments(
    name: str, cells: Cells, settings: TableSettings, connection: duckdb.DuckDBPyConnection
) -> Reading | Doubt | None:
    looks = [look_at(text) for text in cells.texts]
    if cells.share([look is not None for look in looks]) < ALMOST:
        return None
    seen = [look for look in looks if look is not None]
    if len(seen) < len(looks) or len({look.family for look in seen}) > 1:
        return moment_doubt(name, cells.texts, looks, settings)
    orders = ["%Y %m %d"]
    if seen[0].year != "first":
        late = (max(look.first for look in seen) > 12, max(look.second for look in seen) > 12)
        year = "%Y" if "4" in seen[0].year else "%y"
        if late[0] == late[1] or year == "%y":
            return order_doubt(cells.texts, seen)
        orders = [f"%d %m {year}" if late[0] else f"%m %d {year}"]
    moment = written(seen, orders[0])
    wrong = set(unreadable(moment, cells.texts, connection))
    if wrong:
        kept = [
            None if text in wrong else look for text, look in zip(cells.texts, looks, strict=True)
        ]
        return moment_doubt(name, cells.texts, kept, settings)
    return moment
