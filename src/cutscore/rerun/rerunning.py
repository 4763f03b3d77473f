"""Making runs again and setting the new ones beside the old ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from rich.console import Console

from cutscore.config.compose import Composer
from cutscore.errors import Fault, RequestError
from cutscore.experiment import ExperimentCache, prepare
from cutscore.launch.job import UNSENT
from cutscore.launch.outcome import RunOutcome
from cutscore.launch.progress import ProgressLog
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.report.record_spec import KIND_TAG, RERUN
from cutscore.rerun.agreement import RerunVerdict, compare_runs
from cutscore.rerun.changes import changes_of, fixed_seeds, told
from cutscore.rerun.choosing import RunSelection, check_wanted, choose
from cutscore.rerun.filling import fill
from cutscore.rerun.jobs import RerunSpec, Task
from cutscore.rerun.parent import parent_items
from cutscore.rerun.recompose import Changes, Recomposed, recompose, sort_overrides
from cutscore.rerun.results import VERDICT_TAG, RerunOutcome, RerunResult
from cutscore.rerun.stored import Original, read_originals
from cutscore.runs.opening import open_store
from cutscore.runs.parents import close_children, end_parent, open_parent
from cutscore.runs.port import RunStore
from cutscore.sweep.cells import Cell
from cutscore.sweep.launch import PROGRESS, salvage
from cutscore.sweep.launcher import launch_jobs, threads_each
from cutscore.sweep.progress import show_progress

NAME = "rerun"
_BASIC = "basic"


@dataclass(frozen=True)
class _Ready:
    """Runs to make again, checked; `folds` are how many fits they are together."""

    runs: tuple[Recomposed, ...]
    folds: int
    notes: tuple[str, ...]


def rerun(
    store: RunStore,
    wanted: RunSelection,
    overrides: Sequence[str],
    composer: Composer,
    stderr: Console,
) -> RerunOutcome:
    """Make logged runs again in the same store, and compare.

    Raises
    ------
    RequestError
        If the runs, the overrides or the data are not as they must be; nothing is written then.
    """
    faults = check_wanted(wanted)
    if faults:
        raise RequestError(faults)
    changes = sort_overrides(composer, overrides)
    with shutdown_guard():
        with _status(stderr, "Reading runs, loading data and checking"):
            details, notes = choose(store, wanted)
            originals = read_originals(store, details)
            ready = _check(composer, originals, changes, store.uri)
        for note in (*notes, *ready.notes):
            stderr.print(f"Note: {note}", highlight=False)
        config = composer.compose_launcher(changes.launcher)
        folder = Path(str(config.hydra.sweep.dir)).absolute()
        folder.mkdir(parents=True)
        launch = _Launch(composer, config, folder, stderr, store)
        made, parent_id = launch.run(ready)
    return RerunOutcome(made, folder, (*notes, *ready.notes), parent_id)


@dataclass(frozen=True)
class _Launch:
    """Where and through what reruns are launched."""

    composer: Composer
    config: DictConfig
    folder: Path
    stderr: Console
    store: RunStore

    def run(self, ready: _Ready) -> tuple[tuple[RerunResult, ...], str | None]:
        """Make the runs again: several, or in other processes, under a run that holds them."""
        launcher = str(self.config.hydra.runtime.choices.get("hydra/launcher", _BASIC))
        if len(ready.runs) == 1 and launcher == _BASIC:
            return self._finish(ready, self._jobs(ready, None)), None
        name, tags = f"{NAME}_{len(ready.runs)}_runs", {KIND_TAG: RERUN}
        store = open_store(ready.runs[0].plan.tracking)
        with (
            shutdown_guard() as life,
            open_parent(store, name, tags, life, self.folder / UNSENT) as parent,
        ):
            made = self._finish(ready, self._salvaged(ready, store, parent.run_id))
            parent.write(parent_items(made))
            failed = sum(one.agreement is None for one in made)
            end_parent(parent, failed, len(made), "reruns")
        return made, parent.run_id

    def _salvaged(self, ready: _Ready, store: RunStore, parent_id: str) -> list[RunOutcome]:
        """Run jobs; if a worker process dies, return what the store knows of them."""
        try:
            return self._jobs(ready, parent_id)
        except BrokenProcessPool as error:
            close_children(store, parent_id, "a worker process died")
            cells = [
                Cell(number, name, again.plan.overrides, again.plan)
                for number, (name, again) in enumerate(zip(_names(ready), ready.runs, strict=True))
            ]
            return salvage(store, cells, parent_id, str(error))

    def _jobs(self, ready: _Ready, parent_id: str | None) -> list[RunOutcome]:
        """Hand the reruns to the launcher."""
        each = threads_each(self.config)
        jobs = {
            again.original.run_id: RerunSpec.of(again, name, parent_id, each)
            for name, again in zip(_names(ready), ready.runs, strict=True)
        }
        progress = self.folder / PROGRESS
        words = [[f"job.name='{run_id}'", f"job.progress='{progress}'"] for run_id in jobs]
        with show_progress(ProgressLog(progress), len(jobs), ready.folds, self.stderr):
            return launch_jobs(self.composer, self.config, Task(jobs), words)

    def _finish(self, ready: _Ready, outcomes: Sequence[RunOutcome]) -> tuple[RerunResult, ...]:
        """Compare every new run with its old one."""
        pairs = zip(ready.runs, outcomes, strict=True)
        return tuple(_compared(self.store, again.original, outcome) for again, outcome in pairs)


def _check(composer: Composer, originals: Sequence[Original], changes: Changes, uri: str) -> _Ready:
    """Recompose every run and prepare it up to its first fit.

    Raises
    ------
    RequestError
        With all that stands in the way of any of them.
    """
    cache = ExperimentCache()
    faults: list[Fault] = []
    runs: list[Recomposed] = []
    differences: list[list[str]] = []
    folds = 0
    for original in originals:
        try:
            again = recompose(composer, original, changes, _tracking(original, changes, uri))
            prepared = prepare(again.plan.experiment, cache)
        except RequestError as error:
            faults += (_located(fault, original) for fault in error.faults)
            continue
        runs.append(again)
        differences.append(list(changes_of(again, prepared.dataset.digest)))
        folds += len(prepared.folds.splits)
    places = {again.plan.tracking.experiment for again in runs}
    if len(places) > 1:
        problem = f"the runs belong to several experiments: {', '.join(sorted(places))}."
        remedy = "Rerun them one experiment at a time, or add tracking.experiment=NAME."
        faults.append(Fault("RUN_ID", problem, remedy))
    if faults:
        raise RequestError(faults)
    names = [original.name for original in originals]
    notes = [*told(names, differences), *fixed_seeds(changes, runs)]
    return _Ready(tuple(runs), folds, tuple(notes))


def _tracking(original: Original, changes: Changes, uri: str) -> Mapping[str, Any]:
    """Return where the new run is kept: beside the old one, unless another name was given."""
    named = {one.key for one in changes.settings}
    place: dict[str, Any] = {"uri": uri}
    if "tracking.artifacts" not in named:
        place["artifacts"] = None  # an experiment that is there knows where its files go
    if "tracking.experiment" not in named:
        place["experiment"] = original.detail.summary.experiment
    return place


def _located(fault: Fault, original: Original) -> Fault:
    """Add to a fault of the data which run had them there, and how to say where they are now."""
    if fault.setting != "data.path":
        return fault
    path = original.detail.params.get("data.path", "")
    words = f"{original.name} was made from {path}; if it has moved, give data.path=..."
    return Fault(fault.setting, fault.problem, f"{fault.remedy} {words}".strip())


def _names(ready: _Ready) -> list[str]:
    """Return a name for each rerun; of runs with one name, the id tells them apart."""
    names = [again.original.name for again in ready.runs]
    return [
        f"{name}_{NAME}" if names.count(name) == 1 else f"{name}_{again.original.run_id[:8]}_{NAME}"
        for name, again in zip(names, ready.runs, strict=True)
    ]


def _compared(store: RunStore, original: Original, outcome: RunOutcome) -> RerunResult:
    """Set a new run beside the old one, and give the old one what it lacks if they are equal."""
    if outcome.status != "complete":
        return RerunResult(original, outcome, None)
    new = store.read(outcome.run_id)
    agreement = compare_runs(store, original.detail, new)
    store.tag(outcome.run_id, {VERDICT_TAG: str(agreement.verdict)})
    equal = agreement.scores.verdict == RerunVerdict.EQUAL
    filled = fill(store, original.detail, new) if equal else []
    return RerunResult(original, outcome, agreement, tuple(filled))


@contextmanager
def _status(console: Console, text: str) -> Iterator[None]:
    """Say what is going on: a spinner for people, a line for logs."""
    if console.is_terminal:
        with console.status(text):
            yield
    else:
        console.print(text)
        yield
