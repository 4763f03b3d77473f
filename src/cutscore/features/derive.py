"""Evaluating SQL expressions over the rows of a data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError, nearest
from cutscore.expressions import Expression, ExpressionError, check, sandbox
from cutscore.records import Column, Dataset, Table, Values
from cutscore.sql import identifier

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SETTING = "data.domain"
# fmt: off
NUMERIC = frozenset({
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN",
})
# fmt: on


@dataclass(frozen=True, eq=False)
class Derived:
    """A new numeric column: its name and its values, float32, shape (rows,)."""

    name: str
    values: Values


def derive(dataset: Dataset, expressions: Mapping[str, str]) -> list[Derived]:
    """Evaluate named expressions over the feature columns of every row.

    Only the feature columns exist for an expression: neither the target, the id nor amounts that
    are not features can be named. Columns are as in the file: numbers DOUBLE, integers HUGEINT (so
    that products do not overflow), dates DATE or TIMESTAMP in UTC, categories text; only results
    become float32. What cannot be computed for a row (a division by zero, a logarithm of a negative
    number) is missing in that row.

    Raises
    ------
    RequestError
        With a fault for each expression that cannot be used.
    """
    connection = sandbox()
    try:
        checked, faults = _checked(dataset, expressions, connection)
        mentioned = dict.fromkeys(name for each in checked.values() for name in each.columns)
        if mentioned:
            connection.register("narrow", arrow_columns(dataset.table, dataset.whole, mentioned))
            make_wide(connection)
        made = []
        for name, expression in checked.items():
            try:
                made.append(Derived(name, _evaluate(expression, dataset.rows, connection)))
            except ExpressionError as error:
                faults.append(_fault(name, expressions[name], str(error)))
    finally:
        connection.close()
    if faults:
        raise RequestError(faults)
    return made


def extend(table: Table, made: Sequence[Derived]) -> Table:
    """Return a new table: the columns of `table` followed by the new ones."""
    old = len(table.columns)
    values = np.empty((table.rows, old + len(made)), dtype=np.float32)
    values[:, :old] = table.values
    for position, column in enumerate(made, start=old):
        values[:, position] = column.values
    return Table((*table.columns, *(Column(each.name) for each in made)), values)


def as_feature(values: npt.NDArray[np.float64]) -> Values:
    """Return float32 values in which whatever is not finite is missing (NaN)."""
    with np.errstate(over="ignore"):
        feature = values.astype(np.float32)
    feature[~np.isfinite(feature)] = np.nan
    return feature


def _fault(name: str, expression: str, problem: str) -> Fault:
    sentence = problem if problem.endswith("?") else f"{problem}."
    return Fault(f"{SETTING}.{name}", sentence, f"The expression is: {expression}")


def _checked(
    dataset: Dataset, expressions: Mapping[str, str], connection: duckdb.DuckDBPyConnection
) -> tuple[dict[str, Expression], list[Fault]]:
    """Admit the expressions that are allowed and whose names are free; fault the others."""
    taken = {name.lower() for name in (*dataset.table.names, dataset.target_name)}
    checked: dict[str, Expression] = {}
    faults: list[Fault] = []
    for name, text in expressions.items():
        if name.lower() in taken:
            faults.append(_fault(name, text, f'the name "{name}" is already taken by a column'))
        taken.add(name.lower())
        try:
            expression = check(text, connection)
            _check_columns(expression, dataset, expressions)
        except ExpressionError as error:
            faults.append(_fault(name, text, str(error)))
        else:
            checked[name] = expression
    return checked, faults


def _check_columns(
    expression: Expression, dataset: Dataset, expressions: Mapping[str, str]
) -> None:
    known = {name.lower() for name in dataset.table.names}
    if not expression.columns:
        raise ExpressionError("it mentions no column, so it is the same for every row")
    for name in expression.columns:
        if name.lower() in known:
            continue
        if name.lower() == dataset.target_name.lower():
            raise ExpressionError(f'it mentions "{name}", which is the target')
        if name in dataset.amounts:
            raise ExpressionError(f'it mentions "{name}", which is an amount and not a feature')
        if name in expressions:
            raise ExpressionError(f'it mentions "{name}", another expression; write that one out')
        raise ExpressionError(
            f'it mentions "{name}", which is not a feature column (the id and dropped columns '
            f"are none).{nearest(name, dataset.table.names)}".rstrip(".")
        )


def arrow_columns(
    table: Table, whole: Mapping[str, npt.NDArray[Any]], mentioned: Iterable[str]
) -> pa.Table:
    """Return the mentioned columns as they are in the file; names are matched without case."""
    import pyarrow as pa

    at = {column.name.lower(): index for index, column in enumerate(table.columns)}
    arrays: dict[str, Any] = {}
    for name in dict.fromkeys(name.lower() for name in mentioned):
        column = table.columns[at[name]]
        arrays[column.name] = _arrow(column, table.values[:, at[name]], whole.get(column.name))
    return pa.table(arrays)


def make_wide(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the view `t` of `narrow`, with integers so wide that products do not overflow."""
    columns = widened(connection.execute("DESCRIBE narrow").fetchall())
    connection.execute(f"CREATE OR REPLACE TEMP VIEW t AS SELECT {columns} FROM narrow").fetchall()


