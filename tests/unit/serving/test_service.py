"""What a service says of itself, whom it lets in, and what it does when a model is exchanged."""

from __future__ import annotations

import asyncio
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from asgi import ask
from served import ROW, Served, scorer

from cutscore.errors import RequestError, StoreError
from cutscore.serving import decision_log
from cutscore.serving.bodies import ARROW
from cutscore.serving.decision_log import DecisionLog
from cutscore.serving.metrics import Metrics


@pytest.fixture(scope="module")
def served():
    return Served()


def test_the_model_is_described(served):
    said = served.client.get("/model").json()
    assert said["version"] == "loans/0"
    assert said["threshold"] == 0.3
    assert said["costs"]["false_negative"] == 10
    columns = {column["name"]: column for column in said["columns"]}
    assert columns["late"] == {"name": "late", "kind": "integer", "range": [0, 4]}
    assert columns["purpose"]["levels"] == ["car", "house", "other"]
    assert columns["since"]["range"][0].startswith("2023-")
    assert said["features"]["PER_LATE"] == "income / (late + 1)"
    assert said["loaded"].startswith("20")


def test_the_example_of_openapi_works_and_its_schema_takes_it(served):
    said = served.client.get("/openapi.json").json()
    content = said["paths"]["/decide"]["post"]["requestBody"]["content"]["application/json"]
    assert served.client.post("/decide", content["example"]).status == 200
    assert served.client.post("/decide?strict=true", content["example"]).status == 200
    row, schema = content["example"]["rows"][0], said["components"]["schemas"]["Row"]
    assert set(schema["required"]) == set(ROW) - {"loan_id"}
    assert set(row) == set(ROW)
    kinds = {int: "integer", float: "number", str: "string", bool: "boolean"}
    assert all(kinds[type(row[name])] in schema["properties"][name]["type"] for name in row)
    invoke = said["paths"]["/invocations"]["post"]["requestBody"]["content"]["application/json"]
    assert served.client.post("/invocations", invoke["example"]).status == 200


INVOCATIONS = {
    "dataframe_split": {"columns": list(ROW), "data": [list(ROW.values())]},
    "dataframe_records": [ROW],
    "instances": [ROW],
    "inputs": {name: [value] for name, value in ROW.items()},
}


@pytest.mark.parametrize("form", INVOCATIONS)
def test_mlflows_forms_are_answered(served, form):
    answer = served.client.post("/invocations", {form: INVOCATIONS[form]})
    expected = served.scorer.decide(ROW).to_records()[0]
    expected.pop("loan_id")
    assert answer.json() == {"predictions": [expected]}


@pytest.mark.parametrize(
    "body",
    [{}, [], {"dataframe_records": [ROW], "instances": [ROW]}, {"instances": [[1, 2]]}, b"",
     {"instances": [{**ROW, "income": "x"}]}, {"instances": [ROW], "params": {"a": 1}}],
)  # fmt: skip
def test_bad_invocations_are_400_as_in_mlflow(served, body):
    answer = served.client.post("/invocations", body)
    assert answer.status == 400
    assert answer.json()["error_code"] == "BAD_REQUEST"
    assert answer.json()["faults"]


def test_paths_that_are_not_there(served):
    assert served.client.get("/nothing").status == 404
    answer = served.client.get("/decide")
    assert answer.status == 405
    assert answer.json()["faults"][0]["column"] == "path"


def test_only_who_knows_the_token_is_let_in():
    guarded = Served(token="sesame").client
    assert guarded.post("/decide", [ROW]).status == 401
    assert guarded.post("/decide", [ROW], authorization="Bearer open").status == 401
    assert guarded.post("/decide", [ROW], authorization="Basic sesame").status == 401
    assert guarded.get("/model").headers["www-authenticate"] == "Bearer"
    assert guarded.post("/decide", [ROW], authorization="Bearer sesame").status == 200
    assert guarded.get("/health").status == 200
    assert "sesame" not in repr(Served(token="sesame").settings)


def test_metrics_count_rows_refusals_and_what_training_did_not_meet():
    counted = Served()
    counted.client.post("/decide", [ROW, {**ROW, "loan_id": 3, "income": 1e9, "purpose": "boat"}])
    counted.client.post("/decide", [{}])
    counted.client.post("/decide", b"[")
    assert counted.metric("cutscore_rows_total") == 2
    assert counted.metric('cutscore_outside_total{column="income"}') == 1
    assert counted.metric('cutscore_unseen_total{column="purpose"}') == 1
    assert counted.metric('cutscore_refusals_total{kind="checks"}') == 1
    assert counted.metric('cutscore_refusals_total{kind="syntax"}') == 1
    assert counted.metric('cutscore_requests_total{path="/decide",status="200"}') == 1
    assert counted.metric('cutscore_request_seconds_count{path="/decide"}') == 3
    bucket = 'cutscore_request_seconds_bucket{path="/decide",le="+Inf"}'
    assert counted.metric(bucket) == 3
    about = 'cutscore_model_info{name="loans@champion",version="loans/0"}'
    assert counted.metric(about) == 1


