"""Whatever a caller sends, it is answered or refused with the fault named; it never fails."""

from __future__ import annotations

import gzip
import io
import json
import math
from functools import cache

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from served import ROW, Served
from table_model import table_scorer

from cutscore.serving.bodies import ARROW, JSON, PARQUET


@cache
def served() -> Served:
    """One service for all examples; a fixture would not go with hypothesis."""
    return Served(max_rows=20, max_bytes=100_000)


TEXT = st.text(max_size=12)
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    TEXT,
    st.sampled_from(["", "NA", "car", "2024-01-01", "9999-12-31T23:59:59-12:00", "-0001-01-01"]),
    st.sampled_from([1e308, -1e39, 2.0**63, -(2.0**63), 5e-324, "1" * 400, "\u0000", "\ud7ff"]),
    st.recursive(st.none(), lambda each: st.lists(each, max_size=2) | st.dictionaries(TEXT, each)),
)
NAMES = st.sampled_from([*ROW, "defaulted", "Income", "x"]) | TEXT
NEARLY = st.builds(lambda name, cell: {**ROW, name: cell}, st.sampled_from(list(ROW)), CELLS)
ROWS = st.one_of(
    NEARLY,
    st.fixed_dictionaries(dict.fromkeys(ROW, CELLS)),
    st.fixed_dictionaries({name: st.just(value) | CELLS for name, value in ROW.items()}),
    st.dictionaries(NAMES, CELLS, max_size=9),
    CELLS,
)
MANY = NEARLY.map(lambda row: [row]) | st.lists(ROWS, max_size=4)
TABLE = st.fixed_dictionaries(
    {"columns": st.lists(NAMES | CELLS, max_size=8) | CELLS,
     "data": st.lists(st.lists(CELLS, max_size=8) | CELLS, max_size=3) | CELLS}
)  # fmt: skip
OPTIONS = st.dictionaries(
    st.sampled_from(["strict", "ignore_unknown", "stricct", "reasons", "reasons_for"]) | TEXT,
    CELLS, max_size=2,
)  # fmt: skip
SAID = st.one_of(
    MANY,
    st.builds(lambda rows, more: {**more, "rows": rows}, MANY | CELLS, OPTIONS),
    st.builds(lambda table, more: {**more, **table}, TABLE, OPTIONS),
    st.builds(lambda key, rows: {key: rows},
              st.sampled_from(["dataframe_records", "instances", "inputs"]), MANY | CELLS),
    st.builds(lambda table: {"dataframe_split": table}, TABLE | CELLS),
    CELLS,
)  # fmt: skip
QUERY = st.lists(
    st.tuples(st.sampled_from(["strict", "expected_cost", "ignore_unknown", "x"]),
              st.sampled_from(["true", "0", "", "yes", "%00"])),
    max_size=2,
)  # fmt: skip
PATHS = st.sampled_from(["/decide", "/invocations", "/explain"])


def _finite(said):
    """Return what JSON can say; NaN and infinities have tests of their own."""
    match said:
        case float() if not math.isfinite(said):
            return None
        case list():
            return [_finite(each) for each in said]
        case dict():
            return {name: _finite(each) for name, each in said.items()}
    return said


def _judge(answer):
    assert answer.status < 500, answer.body
    if answer.status >= 400:
        faults = answer.json()["faults"]
        assert faults
        assert all(fault["problem"] for fault in faults)


@settings(max_examples=250, deadline=None)
@given(SAID, PATHS, QUERY, st.booleans())
def test_json_of_any_kind(said, path, query, packed):
    asked = "&".join(f"{name}={value}" for name, value in query)
    body = json.dumps(_finite(said)).encode()
    told = {"content_encoding": "gzip"} if packed else {}
    body = gzip.compress(body) if packed else body
    _judge(served().client.post(f"{path}?{asked}", body, JSON, **told))


@cache
def served_tables() -> Served:
    return Served(table_scorer(), max_rows=20, max_bytes=100_000)


PERSON, LOAN = (
    {"id": 1, "income": 2.5},
    {"loan": 3, "id": 1, "amount": 9.5, "day": -2, "kind": "car"},
)
ROWS_OF = {"people": PERSON, "loans": LOAN, "months": {"loan": 3, "late": 1}}
TABLES = st.fixed_dictionaries(
    {name: st.lists(st.builds(lambda row, key, cell: {**row, key: cell}, st.just(row),
                              st.sampled_from([*row, "y", "x"]) | TEXT, CELLS)
                    | st.just(row), max_size=3) | CELLS
     for name, row in ROWS_OF.items()}
) | st.dictionaries(st.sampled_from([*ROWS_OF, "x"]) | TEXT, CELLS, max_size=3)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(TABLES | CELLS, OPTIONS, st.sampled_from(["/decide", "/explain"]))
def test_tables_of_any_kind(tables, options, path):
    body = json.dumps(_finite({**options, "tables": tables})).encode()
    _judge(served_tables().client.post(path, body, JSON))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 300), st.integers(0, 300), PATHS, st.booleans())
def test_json_that_is_damaged(noise, start, length, path, packed):
    body = json.dumps({"rows": [ROW]}).encode()
    body = body[:start] + noise + body[start + length :]
    told = {"content_encoding": "gzip"} if packed else {}
    _judge(served().client.post(path, body, JSON, **told))


COLUMN = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), min_size=3, max_size=3),
    st.lists(st.floats() | st.none(), min_size=3, max_size=3),
    st.lists(TEXT | st.none(), min_size=3, max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.lists(st.datetimes(), min_size=3, max_size=3),
    st.lists(st.dates(), min_size=3, max_size=3),
    st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=2,
                         min_value=-1000, max_value=1000), min_size=3, max_size=3),
    st.lists(st.lists(st.integers(0, 3)), min_size=3, max_size=3),
    st.lists(st.binary(max_size=3), min_size=3, max_size=3),
    st.just([None, None, None]),
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(ROW, COLUMN)), st.booleans(), st.binary(max_size=4),
       st.integers(0, 5000))  # fmt: skip
def test_arrow_and_parquet_of_any_types(columns, arrow, damage, at):
    table = pa.table(columns)
    sink = io.BytesIO()
    if arrow:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    else:
        pq.write_table(table, sink)
    body = sink.getvalue()
    media = ARROW if arrow else PARQUET
    _judge(served().client.post("/decide", body, media))
    at %= len(body)
    _judge(served().client.post("/decide", body[:at] + damage + body[at + len(damage) :], media))
