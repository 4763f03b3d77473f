"""Text files as Parquet: converted once by content, and then read by every declaration."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.data.describing import raw_layout
from cutscore.data.layout import Layout, counts, replaced, trim
from cutscore.data.locate import LocatedData, TextFormat, located
from cutscore.data.relational.building import failed
from cutscore.data.relational.cache import SOURCE, TABLES, cached, entry_key
from cutscore.data.settings import TableSettings
from cutscore.data.unpack import UNREADABLE, refused
from cutscore.data.unreadable import Unreadable, read_evenly
from cutscore.errors import Fault, RequestError
from cutscore.sql import connect, identifier, literal

if TYPE_CHECKING:
    import duckdb

SETTING = "data.path"

log = logging.getLogger(__name__)


@contextmanager
def as_parquet(
    path: Path, settings: TableSettings, texts: Sequence[str], cache: Path, memory_limit: str
) -> Iterator[LocatedData]:
    """Say where a table is as Parquet: itself, or what a text file was converted to.

    Columns named in `texts` are text though all their cells look like numbers.

    Raises
    ------
    RequestError
        For a file that cannot be read as a table, and if the cache cannot be written.
    """
    form = TextFormat(
        settings.delimiter, settings.encoding, settings.skip_lines, settings.header, ()
    )
    declared = form, settings.missing, settings.decimal, sorted(texts)
    key = entry_key(declared, {"": path}, cache / ".digests")
    kept = cache / TABLES / f"{key}.parquet"
    if not kept.exists():
        with located(path, form) as place:
            if place.kind == "parquet":
                yield place
                return
        convert = partial(_convert, path, form, settings, texts, memory_limit)
        cached(cache / TABLES, key, convert)
    yield LocatedData(path, (kept,), "parquet")


@contextmanager
def reaching(
    files: Iterable[Path], folder: Path, memory_limit: str
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB that reads these files, writes to the folder, and reaches nothing else."""
    connection = connect(memory_limit=memory_limit, temp_directory=str(folder))
    try:
        paths = ", ".join(literal(str(file)) for file in files)
        connection.execute(f"SET allowed_paths = [{paths}]").fetchall()
        connection.execute(f"SET allowed_directories = [{literal(str(folder))}]").fetchall()
        connection.execute("SET enable_external_access = false").fetchall()
        yield connection
    finally:
        connection.close()


def unreadable(place: LocatedData, error: Exception) -> RequestError | OSError:
    """Return the error of a table that DuckDB cannot read, or has no room for."""
    import duckdb

    found = failed(error)
    if isinstance(error, duckdb.OutOfMemoryException) or isinstance(found, OSError):
        return found
    line = " ".join(str(error).split("\n\n")[0].split())
    return RequestError(Fault(SETTING, f'"{place.path}" cannot be read as a table: {line}'))


def _convert(
    path: Path,
    form: TextFormat,
    settings: TableSettings,
    texts: Sequence[str],
    limit: str,
    work: Path,
) -> Path:
    """Write a text file as Parquet: texts trimmed, numbers as they are in all rows."""
    import duckdb

    made = work / "table.parquet"
    log.info("Converting %s to Parquet (kept for the next time)", path.name)

    def write(place: LocatedData) -> None:
        with reaching(place.files, work, limit) as connection:
            try:
                layout = _layout(place, settings, texts, connection)
                source = literal(path.name)
                connection.execute(
                    f"COPY (SELECT * FROM {layout.relation}) TO {literal(str(made))} "
                    f"(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{SOURCE}: {source}}})"
                ).fetchall()
            except duckdb.Error as error:
                problem = failed(error)
                if isinstance(error, duckdb.OutOfMemoryException) or isinstance(problem, OSError):
                    raise problem from None
                raise Unreadable(str(error)) from None

    try:
        read_evenly(path, form, write)
    except UNREADABLE as error:
        if getattr(error, "errno", None) is not None:
            raise  # of the place that is written to
        raise refused(path, f"cannot be read ({error}).") from None
    return made


def _layout(
    place: LocatedData,
    settings: TableSettings,
    texts: Sequence[str],
    connection: duckdb.DuckDBPyConnection,
) -> Layout:
    """Return the columns of a text file with types that hold in all its rows.

    Whole numbers stay whole: which of them name rows depends on the declaration.
    """

    def described(*, whole: bool) -> Layout:
        return raw_layout(
            place,
            connection,
            missing=settings.missing,
            decimal=settings.decimal,
            as_text=texts,
            exact=place.names,
            effort="every row" if whole else "sample",
        )

    layout, first = described(whole=True), described(whole=False).types
    if set(layout.types.values()) == {"VARCHAR"}:  # perhaps for want of a readable file
        last = identifier(list(layout.types)[-1])
        connection.execute(f"SELECT max({last}) FROM {layout.relation}").fetchall()
    changed = [
        name for name, kind in layout.types.items() if kind == "VARCHAR" and first[name] != kind
    ]
    if changed:
        at = str(place.path)
        raise RequestError(
            [stops(at, layout.relation, layout.text_of(name), name, connection) for name in changed]
        )
    return _without_value(trim(layout), texts, connection)


def _without_value(
    layout: Layout, texts: Sequence[str], connection: duckdb.DuckDBPyConnection
) -> Layout:
    """Return the layout with columns that have no value as numbers, which most columns are."""
    names = [n for n, kind in layout.types.items() if kind == "VARCHAR" and n not in texts]
    empty = [name for name, values in counts(layout, names, connection).items() if not values]
    nothing = dict.fromkeys(empty, "CAST(NULL AS BIGINT)")
    return replaced(layout, nothing, dict.fromkeys(empty, "BIGINT"))


def stops(
    file: str, relation: str, text: str, name: str, connection: duckdb.DuckDBPyConnection
) -> Fault:
    """Return the fault of a column that holds numbers, but not in all rows; `text` is its SQL."""
    rows = connection.execute(
        f"SELECT n, x FROM (SELECT row_number() OVER () AS n, {text} AS x FROM {relation}) "
        "WHERE x IS NOT NULL AND TRY_CAST(x AS DOUBLE) IS NULL ORDER BY n LIMIT 1"
    ).fetchall()
    at, cell = rows[0] if rows else (0, "")
    problem = f'the column "{name}" of "{file}" holds numbers, but in row {at:,} "{cell}".'
    return Fault(SETTING, problem, "Mend the file, or list the text in data.missing.")
