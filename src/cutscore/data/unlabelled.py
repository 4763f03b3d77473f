"""Rows without a target, in batches: each column read as the table of training was.

The columns that a model kept say how texts became numbers and moments, and which of them mean
missing. A text that cannot be read so is missing here, and is handed out beside its row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from cutscore.data.describing import open_file, raw_layout
from cutscore.data.locate import LocatedData
from cutscore.data.moments import Moment
from cutscore.data.plan import INTEGERS, row_filter
from cutscore.data.reread import own_reading, source
from cutscore.data.settings import LineSettings
from cutscore.data.unpack import SETTING
from cutscore.data.unreadable import Unreadable, read_evenly
from cutscore.errors import Fault, RequestError, blaming, nearest
from cutscore.records import RawColumn, RawTable
from cutscore.sql import identifier

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

LARGEST_BATCH, SMALLEST_BATCH = 16_384, 2_048
_CELLS = 1 << 20
"""Cells of a batch: whatever is made of it on the way stays small, and in the processor's cache."""
APPLY = "data.apply"
_UNREAD = "cutscore unread: "
_ID = "cutscore id"
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RowSettings(LineSettings):
    """How a file of rows is made up; `where` is an SQL condition on the rows to take.

    `decimal` and `thousands` are for columns that training did not read from texts.
    """

    where: str | None = None

    @classmethod
    def like(cls, settings: LineSettings) -> Self:
        """Return what says that a file is made up like another."""
        return cls(**{each.name: getattr(settings, each.name) for each in fields(LineSettings)})


@dataclass(frozen=True, eq=False)
class RowBatch:
    """Some rows of a file.

    Attributes
    ----------
    numbers : the rows' numbers in the file, from 0, shape (rows,)
    rows : the columns that were asked for
    ids : the rows' ids, an Arrow array; None without
    unread : texts that are not written as in training, by column: their places among these rows,
        and the texts
    """

    numbers: Numbers
    rows: pa.RecordBatch
    ids: Any
    unread: Mapping[str, tuple[Numbers, list[str]]]


