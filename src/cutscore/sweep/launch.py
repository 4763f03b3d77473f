"""Launching cells, through Hydra's launchers, into a store that has been made ready."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from rich.console import Console

from cutscore.cluster.sharing import Sharing
from cutscore.config.build import build
from cutscore.config.compose import Composer
from cutscore.config.overrides import assignment, parse_overrides, texts_of
from cutscore.errors import Fault, RequestError
from cutscore.experiment import prepare
from cutscore.launch.executing import execute_run
from cutscore.launch.job import UNSENT, Job, LogFile, hide_passwords
from cutscore.launch.outcome import RunOutcome
from cutscore.launch.progress import LoggedProgress, ProgressLog
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.report.items import Tag
from cutscore.report.record_spec import KIND_TAG, SWEEP
from cutscore.runs.lookups import kept_model
from cutscore.runs.opening import open_store
from cutscore.runs.parents import end_parent, open_parent
from cutscore.runs.port import RunStore
from cutscore.sweep.best import judge_best, keep_best
from cutscore.sweep.cache import experiment_cache
from cutscore.sweep.cells import Cell, SweepRequest
from cutscore.sweep.clusters import request_cluster
from cutscore.sweep.launcher import BASIC, Launcher, launch_folder
from cutscore.sweep.leaderboard import Leaderboard, rank
from cutscore.sweep.parent import leaderboard_item, parent_items, parent_name
from cutscore.sweep.progress import show_progress, show_status
from cutscore.sweep.resume import (
    LINKED_TAG,
    SWEEP_KEY_TAG,
    ResumeState,
    died_before,
    find_resume_state,
    is_finished,
    run_to_go_on_with,
    sweep_key,
)
from cutscore.sweep.searches import check_searches, run_search, runs_of


@dataclass(frozen=True)
class LaunchOutcome:
    """What came of a request. `parent_id` and `board` are None for a single run.

    `resumed` is what of a sweep was in the store before.
    """

    store: RunStore
    folder: Path | None
    outcomes: tuple[RunOutcome, ...]
    parent_id: str | None = None
    board: Leaderboard | None = None
    kept_model: str | None = None
    resumed: ResumeState | None = None

    @property
    def failed(self) -> tuple[RunOutcome, ...]:
        """The runs that failed."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "failed")


def launch(
    composer: Composer, request: SweepRequest, stderr: Console, *, resume: bool = False
) -> LaunchOutcome:
    """Check the request against its data, make the store ready, and run every cell.

    With `resume`, cells of a sweep with a complete run in the store are not run again.

    Raises
    ------
    RequestError
        If every cell is at fault, or the store cannot be used; nothing has been written then.
    """
    folder = launch_folder(request.launcher_config, stderr, sweep=request.multirun)
    with shutdown_guard(), request_cluster(request) as sharing:
        with show_status(f"Loading data and checking {len(request.cells)} experiment(s)", stderr):
            checked = check_cells(request.cells, sharing)
            check_searches(request, experiment_cache())
            store = open_store(request.cells[0].plan.tracking)
        if not request.multirun:
            folds = sum(checked.folds.values())
            return _single(composer, request, store, folder, folds, stderr)
        if resume:
            resumed = find_resume_state(store, request.cells, checked.fingerprints)
        else:
            key = sweep_key(request.cells, checked.fingerprints, store.experiment)
            resumed = ResumeState(key)
        if is_finished(resumed, request.cells):
            return _show_again(request, store, resumed)
        return _sweep(composer, request, store, folder, checked, resumed, stderr)


@dataclass(frozen=True)
class CheckedCells:
    """What is known of cells before any is run, by cell number: folds to come, fingerprints.

    `sharing` has their tables where they are run on a cluster.
    """

    folds: dict[int, int]
    fingerprints: dict[int, str]
    sharing: Sharing | None = None


def check_cells(cells: Sequence[Cell], sharing: Sharing | None = None) -> CheckedCells:
    """Prepare every cell up to its first fit.

    A cell that is at fault will fail when it is run, and the others go on. If all are at fault
    the request is.
    """
    faults: list[Fault] = []
    checked = CheckedCells({}, {}, sharing)
    for cell in cells:
        try:
            prepared = prepare(cell.plan.experiment, experiment_cache())
        except RequestError as error:
            faults += error.faults
        else:
            if sharing is not None:
                sharing.table(cell.plan.experiment)
            checked.folds[cell.number] = len(prepared.folds.splits) * runs_of(cell)
            checked.fingerprints[cell.number] = cell.plan.fingerprint(prepared.dataset.digest)
    if not checked.folds:
        raise RequestError(faults)
    return checked


