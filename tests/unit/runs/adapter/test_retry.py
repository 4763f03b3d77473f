"""Waiting for a store, and which errors are worth waiting for."""

from __future__ import annotations

import sqlite3
import time

import pytest
from servers import free_port
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from cutscore.errors import Fault, RequestError
from cutscore.runs.adapter import retry
from cutscore.runs.adapter.client import PatientClient, open_client
from cutscore.runs.adapter.retry import Outage, StoreUnavailableError
from cutscore.runs.adapter.transient import collided, transient_reason


class Flaky:
    """Fails so many times before it answers."""

    def __init__(self, failures, error=None):
        self.left = failures
        self.error = error or ConnectionRefusedError(111, "Connection refused")
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error
        return "answer"


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.01)


def raised(work):
    with pytest.raises(Exception) as caught:
        work()
    return caught.value


def test_a_hiccup_is_not_worth_a_word(capsys):
    assert Outage("http://h", 1).call(Flaky(1)) == "answer"
    assert capsys.readouterr().err == ""


def test_an_absence_and_its_end_are_told_once(capsys):
    outage = Outage("http://me:hunter2@h:5000", 1)
    assert outage.call(Flaky(4)) == "answer"
    first, second = capsys.readouterr().err.splitlines()
    assert "http://me:***@h:5000 does not answer (Connection refused)" in first
    assert "for up to 1 min" in first
    assert "answers again" in second
    assert not outage.away


def test_patience_ends_and_is_shared():
    outage = Outage("http://h", 0.1 / 60)
    work = Flaky(10**6)
    with pytest.raises(StoreUnavailableError, match="has not answered for"):
        outage.call(work)
    calls, start = work.calls, time.monotonic()
    with pytest.raises(StoreUnavailableError):
        outage.call(work)  # the next run does not wait anew
    assert (work.calls - calls, time.monotonic() - start < 0.1) == (1, True)
    assert outage.call(Flaky(0)) == "answer"


def test_without_waiting_two_tries_are_enough():
    work = Flaky(10**6)
    with pytest.raises(StoreUnavailableError):
        Outage("http://h", 5).call(work, wait=False)
    assert work.calls == 2


def test_what_stays_is_raised_at_once():
    from mlflow.exceptions import MlflowException

    work = Flaky(3, MlflowException("a param cannot change"))
    with pytest.raises(MlflowException, match="cannot change"):
        Outage("http://h", 5).call(work)
    assert work.calls == 1


def test_a_server_that_is_not_there_is_transient():
    client = open_client(f"http://127.0.0.1:{free_port()}")
    start = time.monotonic()
    error = raised(lambda: client.get_run("a" * 32))
    assert transient_reason(error) == "Connection refused"
    assert time.monotonic() - start < 5  # MLflow alone would try for minutes


@pytest.mark.parametrize(
    ("code", "reason"),
    [("TEMPORARILY_UNAVAILABLE", "it answers with status 503"), ("INVALID_PARAMETER_VALUE", None)],
)
def test_statuses(code, reason):
    from mlflow.exceptions import RestException

    error = RestException({"error_code": code, "message": "m"})
    assert transient_reason(error) == reason


def test_a_request_that_failed_for_want_of_an_answer():
    fault = RequestError(Fault("tracking.uri", "nothing answers.", "Start it."))
    assert transient_reason(fault) is None
    fault.__cause__ = TimeoutError("timed out")
    assert transient_reason(fault) == "timed out"


def test_a_locked_sqlite_file_is_transient_a_missing_table_is_not(tmp_path):
    from mlflow.exceptions import MlflowException

    path = tmp_path / "x.db"
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0}, poolclass=NullPool)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
    holder.execute("BEGIN EXCLUSIVE")

    def execute(sql):
        with engine.begin() as connection:
            connection.execute(text(sql))

    locked = raised(lambda: execute("INSERT INTO t VALUES (1)"))
    holder.close()
    assert transient_reason(locked) == "database is locked"
    wrapped = MlflowException("wrapped")
    wrapped.__cause__ = locked
    assert transient_reason(wrapped) == "database is locked"
    assert transient_reason(raised(lambda: execute("INSERT INTO none VALUES (1)"))) is None
    execute("INSERT INTO t VALUES (1)")
    twice = raised(lambda: execute("INSERT INTO t VALUES (1)"))
    assert (collided(twice), transient_reason(twice)) == (True, None)


def test_postgresql_stopped_or_refusing(postgres):
    uri = postgres.create("transient")
    engine = create_engine(uri, poolclass=NullPool)

    def execute(sql, at=engine):
        with at.connect() as connection:
            connection.execute(text(sql))

    schema = raised(lambda: execute("SELECT a FROM none"))
    assert isinstance(schema, ProgrammingError)
    assert transient_reason(schema) is None
    missing = create_engine(postgres.url("nowhere"), poolclass=NullPool)
    assert transient_reason(raised(lambda: execute("SELECT 1", missing))) is None
    connection = engine.connect()
    postgres.kill()
    try:
        lost = raised(lambda: connection.execute(text("SELECT 1")))
        gone = raised(lambda: execute("SELECT 1"))
    finally:
        postgres.start()
    assert isinstance(lost, OperationalError)
    assert transient_reason(lost)
    assert "refused" in transient_reason(gone)


class Forgetful:
    """A real client whose first `create_run` is carried out, but its answer is lost."""

    def __init__(self, client):
        self.client = client
        self.tracking_uri = client.tracking_uri
        self.lost = False

    def __getattr__(self, name):
        return getattr(self.client, name)

    def create_run(self, *words, **named):
        run = self.client.create_run(*words, **named)
        if not self.lost:
            self.lost = True
            raise ConnectionResetError(104, "Connection reset by peer")
        return run


def test_a_run_is_made_once_though_the_answer_was_lost(kept):
    patient = PatientClient(Forgetful(kept.client), Outage("sqlite:///x", 1))
    run = patient.create_run(kept.store.experiment_id, run_name="once", tags={"pid": "1"})
    found = kept.client.search_runs([kept.store.experiment_id], "attributes.run_name = 'once'")
    assert [entry.info.run_id for entry in found] == [run.info.run_id]
