from pathlib import Path

import pytest

from cutscore.errors import RequestError
from cutscore.runs.settings import ENVIRONMENT, TrackingSettings

BASE = Path("/work space/here")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)


def test_default_is_below_the_working_directory():
    address = TrackingSettings().address(BASE)
    assert address.uri == "sqlite:////work space/here/mlruns/mlflow.db"
    assert address.artifacts == "/work space/here/mlruns/artifacts"


def test_explicit_wins_over_environment_over_default(monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "http://tracking:5000")
    assert TrackingSettings().address(BASE).uri == "http://tracking:5000"
    given = TrackingSettings(uri="sqlite:///own.db").address(BASE)
    assert given.uri == "sqlite:////work space/here/own.db"


@pytest.mark.parametrize("uri", ["file:./mlruns", "./mlruns", "databricks", "file:old.db"])
def test_an_address_of_the_environment_that_cannot_be_used(monkeypatch, uri):
    monkeypatch.setenv(ENVIRONMENT, uri)
    with pytest.raises(RequestError) as raised:
        TrackingSettings().address(BASE)
    assert raised.value.faults[0].setting == ENVIRONMENT
    assert "Unset" in raised.value.faults[0].remedy
    assert TrackingSettings(uri="own.db").address(BASE).uri.endswith("/own.db")


@pytest.mark.parametrize("uri", ["runs/own.db", "sqlite:///runs/own.db"])
def test_relative_paths_become_absolute(uri):
    address = TrackingSettings(uri=uri, artifacts="files").address(BASE)
    assert address.uri == "sqlite:////work space/here/runs/own.db"
    assert address.artifacts == "/work space/here/files"


def test_artifacts_stand_beside_the_database():
    address = TrackingSettings(uri="sqlite:////data/own.db").address(BASE)
    assert address.artifacts == "/data/artifacts"


def test_a_server_decides_about_artifacts_unless_told():
    assert TrackingSettings(uri="http://h:1").address(BASE).artifacts is None
    told = TrackingSettings(uri="http://h:1", artifacts="s3://bucket/x")
    assert told.address(BASE).artifacts == "s3://bucket/x"


@pytest.mark.parametrize(
    "uri", ["file:///tmp/mlruns", "mlruns", "ftp://h/x", "sqlite:///", "sqlite:///:memory:"]
)
def test_addresses_that_mlflow_cannot_keep_runs_at(uri):
    with pytest.raises(ValueError, match="uri must"):
        TrackingSettings(uri=uri)


def test_passwords_are_hidden_in_messages_and_repr():
    with pytest.raises(ValueError) as raised:
        TrackingSettings(uri="ftp://user:hunter2@host/x")
    assert "hunter2" not in str(raised.value)
    address = TrackingSettings(uri="postgresql://user:hunter2@host/x").address(BASE)
    assert "hunter2" not in repr(address)
    assert "hunter2" in address.uri


def test_blank_experiment_name():
    with pytest.raises(ValueError, match="experiment must be"):
        TrackingSettings(experiment="  ")