def opened(located: LocatedData) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB that can read these files in little memory."""
    connection = open_file(located)
    if located.kind == "parquet":  # page by page, not by groups of rows and several at once
        connection.execute("SET disable_parquet_prefetching = true").fetchall()
        connection.execute("SET threads = 1").fetchall()
        # Else the buffers of the last three groups are held at once, until all is read.
        connection.execute("SET read_ahead_depth = 0").fetchall()
    return connection


class RowFile:
    """One file of rows, open for reading.

    Parameters
    ----------
    located : LocatedData
        One file.
    connection : DuckDBPyConnection
        What `opened` gave; only one thing may be read at a time.
    raw : RawTable
        The columns as training had them.
    wanted : sequence of RawColumn
        The columns to read; those that the file lacks are passed over.
    settings : RowSettings
        How the file is made up.
    id_column : str or None
        The column of ids; the file may lack it.

    Raises
    ------
    Unreadable
        When the file cannot be read as a table; so may all methods.
    RequestError
        When `where` is no condition on the file's columns.
    """

    def __init__(
        self,
        located: LocatedData,
        connection: duckdb.DuckDBPyConnection,
        raw: RawTable,
        wanted: Sequence[RawColumn],
        settings: RowSettings,
        id_column: str | None,
    ) -> None:
        self.file, self._connection, self._where = located.files[0], connection, settings.where
        self.length = 0
        """How many rows the file has, when all have been read."""
        dates = [each.name for each in wanted if isinstance(own_reading(each), Moment)]
        with self._reading():
            self.layout = raw_layout(
                located, self._connection, missing=raw.missing, dates=dates, effort="text"
            )
        self._id = id_column if id_column in self.layout.types else None
        self._sources = {
            each.name: source(each, self.layout, settings.notation)
            for each in wanted
            if each.name in self.layout.types
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the file."""
        return tuple(self.layout.types)

    @property
    def has_ids(self) -> bool:
        """Whether the column of ids is there."""
        return self._id is not None

    def count(self) -> int | None:
        """Return the number of rows where it is known at once: of a Parquet file taken whole."""
        if self.layout.text or self._where is not None:
            return None
        with self._reading():
            found = self._connection.execute(f"SELECT count(*) FROM {self.layout.relation}")
            return int(found.fetchall()[0][0])

    def id_hashes(self) -> Iterator[tuple[Numbers, Any, npt.NDArray[np.uint64]]]:
        """Yield rows' numbers, their ids as texts (an Arrow array) and hashes of these texts."""
        text = f"CAST({identifier(_ID)} AS VARCHAR)"
        for numbers, batch in self._batches([text, f"coalesce(hash({text}), 0)"]):
            yield numbers, batch.column(0), batch.column(1).to_numpy(zero_copy_only=False)

    def batches(self, *, integers: bool = False) -> Iterator[RowBatch]:
        """Yield the rows with the columns that are wanted; `integers` says that all ids are."""
        import pyarrow as pa

        names = list(self._sources)
        texts = [name for name, (_, text) in self._sources.items() if text is not None]
        columns = [identifier(name) for name in (*names, *(_UNREAD + name for name in texts))]
        if self.has_ids:
            columns.append(f"CAST({identifier(_ID)} AS {'BIGINT' if integers else 'VARCHAR'})")
        for numbers, batch in self._batches(columns):
            arrays = batch.columns
            unread = zip(texts, arrays[len(names) : len(names) + len(texts)], strict=True)
            yield RowBatch(
                numbers,
                pa.RecordBatch.from_arrays(arrays[: len(names)], names=names),
                arrays[-1] if self.has_ids else None,
                {name: _present(array) for name, array in unread if array.null_count < len(array)},
            )

    def _batches(self, columns: Sequence[str]) -> Iterator[tuple[Numbers, Any]]:
        """Yield what is selected, with the rows' numbers, without rows that are filtered out."""
        condition = self._condition
        chosen = [*columns, *([] if condition is None else [condition])]
        told = ", ".join(f"{sql} AS c{at}" for at, sql in enumerate(chosen))
        offset = 0
        with self._reading():
            reader = self._connection.sql(f"SELECT {told} FROM {self._relation}")
            for batch in reader.to_arrow_reader(batch_rows(len(chosen))):
                numbers = np.arange(offset, offset + batch.num_rows)
                offset += batch.num_rows
                self.length = offset
                if condition is not None:
                    mask = batch.column(batch.num_columns - 1).fill_null(False)
                    numbers = numbers[mask.to_numpy(zero_copy_only=False)]
                    batch = batch.filter(mask).select(range(len(columns)))
                if len(numbers):
                    yield numbers, batch

    @cached_property
    def _condition(self) -> str | None:
        """The SQL of the row filter; it sees columns as training read them."""
        return None if self._where is None else row_filter(self._where, self.layout.types)

    @cached_property
    def _relation(self) -> str:
        """The file with columns as training read them, and what of them cannot be read so."""
        replaced = [f"{sql} AS {identifier(name)}" for name, (sql, _) in self._sources.items()]
        more = [
            f"CASE WHEN ({text}) IS NOT NULL AND ({sql}) IS NULL THEN {identifier(name)} END "
            f"AS {identifier(_UNREAD + name)}"
            for name, (sql, text) in self._sources.items()
            if text is not None
        ]
        if self._id is not None:
            more.append(f"{self._id_sql(self._id)} AS {identifier(_ID)}")
        star = f"* REPLACE ({', '.join(replaced)})" if replaced else "*"
        return f"(SELECT {', '.join([star, *more])} FROM {self.layout.relation})"

    def _id_sql(self, name: str) -> str:
        """Return the SQL of ids, written as training wrote them."""
        if self.layout.types[name] in INTEGERS:
            return identifier(name)
        if self.layout.types[name] == "VARCHAR":
            text = self.layout.text_of(name)
        else:
            text = f"CAST({identifier(name)} AS VARCHAR)"
        return rf"regexp_replace({text}, '^(-?\d+)\.0+$', '\1')"

    @contextmanager
    def _reading(self) -> Iterator[None]:
        import duckdb

        try:
            yield
        except (duckdb.Error, OSError) as error:  # Arrow raises the second
            raise Unreadable(str(error)) from None


def check_columns(path: Path, raw: RawTable, settings: RowSettings) -> None:
    """Check that a table without a target is there, and has the feature columns of training.

    Raises
    ------
    RequestError
        If it cannot be read, or with each column that is missing.
    """

    def look(located: LocatedData) -> list[str]:
        with closing(opened(located)) as connection:
            first = replace(located, files=located.files[:1])
            return list(RowFile(first, connection, raw, raw.columns, settings, None).names)

    with blaming(APPLY, SETTING):
        given = read_evenly(path, settings.lines, look)
    missing = [column.name for column in raw.columns if column.name not in given]
    if missing:
        raise RequestError(
            Fault(APPLY, f'"{path}" has no column "{name}".{nearest(name, given)}')
            for name in missing
        )


def batch_rows(columns: int) -> int:
    """Return how many rows are read at once."""
    return max(SMALLEST_BATCH, min(LARGEST_BATCH, _CELLS // max(columns, 1)))


def _present(array: Any) -> tuple[Numbers, list[str]]:
    """Return the places of an array's texts, and the texts."""
    present = array.is_valid().to_numpy(zero_copy_only=False)
    return np.flatnonzero(present), array.drop_null().to_pylist()
