"""SQL expressions that may be evaluated: a closed list over DuckDB's own parsed tree.

An expression computes one value from the columns of one row and from nothing else. DuckDB itself
would also evaluate window functions, subqueries, file reads and `random()`, so the text is parsed
with `json_serialize_sql`, the tree is compared with the only allowed shape of a statement, and
every node must be of a known kind. What is run afterwards is the text that DuckDB writes for the
checked tree, never the text that came in.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cutscore.errors import listed, nearest
from cutscore.sql import connect

if TYPE_CHECKING:
    import duckdb

# fmt: off
OPERATORS = frozenset({
    "+", "-", "*", "/", "//", "%", "^", "**", "||", "~~", "!~~", "~~*", "!~~*",
})
FUNCTIONS = frozenset({
    "abs", "cbrt", "ceil", "ceiling", "concat", "contains", "cos", "ends_with", "exp", "floor",
    "greatest", "if", "isfinite", "isinf", "isnan", "least", "left", "length", "ln", "log",
    "log10", "log2", "lower", "ltrim", "mod", "nullif", "pi", "pow", "power", "prefix",
    "replace", "right", "round", "rtrim", "sign", "sin", "sqrt", "starts_with", "strip_accents",
    "strlen", "strpos", "substr", "substring", "suffix", "tan", "trim", "trunc", "upper",
    # Of dates and times; none that asks the clock or the machine.
    "date_diff", "date_part", "date_sub", "date_trunc", "datediff", "datepart", "datesub",
    "datetrunc", "day", "dayofweek", "dayofyear", "epoch", "hour", "isodow", "last_day",
    "make_date", "minute", "month", "quarter", "second", "week", "year",
})
CAST_TYPES = frozenset({
    "tinyint", "smallint", "integer", "int", "bigint", "hugeint", "utinyint", "usmallint",
    "uinteger", "ubigint", "float", "real", "double", "decimal", "numeric", "boolean", "bool",
    "varchar", "text", "string", "date", "timestamp", "datetime",
})
COMPARISONS = frozenset({
    "COMPARE_EQUAL", "COMPARE_NOTEQUAL", "COMPARE_LESSTHAN", "COMPARE_GREATERTHAN",
    "COMPARE_LESSTHANOREQUALTO", "COMPARE_GREATERTHANOREQUALTO", "COMPARE_DISTINCT_FROM",
    "COMPARE_NOT_DISTINCT_FROM",
})
OPERATOR_TYPES = frozenset({
    "COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "OPERATOR_NOT",
    "OPERATOR_COALESCE", "OPERATOR_TRY",
})
# fmt: on
LITERALS = frozenset({"INTEGER", "NUMERIC", "STRING", "BOOLEAN", "NULL_LITERAL"})
LONGEST = 10_000

_COMMON = frozenset({"class", "type", "alias", "query_location", "query_location_length"})
# Every key a node may have. A key that is not here could carry a clause nobody looked at.
_KEYS: dict[str, frozenset[str]] = {
    "COLUMN_REF": frozenset({"column_names"}),
    "CONSTANT": frozenset({"literal"}),
    "COMPARISON": frozenset({"left", "right"}),
    "BETWEEN": frozenset({"input", "lower", "upper"}),
    "CONJUNCTION": frozenset({"children"}),
    "OPERATOR": frozenset({"children"}),
    "CASE": frozenset({"case_checks", "else_expr"}),
    "CAST": frozenset({"child", "try_cast", "type_expr"}),
    "FUNCTION": frozenset(
        {"function_name", "schema", "catalog", "qualified_name", "arguments", "is_operator"}
        | {"filter", "order_bys", "distinct", "export_state"}
    ),
}
_WHY_NOT = {
    "WINDOW": "it has a window function, which looks at other rows",
    "SUBQUERY": "it has a subquery, which looks at other rows or tables",
    "STAR": "it has a star; name the columns",
    "PARAMETER": "it has a parameter (? or $1)",
    "POSITIONAL_REFERENCE": "it names a column by position; use the name",
    "LAMBDA": "it has a lambda",
    "COLLATE": "it has a collation",
    "DEFAULT": "it has the keyword DEFAULT; quote a column of that name",
}


class ExpressionError(ValueError):
    """An expression that is not allowed; the text is a clause that says why."""


@dataclass(frozen=True)
class Expression:
    """A checked expression: `sql` as DuckDB writes it, `columns` as it mentions them."""

    sql: str
    columns: tuple[str, ...]


def sandbox(**config: str) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that can reach neither files nor Python variables."""
    return connect(enable_external_access="false", **config)


