"""The files of several tables, opened in one DuckDB that can reach nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.data.describing import raw_layout
from cutscore.data.layout import Layout, trim
from cutscore.data.locate import LocatedData
from cutscore.data.relational.applying import TrainedTable, as_trained
from cutscore.data.relational.columns import source_columns, unlike_keys
from cutscore.data.relational.converting import SETTING, as_parquet, reaching, unreadable
from cutscore.data.relational.declaration import Declaration, Node
from cutscore.data.relational.planning import AT, source_name
from cutscore.data.settings import TableSettings
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.sql import identifier

if TYPE_CHECKING:
    import duckdb


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
        raise RequestError(Fault(SETTING, problem, "Name the folder that holds the tables."))
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
            faults.append(Fault(SETTING, problem, remedy))
        elif not node.table.optional:
            names = [path.name for path in there]
            wanted = named or node.name
            guess = nearest(wanted, {name.split(".")[0]: name for name in names})
            problem = (
                f'"{folder}" has no table "{wanted}" (CSV, packed or plain, or Parquet).{guess}'
            )
            faults.append(Fault(SETTING, problem, f"In it: {listed(names) or 'nothing'}."))
    if faults:
        raise RequestError(faults)
    return found


@contextmanager
def open_tables(
    files: Mapping[str, Path],
    declaration: Declaration,
    settings: TableSettings,
    work: Path,
    cache: Path,
    memory_limit: str,
    trained: Mapping[str, TrainedTable],
    *,
    numbered: bool = False,
) -> Iterator[OpenTables]:
    """Open the tables; `work` is the folder that may be written to, text files become Parquet.

    Tables of `trained` are read as training read its own, and need no target. `numbered` adds the
    column AT, the number of its row in the file, to the base table.

    Raises
    ------
    RequestError
        With every fault of the files, or else of the columns that the declaration needs.
    """
    with ExitStack() as stack:
        places: dict[str, LocatedData] = {}
        faults: list[Fault] = []
        for name, path in files.items():
            texts = trained[name].texts if name in trained else ()
            try:
                place = as_parquet(path, settings, texts, cache, memory_limit)
                places[name] = stack.enter_context(place)
            except RequestError as error:
                faults += error.faults
        if faults:
            raise RequestError(faults)
        paths = [file for place in places.values() for file in place.files]
        connection = stack.enter_context(reaching(paths, work, memory_limit))
        types = _described(places, declaration, settings, trained, connection, numbered=numbered)
        yield OpenTables(connection, types)


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
            missing = settings.missing
            layout = trim(raw_layout(place, connection, missing=missing, effort="every row"))
            if told is None:
                faults += _missing(node, place.path.name, layout, declaration, settings)
            else:
                layout, wrong = as_trained(node, layout, declaration, told, place.path, connection)
                faults += wrong
        except RequestError as error:
            faults += error.faults
            continue
        except duckdb.Error as error:
            problem = unreadable(place, error)
            if isinstance(problem, OSError):
                raise problem from None
            faults += problem.faults
            continue
        more = f'row_number() OVER () AS "{AT}"' if numbered and node.parent is None else ""
        found[node.name] = _viewed(node, layout, names, declaration, connection, more)
    if not faults:
        _type_empty_keys(declaration, found, connection)
        faults += unlike_keys(declaration, found)
    if faults:
        raise RequestError(faults)
    return found


def _type_empty_keys(
    declaration: Declaration,
    found: Mapping[str, dict[str, str]],
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Give a key without a value, as of an empty table, the type of the key it is joined to."""
    keys = {node.name: node.table.keys for node in declaration.nodes}
    for node in reversed(declaration.nodes):
        parent = str(node.parent)
        if parent not in found or node.name not in found:
            continue
        for mine, theirs in zip(node.on, keys[parent], strict=True):
            both = (node.name, mine), (parent, theirs)
            for (table, column), (other, named) in (both, both[::-1]):
                kind, name = found[other][named], identifier(column)
                view, read = map(identifier, (source_name(table), f"read:{table}:{column}"))
                if kind == found[table][column]:
                    continue
                if connection.execute(f"SELECT count({name}) FROM {view}").fetchall()[0][0]:
                    continue
                empty = f"SELECT * REPLACE (CAST(NULL AS {kind}) AS {name}) FROM {read}"
                connection.execute(f"ALTER VIEW {view} RENAME TO {read}").fetchall()
                connection.execute(f"CREATE TEMP VIEW {view} AS {empty}").fetchall()
                found[table][column] = kind


def _viewed(
    node: Node,
    layout: Layout,
    names: Sequence[str],
    declaration: Declaration,
    connection: duckdb.DuckDBPyConnection,
    more: str,
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
