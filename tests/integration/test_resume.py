"""Sweeps gone on with: nothing twice, the same bits, and never beside a living one."""

from __future__ import annotations

import os
import signal
import sqlite3
import time

import pytest

from cutscore.report.record_spec import DIED_TAG
from cutscore.runs.adapter.client import open_client
from cutscore.runs.identity import process_tags
from cutscore.runs.init import check_store
from cutscore.runs.opening import open_existing
from cutscore.sweep import resume

QUICK = ("validation.folds=2", "report.bootstrap=2", "model.params.n_estimators=3")
GRID = ("seed=1,2,3", "features=baseline")
BEST = ("model.refit=best", "validation.outer=holdout")
WAIT_SECONDS = 90


@pytest.fixture(scope="module")
def sweep(workplace, cutscore, loans):
    """Run a sweep in an experiment of its own."""

    def call(experiment, *words):
        return cutscore("run", "-m", *loans, *QUICK, f"tracking.experiment={experiment}", *words)

    return call


@pytest.fixture(scope="module")
def client(whole, workplace):
    uri = f"sqlite:///{workplace}/mlruns/mlflow.db"
    check_store(uri)
    return open_client(uri)


@pytest.fixture(scope="module")
def whole(sweep):
    """A sweep that was never interrupted."""
    answer = sweep("whole", *GRID, *BEST)
    assert answer.code == 0, answer.err
    return answer


def parts(client, experiment):
    """Return the parents and the cells of an experiment, oldest first."""
    runs = open_existing(client.tracking_uri).find(experiment)[::-1]
    cells = [run for run in runs if run.parent_id]
    return [run for run in runs if not run.parent_id], cells


def figures(cells):
    """Return what must be equal, bit for bit, by the names of complete cells."""
    machine = ("seconds_", "peak_memory_mb")
    return sorted(
        (
            run.name,
            run.tags["score_digest"],
            [(key, value) for key, value in run.metrics.items() if not key.startswith(machine)],
        )
        for run in cells
        if run.complete
    )


def dead_tags():
    """Return the tags of a process that is no more."""
    return {**process_tags(), "pid": str(2**22 - 1)}


def reopen(client, run_id, tags):
    """Make a run look as if a process had it open."""
    if "cutscore.complete" in client.get_run(run_id).data.tags:
        client.delete_tag(run_id, "cutscore.complete")
    for key, value in tags.items():
        client.set_tag(run_id, key, value)
    client.update_run(run_id, status="RUNNING")


def test_killed_and_resumed_a_sweep_is_what_it_would_have_been(
    whole, client, sweep, loans, workplace, cutscore_started
):
    words = ["run", "-m", *loans, *QUICK, *GRID, *BEST, "tracking.experiment=killed"]
    # An environment made for other work may not be the end of every run.
    other = {"PYTHONWARNINGS": "error", "MPLBACKEND": "none of Matplotlib's"}
    process = cutscore_started(*words, folder=workplace, **other)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        query = (
            "select count(*) from runs join experiments using (experiment_id) join tags "
            "using (run_uuid) where experiments.name = 'killed' and key = 'cutscore.complete'"
        )
        with sqlite3.connect(workplace / "mlruns" / "mlflow.db") as store:
            while store.execute(query).fetchone()[0] == 0 and process.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    (parent,), cells = parts(client, "killed")
    assert parent.status == "RUNNING"
    assert 1 <= len(figures(cells)) < 3
    answer = sweep("killed", *GRID, *BEST, "--resume")
    assert answer.code == 0, answer.err
    assert "of 3 cells stood complete" in answer.err
    (resumed,), cells = parts(client, "killed")
    (model_parent,), uninterrupted = parts(client, "whole")
    assert resumed.run_id == parent.run_id
    assert (resumed.status, resumed.complete) == ("FINISHED", True)
    assert figures(cells) == figures(uninterrupted)
    assert {run.status for run in cells} <= {"FINISHED", "FAILED"}
    assert {run.parent_id for run in cells} == {parent.run_id}
    broken = [run for run in cells if run.status == "FAILED"]
    assert all(
        "has ended before the run was complete" in r.tags["cutscore.failure"] for r in broken
    )
    assert ("in a process of its own" in answer.err) == bool(broken)
    assert all(DIED_TAG in run.tags for run in broken)
    assert model_parent.tags["swept"] == resumed.tags["swept"]


