"""What of a sweep stands in the store already, so that only the rest has to be run."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.errors import Fault, RequestError
from cutscore.report.record_spec import FAILURE_TAG, KIND_TAG, SWEEP
from cutscore.run import RunOutcome, labels
from cutscore.store.init import Store
from cutscore.sweep.cells import Cell
from cutscore.tracking.environment import environment_differences, shortened
from cutscore.tracking.lifeline import Lifeline
from cutscore.tracking.liveness import judge_life
from cutscore.tracking.provenance import environment_text
from cutscore.tracking.reading import RunSummary, artifact_text, find_runs
from cutscore.tracking.writer import RunWriter, end_run, open_run, reopen_run

if TYPE_CHECKING:
    from mlflow import MlflowClient

SWEEP_KEY_TAG = "cutscore.sweep_key"
LINKED_TAG = "cutscore.linked_runs"
_PATIENCE = 10.0
"""Seconds that workers of a dead parent are given to notice it and end."""


@dataclass(frozen=True)
class Standing:
    """What stands of a sweep.

    `key` is what its parent is found by, `done` the outcomes of complete cells by cell number,
    `linked` the runs among them that belong to another parent, `since` when the last of them was
    started (ISO 8601, UTC).
    """

    key: str
    parent: RunSummary | None = None
    done: Mapping[int, RunOutcome] = field(default_factory=dict)
    linked: tuple[str, ...] = ()
    since: str = ""
    notes: tuple[str, ...] = ()


def sweep_key(cells: Sequence[Cell], fingerprints: Mapping[int, str], experiment: str) -> str:
    """Return the hash that a sweep is known by: its cells' fingerprints and the experiment's name.

    A cell without a fingerprint, because its data are at fault, counts by its overrides.
    """
    names = [fingerprints.get(cell.number) or " ".join(cell.overrides) for cell in cells]
    searched = [f"search:{name}" for cell, name in zip(cells, names, strict=True) if _search(cell)]
    plain = [name for cell, name in zip(cells, names, strict=True) if not _search(cell)]
    body = json.dumps([sorted([*plain, *searched]), experiment])
    return hashlib.sha256(body.encode()).hexdigest()


def stands_whole(standing: Standing, cells: Sequence[Cell]) -> bool:
    """Return whether nothing of a sweep is left to do, its parent's own record included."""
    whole = standing.parent is not None and standing.parent.complete
    return whole and all(cell.number in standing.done for cell in cells)


def find_standing(
    client: MlflowClient,
    store: Store,
    cells: Sequence[Cell],
    fingerprints: Mapping[int, str],
) -> Standing:
    """Look a sweep up in the store; runs of dead processes are closed on the way.

    A search is no cell to be skipped: it goes on with its own study.

    Raises
    ------
    RequestError
        If another process is running this very sweep.
    """
    key = sweep_key(cells, fingerprints, store.experiment)
    known = find_runs(client, store.experiment, {SWEEP_KEY_TAG: key})
    parents = [run for run in known if run.tags.get(KIND_TAG) == SWEEP]
    for candidate in parents:
        _refuse_living(candidate)
        _close_children(client, store, candidate)
    parent = parents[0] if parents else None
    done: dict[int, RunOutcome] = {}
    used: list[RunSummary] = []
    for cell in cells:
        run = _complete_run(client, store, fingerprints.get(cell.number, ""), parent)
        if run is not None and not _search(cell):
            done[cell.number] = outcome_of(cell, run)
            used.append(run)
    linked = tuple(run.run_id for run in used if parent is None or run.parent_id != parent.run_id)
    since = max((run.started for run in used), default="")
    return Standing(key, parent, done, linked, since, _notes(client, used))


def outcome_of(cell: Cell, run: RunSummary) -> RunOutcome:
    """Return the outcome of a cell whose run stands in the store."""
    return RunOutcome(
        name=cell.name,
        run_id=run.run_id,
        status="complete",
        objective=str(cell.plan.experiment.threshold.objective),
        labels=labels(cell.plan),
        metrics={key: value for key, value in run.metrics.items() if not key.startswith("fold_")},
    )


@contextmanager
def open_parent(
    client: MlflowClient,
    store: Store,
    name: str,
    standing: Standing,
    life: Lifeline,
    unsent: Path,
) -> Iterator[RunWriter]:
    """Go on with the sweep's parent run, or make one; see `open_run` for `unsent`."""
    if standing.parent is not None:
        with reopen_run(client, standing.parent.run_id, life=life, unsent=unsent) as parent:
            yield parent
        return
    tags = {KIND_TAG: SWEEP, SWEEP_KEY_TAG: standing.key}
    with open_run(client, store.experiment_id, name, tags=tags, life=life, unsent=unsent) as parent:
        yield parent


def _complete_run(
    client: MlflowClient, store: Store, fingerprint: str, parent: RunSummary | None
) -> RunSummary | None:
    """Return a complete run with this fingerprint, one of this parent's before others."""
    if not fingerprint:
        return None
    found = find_runs(client, store.experiment, {"fingerprint": fingerprint})
    complete = [run for run in found if run.complete and run.status == "FINISHED"]
    own = [run for run in complete if parent is not None and run.parent_id == parent.run_id]
    return next(iter([*own, *complete]), None)


def _refuse_living(parent: RunSummary) -> None:
    """Refuse to run a sweep that is being run."""
    if parent.status == "RUNNING" and (life := judge_life(parent.tags)).state == "alive":
        problem = f"this sweep is being run at this moment ({life.reason}, run {parent.name})."
        remedy = "Wait for it or end it; --fresh starts another beside it."
        raise RequestError(Fault("--resume", problem, remedy))


def _close_children(client: MlflowClient, store: Store, parent: RunSummary) -> None:
    """Close the cells that a dead process left open; workers get time to notice its death."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        children = find_runs(client, store.experiment, parent_id=parent.run_id, status="RUNNING")
        lives = [(run, judge_life(run.tags)) for run in children]
        for run, life in lives:
            if life.dead:
                reason = f"{life.reason} before the run was complete"
                end_run(client, run.run_id, "FAILED", {FAILURE_TAG: reason})
        if all(life.dead for _, life in lives) or time.monotonic() > deadline:
            return
        time.sleep(0.5)


def _notes(client: MlflowClient, used: Sequence[RunSummary]) -> tuple[str, ...]:
    """Say which cells that are not run again were made with other libraries."""
    here = environment_text()
    counts: dict[str, int] = {}
    for run in used:
        text = artifact_text(client, run.run_id, "environment.txt")
        differing = environment_differences(text, here) if text else []
        if differing:
            told = shortened(differing)
            counts[told] = counts.get(told, 0) + 1
    return tuple(
        f"{count} of {len(used)} cells that stand were made in another environment ({told}); "
        "--fresh recomputes them"
        for told, count in counts.items()
    )


def _search(cell: Cell) -> bool:
    return cell.plan.search is not None
