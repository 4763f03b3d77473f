"""Reading a store changes no byte and no file beside it, and works where nothing can be written."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing

import pytest
from made_store import build_store, hexed

from cutscore.care import database
from cutscore.care.view import view_database
from cutscore.cli import main
from cutscore.errors import RequestError

RUNS = 3


def traces(folder):
    """Every file with its bytes and time of change; folders too: theirs tell what came and went."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else None,
        )
        for path in sorted([folder, *folder.rglob("*")])
    }


def image(path, folder):
    """Copy a store as it lies on the disk just now: as a power cut would leave it."""
    shutil.copytree(path.parent / "artifacts", folder / "artifacts")
    for part in path.parent.glob(f"{path.name}*"):
        if not part.name.endswith("-shm"):
            shutil.copyfile(part, folder / part.name)
    return folder / path.name


def plain(path):
    return path


def wal(path):
    """A store in WAL mode that nobody has open: its -wal and -shm files are gone."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def wal_cut_off(path):
    """A store in WAL mode whose last run is in the -wal file alone."""
    with closing(sqlite3.connect(wal(path))) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE params SET value = 'in the wal'")
        connection.commit()
        return image(path, path.parent / "cut")


def journal_cut_off(path):
    """A store whose last change was half written when the power went."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("UPDATE params SET value = value || hex(zeroblob(400))")
        found = image(path, path.parent / "cut")
        connection.rollback()
    assert found.read_bytes() != path.read_bytes()
    assert found.with_name("mlflow.db-journal").stat().st_size
    return found


STATES = (plain, wal, wal_cut_off, journal_cut_off)


@pytest.fixture(params=STATES)
def stored(request, empty, tmp_path):
    path = build_store(empty, tmp_path / "store" / "mlflow.db", "one", RUNS)
    return request.param(path)


def read_all(path, target):
    """Every command that reads a store; they must not say that it cannot be read."""
    codes = [
        main(["store", "audit", str(path)]),
        main(["runs", "export", "--store", str(path)]),
        main(["store", "diff", str(path), str(path)]),
        main(["store", "merge", str(path), "--into", str(target)]),
    ]
    assert codes == [1, 0, 0, 0]  # its runs are not Cutscore's: the audit has findings
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (RUNS,)


def test_nothing_is_left_beside_a_store_that_is_read(stored, empty, tmp_path):
    target = tmp_path / "target.db"
    shutil.copyfile(empty, target)
    before = traces(stored.parent)
    read_all(stored, target)
    assert traces(stored.parent) == before


def test_what_is_read_is_what_was_committed(empty, tmp_path):
    run = hexed("one", 1)
    path = build_store(empty, tmp_path / "a" / "mlflow.db", "one", RUNS)
    cut = view_database(wal_cut_off(path)).contents.runs[run]
    assert set(cut.params.values()) == {"in the wal"}
    path = build_store(empty, tmp_path / "b" / "mlflow.db", "one", RUNS)
    before = view_database(path).contents.runs[run]
    assert view_database(journal_cut_off(path)).contents.runs[run].params == before.params


@pytest.fixture
def read_only(tmp_path):
    """Return a function that puts a store on a disk that cannot be written."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")

    def put(path):
        shutil.copytree(path.parent, disk / "store")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        return disk / "store" / path.name

    yield put
    subprocess.run(["umount", disk], check=True)


def test_a_disk_that_cannot_be_written(stored, empty, tmp_path, read_only):
    path = read_only(stored)
    with pytest.raises(OSError, match="Read-only"):
        path.with_name("probe").touch()
    target = tmp_path / "target.db"
    shutil.copyfile(empty, target)
    read_all(path, target)


def test_commands_that_need_to_write_say_so(empty, tmp_path, read_only, capsys):
    path = read_only(wal(build_store(empty, tmp_path / "store" / "mlflow.db", "one", RUNS)))
    assert main(["runs", "list", "--store", str(path)]) == 2
    err = capsys.readouterr().err
    assert f"{path} cannot be opened" in err
    assert "cutscore runs export write nothing" in err


def test_a_store_that_is_written_without_a_pause_is_read_all_the_same(empty, tmp_path, monkeypatch):
    path = wal(build_store(empty, tmp_path / "store" / "mlflow.db", "one", RUNS))
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    counter = iter(range(10_000))
    with closing(sqlite3.connect(path)) as connection:
        plain_stamp = database.stamp

        def stamp_of_a_busy_store(place):
            with connection:
                connection.execute("UPDATE params SET value = ?", (f"{next(counter)}",))
            return plain_stamp(place)

        monkeypatch.setattr(database, "stamp", stamp_of_a_busy_store)
        view = view_database(path)
    (value,) = set(view.contents.runs[hexed("one", 1)].params.values())
    assert int(value) == next(counter) - 1


def test_an_empty_file_is_told_for_what_it_is(tmp_path):
    (tmp_path / "mlflow.db").touch()
    with pytest.raises(RequestError, match="is empty: no store was ever made in it"):
        view_database(tmp_path / "mlflow.db")