def check(expression: str, connection: duckdb.DuckDBPyConnection) -> Expression:
    """Parse an expression and admit it only if it computes one value from one row's columns.

    Raises
    ------
    ExpressionError
        With a clause that says what is not allowed.
    """
    if not expression.strip():
        raise ExpressionError("it is empty")
    if len(expression) > LONGEST:
        raise ExpressionError(f"it has {len(expression):,} characters, more than {LONGEST:,}")
    tree = _parsed(expression, connection)
    if any(statement["named_param_map"] for statement in tree["statements"]):
        raise ExpressionError(_WHY_NOT["PARAMETER"])
    template = _parsed("0", connection)
    if _frame(tree) != _frame(template) or len(_node(tree)["select_list"]) != 1:
        raise ExpressionError(
            "it is more than one expression; only what may stand between SELECT and FROM is allowed"
        )
    root = _node(tree)["select_list"][0]
    columns = dict.fromkeys(_walk(root, connection))
    _make_plain(root)
    rows = connection.execute("SELECT json_deserialize_sql(?)", [json.dumps(tree)]).fetchall()
    text = str(rows[0][0]).removeprefix("SELECT ").removesuffix(" AS x FROM t")
    return Expression(text, tuple(columns))


@functools.lru_cache(64)
def mentioned(expressions: tuple[str, ...]) -> frozenset[str]:
    """Return the columns that expressions mention, in lower case; those not allowed count none."""
    names: set[str] = set()
    connection = sandbox()
    try:
        for expression in expressions:
            with contextlib.suppress(ExpressionError):
                names.update(name.lower() for name in check(expression, connection).columns)
    finally:
        connection.close()
    return frozenset(names)


