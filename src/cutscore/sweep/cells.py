"""From a request on the command line to checked, named cells; nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cutscore.config.build import Plan, build
from cutscore.config.compose import Composer, explain
from cutscore.config.layers import EXPERIMENT
from cutscore.config.overrides import Override, texts_of
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.report.redact import redact
from cutscore.search.checks import space_faults

UNNAMED = ("None", "null", "custom")
"""What Hydra calls the choice of no experiment."""

SCHEMES = {"holdout": "holdout", "time_ordered": "time"}
PRICED = ("data", "cost", "validation")
"""Groups that what a cell costs depends on, whatever it learns."""


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

    @property
    def experiments(self) -> tuple[str, ...]:
        """The named experiments of its cells, in order; what is no named one is left out."""
        named = dict.fromkeys(cell.plan.choices[EXPERIMENT] for cell in self.cells)
        return tuple(name for name in named if name not in UNNAMED)

    @property
    def named(self) -> bool:
        """Whether every cell belongs to a named experiment."""
        return all(cell.plan.choices[EXPERIMENT] not in UNNAMED for cell in self.cells)

    @property
    def same_costs(self) -> bool:
        """Whether costs of the cells are comparable: the same rows and the same prices."""
        first = self.cells[0].plan.config
        plans = [cell.plan.config for cell in self.cells]
        return all(plan[group] == first[group] for plan in plans for group in PRICED)


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
    asked = _by_experiment(overrides)
    configs = _launcher_configs(composer, asked)
    sweeps = multirun or all(config.hydra.mode == RunMode.MULTIRUN for config in configs)
    grid = [
        cell
        for config, one in zip(configs, asked, strict=True)
        for cell in composer.expand(config, one)
    ]
    if not sweeps and len(grid) > 1:
        problem = f"these overrides name {len(grid)} experiments."
        raise RequestError(Fault("overrides", problem, "Add -m to sweep over them all."))
    if not sweeps:
        grid = [tuple(one for one in overrides if not one.for_hydra)]
    swept = _swept(grid)
    cells = _build_cells(composer, grid, swept, whole=whole)
    request = SweepRequest(cells, sweeps, configs[0], swept)
    if faults := [*_launch_faults(configs, request), *_place_faults(request)]:
        raise RequestError(faults)
    return request


def _by_experiment(overrides: Sequence[Override]) -> list[list[Override]]:
    """Return the overrides once for each experiment that they name: each has its own grid."""
    named = next((one for one in reversed(overrides) if one.key == EXPERIMENT), None)
    if named is None or not named.is_sweep:
        return [list(overrides)]
    return [[each if one is named else one for one in overrides] for each in named.swept]


def _launcher_configs(composer: Composer, asked: Sequence[Sequence[Override]]) -> list[DictConfig]:
    """Return what each experiment's grid is launched by."""
    configs: list[DictConfig] = []
    faults: list[Fault] = []
    for overrides in asked:
        try:
            configs.append(composer.compose_launcher(overrides))
        except (HydraException, OmegaConfBaseException) as error:
            faults.append(_located(explain(error), overrides, several=len(asked) > 1))
        else:
            faults += _sweeper_faults(configs[-1])
    if faults:
        raise RequestError(list(dict.fromkeys(faults)))
    return configs


def _located(fault: Fault, overrides: Sequence[Override], *, several: bool) -> Fault:
    """Add to a fault the cell that has it, where there are several."""
    where = f"(In the cell {' '.join(texts_of(overrides))}.)" if several else ""
    return replace(fault, remedy=f"{fault.remedy} {where}".strip())


def _launch_faults(configs: Sequence[DictConfig], request: SweepRequest) -> Iterator[Fault]:
    """Yield what experiments say differently of the one launch that they share."""
    for key in ("launcher", "sweep", "job.chdir", "job.env_set"):
        said = [_unresolved(config, key) for config in configs]
        if any(one != said[0] for one in said):
            problem = "these experiments differ in it, and a sweep is launched in one way."
            yield Fault(f"hydra.{key}", problem, f"Give it for all of them. {_one_by_one(request)}")


def _unresolved(config: DictConfig, key: str) -> object:
    """Return what a config says of the launch as it is written: a folder may hold the time."""
    node = OmegaConf.select(config.hydra, key)
    return OmegaConf.to_container(node, resolve=False) if OmegaConf.is_config(node) else node


def _place_faults(request: SweepRequest) -> Iterator[Fault]:
    """Yield what cells say differently of the one place where a sweep is kept."""
    for key in ("uri", "artifacts", "experiment"):
        said = dict.fromkeys(getattr(cell.plan.tracking, key) for cell in request.cells)
        if len(said) > 1:
            values = listed([redact(str(value)) for value in said])
            problem = f"a sweep is kept in one place, and its cells name several ({values})."
            remedy = f"Give one for all: tracking.{key}=... {_one_by_one(request)}"
            yield Fault(f"tracking.{key}", problem, remedy.strip())


def _one_by_one(request: SweepRequest) -> str:
    """Return how to run a request's experiments apart, where it names several."""
    commands = [f"cutscore run {EXPERIMENT}={name}" for name in request.experiments]
    return f"Or run each by itself: {'; '.join(commands)}." if len(commands) > 1 else ""


def _build_cells(
    composer: Composer, grid: Sequence[tuple[Override, ...]], swept: tuple[str, ...], *, whole: bool
) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    faults: list[Fault] = []
    for number, overrides in enumerate(grid, start=1):
        try:
            config = composer.compose(overrides)
        except (HydraException, OmegaConfBaseException) as error:
            faults.append(_located(explain(error), overrides, several=len(grid) > 1))
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


def _sweeper_faults(config: DictConfig) -> Iterator[Fault]:
    choice = str(config.hydra.runtime.choices.get("hydra/sweeper", "basic"))
    if choice != "basic":
        problem = f'"{choice}" cannot be used.{nearest(choice, ["basic"])}'
        remedy = "Cutscore makes the grid of a sweep itself, as Hydra's basic sweeper would."
        yield Fault("hydra/sweeper", problem, remedy)


def _swept(grid: Sequence[Sequence[Override]]) -> tuple[str, ...]:
    """Return the keys whose values differ between cells, in the order they were given."""
    cells = [{one.key: one.value_text for one in overrides} for overrides in grid]
    keys = dict.fromkeys(key for cell in cells for key in cell)
    return tuple(key for key in keys if len({cell.get(key) for cell in cells}) > 1)


def _name(number: int, cells: int, plan: Plan, swept: Sequence[str]) -> str:
    """Return a name that says what the run is, such as exp05_cv_domain_balanced."""
    choices = plan.choices
    scheme = SCHEMES.get(choices["validation"], "cv")
    kind = "exp" if plan.search is None else "opt"
    words = [f"{kind}{number:0{max(2, len(str(cells)))}d}", scheme]
    words += [choices["features"], choices["sampling"]]
    if any(key == "model" or key.startswith("model.") for key in swept):
        words.append(choices["model"])
    if EXPERIMENT in swept:
        words.append(choices[EXPERIMENT])
    return "_".join(words)