def test_workers_add_up_what_they_counted(tmp_path):
    one, other = Metrics(tmp_path), Metrics(tmp_path)
    one.add("cutscore_rows_total", 3)
    other.add("cutscore_rows_total", 4)
    one.save()
    (tmp_path / f"worker-{os.getpid()}.json").rename(tmp_path / "worker-1.json")
    assert "cutscore_rows_total 7\n" in other.text({})


def test_a_request_that_does_not_arrive_is_cut():
    async def never():
        await asyncio.sleep(60)

    slow = Served(timeout=0.1)
    told = {"content-type": "application/json"}
    answer = asyncio.run(ask(slow.client.app, "POST", "/decide", b"", told, receive=never))
    assert answer.status == 408


def test_a_client_that_goes_away_is_noted():
    async def gone():
        return {"type": "http.disconnect"}

    left = Served()
    told = {"content-type": "application/json"}
    asyncio.run(ask(left.client.app, "POST", "/decide", b"", told, receive=gone))
    assert left.metric('cutscore_refusals_total{kind="gone"}') == 1


def test_a_defect_is_told_without_its_details(capsys):
    broken = Served()
    broken.scorer.model.inputs.ranges.clear()
    broken.service.models.current = None
    answer = broken.client.post("/decide", [ROW])
    assert answer.status == 500
    assert "Traceback" not in answer.body.decode()
    assert answer.headers["x-request-id"] in answer.json()["faults"][0]["problem"]
    assert "Traceback" in json.loads(capsys.readouterr().err)["traceback"]


class Alias:
    """An alias that is moved, deleted, or whose model is broken."""

    version: str | None = "loans/0"
    broken = False

    def named(self) -> str:
        if self.version is None:
            raise StoreError("the alias loans@champion names no version.")
        return self.version

    def load(self):
        if self.broken:
            raise StoreError("the model is damaged.")
        return scorer(int(self.version[-1]), version=self.version)


def test_a_new_champion_takes_the_place_of_the_old_and_a_broken_one_does_not():
    alias = Alias()
    served = Served(named=alias.named, load=alias.load)
    models, ask_for = served.models, lambda: served.client.post("/decide", [ROW]).json()
    before = ask_for()
    models.look()
    assert ask_for() == before
    alias.version = "loans/1"
    models.look()
    after = ask_for()
    assert after["model"] == "loans/1"
    assert after["decisions"] == scorer(1).decide(ROW).to_records()
    assert after["decisions"] != before["decisions"]
    alias.version, alias.broken = "loans/2", True
    models.look()
    models.look()
    assert ask_for() == after
    assert "damaged" in served.client.get("/ready").json()["problems"][0]
    assert len([said for said in served.said if said["event"] == "following failed"]) == 1
    assert served.metric("cutscore_follow_failures_total") == 2
    alias.version = None
    models.look()
    assert ask_for() == after
    alias.version, alias.broken = "loans/2", False
    models.look()
    assert ask_for()["model"] == "loans/2"
    assert served.client.get("/ready").json() == {
        "ready": True, "model": "loans/2", "problems": [],
    }  # fmt: skip
    assert served.metric("cutscore_model_exchanges_total") == 2


def test_the_log_holds_every_decision_and_its_inputs(tmp_path):
    served = Served(log=tmp_path / "log", log_inputs=True)
    rows = [ROW, {**ROW, "loan_id": "b", "income": None, "owner": None, "purpose": "boat"}]
    served.client.post("/decide", rows, x_request_id="r-1")
    served.log.flush()
    served.client.post("/decide", [{**ROW, "seen": None}])
    served.client.post("/decide", [{**ROW, "late": "x"}])
    served.log.flush()
    assert len(list((tmp_path / "log").iterdir())) == 1
    kept = pq.read_table(tmp_path / "log").to_pylist()
    expected = served.scorer.decide(rows)
    assert [row["id"] for row in kept] == ["17", "b", "17"]
    assert [row["score"] for row in kept[:2]] == expected.score.tolist()
    assert [row["flagged"] for row in kept[:2]] == expected.flagged.tolist()
    assert kept[0]["request"] == "r-1"
    assert kept[0]["model"] == "loans/0"
    assert kept[0]["inputs"]["income"] == 2500.5
    assert kept[0]["inputs"]["since"].isoformat() == "2024-02-01"
    assert kept[0]["inputs"]["seen"].isoformat() == "2024-05-01T10:30:00"
    assert kept[0]["inputs"]["owner"] is True
    assert kept[1]["inputs"]["purpose"] == "boat"
    assert kept[1]["inputs"]["income"] is None
    assert served.metric("cutscore_log_rows_total") == 3


