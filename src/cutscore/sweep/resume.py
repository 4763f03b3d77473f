"""What of a sweep is complete in the store already, so that only the rest has to be run."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cutscore.config.overrides import texts_of
from cutscore.errors import Fault, RequestError
from cutscore.launch.environment import environment_differences, shortened
from cutscore.launch.outcome import RunOutcome, labels
from cutscore.launch.provenance import environment_text
from cutscore.report.record_spec import COMPLETE_TAG, KIND_TAG, STEPPED, SWEEP
from cutscore.runs.liveness import judge_life, writer_alive
from cutscore.runs.lookups import artifact_text
from cutscore.runs.parents import died_below
from cutscore.runs.port import RunStore
from cutscore.runs.values import RunSummary
from cutscore.sweep.cells import Cell

SWEEP_KEY_TAG = "cutscore.sweep_key"
LINKED_TAG = "cutscore.linked_runs"
_PATIENCE = 10.0
"""Seconds that workers of a dead parent are given to notice it and end."""

_PAUSE = 0.5
_TOO_SOON = "before the run was complete"


@dataclass(frozen=True)
class ResumeState:
    """What is complete of a sweep.

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
    names = [fingerprints.get(cell.number) or " ".join(texts_of(cell.overrides)) for cell in cells]
    searched = [f"search:{name}" for cell, name in zip(cells, names, strict=True) if _search(cell)]
    plain = [name for cell, name in zip(cells, names, strict=True) if not _search(cell)]
    body = json.dumps([sorted([*plain, *searched]), experiment])
    return hashlib.sha256(body.encode()).hexdigest()


def is_finished(state: ResumeState, cells: Sequence[Cell]) -> bool:
    """Return whether nothing of a sweep is left to do, its parent's own record included."""
    parent = state.parent
    whole = parent is not None and parent.complete and parent.status == "FINISHED"
    return whole and all(cell.number in state.done for cell in cells)


def find_resume_state(
    store: RunStore,
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
    for candidate in _parents(store, key):
        _refuse_living(candidate)
        _close_children(store, candidate)
        if candidate.open and (life := judge_life(candidate.tags)).dead:
            store.close(candidate, f"{life.reason} {_TOO_SOON}")
    parent = next(iter(_parents(store, key)), None)
    used = _assigned(store, cells, fingerprints, parent)
    done = {c.number: outcome_of(c, used[c.number]) for c in cells if c.number in used}
    linked = tuple(run.run_id for run in used.values() if not _belongs(run, parent))
    since = max((run.tags[COMPLETE_TAG] for run in used.values()), default="")
    return ResumeState(key, parent, done, linked, since, _notes(store, list(used.values())))


def died_before(store: RunStore, key: str) -> frozenset[str]:
    """Return the names of cells in whose last run the process died, in any run of the sweep."""
    died: dict[str, bool] = {}
    for parent in _parents(store, key):
        died = {**died_below(store, parent), **died}
    return frozenset(name for name, has_died in died.items() if has_died)


def outcome_of(cell: Cell, run: RunSummary) -> RunOutcome:
    """Return the outcome of a cell whose run stands in the store."""
    return RunOutcome(
        name=cell.name,
        run_id=run.run_id,
        status="complete",
        objective=str(cell.plan.experiment.threshold.objective),
        labels=labels(cell.plan),
        metrics={key: value for key, value in run.metrics.items() if not key.startswith(STEPPED)},
        notes=(run.tags["notes"],) if "notes" in run.tags else (),
    )


def run_to_go_on_with(store: RunStore, state: ResumeState) -> str | None:
    """Return the id of the sweep's parent run, None if it has none yet.

    Raises
    ------
    RequestError
        If another command has begun to run the sweep meanwhile.
    """
    if state.parent is None:
        return None
    for candidate in _parents(store, state.key):
        _refuse_living(candidate)
    return state.parent.run_id


def _parents(store: RunStore, key: str) -> list[RunSummary]:
    """Return the runs of this very sweep, newest first."""
    known = store.find(store.experiment, {SWEEP_KEY_TAG: key})
    return [run for run in known if run.tags.get(KIND_TAG) == SWEEP]


def _assigned(
    store: RunStore,
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
            for run in store.find(store.experiment, {"fingerprint": text})
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
    if alive := writer_alive(parent):
        problem = f"this sweep is being run at this moment ({alive}, run {parent.name})."
        remedy = "Wait for it or end it; --fresh starts another beside it."
        raise RequestError(Fault("--resume", problem, remedy))


def _close_children(store: RunStore, parent: RunSummary) -> None:
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
        for run in store.find(store.experiment, parent_id=parent.run_id, status="RUNNING"):
            life = judge_life(run.tags)
            if KIND_TAG in run.tags:
                continue
            if life.dead:
                store.close(run, f"{life.reason} {_TOO_SOON}")
            elif life.state == "alive":
                alive.append(f"{run.name} ({life.reason})")
        if not alive:
            return
        if time.monotonic() > deadline:
            problem = f"cells of this sweep are being run at this moment: {', '.join(alive)}."
            remedy = "Wait for them or end them; --fresh starts another sweep beside it."
            raise RequestError(Fault("--resume", problem, remedy))
        time.sleep(_PAUSE)


def _notes(store: RunStore, used: Sequence[RunSummary]) -> tuple[str, ...]:
    """Say which cells that are not run again were made with other libraries."""
    here = environment_text()
    counts: dict[str, int] = {}
    for run in used:
        text = artifact_text(store, run.run_id, "environment.txt")
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
