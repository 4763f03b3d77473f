"""Decisions over HTTP are those of the model, whatever form rows come in."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from served import ROW, Served

from cutscore.serving.bodies import ARROW, PARQUET

NAMES = list(ROW)


@pytest.fixture(scope="module")
def served():
    return Served(max_rows=50, max_bytes=200_000)


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    rng = np.random.default_rng(5)
    return [
        {
            "loan_id": at,
            "income": None if at % 9 == 0 else round(float(rng.lognormal(8, 0.5)), 2),
            "late": int(rng.integers(0, 5)),
            "owner": bool(rng.random() < 0.5),
            "since": f"2024-0{rng.integers(1, 9)}-11",
            "seen": f"2024-0{rng.integers(1, 9)}-12T0{rng.integers(0, 9)}:30:00Z",
            "purpose": ["car", "house", "other", "boat", None][at % 5],
        }
        for at in range(40)
    ]


def _table(rows) -> pa.Table:
    typed = [
        {
            **row,
            "since": dt.date.fromisoformat(row["since"]),
            "seen": dt.datetime.fromisoformat(row["seen"]),
        }
        for row in rows
    ]
    return pa.Table.from_pylist(typed)


def _stream(table: pa.Table, **more) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, **more) as writer:
        writer.write_table(table, max_chunksize=16)
    return sink.getvalue().to_pybytes()


def _file(table: pa.Table, **more) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **more)
    return file.getvalue()


FORMS = {
    "list": lambda rows: (rows, "application/json"),
    "rows": lambda rows: ({"rows": rows}, "application/json; charset=utf-8"),
    "columns": lambda rows: (
        {"columns": NAMES, "data": [[row[name] for name in NAMES] for row in rows]},
        "application/json",
    ),
    "arrow": lambda rows: (_stream(_table(rows)), ARROW),
    "parquet": lambda rows: (_file(_table(rows)), PARQUET),
    "parquet by pieces": lambda rows: (_file(_table(rows), row_group_size=7), PARQUET),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_decided_as_the_model_decides(served, rows, form):
    body, media = FORMS[form](rows)
    answer = served.client.post("/decide", body, media)
    expected = served.scorer.decide(rows)
    assert answer.status == 200
    assert answer.json() == {
        "model": "loans/0",
        "decisions": expected.to_records(),
        "outside": expected.outside,
        "unseen": {"purpose": 8},
        "infinite": {},
        "orphans": {},
    }
    assert 0 < sum(row["flagged"] for row in expected.to_records()) < 40


def test_an_answer_can_be_an_arrow_stream(served, rows):
    answer = served.client.post("/decide", rows, accept=ARROW)
    table = pa.ipc.open_stream(answer.body).read_all()
    assert table.to_pylist() == served.scorer.decide(rows).to_records()
    assert table.schema.metadata == {b"model": b"loans/0"}


def test_a_body_may_be_packed(served):
    body = gzip.compress(json.dumps([ROW]).encode())
    parts = gzip.compress(b"[") + gzip.compress(json.dumps(ROW).encode() + b"]")
    plain = served.client.post("/decide", [ROW])
    for packed in (body, parts):
        assert served.client.post("/decide", packed, content_encoding="gzip").body == plain.body


def test_options_stand_in_the_address_or_beside_the_rows(served):
    for path, more in (
        ("/decide?expected_cost=true", {}),
        ("/decide", {"expected_cost": True}),
        ("/decide?expected_cost=1", {"expected_cost": True}),
    ):
        answer = served.client.post(path, {"rows": [ROW], **more})
        expected = served.scorer.decide(ROW, expected_cost=True).to_records()
        assert answer.json()["decisions"] == expected


def test_flagged_rows_have_reasons_if_asked(served, rows):
    expected = served.scorer.decide(rows, reasons=2).to_records()
    answer = served.client.post("/decide?reasons=2", rows)
    assert answer.json()["decisions"] == expected
    assert any(row["reasons"] for row in expected)
    assert any(row["reasons"] is None for row in expected)
    body = {"rows": rows, "reasons": 1, "reasons_for": "all"}
    every = served.client.post("/decide", body).json()["decisions"]
    assert every == served.scorer.decide(rows, reasons=1, reasons_for="all").to_records()
    table = pa.ipc.open_stream(served.client.post("/decide", body, accept=ARROW).body).read_all()
    assert table["reasons"].to_pylist() == [row["reasons"] for row in every]


def test_an_id_that_would_be_rounded_is_refused(served):
    for text in ("123456789012345678901234567890", "1e30"):
        body = json.dumps([{**ROW, "loan_id": 0, "purpose": "a:b"}]).replace(": 0,", f": {text},")
        for said in (body, body.replace("a:b", 'a\\":b')):  # read by one parser, and by the other
            answer = served.client.post("/decide", said.encode())
            assert answer.status == 422
            assert "rounded" in answer.json()["faults"][0]["problem"]
    largest = [{**ROW, "loan_id": 2**63 - 1, "purpose": 'a":b'}]
    answer = served.client.post("/decide", largest).json()
    assert answer["decisions"][0]["loan_id"] == 2**63 - 1


def test_scores_are_taken_apart(served, rows):
    answer = served.client.post("/explain", rows).json()
    expected = served.scorer.explain(rows)
    assert answer["explanations"] == expected.to_records()
    assert answer["base"] == expected.base
    assert answer["explanations"][3]["loan_id"] == 3
    assert served.client.post("/explain?strict=true", rows).status == 422  # a boat


@pytest.mark.parametrize(
    "asked", ["reasons=-1", "reasons=1001", "reasons=x", "reasons_for=none", "reason=1"]
)
def test_options_that_are_none_are_refused(served, asked):
    answer = served.client.post(f"/decide?{asked}", [ROW])
    assert answer.status == 422
    assert served.client.post("/explain?reasons=1", [ROW]).status == 422


def test_all_faults_of_all_rows_come_at_once(served):
    bad = [{**ROW, "income": "much"}, {**ROW, "loan_id": 18, "late": 1.5, "since": "soon"}]
    answer = served.client.post("/decide", bad)
    assert answer.status == 422
    faults = {fault["column"]: fault for fault in answer.json()["faults"]}
    assert set(faults) == {"income", "late", "since"}
    assert faults["income"]["rows"] == [0]
    assert faults["late"]["rows"] == [1]
    assert "a number is needed" in faults["income"]["problem"]
    assert answer.json()["error"].startswith("3 things are wrong")


def test_strict_refuses_what_training_did_not_meet(served):
    row = {**ROW, "income": 1e9, "purpose": "boat"}
    answer = served.client.post("/decide", {"rows": [row]})
    assert answer.json()["outside"] == {"income": 1}
    assert answer.json()["unseen"] == {"purpose": 1}
    answer = served.client.post("/decide?strict=true", {"rows": [row]})
    assert answer.status == 422
    assert {fault["column"] for fault in answer.json()["faults"]} == {"income", "purpose"}


TWICE = b'[{"income": 1, "income": 2}]'
BAD = {
    "empty": (b"", "application/json", 422, "empty"),
    "no rows": ([], "application/json", 422, "none"),
    "no rows in an object": ({"rows": []}, "application/json", 422, "none"),
    "cut off": (b'[{"income": 1', "application/json", 400, "no JSON"),
    "NaN": (b'[{"income": NaN}]', "application/json", 400, "null"),
    "Infinity": (b'[{"income": -Infinity}]', "application/json", 400, "no JSON"),
    "too large a number": (b'[{"income": 1e999}]', "application/json", 400, "infinity"),
    "too deep": (b"[" * 5000 + b"]" * 5000, "application/json", 400, "depth"),
    "deep in a cell": (
        json.dumps([ROW]).encode().replace(b"2500.5", b"[" * 990 + b"]" * 990),
        "application/json", 422, "nested",
    ),
    "a column twice": (TWICE, "application/json", 422, "more than once"),
    "a text": ('"rows"', "application/json", 422, "rows are needed"),
    "a number": (b"3", "application/json", 422, "rows are needed"),
    "rows of numbers": ([1, 2], "application/json", 422, "mapping"),
    "an entry misspelt": ({"rows": [ROW], "strikt": True}, "application/json", 422, "strict"),
    "an option of another kind": ({"rows": [ROW], "strict": 3}, "application/json", 422, "true"),
    "short data": ({"columns": ["a", "b"], "data": [[1, 2], [1]]}, "application/json", 422, "2"),
    "columns twice": ({"columns": ["a", "a"], "data": [[1, 2]]}, "application/json", 422, "once"),
    "no text": (b"\xff\xfe", "application/json", 400, "UTF-8"),
    "another kind": (b"income=1", "application/x-www-form-urlencoded", 415, "application/json"),
    "no kind": (b"[]", "", 415, "application/json"),
    "no arrow": (b"ARROW1 and more", ARROW, 400, "Arrow stream"),
    "no parquet": (b"PAR1PAR1PAR1", PARQUET, 400, "Parquet file"),
    "too many rows": ([ROW] * 51, "application/json", 413, "at most 50"),
    "too large": (b" " * 200_001, "application/json", 413, "0.2 MB"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_bodies_are_refused_with_a_reason(served, case):
    body, media, status, word = BAD[case]
    answer = served.client.post("/decide", body, media)
    assert answer.status == status
    faults = answer.json()["faults"]
    assert any(word in f"{fault['problem']} {fault['remedy']}" for fault in faults)


def test_a_bomb_is_not_unpacked(served):
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 200_000
    answer = served.client.post("/decide", bomb, content_encoding="gzip")
    assert answer.status == 413
    answer = served.client.post("/decide", bomb[:100] + b"damage" * 9, content_encoding="gzip")
    assert answer.status in (400, 413)
    assert served.client.post("/decide", b"x", content_encoding="br").status == 415


def test_columns_that_unpack_to_any_size_are_refused(served, rows):
    packed = _stream(_table(rows), options=pa.ipc.IpcWriteOptions(compression="zstd"))
    answer = served.client.post("/decide", packed, ARROW)
    assert answer.status == 415
    assert "gzip" in answer.json()["faults"][0]["remedy"]
    nested = pa.table({"income": pa.array([[1.0], [2.0]])})
    for body, media in ((_stream(nested), ARROW), (_file(nested), PARQUET)):
        answer = served.client.post("/decide", body, media)
        assert answer.status == 422
        assert "plain values" in answer.json()["faults"][0]["problem"]
    many = pa.table({"income": np.zeros(100_000)})
    for body, media in ((_file(many), PARQUET), (_stream(many.slice(0, 51)), ARROW)):
        assert len(body) < 200_000
        assert served.client.post("/decide", body, media).status == 413


def test_one_long_text_many_times_is_refused():
    long = Served(max_rows=10_000, max_bytes=2_000_000)
    text = pa.DictionaryArray.from_arrays(np.zeros(600, np.int32), ["x" * 1_000_000])
    body = _file(pa.table({"purpose": text}), store_schema=False)
    assert len(body) < 2_000_000
    assert long.client.post("/decide", body, PARQUET).status == 413


def test_moments_that_python_has_none_for_are_a_fault_of_their_column(served, rows):
    table = _table(rows[:1])
    far = pa.array([400_000_000_000], pa.timestamp("s"))
    for name in ("loan_id", "purpose", "income"):
        odd = table.set_column(table.column_names.index(name), name, far)
        answer = served.client.post("/decide", _stream(odd), ARROW)
        assert answer.status == 422
        assert [fault["column"] for fault in answer.json()["faults"]] == [name]


def test_a_damaged_stream_does_no_harm(served, rows):
    body = bytearray(_stream(_table(rows)))
    rng = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(body)
        for at in rng.integers(0, len(body), 6):
            damaged[at] = rng.integers(0, 256)
        assert served.client.post("/decide", bytes(damaged), ARROW).status < 500


def test_rows_with_very_many_names_are_refused_soon(served):
    row = {f"name {at}": at for at in range(8000)}
    answer = served.client.post("/decide", [row])
    assert answer.status == 422
    assert len(answer.json()["faults"]) < 300
