"""Runs that hold others together: opened, or gone on with, and closed with what is below them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cutscore.report.record_spec import DIED_TAG
from cutscore.runs.liveness import judge_life
from cutscore.runs.port import Guard, OpenRun, RunStore
from cutscore.runs.values import RunSummary


@contextmanager
def open_parent(
    store: RunStore,
    name: str,
    tags: Mapping[str, str],
    life: Guard,
    unsent: Path,
    *,
    again: str | None = None,
    parent_id: str | None = None,
    only_dead: bool = False,
) -> Iterator[OpenRun]:
    """Keep a run open that holds others together.

    `again` is the id of the run to go on with, None for a new one. If the process must end, runs
    below it that are open then are closed once its child processes are gone; with `only_dead`
    those whose process lives, elsewhere, are left.
    """
    opened = (
        store.open(name, tags=tags, parent_id=parent_id, life=life, unsent=unsent)
        if again is None
        else store.reopen(again, life=life, unsent=unsent)
    )
    with opened as parent:
        undo = life.register(
            partial(close_children, store, parent.run_id, only_dead=only_dead), last=True
        )
        try:
            yield parent
        finally:
            undo()


def end_parent(parent: OpenRun, failed: int, total: int, what: str) -> None:
    """End a run that holds others together: complete, unless some of them failed."""
    if failed:
        parent.fail(f"{failed} of {total} {what} failed")
    else:
        parent.complete()


def close_children(
    store: RunStore,
    parent_id: str,
    reason: str,
    *,
    only_dead: bool = False,
    killed: bool = True,
) -> int:
    """End the open runs below one, and return how many; see `closing.ending_of` for how."""
    left = store.find(store.experiment or None, parent_id=parent_id, status="RUNNING")
    taken = [run for run in left if not only_dead or judge_life(run.tags).dead]
    return sum(store.close(run, reason, killed=killed) for run in taken)


def died_below(store: RunStore, parent: RunSummary) -> dict[str, bool]:
    """Return by name of the runs below one whether the latest of that name died with its process.

    Runs that say they are open are judged by their process.
    """
    died: dict[str, bool] = {}
    for run in store.find(store.experiment or None, parent_id=parent.run_id):  # newest first
        died.setdefault(run.name, DIED_TAG in run.tags or (run.open and judge_life(run.tags).dead))
    return died
