"""Aggregates over the rows of one parent: a closed list, taken apart before it is run.

An expression such as `sum(a) / nullif(count(*), 0)` is cut into its aggregates and what is computed
of them. Every piece is an expression of its own and has to pass `expressions.check`, so nothing
but the aggregates listed here is allowed that is not allowed there.

Every aggregate gives the same bits whatever the order of rows and the number of threads. Sums are
added up as whole multiples of 2^-60, which is exact; values below 0.004 in size are rounded to
that first. Deviations are computed of sorted values, and where two rows are equally late,
`arg_max` takes the larger value.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cutscore.errors import listed, nearest
from cutscore.expressions import Expression, ExpressionError, check

if TYPE_CHECKING:
    import duckdb

_ARGUMENTS = {
    "count": 1, "count_star": 0, "sum": 1, "avg": 1, "mean": 1, "min": 1, "max": 1,
    "stddev": 1, "stddev_samp": 1, "stddev_pop": 1, "variance": 1, "var_samp": 1, "var_pop": 1,
    "median": 1, "quantile": 2, "quantile_cont": 2, "quantile_disc": 2,
    "arg_min": 2, "argmin": 2, "min_by": 2, "arg_max": 2, "argmax": 2, "max_by": 2,
}  # fmt: skip
AGGREGATES = frozenset(_ARGUMENTS) - {"count_star"}
NUMBERS_ONLY = AGGREGATES - {"count", "min", "max", "quantile_disc"} - {
    name for name in AGGREGATES if _ARGUMENTS[name] == 2 and not name.startswith("quantile")
}  # fmt: skip
"""What takes numbers and truth values, not text."""
_SCALE = "1152921504606846976e0"  # 2^60


@dataclass(frozen=True)
class Piece:
    """One aggregate: its function, checked arguments and filter, and a quantile's share."""

    function: str
    arguments: tuple[Expression, ...]
    where: Expression | None
    distinct: bool
    share: float | None = None


