"""The promises of `runs.port`, kept by MLflow on SQLite; servers keep them in test_servers."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import lives
import pytest
from cared import ended_process

from cutscore.errors import RequestError, StoreError
from cutscore.launch.shutdown_guard import ShutdownGuard
from cutscore.report.items import Metric
from cutscore.report.record_spec import (
    COMPLETE_TAG,
    DIED_TAG,
    FAILURE_TAG,
    HEARTBEAT_TAG,
    PRUNED_TAG,
)
from cutscore.runs.identity import now_text, process_tags
from cutscore.runs.parents import close_children, end_parent, open_parent

BEAT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(kept):
    return kept.runs


@pytest.fixture
def left_open(kept, store):
    """Make a run that says RUNNING, as a process leaves it that dies after its last word."""

    def make(tags=None, **info):
        started = int((BEAT - timedelta(minutes=1)).timestamp() * 1000)
        every = {HEARTBEAT_TAG: BEAT.isoformat(), **(tags or {})}
        made = kept.client.create_run(kept.store.experiment_id, started, every, **info)
        return store.get(made.info.run_id)

    return make


def test_the_life_of_a_run(store, tmp_path):
    lives.whole_life(store, tmp_path)


@pytest.mark.parametrize(
    ("said", "killed", "status", "failure"),
    [
        pytest.param({COMPLETE_TAG: "now"}, False, "FINISHED", None, id="complete"),
        pytest.param({PRUNED_TAG: "hopeless"}, False, "KILLED", None, id="pruned"),
        pytest.param({FAILURE_TAG: "no rows"}, False, "FAILED", "no rows; it died", id="failed"),
        pytest.param({}, True, "KILLED", "it died", id="killed"),
        pytest.param({}, False, "FAILED", "it died", id="dead"),
    ],
)
def test_a_run_left_open_ends_as_it_last_said(store, left_open, said, killed, status, failure):
    run = left_open(said)
    before = datetime.now(UTC)
    assert store.close(run, "it died", killed=killed)
    now = store.get(run.run_id)
    assert (now.status, now.tags.get(FAILURE_TAG)) == (status, failure)
    died = {DIED_TAG: "true"} if status == "FAILED" and not said else {}
    assert now.tags == {**run.tags, **({FAILURE_TAG: failure} if failure else {}), **died}
    ended = datetime.fromisoformat(now.started) + timedelta(seconds=now.seconds)
    if killed:
        assert ended >= before - timedelta(seconds=1)
    else:
        assert ended == BEAT
    assert not store.close(run, "again")
    assert store.get(run.run_id) == now


def test_closing_leaves_alone_what_has_ended_meanwhile(kept, store, left_open):
    run = left_open()
    kept.client.set_terminated(run.run_id, "FINISHED")
    assert not store.close(run, "it died")
    assert FAILURE_TAG not in store.get(run.run_id).tags


def test_a_run_that_ended_before_its_clock_began_is_no_shorter_than_nothing(store, left_open):
    run = left_open({HEARTBEAT_TAG: (BEAT - timedelta(days=1)).isoformat()})
    assert store.close(run, "it died")
    assert store.get(run.run_id).seconds == 0.0


@pytest.mark.parametrize("word", ["f" * 32, "no such run", 'it\'s "quoted"', "%", ""])
def test_what_is_not_there_is_none_or_a_fault(store, left_open, word):
    left_open()
    assert store.get(word) is None
    with pytest.raises(RequestError, match="there is no run"):
        store.read(word)


@pytest.mark.parametrize("value", ["plain", "it's", 'a "word"', "50 %", "a AND b"])
def test_runs_are_found_by_any_tag(store, left_open, value):
    run = left_open({"study": value})
    assert [found.run_id for found in store.find("tests", {"study": value})] == [run.run_id]


def test_deleted_runs_are_told_apart(kept, store, left_open):
    run = left_open({"twin": "x"}, run_name="deleted")
    kept.client.delete_run(run.run_id)
    assert store.get(run.run_id).deleted
    assert store.find(tags={"twin": "x"}) == []
    with pytest.raises(RequestError, match="there is no run"):
        store.read(run.run_id)


def test_what_the_store_refuses_is_told_in_our_words(store, left_open):
    run = left_open()
    with pytest.raises(StoreError, match=r'refuses: Invalid value "in//valid"'):
        store.tag(run.run_id, {"in//valid": "x"})


def test_threads_share_a_store(store):
    def work(number):
        with store.open(f"thread{number}", tags={"threads": "4"}) as run:
            run.write(Metric("loss", k / 10, k) for k in range(20))
            store.find("tests", {"threads": "4"})
            run.complete()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    runs = store.find("tests", {"threads": "4"})
    assert sorted(run.name for run in runs) == [f"thread{k}" for k in range(4)]
    assert all(run.complete for run in runs)


def test_last_change_is_the_last_metric(kept, store, left_open):
    run = left_open()
    assert store.last_change(run) == BEAT - timedelta(minutes=1)
    kept.client.log_metric(run.run_id, "loss", 1.0, timestamp=int(BEAT.timestamp() * 1000))
    kept.client.log_metric(run.run_id, "gain", 1.0, timestamp=1)
    assert store.last_change(store.get(run.run_id)) == BEAT


@pytest.mark.parametrize("only_dead", [False, True])
def test_an_end_of_the_process_closes_what_is_below_a_parent(store, left_open, tmp_path, only_dead):
    guard, name = ShutdownGuard(), f"parent {only_dead}"
    with open_parent(store, name, {"kind": "x"}, guard, tmp_path, only_dead=only_dead) as parent:
        below = {"mlflow.parentRunId": parent.run_id}
        dead = left_open({**below, **process_tags(), "pid": str(ended_process())})
        alive = left_open({**below, **process_tags(), HEARTBEAT_TAG: now_text()})
        said = left_open({**below, COMPLETE_TAG: "now", "pid": "1", "host": "elsewhere"})
        foreign = left_open({"mlflow.parentRunId": "another"})
        (close,) = (close for close, last in guard._closers.values() if last)
        close("interrupted: SIGTERM")
        end_parent(parent, 0, 3, "cells")
    assert guard._closers == {}
    now = {run.run_id: store.get(run.run_id) for run in (dead, alive, said, foreign)}
    assert now[dead.run_id].status == "KILLED"
    assert now[dead.run_id].tags[FAILURE_TAG] == "interrupted: SIGTERM"
    assert now[alive.run_id].status == ("RUNNING" if only_dead else "KILLED")
    assert now[said.run_id].status == "FINISHED"
    assert now[foreign.run_id].status == "RUNNING"
    assert store.get(parent.run_id).complete


def test_a_parent_goes_on_and_fails_with_its_children(store, tmp_path):
    guard = ShutdownGuard()
    with open_parent(store, "sweep", {"kind": "x"}, guard, tmp_path) as parent:
        end_parent(parent, 0, 2, "cells")
    with open_parent(store, "other", {}, guard, tmp_path, again=parent.run_id) as again:
        assert again.name == "sweep"
        end_parent(again, 1, 2, "cells")
    now = store.get(parent.run_id)
    assert (again.run_id, now.status) == (parent.run_id, "FAILED")
    assert now.tags[FAILURE_TAG] == "1 of 2 cells failed"
    assert close_children(store, parent.run_id, "nothing is open") == 0
