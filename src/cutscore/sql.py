"""DuckDB as it is used everywhere: names and texts as SQL, and connections that depend on nothing.

A session reads times in a zone, which is the machine's unless it is set, so it is set here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_SETTINGS = (
    "enable_progress_bar = false",  # on after two seconds, it would be written to stdout
    "TimeZone = 'UTC'",
    "Calendar = 'gregorian'",
    # A long IN would be made a join, and a join gives rows in another order.
    "disabled_optimizers = 'in_clause'",
)


def identifier(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def connect(**config: str) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that sees no Python variables and gives the same on any machine."""
    import duckdb

    connection = duckdb.connect(
        ":memory:", config={"python_enable_replacements": "false", "threads": "2", **config}
    )
    for setting in _SETTINGS:
        connection.execute(f"SET {setting}").fetchall()
    return connection
