"""The allow-list: what may be evaluated, and why the rest may not."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from cutscore.expressions import ExpressionError, check, sandbox


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = sandbox()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("expression", "columns"),
    [
        ("a", ("a",)),
        ('"a-b c" / nullif(d, 0)', ("a-b c", "d")),
        ("CASE WHEN a > 1 AND b BETWEEN 2 AND 3 THEN 1 ELSE NULL END", ("a", "b")),
        ("CASE a WHEN 1 THEN b ELSE c END", ("a", "b", "c")),
        ("coalesce(a, 0) IS NULL OR NOT b", ("a", "b")),
        ("c IN ('x', 'y') OR c NOT IN ('z') OR c LIKE 'q%'", ("c",)),
        ("CAST(a AS DECIMAL(10, 2)) + b::INTEGER + TRY_CAST(c AS DOUBLE)", ("a", "b", "c")),
        ("sqrt(abs(a)) + ln(b) + a // 2 % 3 - -1.5e3", ("a", "b")),
        ("length(trim(lower(c))) * least(a, b)", ("c", "a", "b")),
        ("a IS DISTINCT FROM b", ("a", "b")),
        ("if(a > 0, a, b) + ifnull(a, 1)", ("a", "b")),
        ("a -- a remark", ("a",)),
        ("a /* a remark */ + 1", ("a",)),
        ("true AND a", ("a",)),
    ],
)
def test_admitted(
    expression: str, columns: tuple[str, ...], connection: duckdb.DuckDBPyConnection
) -> None:
    checked = check(expression, connection)
    assert sorted(checked.columns) == sorted(columns)
    assert "--" not in checked.sql
    # What will be run is itself admitted, and nothing but the expression.
    assert check(checked.sql, connection).sql == checked.sql


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("sum(a)", "sum is an aggregate"),
        ("count(*)", "count_star is an aggregate"),
        ("avg(a) FILTER (WHERE a > 1)", "avg is an aggregate"),
        ("sum(a) OVER ()", "window function"),
        ("lag(a) OVER (ORDER BY b)", "window function"),
        ("(SELECT 1)", "subquery"),
        ("a IN (SELECT a FROM t)", "subquery"),
        ("EXISTS (SELECT 1)", "subquery"),
        ("abs((SELECT max(a) FROM t))", "subquery"),
        ("random()", "random does not always give the same value"),
        ("abs(a + random())", "random does not always"),
        ("now()", "now does not always"),
        ("nextval('s')", "nextval does not always"),
        ("read_csv('/etc/passwd')", "read_csv reads a table or a file"),
        ("read_text('/etc/passwd')", "read_text reads a table or a file"),
        ("getenv('HOME')", "getenv is not allowed"),
        ("current_setting('threads')", "not"),
        ("unnest([a])", "unnest"),
        ("list_transform([a], lambda z: z)", "not allowed"),
        ("*", "star"),
        ("COLUMNS('a')", "star"),
        ("t.*", "star"),
        ("?", "parameter"),
        ("$1", "parameter"),
        ("#1", "by position"),
        ("t.a", "has a dot"),
        ("a.b.c", "has a dot"),
        ("a[1]", "not allowed"),
        ("[a]", "not allowed"),
        ("{'k': a}", "not allowed"),
        ("a COLLATE nocase", "collation"),
        ("a::BLOB", "cast to blob"),
        ("a::TIME", "cast to time"),
        ("CAST(a AS main.double)", "cast to double"),
        ("a::TIMESTAMPTZ", "cast to timestamptz"),
        ("today()", "today"),
        ("age(a)", "age"),
        ("strptime(a, '%Y')", "strptime"),
        ("a, b", "more than one expression"),
        ("a AS y, b", "more than one expression"),
        ("a; SELECT 2", "more than one expression"),
        ("DISTINCT a", "more than one expression"),
        ("a FROM t --", "syntax error"),
        ("a) FROM read_csv('/etc/passwd') --", "syntax error"),
        ("a AS x FROM read_csv('/etc/passwd') --", "syntax error"),
        ("a AS x FROM read_csv('/etc/passwd') /*", "comment"),
        ("a AS x FROM t WHERE random() > 0.5; SELECT b", "more than one expression"),
        ("a AS x FROM t UNION SELECT b", "more than one expression"),
        ("b FROM t), (SELECT a", "syntax error"),
        ("a +", "syntax error"),
        ("", "empty"),
        ("  ", "empty"),
        ("lenght(c)", 'Did you mean "length"?'),
        ("'x'::ENUM('a')", "cast to enum"),
        ("a" + " + a" * 5_000, "characters"),
    ],
)
def test_refused_with_the_reason(
    expression: str, why: str, connection: duckdb.DuckDBPyConnection
) -> None:
    with pytest.raises(ExpressionError) as raised:
        check(expression, connection)
    assert why in str(raised.value)


def test_deep_nesting_is_refused_not_crashed_on(connection: duckdb.DuckDBPyConnection) -> None:
    assert check("abs(" * 50 + "a" + ")" * 50, connection).columns == ("a",)
    with pytest.raises(ExpressionError):
        check("abs(" * 1_600 + "a" + ")" * 1_600, connection)


def test_the_sandbox_reaches_neither_files_nor_variables(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    secret = [1, 2, 3]
    for statement in ("SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM secret"):
        with pytest.raises(duckdb.Error):
            connection.sql(statement).fetchall()
    assert secret
