"""`cutscore serve`, called and asked as a user does: a real process, a real port."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import threading
import time

import pandas as pd
import pyarrow.parquet as pq
import pytest
from served import ROW, kept_folder, scorer

from serving import Serving

ROWS = [{**ROW, "loan_id": at, "income": 700.0 * (at + 1)} for at in range(40)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return kept_folder(tmp_path_factory.mktemp("served") / "model")


@pytest.fixture(scope="module")
def serving(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    words = (model, "--workers", 2, "--log", folder / "log", "--log-inputs", "--timeout", 5)
    with Serving(*words, folder=folder) as running:
        yield running


def test_decisions_over_a_port_are_the_models(serving):
    expected = scorer().decide(ROWS)
    status, said = serving.ask("POST", "/decide", {"rows": ROWS})
    assert status == 200
    assert said["decisions"] == expected.to_records()
    assert serving.ask("GET", "/ready")[1]["ready"] is True


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mlflows_own_client_is_answered(serving):
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    client = ScoringServerClient("127.0.0.1", serving.port)
    client.ping()
    frame = pd.DataFrame(ROWS)
    frame.loc[3, "income"] = float("nan")  # which the client writes as NaN
    made = client.invoke(frame).get_predictions()
    expected = scorer().decide(frame).to_pandas()
    assert made["score"].tolist() == expected["score"].tolist()
    assert made["flagged"].tolist() == expected["flagged"].tolist()


def test_a_client_that_hangs_is_cut(serving):
    silent = socket.create_connection(("127.0.0.1", serving.port), timeout=20)
    slow = socket.create_connection(("127.0.0.1", serving.port), timeout=20)
    slow.sendall(b"GET /health HT")
    threading.Timer(3, slow.sendall, [b"TP/1.1"]).start()
    with socket.create_connection(("127.0.0.1", serving.port), timeout=20) as hanging:
        head = b"POST /decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        hanging.sendall(head + b"Content-Length: 1000\r\n\r\n[")
        start = time.monotonic()
        answer = hanging.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 408")
        assert time.monotonic() - start < 15
        while hanging.recv(10_000):
            pass  # and then the connection is closed
    with silent, slow:  # neither was ever a request
        assert silent.recv(100) == b""
        with contextlib.suppress(ConnectionResetError):
            assert slow.recv(100) == b""
    assert time.monotonic() - start < 15


def test_no_line_of_the_log_has_a_value_of_a_row(serving):
    status, _ = serving.ask("POST", "/decide", [{**ROW, "purpose": "secret", "income": "x7x7"}])
    assert status == 422
    time.sleep(0.2)
    said = str(serving.lines) + "".join(serving.other)
    assert "'refused': 'checks'" in said
    assert "secret" not in said
    assert "x7x7" not in said


def test_requests_that_have_begun_are_finished(model, tmp_path):
    with Serving(model, "--log", tmp_path / "log", folder=tmp_path) as running:
        body = json.dumps(ROWS).encode()
        with socket.create_connection(("127.0.0.1", running.port), timeout=30) as slow:
            head = b"POST /decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            slow.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:100])
            time.sleep(0.3)
            ended: list[int] = []
            ending = threading.Thread(target=lambda: ended.append(running.stop()))
            ending.start()
            time.sleep(0.7)
            slow.sendall(body[100:])
            answer = b""
            while piece := slow.recv(100_000):
                answer += piece
        ending.join()
        assert answer.startswith(b"HTTP/1.1 200")
        assert ended == [0]
        assert running.other == []
        assert running.lines[-1]["event"] == "stopped"
        assert pq.read_table(tmp_path / "log").num_rows == len(ROWS)


def test_a_port_in_use_and_other_mistakes_are_told(cutscore, model, serving, tmp_path, monkeypatch):
    answer = cutscore("serve", model, "--port", serving.port)
    assert answer.code == 2
    assert f"--port: 127.0.0.1:{serving.port} cannot be listened on" in answer.err
    answer = cutscore("serve", model, "--log-inputs", "--port", 0)
    assert answer.code == 2
    assert "Give --log FOLDER too" in answer.err
    answer = cutscore("serve", model, "--token", "--port", 0)
    assert answer.code == 2
    assert "CUTSCORE_TOKEN is not in the environment" in answer.err
    monkeypatch.setenv("CUTSCORE_TOKEN", "")
    assert cutscore("serve", model, "--port", 0).code == 2
    monkeypatch.delenv("CUTSCORE_TOKEN")
    (tmp_path / "file").touch()
    answer = cutscore("serve", model, "--port", 0, "--log", tmp_path / "file")
    assert answer.code == 2
    assert "--log" in answer.err


def test_workers_add_up_their_counts_and_keep_every_decision(serving):
    for _ in range(6):
        assert serving.ask("POST", "/decide", ROWS)[0] == 200
    time.sleep(2.5)
    text = serving.ask("GET", "/metrics")[1]
    decided = int(re.search(r"cutscore_rows_total (\d+)", text)[1])
    assert decided >= 7 * len(ROWS)
    assert serving.stop(signal.SIGINT) == 0
    assert not any("Traceback" in line for line in serving.other)
    words = list(map(str, serving.process.args))
    rows = pq.read_table(words[words.index("--log") + 1]).to_pylist()
    assert len(rows) == decided
    expected = {row["loan_id"]: row["score"] for row in scorer().decide(ROWS).to_records()}
    of_ours = [row for row in rows if row["inputs"]["income"] == 700.0 * (int(row["id"]) + 1)]
    assert len(of_ours) >= 7 * len(ROWS)
    assert all(row["score"] == expected[int(row["id"])] for row in of_ours)
