from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from cutscore.errors import RequestError
from cutscore.runs.init import check_store, init_store

RACE = """
import multiprocessing, sys
import mlflow.store.db.utils, mlflow.store.tracking.sqlalchemy_store
from cutscore.runs.init import init_store

def work(barrier, results, folder):
    barrier.wait()
    store = init_store(f"sqlite:///{folder}/mlflow.db", f"{folder}/artifacts", "race")
    results.put(store.experiment_id)

if __name__ == "__main__":
    fork = multiprocessing.get_context("fork")
    barrier, results = fork.Barrier(8), fork.Queue()
    processes = [fork.Process(target=work, args=(barrier, results, sys.argv[1])) for _ in range(8)]
    [process.start() for process in processes]
    print(sorted({results.get(timeout=100) for _ in processes}), flush=True)
    [process.join() for process in processes]
    sys.exit(any(process.exitcode for process in processes))
"""


def uri(path):
    return f"sqlite:///{path}"


def init(path, experiment="tests"):
    return init_store(uri(path), str(path.parent / "artifacts"), experiment)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "mlruns" / "mlflow.db"
    return path, init(path)


@pytest.fixture
def copied(made, tmp_path):
    path = tmp_path / "mlflow.db"
    shutil.copy(made[0], path)
    return path


def test_a_store_is_made_with_its_experiment(made):
    path, store = made
    assert store.artifacts == str(path.parent / "artifacts" / "tests")
    assert {entry.name for entry in path.parent.iterdir()} == {
        "mlflow.db", "mlflow.db.lock", "artifacts",
    }  # fmt: skip
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check_store(store.uri)


def test_an_existing_store_and_experiment_are_opened(made):
    path, store = made
    before = path.read_bytes()
    assert init(path) == store
    assert path.read_bytes() == before
    other = init(path, "team/a b")
    assert other.experiment_id != store.experiment_id
    assert other.artifacts.endswith("/artifacts/team_a_b")


def test_eight_processes_at_once_and_nothing_is_printed(tmp_path):
    script = tmp_path / "race.py"
    script.write_text(RACE)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "new")],
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("['1']\n", "")
    with closing(sqlite3.connect(tmp_path / "new" / "mlflow.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def refusal(path, experiment="tests"):
    with pytest.raises(RequestError) as raised:
        init(path, experiment)
    (fault,) = raised.value.faults
    assert fault.remedy
    return fault


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id,target\n1,0\n", "is not an SQLite database"),
        (b"SQLite format 3\x00" + b"\xff" * 200, "cannot be used"),
    ],
)
def test_a_file_that_is_no_database_is_left_alone(tmp_path, content, said):
    path = tmp_path / "mlflow.db"
    path.write_bytes(content)
    fault = refusal(path)
    assert fault.setting == "tracking.uri"
    assert said in fault.problem
    assert str(path) in fault.problem
    assert path.read_bytes() == content
    assert not (tmp_path / "artifacts").exists()


def test_another_database_is_refused(tmp_path):
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE trials (id INTEGER)")
    assert "not an MLflow store" in refusal(path).problem


def set_revision(path, revision):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def test_a_newer_schema_is_refused(copied):
    set_revision(copied, "ffffffffffff")
    before = copied.read_bytes()
    fault = refusal(copied)
    assert "schema ffffffffffff" in fault.problem
    assert "newer MLflow" in fault.problem
    assert copied.read_bytes() == before
    with pytest.raises(RequestError, match="newer MLflow"):
        check_store(uri(copied))


def test_an_older_schema_is_refused_with_the_way_to_mend_it(copied):
    set_revision(copied, "451aebb31d03")
    fault = refusal(copied)
    assert "older schema" in fault.problem
    assert fault.remedy.endswith(f"mlflow db upgrade {uri(copied)}")


def test_a_folder_is_refused(tmp_path):
    path = tmp_path / "mlflow.db"
    path.mkdir()
    assert "is a folder" in refusal(path).problem


def test_a_path_through_a_file_is_refused_and_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("x")
    fault = refusal(tmp_path / "file" / "deep" / "mlflow.db")
    assert "cannot be written" in fault.problem
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o555)
    assert "cannot be written" in refusal(tmp_path / "mlflow.db").problem
    tmp_path.chmod(0o755)


def test_artifacts_that_cannot_be_written_leave_nothing(tmp_path):
    (tmp_path / "file").write_text("x")
    path = tmp_path / "new" / "mlflow.db"
    with pytest.raises(RequestError, match=r"^tracking\.artifacts: .*cannot be written"):
        init_store(uri(path), str(tmp_path / "file" / "a"), "tests")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_deleted_experiment_is_told(copied):
    with closing(sqlite3.connect(copied)) as connection, connection:
        connection.execute(
            "UPDATE experiments SET lifecycle_stage = 'deleted' WHERE name = 'tests'"
        )
    fault = refusal(copied)
    assert fault.setting == "tracking.experiment"
    assert "was deleted" in fault.problem


def test_a_server_that_does_not_answer_is_told_soon():
    with pytest.raises(RequestError) as raised:
        init_store("http://me:hunter2@127.0.0.1:9/x", None, "tests")
    assert "nothing answers at http://me:***@127.0.0.1:9/x" in str(raised.value)


def test_reading_makes_no_store(tmp_path):
    with pytest.raises(RequestError, match="there is no store at"):
        check_store(uri(tmp_path / "none" / "mlflow.db"))
    assert list(tmp_path.iterdir()) == []
