"""From a composed config to plain objects, every fault at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cutscore.config.compose import NO_SEARCH, Composer, explain, no_search
from cutscore.config.fingerprint import fingerprint
from cutscore.config.keeping import keeping_faults
from cutscore.config.layers import EXPERIMENT, GROUPS
from cutscore.config.overrides import Override
from cutscore.config.parts import CORE, build_part
from cutscore.config.search_settings import NoSearch, SearchSettings
from cutscore.data import Source
from cutscore.errors import Fault, RequestError, nearest
from cutscore.experiment import Experiment
from cutscore.metrics.period_specs import OBJECTIVES
from cutscore.model.boosting import BoostedTrees
from cutscore.report.settings import ReportSettings
from cutscore.runs.settings import TrackingSettings
from cutscore.validation import Splitter


@dataclass(frozen=True)
class Plan:
    """One composed and checked config: what will be executed and what will be recorded of it.

    Attributes
    ----------
    experiment : built from the config
    search : what to search around it, None for a plain run
    report, tracking : what is told of a run, and where it is kept
    config : the resolved config as plain values
    choices : the chosen option of each group
    overrides : what was asked for
    """

    experiment: Experiment
    search: SearchSettings | None
    report: ReportSettings
    tracking: TrackingSettings
    config: dict[str, object]
    choices: dict[str, str]
    overrides: tuple[Override, ...]

    @property
    def search_settings(self) -> SearchSettings:
        """The search; raises ValueError where there is none."""
        if self.search is None:
            raise ValueError("there is no search around this experiment")
        return self.search

    def fingerprint(self, data_digest: str) -> str:
        """Return the fingerprint of this experiment on data with this digest."""
        parts = {name: part for name, part in vars(self.experiment).items() if name in CORE}
        return fingerprint(parts, self.experiment.seed, data_digest)


def build(
    config: DictConfig, choices: Mapping[str, Any], overrides: Sequence[Override] = ()
) -> Plan:
    """Build the plan of a composed config (with or without Hydra's own node).

    `choices` are Hydra's runtime choices: group to option. Raises RequestError with every fault
    found.
    """
    named = {group: str(choices.get(group, "custom")) for group in (*GROUPS, EXPERIMENT)}
    plain = _plain(config)
    turned_off = any(one.key == "search" and one.value == "none" for one in overrides)
    faults = _leave_out_search(plain, told=not turned_off)
    parts: dict[str, Any] = {}
    for group in GROUPS:
        try:
            parts[group] = build_part(group, plain.get(group))
        except RequestError as error:
            faults += error.faults
    faults += _shared_faults(plain)
    faults += _cross_faults(parts)
    if faults:
        raise RequestError(faults)
    experiment = Experiment(
        **{name: parts[name] for name in CORE},
        seed=plain["seed"],
        threads=plain["threads"],
        resamples=parts["report"].bootstrap,
        period=parts["report"].period,
        stability=parts["report"].stability,
    )
    search = parts["search"]
    return Plan(
        experiment,
        search if isinstance(search, SearchSettings) else None,
        parts["report"],
        parts["tracking"],
        plain,
        named,
        tuple(overrides),
    )


def compose_plan(composer: Composer, overrides: Sequence[Override]) -> Plan:
    """Compose overrides and build their plan; Hydra's errors become RequestErrors too."""
    try:
        config = composer.compose(overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise RequestError(explain(error)) from error
    return build(config, config.hydra.runtime.choices, overrides)


def _plain(config: DictConfig) -> dict[str, Any]:
    """Return the config resolved to plain values, without Hydra's node."""
    body = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    try:
        missing = sorted(OmegaConf.missing_keys(body))
        if missing:
            problem = "a value is required."
            raise RequestError([Fault(key, problem, f"Give it as {key}=...") for key in missing])
        plain: Any = OmegaConf.to_container(body, resolve=True)
    except OmegaConfBaseException as error:
        raise RequestError(explain(error)) from error
    return {str(key): value for key, value in plain.items()}


def _leave_out_search(plain: dict[str, Any], *, told: bool) -> list[Fault]:
    """Take the settings of a search out where there is none, and return the faults they are.

    They are none (`told` is false) where a request turns off the search that a named experiment
    brings with its settings.
    """
    search = plain.get("search")
    if not isinstance(search, dict) or search.get("_target_") != NO_SEARCH:
        return []
    plain["search"] = {"_target_": NO_SEARCH}
    return [no_search(f"search.{key}") for key in search if key != "_target_" and told]


def _shared_faults(plain: Mapping[str, Any]) -> list[Fault]:
    """Check the settings outside the groups."""
    known = (*GROUPS, "seed", "threads", "job")
    faults = [
        Fault(key, f"there is no such setting.{nearest(key, known)}")
        for key in plain
        if key not in known
    ]
    seed, threads = plain.get("seed"), plain.get("threads")
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**31:
        faults.append(Fault("seed", f"{seed!r} is not allowed: a whole number from 0 to 2^31 - 1."))
    if threads is not None and (
        not isinstance(threads, int) or isinstance(threads, bool) or threads < 1
    ):
        faults.append(Fault("threads", f"{threads!r} is not allowed: null or a number from 1."))
    return faults


def _cross_faults(parts: Mapping[str, Any]) -> list[Fault]:
    """Check what one group needs of another."""
    faults: list[Fault] = []
    validation: Splitter | None = parts.get("validation")
    data: Source | None = parts.get("data")
    if validation and data:
        for needed, column, given in (
            (validation.needs_group, "group", data.group),
            (validation.needs_order, "time", data.time),
        ):
            if needed and given is None:
                problem = f"this validation scheme needs a {column} column, and none is given."
                remedy = f"Give one as data.{column}=COLUMN."
                faults.append(Fault(f"data.{column}", problem, remedy))
    search, report = parts.get("search"), parts.get("report")
    if data and data.time is None:
        asked = search.metrics if isinstance(search, SearchSettings) else ()
        faults += [_no_time("search.metric", name) for name in asked if name in OBJECTIVES]
        if report and report.period is not None:
            faults.append(_no_time("report.period", report.period))
    if validation and validation.nested and isinstance(search, NoSearch):
        faults.append(_no_search_to_judge())
    tracking: TrackingSettings | None = parts.get("tracking")
    if tracking is not None:
        try:
            tracking.address()  # it may come from the environment
        except RequestError as error:
            faults += error.faults
    model, sampling = parts.get("model"), parts.get("sampling")
    if isinstance(model, BoostedTrees) and model.stopping and sampling and sampling.synthesises:
        faults.append(_nothing_to_stop_on())
    return faults + keeping_faults(parts)


def _no_time(setting: str, value: str) -> Fault:
    """Return the fault of figures over time that are asked for where the data have none."""
    problem = f"{value} goes by periods of time, and the data declare none."
    return Fault(setting, problem, f"Give data.time=COLUMN, or another {setting}.")


def _nothing_to_stop_on() -> Fault:
    """Return the fault of early stopping beside rows that are made up."""
    problem = (
        "made-up rows are made from their neighbours, so that none could be held back to stop on "
        "without being known already."
    )
    remedy = "Set model.early_stopping_rounds=null, or choose a sampling that makes up no rows."
    return Fault("model.early_stopping_rounds", problem, remedy)


def _no_search_to_judge() -> Fault:
    """Return the fault of an outer split that is made for a search where there is none."""
    problem = (
        "nested takes one outer part after another and makes a search for each, but no search is "
        "asked for."
    )
    remedy = (
        "Choose a search, set validation.outer=holdout, or name one part with "
        "validation.outer_part=0."
    )
    return Fault("validation.outer", problem, remedy)
