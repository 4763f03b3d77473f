"""Stores of older MLflow versions, and of other systems."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from cutscore.care.audit import audit
from cutscore.care.view import view_database
from cutscore.errors import RequestError
from cutscore.runs.liveness import judge_life
from cutscore.runs.schema import quiet_migration

OLD = "7f2a7d5fae7d"  # MLflow 2.4: no logged models yet
RUNS = ("a" * 32, "b" * 32)


@pytest.fixture(scope="module")
def old_store(tmp_path_factory):
    """A store of MLflow 2.4, written on Windows and carried over with its files."""
    from alembic import command
    from mlflow.store.db import utils
    from mlflow.store.tracking.dbmodels.initial_models import Base

    folder = tmp_path_factory.mktemp("old")
    path = folder / "mlflow.db"
    engine = utils.create_sqlalchemy_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    with quiet_migration(), engine.begin() as connection:
        config = utils._get_alembic_config(f"sqlite:///{path}")
        config.attributes["connection"] = connection
        command.upgrade(config, OLD)
    engine.dispose()
    windows = "file:///C:/Users/ann/project/mlruns/1"
    addresses = (f"{windows}/{RUNS[0]}/artifacts", rf"C:\Users\ann\mlruns\1\{RUNS[1]}\artifacts")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) "
            "VALUES (1, 'credit', ?, 'active')",
            (windows,),
        )
        for run, address in zip(RUNS, addresses, strict=True):
            connection.execute(
                "INSERT INTO runs (run_uuid, name, status, start_time, end_time, lifecycle_stage, "
                "artifact_uri, experiment_id) VALUES (?, 'forest', 'FINISHED', 1, 2, 'active', "
                "?, 1)",
                (run, address),
            )
            files = folder / "mlruns" / "1" / run / "artifacts"
            files.mkdir(parents=True)
            (files / "model.txt").write_text("x")
        connection.execute("INSERT INTO params VALUES ('depth', '3', ?)", (RUNS[0],))
    return path


def test_an_older_store_of_windows_is_read_from_a_copy(old_store):
    before = old_store.read_bytes()
    view = view_database(old_store)
    assert view.notes == ("An older MLflow wrote this store; a copy was upgraded and read.",)
    assert view.contents.runs[RUNS[0]].params == {"depth": "3"}
    for run in RUNS:
        assert view.files.of_run(view.contents.runs[run]).files == {"model.txt": 1}
    found = audit(view, judge_life)
    assert found.by_kind() == {"foreign": 2, "moved": 2}
    assert old_store.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no store at"), (b"id,target\n", "is not an SQLite database")],
)
def test_what_is_no_store_is_refused(tmp_path, content, said):
    path = tmp_path / "mlflow.db"
    if content:
        path.write_bytes(content)
    with pytest.raises(RequestError, match=said):
        view_database(path)
