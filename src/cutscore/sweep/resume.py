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
from cutscore.launch.environment import environment_differences, shortened
from cutscore.launch.outcome import RunOutcome, labels
from cutscore.launch.provenance import environment_text
from cutscore.launch.shutdown_guard import ShutdownGuard
from cutscore.report.record_spec import COMPLETE_TAG, FAILURE_TAG, KIND_TAG, SWEEP
from cutscore.runs.init import Store
from cutscore.runs.liveness import judge_life
from cutscore.runs.reading import RunSummary, artifact_text, find_runs
from cutscore.runs.writer import RunWriter, end_run, open_run, reopen_run
from cutscore.sweep.cells import Cell

if TYPE_CHECKING:
    from mlflow import MlflowClient

SWEEP_KEY_TAG = "cutscore.sweep_key"
LINKED_TAG = "cutscore.linked_runs"
_PATIENCE = 10.0
"""Seconds that workers of a dead parent are given to notice it and end."""

_PAUSE = 0.5


@dataclass(frozen=True)
class ResumeState:
    """What stands of a sweep.

    `key` is what its parent is found by, `done` the outcomes of complete cells by cell number,
    `linked` the runs among them that belong to another parent, `since` when the last of them
    became complete (ISO 8601, UTC).
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


def stands_whole(standing: ResumeState, cells: Sequence[Cell]) -> bool:
    """Return whether nothing of a sweep is left to do, its parent's own record included."""
    parent = standing.parent
    whole = parent is not None and parent.complete and parent.status == "FINISHED"
    return whole and all(cell.number in standing.done for cell in cells)


def find_resume_state(
    client: MlflowClient,
    store: Store,
    cells: Sequence[Cell],
    fingerprints: Mapping[int, str],
) -> ResumeState:
    """Look a sweep up in the store; runs of dead processes are closed on the way.

    A search is no cell to be skipped: it goes on with its own study.

    Raises
    ------
    RequestError
        If another process is running this very sweep, or a cell of it.
    """
    key = sweep_key(cells, fingerprints, store.experiment)
    for candidate in _parents(client, store, key):
        _refuse_living(candidate)
        _close_children(client, store, candidate)
        if candidate.status == "RUNNING" and (life := judge_life(candidate.tags)).dead:
            _close_dead(client, candidate, life.reason)
    parent = next(iter(_parents(client, store, key)), None)
    used = _assigned(client, store, cells, fingerprints, parent)
    done = {c.number: outcome_of(c, used[c.number]) for c in cells if c.number in used}
    linked = tuple(run.run_id for run in used.values() if not _belongs(run, parent))
    since = max((run.tags[COMPLETE_TAG] for run in used.values()), default="")
    return ResumeState(key, parent, done, linked, since, _notes(client, list(used.values())))


def outcome_of(cell: Cell, run: RunSummary) -> RunOutcome:
    """Return the outcome of a cell whose run stands in the store."""
    return RunOutcome(
        name=cell.name,
        run_id=run.run_id,
        status="complete",
        objective=str(cell.plan.experiment.threshold.objective),
        labels=labels(cell.plan),
        metrics={key: value for key, value in run.metrics.items() if not key.startswith("fold_")},
        notes=(run.tags["notes"],) if "notes" in run.tags else (),
    )


@contextmanager
def open_parent(
    client: MlflowClient,
    store: Store,
    name: str,
    standing: ResumeState,
    life: ShutdownGuard,
    unsent: Path,
) -> Iterator[RunWriter]:
    """Go on with the sweep's parent run, or make one; see `open_run` for `unsent`."""
    if standing.parent is not None:
        for candidate in _parents(client, store, standing.key):
            _refuse_living(candidate)  # another command may have come first meanwhile
        with reopen_run(client, standing.parent.run_id, life=life, unsent=unsent) as parent:
            yield parent
        return
    tags = {KIND_TAG: SWEEP, SWEEP_KEY_TAG: standing.key}
    with open_run(client, store.experiment_id, name, tags=tags, life=life, unsent=unsent) as parent:
        yield parent


def _parents(client: MlflowClient, store: Store, key: str) -> list[RunSummary]:
    """Return the runs of this very sweep, newest first."""
    known = find_runs(client, store.experiment, {SWEEP_KEY_TAG: key})
    return [run for run in known if run.tags.get(KIND_TAG) == SWEEP]


def _assigned(
    client: MlflowClient,
    store: Store,
    cells: Sequence[Cell],
    fingerprints: Mapping[int, str],
    parent: RunSummary | None,
) -> dict[int, RunSummary]:
    """Return the complete run of each cell that has one, in the order of the cells.

    Cells may have one fingerprint (they differ in threads, say), so a run stands for one cell
    only, and the parent's own run of the cell's name comes first.
    """
    known = {
        text: [
            run
            for run in find_runs(client, store.experiment, {"fingerprint": text})
            if run.complete and run.status == "FINISHED"
        ]
        for text in dict.fromkeys(fingerprints.values())
    }
    plain = [cell for cell in cells if not _search(cell) and cell.number in fingerprints]
    found: dict[int, RunSummary] = {}
    for nearness in (2, 1, 0):
        for cell in plain:
            taken = {run.run_id for run in found.values()}
            near = [
                run
                for run in known[fingerprints[cell.number]]
                if run.run_id not in taken and _nearness(run, cell, parent) >= nearness
            ]
            if near and cell.number not in found:
                found[cell.number] = near[0]
    return {cell.number: found[cell.number] for cell in plain if cell.number in found}


def _nearness(run: RunSummary, cell: Cell, parent: RunSummary | None) -> int:
    """Return 2 for the parent's run of the cell's name, 1 for another of the parent's, else 0."""
    return _belongs(run, parent) * (1 + (run.name == cell.name))


def _belongs(run: RunSummary, parent: RunSummary | None) -> bool:
    return parent is not None and run.parent_id == parent.run_id


def _refuse_living(parent: RunSummary) -> None:
    """Refuse to run a sweep that is being run."""
    if parent.status == "RUNNING" and (life := judge_life(parent.tags)).state == "alive":
        problem = f"this sweep is being run at this moment ({life.reason}, run {parent.name})."
        remedy = "Wait for it or end it; --fresh starts another beside it."
        raise RequestError(Fault("--resume", problem, remedy))


def _close_children(client: MlflowClient, store: Store, parent: RunSummary) -> None:
    """Close the cells that a dead process left open; workers get time to notice its death.

    Searches are left to themselves: they know which of their trials go on.

    Raises
    ------
    RequestError
        If a worker goes on all the same.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        alive: list[str] = []
        for run in find_runs(client, store.experiment, parent_id=parent.run_id, status="RUNNING"):
            life = judge_life(run.tags)
            if KIND_TAG in run.tags:
                continue
            if life.dead:
                _close_dead(client, run, life.reason)
            elif life.state == "alive":
                alive.append(f"{run.name} ({life.reason})")
        if not alive:
            return
        if time.monotonic() > deadline:
            problem = f"cells of this sweep are being run at this moment: {', '.join(alive)}."
            remedy = "Wait for them or end them; --fresh starts another sweep beside it."
            raise RequestError(Fault("--resume", problem, remedy))
        time.sleep(_PAUSE)


def _close_dead(client: MlflowClient, run: RunSummary, reason: str) -> None:
    """Close a run that a dead process left open; one that said it is complete has finished."""
    if run.complete:
        end_run(client, run.run_id, "FINISHED", {})
    else:
        told = f"{reason} before the run was complete"
        end_run(client, run.run_id, "FAILED", {FAILURE_TAG: told})


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
