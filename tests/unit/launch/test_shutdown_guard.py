"""Signals for real: each test starts a process that is busy in C and then ends it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from cutscore.launch.shutdown_guard import ShutdownGuard, is_worker, shutdown_guard

HERE = Path(__file__).parent
LIMIT = 5.0


def wait_for(condition, seconds=150.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def begun(tmp_path, empty):
    """Start busy_process.py on a new store; wait until so many cells have started."""
    shutil.copy(empty, tmp_path / "mlflow.db")
    processes = []

    def begin(mode, work, cells):
        process = subprocess.Popen(
            [sys.executable, str(HERE / "busy_process.py"), mode, work],
            cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        wait_for(lambda: len(list(tmp_path.glob("started*"))) >= cells or process.poll())
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.5)  # into the C code
        return process

    yield begin
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
        process.communicate()


def end(process, number, folder):
    """Send a signal and return the exit code, once all cells' processes are gone."""
    pids = {int(path.read_text()) for path in folder.glob("started*")}
    start = time.monotonic()
    process.send_signal(number)
    code = process.wait(timeout=30)
    wait_for(lambda: not any(alive(pid) for pid in pids), 30)
    assert time.monotonic() - start < LIMIT
    return code


def alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def statuses(folder):
    with closing(sqlite3.connect(folder / "mlflow.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = connection.execute(
            "SELECT name, status FROM runs WHERE name LIKE 'cell%' OR name = 'sweep'"
        ).fetchall()
        complete = connection.execute(
            "SELECT count(*) FROM tags JOIN runs USING (run_uuid) "
            "WHERE key = 'cutscore.complete' AND (name LIKE 'cell%' OR name = 'sweep')"
        ).fetchone()
    assert complete == (0,)
    return dict(found)


def test_a_run_in_c_code_is_killed_in_time(begun, tmp_path):
    process = begun("one", "neighbours", 1)
    assert end(process, signal.SIGINT, tmp_path) == 130
    assert statuses(tmp_path) == {"cell0": "KILLED"}
    assert process.stderr.read().startswith("Interrupted: SIGINT;")


def test_workers_end_with_their_parent_and_start_nothing_new(begun, tmp_path):
    process = begun("pool", "neighbours", 2)
    assert end(process, signal.SIGTERM, tmp_path) == 143
    assert statuses(tmp_path) == {"sweep": "KILLED", "cell0": "KILLED", "cell1": "KILLED"}
    assert process.stderr.read().count("\n") == 1


def test_workers_end_when_their_parent_is_killed(begun, tmp_path):
    process = begun("pool", "sleep", 2)
    assert end(process, signal.SIGKILL, tmp_path) == -signal.SIGKILL
    found = statuses(tmp_path)
    assert found.pop("sweep") == "RUNNING"
    assert found == {"cell0": "KILLED", "cell1": "KILLED"}


def test_a_worker_that_lost_its_parent_while_it_started_ends_too(begun, tmp_path):
    process = begun("orphan", "sleep", 0)
    wait_for((tmp_path / "spawned").exists)
    os.kill(process.pid, signal.SIGKILL)  # nobody waits for it yet: a zombie counts as ended
    wait_for((tmp_path / "started0").exists)
    wait_for(lambda: not alive(int((tmp_path / "started0").read_text())), 30)


def test_closing_that_hangs_and_a_child_that_will_not_end(begun, tmp_path):
    process = begun("stubborn", "sleep", 1)
    assert end(process, signal.SIGTERM, tmp_path) == 143


def test_handlers_come_back():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with shutdown_guard() as outer, shutdown_guard() as inner:
        assert inner is outer
        assert signal.getsignal(signal.SIGTERM) != before[signal.SIGTERM]
    assert {number: signal.getsignal(number) for number in before} == before
    assert "shutdown_guard" not in {thread.name for thread in threading.enumerate()}
    with shutdown_guard() as again:
        assert again is not outer


def test_another_thread_is_given_a_guard_that_watches_nothing_and_leaves_nothing_open():
    seen = []

    def work():
        with shutdown_guard() as life:
            seen.append(life)

    before = signal.getsignal(signal.SIGTERM), psutil.Process().num_fds()
    for _ in range(20):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len({id(life) for life in seen}) == 20
    assert isinstance(seen[0], ShutdownGuard)
    assert (signal.getsignal(signal.SIGTERM), psutil.Process().num_fds()) == before


def test_unregistering():
    life = ShutdownGuard()
    undo = life.register(lambda reason: None)
    undo()
    undo()
    assert life._closers == {}
    assert not is_worker()
    assert os.getpid() > 0