def run_cell(config: DictConfig) -> RunOutcome:
    """Run one job as Hydra's launchers call it, in this process or another."""
    hydra = HydraConfig.get()
    if hydra.output_subdir is not None:
        hide_passwords(Path(hydra.runtime.output_dir) / hydra.output_subdir)
    overrides = [one for one in parse_overrides(hydra.overrides.task) if one.root != "job"]
    with chdir(hydra.runtime.cwd):
        plan = build(config, hydra.runtime.choices, overrides)
        if plan.search is not None:
            return run_search(plan, config, hydra, overrides, experiment_cache())
        name = str(config.job.name)
        job = Job(
            name=name,
            log=LogFile.at(Path(hydra.runtime.output_dir) / "run.log"),
            parent_id=config.job.parent,
            observer=LoggedProgress(ProgressLog.of(config.job.progress), name),
            judge=config.job.parent is None,  # cells are compared, only the best one is judged
        )
        with shutdown_guard():
            return execute_run(plan, experiment_cache(), job)


def _single(
    composer: Composer,
    request: SweepRequest,
    store: RunStore,
    folder: Path,
    folds: int,
    stderr: Console,
) -> LaunchOutcome:
    cell, config = request.cells[0], request.launcher_config
    folder.mkdir(parents=True, exist_ok=True)
    launcher = Launcher(composer, config, folder, stderr)
    if launcher.name != BASIC:
        note = f"hydra/launcher={launcher.name} is for sweeps (-m): this run is made here."
        stderr.print(f"Note: {note}", highlight=False)
    overrides = [
        *texts_of(cell.overrides),
        *config.hydra.overrides.hydra,
        assignment("hydra.run.dir", str(folder)),
        *launcher.job(cell.name),
    ]
    with show_progress(ProgressLog(launcher.progress), runs_of(cell), folds, stderr):
        done = composer.hydra.run(composer.primary, run_cell, overrides)
    return LaunchOutcome(store, folder, (done.return_value,))


def _sweep(
    composer: Composer,
    request: SweepRequest,
    store: RunStore,
    folder: Path,
    checked: CheckedCells,
    resumed: ResumeState,
    stderr: Console,
) -> LaunchOutcome:
    """Run the cells that are not complete yet, under the sweep's parent run."""
    config = request.launcher_config
    folder.mkdir(parents=True, exist_ok=True)
    launcher = Launcher(composer, config, folder, stderr, checked.sharing)
    left = [cell for cell in request.cells if cell.number not in resumed.done]
    folds = sum(checked.folds.get(cell.number, 0) for cell in left)
    with (
        shutdown_guard() as life,
        open_parent(
            store,
            parent_name(request),
            {KIND_TAG: SWEEP, SWEEP_KEY_TAG: resumed.key},
            life,
            folder / UNSENT,
            again=run_to_go_on_with(store, resumed),
        ) as parent,
    ):
        fresh = launcher.run_children(
            run_cell,
            [
                [
                    *texts_of(cell.overrides),
                    *launcher.job(cell.name, parent.run_id),
                    *launcher.threads(cell.plan),
                ]
                for cell in left
            ],
            {cell.name: cell.plan for cell in left},
            store,
            parent.run_id,
            runs=sum(map(runs_of, left)),
            folds=folds,
            alone=died_before(store, resumed.key) & {c.name for c in left if not c.plan.search},
        )
        made = dict(zip((cell.number for cell in left), fresh, strict=True))
        outcomes = [{**made, **resumed.done}[cell.number] for cell in request.cells]
        board = judge_best(
            composer, request, rank(outcomes, request.swept, same_costs=request.same_costs), stderr
        )
        kept = keep_best(composer, request, board, store, stderr)
        parent.write(parent_items(request, board, parent.name))
        parent.write([leaderboard_item(store, board, parent.name)])
        if resumed.linked:
            parent.write([Tag(LINKED_TAG, ",".join(resumed.linked))])
        end_parent(parent, len(board.failed), len(outcomes), "cells")
    return LaunchOutcome(store, folder, tuple(outcomes), parent.run_id, board, kept, resumed)


def _show_again(request: SweepRequest, store: RunStore, resumed: ResumeState) -> LaunchOutcome:
    """Return what came of a sweep of which nothing is left to do."""
    outcomes = tuple(resumed.done[cell.number] for cell in request.cells)
    board = rank(outcomes, request.swept, same_costs=request.same_costs)
    kept = kept_model(store, board.best.run_id) if board.best is not None else None
    parent_id = resumed.parent.run_id if resumed.parent is not None else None
    return LaunchOutcome(store, None, outcomes, parent_id, board, kept, resumed)