def widened(described: Iterable[tuple[Any, ...]]) -> str:
    """Return what makes the columns of `t` of those of `narrow`, which DuckDB described."""
    integers = [identifier(str(row[0])) for row in described if row[1] == "BIGINT"]
    wide = ", ".join(f"CAST({name} AS HUGEINT) AS {name}" for name in integers)
    return f"* REPLACE ({wide})" if wide else "*"


def computed(expression: Expression) -> str:
    """Return the SQL of an expression's value; what fails in a row is missing there."""
    return f"CAST(TRY({expression.sql}) AS DOUBLE)"


def _arrow(column: Column, values: Values, whole: npt.NDArray[Any] | None) -> Any:
    """Return a feature column as it is in the file, as an Arrow array."""
    import pyarrow as pa

    if isinstance(whole, np.ma.MaskedArray):
        return pa.array(whole.data, mask=np.ma.getmaskarray(whole))
    if whole is not None:
        return pa.array(whole, from_pandas=True)
    if column.levels is None:
        return pa.array(values.astype(np.float64), from_pandas=True)
    missing = np.isnan(values)
    indices = pa.array(np.where(missing, 0, values).astype(np.int32), mask=missing)
    levels = pa.array(column.levels, pa.string())
    return pa.DictionaryArray.from_arrays(indices, levels).cast(pa.string())


def _evaluate(expression: Expression, rows: int, connection: duckdb.DuckDBPyConnection) -> Values:
    """Return the expression's value in every row; what fails in a row is missing there."""
    import duckdb

    try:
        relation = connection.sql(f"SELECT TRY({expression.sql}) AS x FROM t")
        kind = str(relation.types[0]).split("(")[0]
        if kind not in NUMERIC:
            raise ExpressionError(f"it gives {_plain(kind)}; it must give a number or a boolean")
        table = connection.sql(f"SELECT {computed(expression)} AS x FROM t").to_arrow_table()
    except duckdb.Error as error:
        raise ExpressionError(_shortened(error)) from None
    if table.num_rows != rows:
        raise ExpressionError(f"it gives {table.num_rows:,} values for {rows:,} rows")
    values = as_feature(table.column(0).to_numpy())
    if np.isnan(values).all():
        raise ExpressionError("it gives no value in any row")
    return values


def _plain(kind: str) -> str:
    told = {"VARCHAR": "text", '"NULL"': "nothing"}
    spans = "DATE", "TIMESTAMP", "INTERVAL"
    hint = " (of two dates, date_diff('day', earlier, later) gives days)"
    return told.get(kind, kind) + (hint if kind in spans else "")


def _shortened(error: Exception) -> str:
    """Return DuckDB's message without its list of overloads and its picture of the query."""
    line = str(error).splitlines()[0]
    return line.split(". You might need")[0].rstrip(".")