def _parsed(expression: str, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    # The line break keeps a trailing comment from hiding the rest of the statement.
    statement = f"SELECT {expression}\nAS x FROM t"
    rows = connection.execute("SELECT json_serialize_sql(?)", [statement]).fetchall()
    text = str(rows[0][0])
    try:
        tree: dict[str, Any] = json.loads(text)
    except RecursionError:
        raise ExpressionError("it is nested too deeply") from None
    if tree["error"]:
        raise ExpressionError(str(tree["error_message"]).splitlines()[0])
    return tree


def _node(tree: dict[str, Any]) -> dict[str, Any]:
    node: dict[str, Any] = tree["statements"][0]["node"]
    return node


def _frame(tree: dict[str, Any]) -> list[Any]:
    """Return everything around the expression, without positions in the text."""
    frame = []
    for statement in tree["statements"]:
        node = {k: v for k, v in statement["node"].items() if k != "select_list"}
        source = node.get("from_table") or {}
        node["from_table"] = {k: v for k, v in source.items() if not k.startswith("query_loc")}
        frame.append({**statement, "node": node})
    return frame


def _walk(root: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Check every node and yield the columns mentioned; a stack, so that depth cannot hurt."""
    if root.get("alias") != "x":
        raise ExpressionError("it gives itself a name; the name is the key in front of it")
    stack = [{**root, "alias": ""}]
    while stack:
        node = stack.pop()
        kind = node.get("class", "?")
        if kind not in _KEYS:
            raise ExpressionError(_WHY_NOT.get(kind, f"{kind} is not allowed in an expression"))
        if node.get("alias") or not set(node) <= _KEYS[kind] | _COMMON:
            raise ExpressionError(f"it has a clause that is not allowed in an expression ({kind})")
        if kind == "COLUMN_REF":
            yield _column(node)
        elif kind == "FUNCTION":
            _check_function(node, connection)
        elif kind == "CAST":
            _check_cast(node)
        else:
            _check_type(kind, node)
        stack.extend(_children(kind, node))


def _make_plain(root: dict[str, Any]) -> None:
    """Change, in place, what DuckDB computes otherwise than it reads.

    A number with a point is a DECIMAL to DuckDB, whose digits run out without a word; it becomes
    DOUBLE. `//` divides doubles like `/`; it becomes the whole part of the quotient.
    """
    stack = [root]
    while stack:
        node = stack.pop()
        kind = node["class"]
        stack.extend(_children(kind, node))
        if kind == "CONSTANT" and node["literal"]["kind"] == "NUMERIC":
            text = node["literal"]["text"]
            node["literal"]["text"] = text if "e" in text.lower() else f"{text}e0"
        elif kind == "FUNCTION" and node["function_name"] == "//":
            quotient = {**node, **_named("/"), "alias": ""}
            argument = {"name": "", "expression": quotient}
            node |= {**_named("trunc"), "is_operator": False, "arguments": [argument]}


def _named(function: str) -> dict[str, Any]:
    return {"function_name": function, "qualified_name": {"path": [function]}}


def _children(kind: str, node: dict[str, Any]) -> list[dict[str, Any]]:
    match kind:
        case "COMPARISON":
            return [node["left"], node["right"]]
        case "BETWEEN":
            return [node["input"], node["lower"], node["upper"]]
        case "CONJUNCTION" | "OPERATOR":
            return list(node["children"])
        case "CASE":
            checks = node["case_checks"]
            branches = [check[part] for check in checks for part in ("when_expr", "then_expr")]
            return [*branches, node["else_expr"]]
        case "CAST":
            return [node["child"]]
        case "FUNCTION":
            return [argument["expression"] for argument in node["arguments"]]
        case _:
            return []


def _column(node: dict[str, Any]) -> str:
    names = node["column_names"]
    if len(names) != 1:
        raise ExpressionError(f"{'.'.join(names)} has a dot; name the column alone, in quotes")
    return str(names[0])


def _check_type(kind: str, node: dict[str, Any]) -> None:
    allowed = {
        "COMPARISON": COMPARISONS,
        "OPERATOR": OPERATOR_TYPES,
        "BETWEEN": frozenset({"COMPARE_BETWEEN", "COMPARE_NOT_BETWEEN"}),
        "CONJUNCTION": frozenset({"CONJUNCTION_AND", "CONJUNCTION_OR"}),
        "CASE": frozenset({"CASE_EXPR"}),
        "CONSTANT": frozenset({"VALUE_CONSTANT"}),
    }[kind]
    if node["type"] not in allowed:
        raise ExpressionError(f"{node['type']} is not allowed in an expression")
    if kind == "CONSTANT" and node["literal"].get("kind") not in LITERALS:
        raise ExpressionError("only numbers, text, true, false and null are allowed as constants")


def _check_cast(node: dict[str, Any]) -> None:
    target = node["type_expr"]
    name = str(target.get("type_name", "?")).lower()
    parts = target.get("children", [])
    plain = not target.get("schema") and not target.get("catalog")
    sizes = all(part.get("class") == "CONSTANT" for part in parts)
    if name not in CAST_TYPES or not plain or not sizes:
        raise ExpressionError(
            f"a cast to {name} is not allowed; cast to a number, boolean, date, time or text"
        )


def _check_function(node: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> None:
    name = str(node["function_name"]).lower()
    if name not in (OPERATORS if node["is_operator"] else FUNCTIONS):
        raise ExpressionError(_why_not_function(name, connection))
    extras = (node["schema"], node["catalog"], node["filter"], node["distinct"])
    if any(extras) or node["export_state"] or node["order_bys"]["orders"]:
        raise ExpressionError(f"{name} has a clause that is not allowed in an expression")
    if any(argument["name"] for argument in node["arguments"]):
        raise ExpressionError(f"{name} has a named argument")


def _why_not_function(name: str, connection: duckdb.DuckDBPyConnection) -> str:
    rows = connection.execute(
        "SELECT DISTINCT function_type, stability FROM duckdb_functions() WHERE function_name = ?",
        [name],
    ).fetchall()
    if any(kind == "aggregate" for kind, _ in rows):
        return f"{name} is an aggregate, which looks at other rows"
    if any(kind == "window" for kind, _ in rows):
        return f"{name} is a window function, which looks at other rows"
    if any(kind in ("table", "table_macro", "pragma") for kind, _ in rows):
        return f"{name} reads a table or a file"
    if any(stability not in (None, "CONSISTENT") for _, stability in rows):
        return f"{name} does not always give the same value"
    guess = nearest(name, FUNCTIONS)
    return f"the function {name} is not allowed.{guess} Allowed: {listed(sorted(FUNCTIONS), 60)}"
