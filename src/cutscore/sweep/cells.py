"""From a request on the command line to checked, named cells; nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from cutscore.config.build import Plan, build
from cutscore.config.compose import Composer, explain
from cutscore.config.layers import EXPERIMENT
from cutscore.config.overrides import Override, texts_of
from cutscore.errors import Fault, RequestError, nearest
from cutscore.search.checks import space_faults

UNNAMED = ("None", "null", "custom")
"""What Hydra calls the choice of no experiment."""

SCHEMES = {"holdout": "holdout", "time_ordered": "time"}


@dataclass(frozen=True)
class Cell:
    """One experiment of a request: its number (from 1), its run name and its checked plan."""

    number: int
    name: str
    overrides: tuple[Override, ...]
    plan: Plan


@dataclass(frozen=True)
class SweepRequest:
    """What was asked for: one run, or a sweep; `launcher_config` is what Hydra launches it by."""

    cells: tuple[Cell, ...]
    multirun: bool
    launcher_config: DictConfig
    swept: tuple[str, ...]


def plan_request(composer: Composer, texts: Sequence[str], *, multirun: bool) -> SweepRequest:
    """Compose and check every cell of a request.

    Raises RequestError with all faults of all cells; one that stands in several cells is told
    once. Overrides that do not compose are left out while the others are checked.
    """
    good, faults = composer.check(texts)
    try:
        request = _plan(composer, good, multirun=multirun, whole=not faults)
    except RequestError as error:
        raise RequestError([*faults, *error.faults]) from error
    except (HydraException, OmegaConfBaseException) as error:
        raise RequestError([*faults, explain(error)]) from error
    if faults:
        raise RequestError(faults)
    return request


def _plan(
    composer: Composer, overrides: Sequence[Override], *, multirun: bool, whole: bool
) -> SweepRequest:
    launcher_config = composer.compose_launcher(overrides)
    _check_sweeper(launcher_config)
    sweeps = multirun or launcher_config.hydra.mode == RunMode.MULTIRUN
    grid = composer.expand(launcher_config, overrides)
    if not sweeps and len(grid) > 1:
        problem = f"these overrides name {len(grid)} experiments."
        raise RequestError(Fault("overrides", problem, "Add -m to sweep over them all."))
    if not sweeps:
        grid = [tuple(one for one in overrides if not one.for_hydra)]
    swept = _swept(grid)
    return SweepRequest(
        _build_cells(composer, grid, swept, whole=whole), sweeps, launcher_config, swept
    )


def _build_cells(
    composer: Composer, grid: Sequence[tuple[Override, ...]], swept: tuple[str, ...], *, whole: bool
) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    faults: list[Fault] = []
    for number, overrides in enumerate(grid, start=1):
        try:
            config = composer.compose(overrides)
        except (HydraException, OmegaConfBaseException) as error:
            fault = explain(error)
            where = f"(In the cell {' '.join(texts_of(overrides))}.)" if len(grid) > 1 else ""
            faults.append(replace(fault, remedy=f"{fault.remedy} {where}".strip()))
            continue
        faults += space_faults(composer, config, overrides, whole=whole)
        try:
            plan = build(config, config.hydra.runtime.choices, overrides)
        except RequestError as error:
            faults += error.faults
        else:
            name = _name(number, len(grid), plan, swept)
            cells.append(Cell(number, name, overrides, plan))
    if faults:
        raise RequestError(faults)
    return tuple(cells)


def _check_sweeper(config: DictConfig) -> None:
    choice = str(config.hydra.runtime.choices.get("hydra/sweeper", "basic"))
    if choice != "basic":
        problem = f'"{choice}" cannot be used.{nearest(choice, ["basic"])}'
        remedy = "Cutscore makes the grid of a sweep itself, as Hydra's basic sweeper would."
        raise RequestError(Fault("hydra/sweeper", problem, remedy))


def _swept(grid: Sequence[Sequence[Override]]) -> tuple[str, ...]:
    """Return the keys whose values differ between cells, in the order they were given."""
    values: dict[str, set[str]] = {}
    for overrides in grid:
        for one in overrides:
            values.setdefault(one.key, set()).add(one.value_text)
    return tuple(key for key, seen in values.items() if len(seen) > 1 and key != EXPERIMENT)


def _name(number: int, cells: int, plan: Plan, swept: Sequence[str]) -> str:
    """Return a name that says what the run is, such as exp05_cv_domain_balanced."""
    choices = plan.choices
    scheme = SCHEMES.get(choices["validation"], "cv")
    kind = "exp" if plan.search is None else "opt"
    words = [f"{kind}{number:0{max(2, len(str(cells)))}d}", scheme]
    words += [choices["features"], choices["sampling"]]
    if any(key == "model" or key.startswith("model.") for key in swept):
        words.append(choices["model"])
    return "_".join(words)
