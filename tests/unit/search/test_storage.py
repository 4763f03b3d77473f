"""Storages that can and cannot be used, told before anything is written."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from cutscore.config.search_settings import ENVIRONMENT, SearchSettings
from cutscore.errors import RequestError
from cutscore.runs.settings import TrackingSettings
from cutscore.search.storage import check_storage, open_storage, storage_url


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A storage of Optuna's."""
    path = tmp_path_factory.mktemp("storage") / "optuna.db"
    open_storage(f"sqlite:///{path}")
    return path


def refused(url):
    with pytest.raises(RequestError) as caught:
        check_storage(url)
    (fault,) = caught.value.faults
    assert fault.setting == "search.storage"
    return str(fault)


def database(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return f"sqlite:///{path}"


def test_own_storage_is_accepted_and_a_missing_one_can_be_made(made, tmp_path):
    assert check_storage(f"sqlite:///{made}")
    assert not check_storage(f"sqlite:///{tmp_path / 'new' / 'optuna.db'}")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_storage_is_refused(tmp_path):
    text = tmp_path / "notes.db"
    text.write_text("not a database at all")
    assert "not an SQLite database" in refused(f"sqlite:///{text}")
    assert "is a folder" in refused(f"sqlite:///{tmp_path}")
    other = database(tmp_path / "other.db", "CREATE TABLE cats (name TEXT)")
    assert "not one of Optuna's" in refused(other)


def test_store_of_mlflow_is_refused(tmp_path):
    names = ("experiments", "runs", "alembic_version")
    url = database(tmp_path / "m.db", *(f"CREATE TABLE {n} (version_num TEXT)" for n in names))
    assert "store of MLflow's" in refused(url)


@pytest.mark.parametrize(
    ("revision", "words"), [("v3.0.0.a", "an older version"), ("v99.0.0.a", "a newer version")]
)
def test_other_version_of_optuna_is_refused(made, tmp_path, revision, words):
    copy = tmp_path / "copy.db"
    copy.write_bytes(made.read_bytes())
    url = database(copy, f"UPDATE alembic_version SET version_num = '{revision}'")
    assert words in refused(url)


def test_server_that_does_not_answer_is_refused_without_its_password():
    told = refused("postgresql://me:hunter2@127.0.0.1:9/studies")
    assert "cannot be reached" in told
    assert "hunter2" not in told


def test_address_is_beside_the_store_unless_given(in_folder, monkeypatch):
    settings, tracking = SearchSettings(), TrackingSettings()
    assert storage_url(settings, tracking) == f"sqlite:///{in_folder}/mlruns/optuna.db"
    elsewhere = TrackingSettings(uri="kept/mlflow.db")
    assert storage_url(settings, elsewhere) == f"sqlite:///{in_folder}/kept/optuna.db"
    monkeypatch.setenv(ENVIRONMENT, "shared/studies.db")
    assert storage_url(settings, elsewhere) == f"sqlite:///{in_folder}/shared/studies.db"
    own = SearchSettings(storage="sqlite:///mine.db")
    assert storage_url(own, elsewhere) == f"sqlite:///{in_folder}/mine.db"
    monkeypatch.setenv(ENVIRONMENT, "oracle://somewhere/x")
    with pytest.raises(RequestError, match="PostgreSQL or MySQL"):
        storage_url(settings, tracking)
