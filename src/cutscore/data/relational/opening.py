"""The files of several tables, opened in one DuckDB that can reach nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.data.layout import Layout, raw_layout, trim
from cutscore.data.locate import LocatedData, TextFormat, located
from cutscore.data.relational.applying import TrainedTable, as_trained
from cutscore.data.relational.building import failed
from cutscore.data.relational.columns import source_columns, unlike_keys
from cutscore.data.relational.declaration import Declaration, Node
from cutscore.data.relational.planning import AT, source_name
from cutscore.data.settings import TableSettings
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.sql import connect, identifier, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_SETTING = "data.path"


@dataclass(frozen=True)
class OpenTables:
    """Source tables as views, with the types of their columns."""

    connection: duckdb.DuckDBPyConnection
    types: Mapping[str, Mapping[str, str]]


def find_files(folder: Path, declaration: Declaration) -> dict[str, Path]:
    """Return where each table is that is there.

    Raises
    ------
    RequestError
        With a fault for each table that is needed and missing, or there more than once.
    """
    if not folder.is_dir():
        problem = f'there is no folder "{folder}".'
        raise RequestError(Fault(_SETTING, problem, "Name the folder that holds the tables."))
    there = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    found: dict[str, Path] = {}
    faults: list[Fault] = []
    for node in declaration.nodes:
        if node.table.of is not None:
            continue
        named = node.table.path
        if named is not None:
            paths = [folder / named] if (folder / named).exists() else []
        else:
            paths = [path for path in there if path.name.split(".")[0] == node.name]
        if len(paths) == 1:
            found[node.name] = paths[0]
        elif paths:
            told = listed([path.name for path in paths])
            problem = f'the table "{node.name}" is in "{folder}" more than once: {told}.'
            remedy = f"Leave one, or name it: data.tables.{node.name}.path={paths[0].name}."
            faults.append(Fault(_SETTING, problem, remedy))
        elif not node.table.optional:
            names = [path.name for path in there]
            wanted = named or node.name
            guess = nearest(wanted, {name.split(".")[0]: name for name in names})
            problem = (
                f'"{folder}" has no table "{wanted}" (CSV, packed or plain, or Parquet).{guess}'
            )
            faults.append(Fault(_SETTING, problem, f"In it: {listed(names) or 'nothing'}."))
    if faults:
        raise RequestError(faults)
    return found


@contextmanager
def open_tables(
    files: Mapping[str, Path],
    declaration: Declaration,
    settings: TableSettings,
    work: Path,
    memory_limit: str,
    trained: Mapping[str, TrainedTable],
    *,
    numbered: bool = False,
) -> Iterator[OpenTables]:
    """Open the tables; `work` is the folder that may be written to.

    Tables of `trained` are read as training read its own, and need no target. `numbered` adds the
    column AT, the number of its row in the file, to the base table.

    Raises
    ------
    RequestError
        With every fault of the files, or else of the columns that the declaration needs.
    """
    form = TextFormat(
        settings.delimiter, settings.encoding, settings.skip_lines, settings.header, ()
    )
    with ExitStack() as stack:
        places: dict[str, LocatedData] = {}
        faults: list[Fault] = []
        for name, path in files.items():
            try:
                places[name] = stack.enter_context(located(path, form))
            except RequestError as error:
                faults += error.faults
        if faults:
            raise RequestError(faults)
        connection = connect(memory_limit=memory_limit, temp_directory=str(work))
        stack.callback(connection.close)
        paths = [str(file) for place in places.values() for file in place.files]
        connection.execute(f"SET allowed_paths = [{', '.join(map(literal, paths))}]").fetchall()
        connection.execute(f"SET allowed_directories = [{literal(str(work))}]").fetchall()
        connection.execute("SET enable_external_access = false").fetchall()
        types = _described(places, declaration, settings, trained, connection, numbered=numbered)
        yield OpenTables(connection, types)


@contextmanager
def open_rows(
    tables: Mapping[str, pa.Table], declaration: Declaration, settings: TableSettings
) -> Iterator[OpenTables]:
    """Open tables that are in memory, as `open_tables` does files.

    Raises
    ------
    RequestError
        For columns that the declaration needs and a table does not have.
    """
    connection = connect(enable_external_access="false")
    try:
        faults: list[Fault] = []
        found: dict[str, dict[str, str]] = {}
        for node in declaration.nodes:
            if node.name not in tables:
                continue
            relation = identifier(f"rows:{node.name}")
            connection.register(f"rows:{node.name}", tables[node.name])
            rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
            types = {str(row[0]): str(row[1]) for row in rows}
            layout = trim(Layout(types, relation, text=False, missing=settings.missing))
            faults += _missing(node, node.name, layout, declaration, settings)
            names = _names(node, settings)
            found[node.name] = _viewed(node, layout, names, declaration, connection)
        faults = faults or list(unlike_keys(declaration, found))
        if faults:
            raise RequestError(faults)
        yield OpenTables(connection, found)
    finally:
        connection.close()


def _described(
    places: Mapping[str, LocatedData],
    declaration: Declaration,
    settings: TableSettings,
    trained: Mapping[str, TrainedTable],
    connection: duckdb.DuckDBPyConnection,
    *,
    numbered: bool,
) -> dict[str, dict[str, str]]:
    import duckdb

    faults: list[Fault] = []
    found: dict[str, dict[str, str]] = {}
    for node in declaration.nodes:
        if node.name not in places:
            continue
        place, told = places[node.name], trained.get(node.name)
        names = _names(node, settings) if told is None else told.named
        try:
            layout = _layout(place, names, settings, connection, told.texts if told else ())
            if told is None:
                faults += _missing(node, place.path.name, layout, declaration, settings)
            else:
                layout, wrong = as_trained(node, layout, declaration, told, place.path, connection)
                faults += wrong
        except RequestError as error:
            faults += error.faults
            continue
        except duckdb.OutOfMemoryException as error:
            raise failed(error) from None
        except duckdb.Error as error:
            line = " ".join(str(error).split("\n\n")[0].split())
            faults.append(Fault(_SETTING, f'"{place.path}" cannot be read as a table: {line}'))
            continue
        more = f'row_number() OVER () AS "{AT}"' if numbered and node.parent is None else ""
        found[node.name] = _viewed(node, layout, names, declaration, connection, more)
    if not faults:
        faults += unlike_keys(declaration, found)
    if faults:
        raise RequestError(faults)
    return found


def _viewed(
    node: Node,
    layout: Layout,
    names: Sequence[str],
    declaration: Declaration,
    connection: duckdb.DuckDBPyConnection,
    more: str = "",
) -> dict[str, str]:
    """Make the view of a source table, perhaps with `more`; return its columns' types."""
    columns = source_columns(node, layout, names, declaration)
    named = [f"{sql} AS {identifier(name)}" for name, (sql, _) in columns.items()]
    told = ", ".join([*named, more] if more else named)
    view = identifier(source_name(node.name))
    connection.execute(
        f"CREATE TEMP VIEW {view} AS SELECT {told} FROM {layout.relation}"
    ).fetchall()
    return {name: kind for name, (_, kind) in columns.items()}


