"""What becomes of a sweep's best cell: it is judged on outer rows, and its model kept."""

from __future__ import annotations

from rich.console import Console

from cutscore.config.build import Plan
from cutscore.config.compose import Composer
from cutscore.launch.keeping import judge_run, keep_model
from cutscore.launch.outcome import RunOutcome
from cutscore.runs.lookups import kept_model
from cutscore.runs.port import RunStore
from cutscore.sweep.cache import experiment_cache
from cutscore.sweep.cells import SweepRequest
from cutscore.sweep.leaderboard import Leaderboard
from cutscore.sweep.progress import show_status
from cutscore.sweep.searches import plan_of


def judge_best(
    composer: Composer, request: SweepRequest, board: Leaderboard, stderr: Console
) -> Leaderboard:
    """Let the outer rows judge the best cell, if there are any, now that it has been chosen."""
    best = board.best
    if best is None:
        return board
    plan = _plan_of(composer, request, best)
    if not plan.experiment.validation.holds_out:
        return board
    if "outer_rows" in best.metrics:
        return board  # judged before the sweep was interrupted
    with show_status(f"Judging {best.name} on the outer rows", stderr):
        outer = judge_run(plan, experiment_cache(), best.run_id)
    notes = list(outer.notes)
    if len({repr(_outer_source(cell.plan)) for cell in request.cells}) > 1:
        notes.append(
            "Cells may hold out different rows: others were then compared with the best one on "
            "its outer rows."
        )
    for note in notes:
        stderr.print(f"Note: {note}", highlight=False)
    return board.with_best(outer.defined())


def keep_best(
    composer: Composer,
    request: SweepRequest,
    board: Leaderboard,
    store: RunStore,
    stderr: Console,
) -> str | None:
    """Fit the best cell's model on all rows where `model.refit` is `best`."""
    best = board.best
    if best is None:
        return None
    plan = _plan_of(composer, request, best)
    if plan.experiment.model.refit != "best":
        return None
    if (model := kept_model(store, best.run_id)) is not None:
        return model
    with show_status(f"Fitting {best.name} on all rows", stderr):
        return keep_model(plan, experiment_cache(), best.run_id)


def _outer_source(plan: Plan) -> tuple[object, object]:
    """Return what decides which rows are held out."""
    return plan.experiment.source, plan.experiment.validation


def _plan_of(composer: Composer, request: SweepRequest, outcome: RunOutcome) -> Plan:
    cell = next(cell for cell in request.cells if cell.name == outcome.name)
    return plan_of(composer, cell, outcome)
