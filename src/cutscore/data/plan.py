"""Which columns are read as what: settings and layout become one SELECT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cutscore.data.layout import Layout, identifier
from cutscore.data.settings import TableSettings
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.expressions import ExpressionError, check, sandbox

Role = Literal["feature", "target", "id", "amount", "group", "time", "where"]
INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
)
NUMBERS = INTEGERS | {"UBIGINT", "HUGEINT", "UHUGEINT", "FLOAT", "DOUBLE"}
MOMENTS = frozenset(
    {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}
)
_MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Read:
    """One column of the SELECT: what it is for, its name, its SQL, and whether it gives text."""

    role: Role
    name: str
    sql: str
    text: bool = False


@dataclass(frozen=True)
class ReadPlan:
    """Everything to read, features first and in the file's order."""

    reads: tuple[Read, ...]
    layout: Layout

    @property
    def features(self) -> tuple[Read, ...]:
        """What becomes a feature."""
        return tuple(read for read in self.reads if read.role == "feature")

    @property
    def statement(self) -> str:
        """The SELECT, with columns named by position."""
        columns = ", ".join(f"{read.sql} AS c{at}" for at, read in enumerate(self.reads))
        return f"SELECT {columns} FROM {self.layout.relation}"


def plan(layout: Layout, settings: TableSettings) -> ReadPlan:
    """Say what to read.

    Raises
    ------
    RequestError
        For each setting that names a column the file does not have, each column of a type that
        cannot be used, a bad row filter, and when no feature is left.
    """
    faults: list[Fault] = list(_unknown(layout, settings))
    reads: list[Read] = []
    for found in _reads(layout, settings) if not faults else _where(layout, settings):
        if isinstance(found, Fault):
            faults.append(found)
        else:
            reads.append(found)
    if not faults and not any(read.role == "feature" for read in reads):
        remedy = "Take a column off data.drop." if settings.drop else "Is data.delimiter right?"
        faults.append(Fault("data.drop", "no column is left to be a feature.", remedy))
    if faults:
        raise RequestError(faults)
    return ReadPlan(tuple(reads), layout)


def _unknown(layout: Layout, settings: TableSettings) -> Iterator[Fault]:
    named = [(key, getattr(settings, key)) for key in ("target", "id", "group", "time")]
    for key in ("drop", "categorical", "amounts"):
        named += [(key, name) for name in getattr(settings, key)]
    for key, name in named:
        if name is not None and name not in layout.types:
            only = " Is data.delimiter right?" if len(layout.types) == 1 else ""
            yield Fault(
                f"data.{key}",
                f'the table has no column "{name}".{nearest(name, layout.types)}',
                f"Its columns: {listed(list(layout.types))}.{only}",
            )


def _reads(layout: Layout, settings: TableSettings) -> Iterator[Read | Fault]:
    special = {settings.target, settings.id, settings.group, settings.time, *settings.drop}
    for name in layout.types:
        if name not in special:
            yield _feature(name, layout, name in settings.categorical)
    for name in settings.amounts:
        yield _amount("amount", "data.amounts", name, layout)
    if settings.time is not None:
        yield _amount("time", "data.time", settings.time, layout)
    yield Read("target", settings.target, _text(settings.target), text=True)
    if settings.id is not None:
        whole = layout.types[settings.id] in INTEGERS
        sql = f"CAST({identifier(settings.id)} AS BIGINT)" if whole else _text(settings.id)
        yield Read("id", settings.id, sql, text=not whole)
    if settings.group is not None:
        yield Read("group", settings.group, _text(settings.group), text=True)
    yield from _where(layout, settings)


def _feature(name: str, layout: Layout, category: bool) -> Read | Fault:
    kind = layout.types[name]
    if category or kind == "VARCHAR" or kind.startswith("ENUM"):
        return Read("feature", name, _text(name), text=True)
    sql = _number(name, kind)
    if sql is None:
        return Fault(
            "data.drop",
            f'the column "{name}" is of type {kind}; only numbers, booleans, dates, timestamps and '
            "text can be features.",
            f'Leave it out with "data.drop=[{name}]".',
        )
    return Read("feature", name, sql)


def _amount(
    role: Literal["amount", "time"], setting: str, name: str, layout: Layout
) -> Read | Fault:
    kind = layout.types[name]
    if kind == "VARCHAR" and layout.text:  # numbers perhaps, once the filter has been applied
        return Read(role, name, _text(name), text=True)
    sql = _number(name, kind)
    if sql is None or (role == "amount" and kind in MOMENTS):
        needed = "numbers" if role == "amount" else "numbers, dates or timestamps"
        what = "text" if kind == "VARCHAR" else kind
        return Fault(setting, f'the column "{name}" is {what}; {needed} are needed.')
    return Read(role, name, sql)


def _number(name: str, kind: str) -> str | None:
    """Return the SQL of a column as FLOAT or DOUBLE, moments in days since 1970-01-01."""
    column = identifier(name)
    if kind in MOMENTS:
        moment = f"CAST({column} AS TIMESTAMP)"
        return f"CAST(epoch_us({moment}) AS DOUBLE) / {_MICROSECONDS_PER_DAY}"
    if kind in ("FLOAT", "DOUBLE"):
        return column
    if kind in NUMBERS or kind == "BOOLEAN" or kind.startswith("DECIMAL"):
        return f"CAST({column} AS DOUBLE)"
    return None


def _text(name: str) -> str:
    return f"CAST({identifier(name)} AS VARCHAR)"


def _where(layout: Layout, settings: TableSettings) -> Iterator[Read | Fault]:
    """Check the row filter; it may mention any column of the file, the target too."""
    if settings.where is None:
        return
    connection = sandbox()
    try:
        expression = check(settings.where, connection)
    except ExpressionError as error:
        yield Fault("data.where", f"{error}.", f"The filter is: {settings.where}")
        return
    finally:
        connection.close()
    known = {name.lower() for name in layout.types}
    for name in expression.columns:
        if name.lower() not in known:
            yield Fault(
                "data.where",
                f'the table has no column "{name}".{nearest(name, layout.types)}',
                f"The filter is: {settings.where}",
            )
    yield Read("where", "where", f"CAST(TRY({expression.sql}) AS BOOLEAN)")
