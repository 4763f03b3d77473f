"""Which columns are read as what: settings and layout become one SELECT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cutscore.data.kinds import Reading
from cutscore.data.layout import Layout
from cutscore.data.settings import TableSettings
from cutscore.data.texts import plainly
from cutscore.errors import Fault, RequestError, listed, nearest, override
from cutscore.expressions import ExpressionError, check, sandbox
from cutscore.records import STRETCHES
from cutscore.sql import identifier

Role = Literal[
    "feature",
    "target",
    "id",
    "row name",
    "amount",
    "weight",
    "group",
    "time",
    "period",
    "whole",
    "where",
]
INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
)
NUMBERS = INTEGERS | {"UBIGINT", "HUGEINT", "UHUGEINT", "FLOAT", "DOUBLE"}
MOMENTS = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})
_PERIOD = "validation.period"
_MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Read:
    """One column of the SELECT: what it is for, its name and its SQL.

    `text` says whether it gives text, `moment` whether its numbers are moments.
    """

    role: Role
    name: str
    sql: str
    text: bool = False
    moment: bool = False


@dataclass(frozen=True)
class ReadPlan:
    """Everything to read, features first and in the file's order.

    `readings` are columns of texts that the layout has as texts and that are read as something
    else; `row_names` are columns that hold a row's name or number and are no features.
    """

    reads: tuple[Read, ...]
    layout: Layout
    readings: Mapping[str, Reading] = field(default_factory=dict)
    row_names: tuple[str, ...] = ()

    @property
    def time_is_date(self) -> bool:
        """Whether `data.time` holds moments, and not numbers."""
        return any(read.role == "time" and read.moment for read in self.reads)

    @property
    def features(self) -> tuple[Read, ...]:
        """What becomes a feature."""
        return tuple(read for read in self.reads if read.role == "feature")

    @property
    def statement(self) -> str:
        """The SELECT, with columns named by position."""
        columns = ", ".join(f"{read.sql} AS c{at}" for at, read in enumerate(self.reads))
        return f"SELECT {columns} FROM {self.layout.relation}"


def plan(
    layout: Layout,
    settings: TableSettings,
    readings: Mapping[str, Reading] | None = None,
    row_names: tuple[str, ...] = (),
) -> ReadPlan:
    """Say what to read.

    Raises
    ------
    RequestError
        For each setting that names a column the file does not have, each column of a type that
        cannot be used, a bad row filter, and when no feature is left.
    """
    faults: list[Fault] = list(_unknown(layout, settings))
    reads: list[Read] = []
    known = readings or {}
    for found in (
        _reads(layout, settings, known, row_names) if not faults else _where(layout, settings)
    ):
        if isinstance(found, Fault):
            faults.append(found)
        else:
            reads.append(found)
    if not faults and not any(read.role == "feature" for read in reads):
        remedy = "Take a column off data.drop." if settings.drop else "Is data.delimiter right?"
        faults.append(Fault("data.drop", "no column is left to be a feature.", remedy))
    if faults:
        raise RequestError(faults)
    return ReadPlan(tuple(reads), layout, known, row_names)


def _unknown(layout: Layout, settings: TableSettings) -> Iterator[Fault]:
    keys = ("target", "id", "group", "time", "weight")
    named = [(f"data.{key}", getattr(settings, key)) for key in keys]
    named.append((_PERIOD, settings.period))
    for key in ("drop", "categorical", "numeric", "amounts"):
        named += [(f"data.{key}", name) for name in getattr(settings, key)]
    if isinstance(settings.date_format, Mapping):
        named += [("data.date_format", name) for name in settings.date_format]
    named += [("data.labels", name) for name in settings.labels if name not in settings.made]
    for key, name in named:
        if name is not None and name not in layout.types:
            words = STRETCHES if key == _PERIOD else ()
            allowed = f"Allowed are {listed(words)} and columns. " if words else ""
            columns = listed([plainly(each) for each in layout.types])
            yield Fault(
                key,
                f'the table has no column "{name}".{nearest(name, [*words, *layout.types])}',
                f"{allowed}Its columns: {columns}.{_hint(layout, settings)}",
            )


def _hint(layout: Layout, settings: TableSettings) -> str:
    """Return what else may be wrong where a column is not found."""
    if len(layout.types) == 1:
        return " Is data.delimiter right?"
    numbers = [name for name in layout.types if settings.notation.fits(name)]
    counting = {str(number) for number in range(len(layout.types) + 1)}
    if layout.text and 2 * len(numbers) >= len(layout.types) and not set(numbers) <= counting:
        return " If the file has no line of column names: data.header=false."
    return ""


def _reads(
    layout: Layout,
    settings: TableSettings,
    readings: Mapping[str, Reading],
    row_names: tuple[str, ...],
) -> Iterator[Read | Fault]:
    special = {settings.target, settings.id, settings.group, settings.time, *settings.drop}
    special.add(settings.weight)
    for name in layout.types:
        if name not in special and name not in row_names:
            category = name in settings.categorical or name in layout.levels
            yield _feature(name, *_source(name, layout, readings), category)
    for name in settings.amounts:
        yield _amount("amount", "data.amounts", name, *_source(name, layout, readings))
    if (weight := settings.weight) is not None:
        yield _amount("weight", "data.weight", weight, *_source(weight, layout, readings))
    if settings.time is not None:
        yield _amount("time", "data.time", settings.time, *_source(settings.time, layout, readings))
    if settings.period is not None:
        yield Read("period", settings.period, _text(settings.period), text=True)
    yield Read("target", settings.target, _text(settings.target), text=True)
    if settings.id is not None:
        yield _name("id", settings.id, layout)
    for name in row_names:
        yield _name("row name", name, layout)
    if settings.group is not None:
        yield Read("group", settings.group, _text(settings.group), text=True)
    for name in layout.types:
        if name.lower() in settings.kept_whole and name not in {*special, *row_names}:
            yield from _whole(name, *_source(name, layout, readings), name in settings.categorical)
    yield from _where(layout, settings)


def _source(name: str, layout: Layout, readings: Mapping[str, Reading]) -> tuple[str, str]:
    """Return the SQL and the type of a column, read as its texts are to be read."""
    reading = readings.get(name)
    if reading is None:
        return identifier(name), layout.types[name]
    return reading.sql(layout.text_of(name)), reading.type


def _feature(name: str, column: str, kind: str, category: bool) -> Read | Fault:
    if category or kind == "VARCHAR" or kind.startswith("ENUM"):
        return Read("feature", name, _text(name), text=True)
    sql = _number(column, kind)
    if sql is None:
        leave_out = override("data.drop", [name])
        return Fault(
            "data.drop",
            f'the column "{name}" is of type {kind}; only numbers, booleans, dates, timestamps and '
            "text can be features.",
            f"Leave it out with {leave_out}.",
        )
    return Read("feature", name, sql)


def _amount(
    role: Literal["amount", "weight", "time"], setting: str, name: str, column: str, kind: str
) -> Read | Fault:
    if kind == "VARCHAR":  # numbers perhaps, once the filter has been applied
        return Read(role, name, _text(name), text=True)
    sql = _number(column, kind)
    if sql is None or (role != "time" and kind in MOMENTS):
        needed = "numbers, dates or timestamps" if role == "time" else "numbers"
        return Fault(setting, f'the column "{name}" is {kind}; {needed} are needed.')
    return Read(role, name, sql, moment=kind in MOMENTS)


def _whole(name: str, column: str, kind: str, category: bool) -> Iterator[Read]:
    """Yield a feature column of numbers or moments once more, at its full precision."""
    if category or kind == "VARCHAR" or kind.startswith("ENUM"):
        return
    if kind in MOMENTS:
        yield Read("whole", name, column if kind == "DATE" else f"CAST({column} AS TIMESTAMP)")
    elif kind in INTEGERS:
        yield Read("whole", name, f"CAST({column} AS BIGINT)")
    elif kind != "FLOAT" and _number(column, kind) is not None:  # float32 holds FLOAT as it is
        yield Read("whole", name, f"CAST({column} AS DOUBLE)")


def _name(role: Literal["id", "row name"], name: str, layout: Layout) -> Read:
    whole = layout.types[name] in INTEGERS
    sql = f"CAST({identifier(name)} AS BIGINT)" if whole else _text(name)
    return Read(role, name, sql, text=not whole)


def _number(column: str, kind: str) -> str | None:
    """Return the SQL of a column as FLOAT or DOUBLE, moments in days since 1970-01-01."""
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


def row_filter(where: str, columns: Iterable[str]) -> str:
    """Return the SQL of a row filter; it may mention any column of the file, the target too.

    Raises
    ------
    RequestError
        With all that is wrong with it.
    """
    connection = sandbox()
    remedy = f"The filter is: {where}"
    try:
        expression = check(where, connection)
    except ExpressionError as error:
        raise RequestError(Fault("data.where", f"{error}.", remedy)) from None
    finally:
        connection.close()
    known = {name.lower(): name for name in columns}
    faults = [
        Fault(
            "data.where",
            f'the table has no column "{name}".{nearest(name, known.values())}',
            remedy,
        )
        for name in expression.columns
        if name.lower() not in known
    ]
    if faults:
        raise RequestError(faults)
    return f"CAST(TRY({expression.sql}) AS BOOLEAN)"


def _where(layout: Layout, settings: TableSettings) -> Iterator[Read | Fault]:
    if settings.where is None:
        return
    try:
        yield Read("where", "where", row_filter(settings.where, layout.types))
    except RequestError as error:
        yield from error.faults
