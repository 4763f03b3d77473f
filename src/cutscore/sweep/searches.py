"""Cells that are searches: checked with the request, and run as a study each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hydra.conf import HydraConf
from omegaconf import DictConfig

from cutscore.config.build import Plan, compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import Layers
from cutscore.config.overrides import Override
from cutscore.errors import CutscoreError, Fault, RequestError
from cutscore.experiment import ExperimentCache
from cutscore.launch.outcome import RunOutcome, failed_outcome, labels
from cutscore.launch.progress import ProgressLog
from cutscore.search.context import SearchJob
from cutscore.search.outcome import SearchOutcome
from cutscore.search.outer_evaluation import outer_part_count
from cutscore.search.searching import search
from cutscore.search.study_checks import check_search
from cutscore.sweep.cells import Cell, SweepRequest
from cutscore.sweep.launcher import BASIC


def check_searches(request: SweepRequest, cache: ExperimentCache) -> None:
    """Check the searches of a request, without writing.

    Raises
    ------
    RequestError
        With what is wrong with any of them.
    """
    searches = [cell for cell in request.cells if cell.plan.search is not None]
    faults: list[Fault] = []
    launcher = str(request.launcher_config.hydra.runtime.choices.get("hydra/launcher", BASIC))
    engines = [cell.plan.search_settings for cell in searches]
    several = [one for one in engines if one.workers > 1 or one.engine != "processes"]
    if request.multirun and several and launcher != BASIC:
        problem = f"{several[0].workers} workers ({several[0].engine}) cannot be had together with "
        problem += f"hydra/launcher={launcher}."
        remedy = "Give one of them: the launcher runs studies side by side, workers run trials."
        faults.append(Fault("search.workers", problem, remedy))
    for cell in searches:
        try:
            check_search(cell.plan, cache)
        except RequestError as error:
            faults += error.faults
    if faults:
        raise RequestError(faults)


def runs_of(cell: Cell) -> int:
    """Return how many runs a cell is, at most."""
    if cell.plan.search is None:
        return 1
    return cell.plan.search.trials * (1 + outer_part_count(cell.plan))


def run_search(
    plan: Plan,
    config: DictConfig,
    hydra: HydraConf,
    overrides: Sequence[Override],
    cache: ExperimentCache,
) -> RunOutcome:
    """Run the search of one job; one that cannot be run must not end the others of a sweep."""
    job = SearchJob(
        name=str(config.job.name),
        overrides=tuple(overrides),
        layers=_layers(hydra),
        primary=str(hydra.job.config_name),
        folder=Path(hydra.runtime.output_dir),
        progress=ProgressLog.of(config.job.progress),
        parent_id=config.job.parent,
    )
    try:
        return search(plan, cache, job)
    except CutscoreError as error:
        objective = str(plan.experiment.threshold.objective)
        return failed_outcome(job.name, "", objective, labels(plan), error)


def plan_of(composer: Composer, cell: Cell, outcome: RunOutcome) -> Plan:
    """Return the plan whose run an outcome is of: for a search, that of its best trial."""
    if isinstance(outcome, SearchOutcome) and outcome.overrides:
        return compose_plan(composer, outcome.overrides)
    return cell.plan


def _layers(hydra: HydraConf) -> Layers:
    """Return the config folders that a job was composed from, highest rank first."""
    sources = hydra.runtime.config_sources
    return Layers(tuple(Path(source.path) for source in sources if source.schema == "file"))