def test_the_log_keeps_inputs_of_arrow_columns_and_moments_that_python_has_none_for(tmp_path):
    served = Served(log=tmp_path, log_inputs=True)
    zoned = pa.array([400_000_000_000, None], pa.timestamp("s", "Europe/Paris"))
    table = pa.table(
        {
            "loan_id": [1, 2],
            "income": pa.array([1, 2], pa.int16()),
            "late": pa.array([1.0, None]),
            "owner": [0, 1],
            "since": ["2024-02-01", None],
            "seen": zoned,
            "purpose": pa.array(["car", "boat"]).dictionary_encode(),
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    assert served.client.post("/decide", sink.getvalue().to_pybytes(), ARROW).status == 200
    served.log.flush()
    inputs = pq.read_table(tmp_path)["inputs"].combine_chunks()
    assert inputs.field("seen").cast(pa.int64()).to_pylist() == [400_000_000_000_000_000, None]
    assert inputs.field("income").to_pylist() == [1.0, 2.0]
    assert inputs.field("late").to_pylist() == [1, None]
    assert inputs.field("owner").to_pylist() == [False, True]
    assert inputs.field("purpose").to_pylist() == ["car", "boat"]
    assert str(inputs.field("since").to_pylist()[0]) == "2024-02-01"


def test_inputs_that_cannot_be_kept_do_not_hold_up_the_log(tmp_path, monkeypatch):
    served = Served(log=tmp_path, log_inputs=True)
    real = decision_log.table_of

    def failing(decided, inputs):
        if decided.rows is not None and decided.request == "odd":
            raise OverflowError("date value out of range")
        return real(decided, inputs)

    monkeypatch.setattr(decision_log, "table_of", failing)
    for request in ("odd", "plain"):
        served.client.post("/decide", [ROW], x_request_id=request)
    served.log.flush()
    kept = {row["request"]: row for row in pq.read_table(tmp_path).to_pylist()}
    assert kept["odd"]["inputs"]["income"] is None
    assert kept["odd"]["score"] == kept["plain"]["score"]
    assert kept["plain"]["inputs"]["income"] == 2500.5
    assert [said["event"] for said in served.said] == ["inputs not kept"]
    assert served.metric("cutscore_log_failures_total") == 1


def test_a_part_is_closed_when_it_is_large(tmp_path, monkeypatch):
    monkeypatch.setattr("cutscore.serving.decision_log._ROWS", 3)
    served = Served(log=tmp_path)
    for at in range(5):
        served.client.post("/decide", [{**ROW, "loan_id": at}, {**ROW, "loan_id": at + 10}])
        served.log.flush()
    sizes = [pq.read_metadata(path).num_rows for path in sorted(tmp_path.iterdir())]
    assert sizes == [4, 4, 2]


def test_a_disk_that_cannot_be_written_is_told_and_nothing_is_lost(tmp_path, monkeypatch):
    served = Served(log=tmp_path)

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        served.client.post("/decide", [ROW])
        served.log.flush()
        served.log.flush()
        ready = served.client.get("/ready")
        assert ready.status == 503
        assert "No space left" in ready.json()["problems"][0]
        assert served.metric("cutscore_log_failures_total") == 2
        assert served.metric("cutscore_log_rows_waiting") == 1
        patch.setattr("cutscore.serving.decision_log._WAITING", 1)
        assert served.client.post("/decide", [ROW]).status == 503
    assert list(tmp_path.glob("*.parquet")) == []
    assert served.client.post("/decide", [ROW]).status == 200
    served.log.flush()
    assert served.client.get("/ready").status == 200
    assert pq.read_table(tmp_path).num_rows == 2
    events = [said["event"] for said in served.said]
    assert events == ["decision log failed", "decision log writes again"]


def test_parts_that_a_dead_process_left_unfinished_are_removed(tmp_path):
    served = Served(log=tmp_path)
    served.client.post("/decide", [ROW])
    served.log.flush()
    name = next(tmp_path.iterdir()).name
    pieces = name.split("-")
    mine = tmp_path / f".{name}.part"
    dead = tmp_path / ".".join(["", "-".join([*pieces[:-2], "999999999", pieces[-1]]), "part"])
    elsewhere = tmp_path / f".20200101T000000-elsewhere-1-{pieces[-1]}.part"
    for path in (mine, dead, elsewhere):
        path.write_bytes(b"half a file")
    assert pq.read_table(tmp_path).num_rows == 1
    DecisionLog(tmp_path, False, Metrics(), print)
    assert not mine.exists()
    assert not dead.exists()
    assert elsewhere.exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match=r"--log: .*cannot be written"):
        DecisionLog(tmp_path / "file", False, Metrics(), print)
