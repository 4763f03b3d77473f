"""Making runs again and setting the new ones beside the old ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig
from rich.console import Console

from cutscore.config.compose import Composer
from cutscore.config.ray_settings import CELLS
from cutscore.errors import Fault, RequestError
from cutscore.experiment import ExperimentCache, prepare
from cutscore.launch.job import UNSENT
from cutscore.launch.outcome import RunOutcome
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.report.record_spec import KIND_TAG, RERUN
from cutscore.rerun.agreement import RerunVerdict, compare_runs
from cutscore.rerun.changes import changes_of, fixed_seeds, told_once
from cutscore.rerun.choosing import RunSelection, check_wanted, choose
from cutscore.rerun.filling import fill
from cutscore.rerun.jobs import RerunSpec, RerunTask
from cutscore.rerun.parent import parent_items
from cutscore.rerun.recompose import Changes, Recomposed, recompose, sort_overrides
from cutscore.rerun.results import VERDICT_TAG, RerunOutcome, RerunResult
from cutscore.rerun.stored import RecordedRun, read_recorded_runs
from cutscore.runs.opening import open_store
from cutscore.runs.parents import end_parent, open_parent
from cutscore.runs.port import RunStore
from cutscore.sweep.clusters import fit_cluster
from cutscore.sweep.launcher import BASIC, Launcher, launch_folder, ray_settings
from cutscore.sweep.progress import show_status

NAME = "rerun"
DELIVERED = "final"
DELIVERY = "++report.delivery=true"


@dataclass(frozen=True)
class _CheckedReruns:
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
    *,
    delivery: bool = False,
) -> RerunOutcome:
    """Make logged runs again in the same store, and compare.

    With `delivery` the new runs are final deliveries of the old ones, and called so.

    Raises
    ------
    RequestError
        If the runs, the overrides or the data are not as they must be; nothing is written then.
    """
    faults = check_wanted(wanted)
    if faults:
        raise RequestError(faults)
    changes = sort_overrides(composer, [*overrides, DELIVERY] if delivery else overrides)
    with shutdown_guard():
        with show_status("Reading runs, loading data and checking", stderr):
            details, notes = choose(store, wanted)
            originals = read_recorded_runs(store, details)
            ready = _check(composer, originals, changes, store.uri)
        for note in (*notes, *ready.notes):
            stderr.print(f"Note: {note}", highlight=False)
        config = composer.compose_launcher(changes.launcher)
        folder = launch_folder(config, stderr, sweep=True)
        named = _named(ready.runs, delivery=delivery)
        with _cluster(config, ready.runs):
            folder.mkdir(parents=True, exist_ok=True)
            launcher = Launcher(composer, config, folder, stderr)
            results, parent_id = _run_all(store, launcher, ready, named)
    return RerunOutcome(results, folder, (*notes, *ready.notes), parent_id)


def _cluster(config: DictConfig, runs: Sequence[Recomposed]) -> AbstractContextManager[object]:
    """Use the cluster that reruns are to be made on, if any, for the length of the context."""
    ray = ray_settings(config)
    plans = [recomposed.plan for recomposed in runs]
    return nullcontext() if ray is None else fit_cluster(plans, ray, CELLS)


def _run_all(
    store: RunStore, launcher: Launcher, ready: _CheckedReruns, runs: Mapping[str, Recomposed]
) -> tuple[tuple[RerunResult, ...], str | None]:
    """Make the runs again: several, or in other processes, under a run that holds them."""
    count = len(runs)
    if count == 1 and launcher.name == BASIC:
        task, jobs = _jobs(launcher, runs, None)
        return _compare_all(store, runs, launcher.run(task, jobs, runs=1, folds=ready.folds)), None
    here = open_store(ready.runs[0].plan.tracking)
    with (
        shutdown_guard() as life,
        open_parent(
            here, f"{NAME}_{count}_runs", {KIND_TAG: RERUN}, life, launcher.folder / UNSENT
        ) as parent,
    ):
        task, jobs = _jobs(launcher, runs, parent.run_id)
        plans = {name: recomposed.plan for name, recomposed in runs.items()}
        outcomes = launcher.run_children(
            task, jobs, plans, here, parent.run_id, runs=count, folds=ready.folds
        )
        results = _compare_all(store, runs, outcomes)
        parent.write(parent_items(results))
        end_parent(parent, sum(one.agreement is None for one in results), count, "reruns")
    return results, parent.run_id


def _jobs(
    launcher: Launcher, runs: Mapping[str, Recomposed], parent_id: str | None
) -> tuple[RerunTask, list[list[str]]]:
    """Return the reruns by the ids of their originals, and the words that name each to a job."""
    each = launcher.threads_each
    specs = {
        recomposed.original.run_id: RerunSpec.of(recomposed, name, parent_id, each)
        for name, recomposed in runs.items()
    }
    return RerunTask(specs), [launcher.job(run_id) for run_id in specs]


def _compare_all(
    store: RunStore, runs: Mapping[str, Recomposed], outcomes: Sequence[RunOutcome]
) -> tuple[RerunResult, ...]:
    """Compare every new run with its old one."""
    pairs = zip(runs.values(), outcomes, strict=True)
    return tuple(_compared(store, again.original, outcome) for again, outcome in pairs)


def _check(
    composer: Composer, originals: Sequence[RecordedRun], changes: Changes, uri: str
) -> _CheckedReruns:
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
    notes = [*told_once(names, differences), *fixed_seeds(changes, runs)]
    return _CheckedReruns(tuple(runs), folds, tuple(notes))


def _tracking(original: RecordedRun, changes: Changes, uri: str) -> Mapping[str, Any]:
    """Return where the new run is kept: beside the old one, unless another name was given."""
    named = {one.key for one in changes.settings}
    place: dict[str, Any] = {"uri": uri}
    if "tracking.artifacts" not in named:
        place["artifacts"] = None  # an experiment that is there knows where its files go
    if "tracking.experiment" not in named:
        place["experiment"] = original.detail.summary.experiment
    return place


def _located(fault: Fault, original: RecordedRun) -> Fault:
    """Add to a fault of the data which run had them there, and how to say where they are now."""
    if fault.setting != "data.path":
        return fault
    path = original.detail.params.get("data.path", "")
    words = f"{original.name} was made from {path}; if it has moved, give data.path=..."
    return Fault(fault.setting, fault.problem, f"{fault.remedy} {words}".strip())


def _named(runs: Sequence[Recomposed], *, delivery: bool) -> dict[str, Recomposed]:
    """Return the runs by a name for each rerun; of runs with one name, the id tells them apart."""
    names = [again.original.name for again in runs]
    unique = [
        name if names.count(name) == 1 else f"{name}_{again.original.run_id[:8]}"
        for name, again in zip(names, runs, strict=True)
    ]
    told = [f"{DELIVERED}_{name}" if delivery else f"{name}_{NAME}" for name in unique]
    return dict(zip(told, runs, strict=True))


def _compared(store: RunStore, original: RecordedRun, outcome: RunOutcome) -> RerunResult:
    """Set a new run beside the old one, and give the old one what it lacks if they are equal."""
    if outcome.status != "complete":
        return RerunResult(original, outcome, None)
    new = store.read(outcome.run_id)
    agreement = compare_runs(store, original.detail, new)
    store.tag(outcome.run_id, {VERDICT_TAG: str(agreement.verdict)})
    equal = agreement.scores.verdict == RerunVerdict.EQUAL
    filled = fill(store, original.detail, new) if equal else []
    return RerunResult(original, outcome, agreement, tuple(filled))