def _names(node: Node, settings: TableSettings) -> list[str]:
    """Return the columns that name rows, here or elsewhere, or are taken as they are."""
    names = [*node.table.keys, *node.on]
    if node.parent is None:
        names += [name for name in (settings.target, settings.id, settings.group) if name]
    return list(dict.fromkeys(names))


def _layout(
    place: LocatedData,
    names: Sequence[str],
    settings: TableSettings,
    connection: duckdb.DuckDBPyConnection,
    texts: Sequence[str],
) -> Layout:
    """Return the columns of a file with types that hold in all its rows; `texts` are text."""

    def described(effort: str) -> Layout:
        return raw_layout(
            place,
            connection,
            missing=settings.missing,
            decimal=settings.decimal,
            as_text=texts,
            exact=names,
            effort="sample" if effort == "sample" else "every row",
        )

    layout = described("every row")
    if layout.text:
        first = described("sample").types
        changed = [
            name for name, kind in layout.types.items() if kind == "VARCHAR" and first[name] != kind
        ]
        if set(layout.types.values()) == {"VARCHAR"}:  # perhaps for want of a readable file
            last = identifier(list(layout.types)[-1])
            connection.execute(f"SELECT max({last}) FROM {layout.relation}").fetchall()
        if changed:
            raise RequestError([_stops(place, name, layout, connection) for name in changed])
    return trim(layout)


def _stops(
    place: LocatedData, name: str, layout: Layout, connection: duckdb.DuckDBPyConnection
) -> Fault:
    """Return the fault of a column that is numeric at first and not in all rows."""
    text = layout.text_of(name)
    rows = connection.execute(
        f"SELECT n, x FROM (SELECT row_number() OVER () AS n, {text} AS x FROM {layout.relation}) "
        "WHERE x IS NOT NULL AND TRY_CAST(x AS DOUBLE) IS NULL ORDER BY n LIMIT 1"
    ).fetchall()
    at, cell = rows[0] if rows else (0, "")
    problem = f'the column "{name}" of "{place.path}" holds numbers, but in row {at:,} "{cell}".'
    return Fault(_SETTING, problem, "Mend the file, or list the text in data.missing.")


def _missing(
    node: Node,
    file: str,
    layout: Layout,
    declaration: Declaration,
    settings: TableSettings,
) -> Iterator[Fault]:
    """Yield the columns that are declared and not there."""
    needed = [(f"data.tables.{node.name}.key", name) for name in node.table.keys]
    needed += [(f"data.tables.{node.name}.foreign_key", name) for name in node.on]
    if node.table.time is not None:
        needed.append((f"data.tables.{node.name}.time", node.table.time))
    for names in declaration.sentinels.get(node.name, {}):
        if not set("*?[") & set(names):
            needed.append((f"data.sentinels.{node.name}", names))
    if node.parent is None:
        needed += [
            (f"data.{key}", name)
            for key in ("target", "id")
            if (name := getattr(settings, key)) is not None
        ]
    for setting, name in needed:
        if name not in layout.types:
            problem = f'"{file}" has no column "{name}".{nearest(name, layout.types)}'
            yield Fault(setting, problem, f"Its columns: {listed(list(layout.types))}.")