@dataclass(frozen=True)
class AggregateExpression:
    """A checked aggregate: its pieces, and what is computed of them, named by `piece_name`."""

    outer: Expression
    pieces: tuple[Piece, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are mentioned, in any piece."""
        parts = [part for piece in self.pieces for part in (*piece.arguments, piece.where) if part]
        return tuple(dict.fromkeys(name for part in parts for name in part.columns))


def piece_name(at: int) -> str:
    """Return the column that stands for a piece in the outer expression."""
    return f"#{at}"


def check_aggregate(text: str, connection: duckdb.DuckDBPyConnection) -> AggregateExpression:
    """Take an aggregate apart and admit it only if all its pieces may be evaluated.

    Raises
    ------
    ExpressionError
        With a clause that says what is not allowed.
    """
    tree = _tree(text, connection)
    root = tree["statements"][0]["node"].get("select_list", [{}])[0]
    nodes: list[dict[str, Any]] = []
    try:
        _cut(root, nodes)
    except RecursionError:
        raise ExpressionError("it is nested too deeply") from None
    pieces = tuple(_piece(node, connection) for node in nodes)
    if not pieces:
        check(text, connection)
        raise ExpressionError("it has no aggregate, such as sum(...), avg(...) or count(*)")
    outer = check(_text(tree, connection), connection)
    own = {piece_name(at) for at in range(len(pieces))}
    for name in outer.columns:
        if name not in own:
            raise ExpressionError(
                f'it mentions "{name}" outside an aggregate; several rows have several values'
            )
    return AggregateExpression(outer, pieces)


def aggregate_sql(piece: Piece, arguments: list[str], types: list[str], where: str | None) -> str:
    """Return the SQL of a piece over columns that hold its arguments; see the module.

    Parameters
    ----------
    arguments, types : of the columns; numbers must be finite DOUBLE
    where : column of truth values that says which rows count, None for all
    """
    first = arguments[0] if arguments else ""
    second = arguments[1] if len(arguments) > 1 else ""
    conditions = [] if where is None else [where]

    def over(function: str, *more: str) -> str:
        told = " AND ".join([*conditions, *more])
        return f"{function} FILTER (WHERE {told})" if told else function

    number = first if types[:1] == ["DOUBLE"] else f"CAST({first} AS DOUBLE)"
    match piece.function:
        case "count_star":
            return over("count(*)")
        case "count":
            return over(f"count({'DISTINCT ' if piece.distinct else ''}{first})")
        case "sum" | "avg" | "mean":
            if types[0] == "BOOLEAN":
                total = f"CAST({over(f'sum(CAST({first} AS INTEGER))')} AS DOUBLE)"
            else:
                total = over(f"sum(CAST({number} * {_SCALE} AS HUGEINT))")
                total = f"CAST({total} AS DOUBLE) / {_SCALE}"
            return total if piece.function == "sum" else f"{total} / {over(f'count({first})')}"
        case "min" | "max":
            return over(f"{piece.function}({first})")
        case "median":
            return over(f"median({number})")
        case "quantile" | "quantile_cont":
            return over(f"quantile_cont({number}, {piece.share!r})")
        case "quantile_disc":
            return over(f"quantile_disc({first}, {piece.share!r})")
        case "arg_min" | "argmin" | "min_by" | "arg_max" | "argmax" | "max_by":
            name = "arg_min" if "min" in piece.function else "arg_max"
            both = f"{first} IS NOT NULL", f"{second} IS NOT NULL"
            return over(f"{name}({first}, {{'a': {second}, 'b': {first}}})", *both)
        case function:
            present = over(f"list({number})", f"{first} IS NOT NULL")
            return f"list_aggregate(list_sort({present}), '{function}')"


def _tree(text: str, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Parse; what is no single expression is refused by `check` in its own words."""
    statement = f"SELECT {text}\nAS x FROM t"
    rows = connection.execute("SELECT json_serialize_sql(?)", [statement]).fetchall()
    try:
        tree: dict[str, Any] = json.loads(str(rows[0][0]))
    except RecursionError:
        raise ExpressionError("it is nested too deeply") from None
    if tree["error"] or len(tree["statements"]) != 1 or not text.strip():
        check(text, connection)
        raise ExpressionError("it is more than one expression")
    return tree


def _text(tree: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> str:
    rows = connection.execute("SELECT json_deserialize_sql(?)", [json.dumps(tree)]).fetchall()
    return str(rows[0][0]).removeprefix("SELECT ").removesuffix(" AS x FROM t")


def _cut(node: Any, found: list[dict[str, Any]]) -> None:
    """Replace aggregates in place by columns, depth first, and collect them."""
    if isinstance(node, list):
        for each in node:
            _cut(each, found)
    elif isinstance(node, dict):
        name = str(node.get("function_name", "")).lower()
        if node.get("class") == "FUNCTION" and name in _ARGUMENTS and not node["is_operator"]:
            found.append(dict(node))
            place = {key: node[key] for key in ("alias", "query_location") if key in node}
            node.clear()
            node |= {"class": "COLUMN_REF", "type": "COLUMN_REF", **place}
            node["column_names"] = [piece_name(len(found) - 1)]
            return
        for each in node.values():
            _cut(each, found)


def _piece(node: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> Piece:
    name = str(node["function_name"]).lower()
    arguments = node["arguments"]
    extras = node["schema"], node["catalog"], node["export_state"], node["order_bys"]["orders"]
    if any(extras) or any(argument["name"] for argument in arguments):
        raise ExpressionError(f"{name} has a clause that is not allowed in an aggregate")
    if len(arguments) != _ARGUMENTS[name]:
        raise ExpressionError(f"{name} takes {_ARGUMENTS[name]} arguments; it has {len(arguments)}")
    distinct = bool(node["distinct"])
    if distinct and name not in ("count", "min", "max"):
        raise ExpressionError(f"{name} takes no DISTINCT; only count does")
    share = None
    nodes = [argument["expression"] for argument in arguments]
    if name.startswith("quantile"):
        share = _share(_inner(nodes.pop(), connection))
    checked = tuple(_admitted(_inner(each, connection), connection) for each in nodes)
    where = node["filter"]
    condition = None if where is None else _admitted(_inner(where, connection), connection)
    return Piece(name, checked, condition, distinct, share)


def _inner(node: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> str:
    """Return the text of an argument or filter."""
    frame = _tree("0", connection)
    frame["statements"][0]["node"]["select_list"] = [{**node, "alias": "x"}]
    return _text(frame, connection)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ExpressionError(f"a quantile's share must be a number from 0 to 1, not {text}")
    return share


def _admitted(text: str, connection: duckdb.DuckDBPyConnection) -> Expression:
    try:
        return check(text, connection)
    except ExpressionError as error:
        told = str(error)
        if "is an aggregate" in told:
            word = told.split()[0]
            if word in AGGREGATES:
                raise ExpressionError(f"{word} stands within another aggregate") from None
        raise


def explained(error: ExpressionError) -> str:
    """Return why an aggregate is refused, with the aggregates that are allowed."""
    told = str(error)
    unknown = re.match(r"the function (\S+) is not allowed", told)
    if unknown and nearest(unknown[1], AGGREGATES):
        return f"{unknown[0]}.{nearest(unknown[1], AGGREGATES)}"
    if " is an aggregate, which looks at other rows" not in told:
        return told
    word = told.split()[0]
    return (
        f"the aggregate {word} is not allowed.{nearest(word, AGGREGATES)} "
        f"Allowed: {listed(sorted(AGGREGATES), 40)}"
    )