def test_nothing_left_to_do_is_said_and_done_at_once(whole, client, sweep):
    before = len(open_existing(client.tracking_uri).find("whole"))
    answer = sweep("whole", *reversed(GRID), *BEST, "--resume")  # the same cells
    assert answer.code == 0
    assert "3 of 3 cells complete since 20" in answer.err
    assert "--fresh recomputes" in answer.err
    assert answer.out.count("exp0") >= 3
    assert "outer rows" in answer.out
    assert "fitted on all rows: m-" in answer.out
    assert len(open_existing(client.tracking_uri).find("whole")) == before


def test_a_parent_that_died_at_its_end_judges_and_fits_nothing_twice(whole, client, sweep):
    (parent,), cells = parts(client, "whole")
    best = parent.tags["best_run"]
    reopen(client, parent.run_id, dead_tags())
    answer = sweep("whole", *GRID, *BEST, "--resume")
    assert answer.code == 0, answer.err
    (again,), after = parts(client, "whole")
    assert again.run_id == parent.run_id
    assert (again.complete, again.status) == (True, "FINISHED")
    assert "cutscore.failure" not in again.tags
    assert [run.run_id for run in after] == [run.run_id for run in cells]
    assert len(client.get_metric_history(best, "outer_cost")) == 1
    assert len(client.get_run(best).outputs.model_outputs) == 1


def test_a_living_sweep_is_not_run_beside(whole, client, sweep, monkeypatch):
    monkeypatch.setattr(resume, "_PATIENCE", 0.0)
    (parent,), cells = parts(client, "whole")
    reopen(client, parent.run_id, process_tags())
    told = f"being run at this moment (process {os.getpid()} runs"
    answer = sweep("whole", *GRID, *BEST, "--resume")
    assert answer.code == 2
    assert told in answer.err
    assert "--fresh" in answer.err
    reopen(client, parent.run_id, dead_tags())
    reopen(client, cells[0].run_id, process_tags())  # a worker that has outlived its parent
    answer = sweep("whole", *GRID, *BEST, "--resume")
    assert answer.code == 2
    assert f"{cells[0].name} (process {os.getpid()} runs)" in answer.err


def test_a_cell_that_died_after_its_last_word_is_complete(whole, client, sweep):
    (parent,), cells = parts(client, "whole")
    reopen(client, parent.run_id, dead_tags())
    for key, value in {**dead_tags(), "cutscore.complete": "2026-01-01T00:00:00+00:00"}.items():
        client.set_tag(cells[0].run_id, key, value)
    client.update_run(cells[0].run_id, status="RUNNING")
    answer = sweep("whole", *GRID, *BEST, "--resume")
    assert answer.code == 0
    assert "3 of 3 cells stood complete" in answer.err
    (again,), after = parts(client, "whole")
    assert {run.status for run in [again, *after]} == {"FINISHED"}
    assert len(after) == 3


def test_twins_are_kept_apart_and_cells_of_another_sweep_linked(whole, client, sweep):
    words = ("threads=1,2", "sampling=none")  # threads are in no fingerprint
    assert sweep("twins", *words).code == 0
    (first,), cells = parts(client, "twins")
    client.delete_tag(cells[0].run_id, "cutscore.complete")
    answer = sweep("twins", *words, "--resume")
    assert "1 of 2 cells stood complete" in answer.err
    _, after = parts(client, "twins")
    assert [run.name for run in after] == [cells[0].name, cells[1].name, cells[0].name]
    answer = sweep("twins", "threads=1", "sampling=none", "--resume")
    assert "1 of 1 cells stood complete, 1 of them under another parent" in answer.err
    parents, after = parts(client, "twins")
    assert len(parents) == 2
    assert parents[1].tags["cutscore.linked_runs"] in {run.run_id for run in after[1:3]}
    assert parents[0].run_id == first.run_id
    assert len(after) == 3


def test_one_run_alone_cannot_be_resumed(cutscore, loans):
    answer = cutscore("run", *loans, "--resume")
    assert answer.code == 2
    assert "no sweep" in answer.err
