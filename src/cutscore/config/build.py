"""From a composed config to plain objects, every fault at once."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import TypeAdapter, ValidationError

from cutscore.config.compose import NO_SEARCH, Composer, explain, no_search
from cutscore.config.fingerprint import fingerprint
from cutscore.config.layers import EXPERIMENT, GROUPS
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.experiment import Experiment
from cutscore.model.boosting import BoostedTrees

# What an object of each group must be able to do.
ABILITIES = {
    "data": "load",
    "features": "build",
    "validation": "split",
    "sampling": "sample",
    "calibration": "fit",
    "model": "session",
    "cost": "fit",
    "threshold": "choose",
}
CORE = tuple(ABILITIES)


@dataclass(frozen=True)
class Plan:
    """One composed and checked config: what will be executed and what will be recorded of it.

    `search` is None, or the settings of a search around the experiment. `config` is the resolved
    config as plain values, `choices` the chosen option of each group.
    """

    experiment: Experiment
    search: Any
    report: Any
    tracking: Any
    config: dict[str, Any]
    choices: dict[str, str]
    overrides: tuple[str, ...]

    def fingerprint(self, data_digest: str) -> str:
        """Return the fingerprint of this experiment on data with this digest."""
        parts = {name: getattr(self.experiment, name) for name in CORE}
        return fingerprint(parts, self.experiment.seed, data_digest)


def build(config: DictConfig, choices: Mapping[str, Any], overrides: Sequence[str] = ()) -> Plan:
    """Build the plan of a composed config (with or without Hydra's own node).

    `choices` are Hydra's runtime choices: group to option. Raises RequestError with every fault
    found.
    """
    named = {group: str(choices.get(group, "custom")) for group in (*GROUPS, EXPERIMENT)}
    plain = _plain(config)
    faults = _leave_out_search(plain, told="search=none" not in overrides)
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
    )
    search = parts["search"] if parts["search"].active else None
    return Plan(
        experiment, search, parts["report"], parts["tracking"], plain, named, tuple(overrides)
    )


def compose_plan(composer: Composer, overrides: Sequence[str]) -> Plan:
    """Compose overrides and build their plan; Hydra's errors become RequestErrors too."""
    try:
        config = composer.compose(overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise RequestError(explain(error)) from error
    return build(config, config.hydra.runtime.choices, overrides)


def build_part(group: str, node: object) -> Any:
    """Build the object of one group from its `_target_` and settings.

    A scikit-learn-style classifier named as the model's `_target_` is wrapped.
    """
    if not isinstance(node, Mapping) or not isinstance(node.get("_target_"), str):
        problem = "this group needs a mapping with a _target_, the dotted name of a class."
        raise RequestError(Fault(f"{group}._target_", problem))
    settings = {str(key): value for key, value in node.items() if key != "_target_"}
    cls = _locate(group, node["_target_"])
    if group == "model" and not hasattr(cls, ABILITIES["model"]):
        from cutscore.model.sklearn_style import SklearnClassifier

        settings, cls = {**settings, "estimator": node["_target_"]}, SklearnClassifier
    ability = ABILITIES.get(group)
    if ability is not None and not hasattr(cls, ability):
        problem = f"{node['_target_']} cannot be used here: it has no method {ability}()."
        raise RequestError(Fault(f"{group}._target_", problem))
    return _validated(group, cls, settings)


def _plain(config: DictConfig) -> dict[str, Any]:
    """Return the config resolved to plain values, without Hydra's node."""
    body = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    missing = sorted(OmegaConf.missing_keys(body))
    if missing:
        problem = "a value is required."
        raise RequestError([Fault(key, problem, f"Give it as {key}=...") for key in missing])
    try:
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


def _locate(group: str, target: str) -> type:
    module, _, name = target.rpartition(".")
    setting = f"{group}._target_"
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        problem = f'"{target}" cannot be imported ({error}).'
        raise RequestError(Fault(setting, problem, "Give package.module.Class.")) from error
    if not isinstance(found, type):
        raise RequestError(Fault(setting, f'"{target}" is no class.'))
    return found


def _validated(group: str, cls: type, settings: dict[str, Any]) -> Any:
    """Make an object of `cls`, checking names, types and ranges against its fields."""
    if not dataclasses.is_dataclass(cls):
        try:
            return cls(**settings)
        except (TypeError, ValueError) as error:
            raise RequestError(
                Fault(group, f"{cls.__name__} refused its settings: {error}.")
            ) from error
    known = [field.name for field in dataclasses.fields(cls) if field.init]
    faults = [
        Fault(
            f"{group}.{name}",
            f"there is no such setting.{nearest(name, known)}",
            f"Settings there: {listed(known, 30)}." if known else "This option has no settings.",
        )
        for name in settings
        if name not in known
    ]
    accepted = {name: value for name, value in settings.items() if name in known}
    try:
        made = TypeAdapter(cls).validate_python(accepted)
    except ValidationError as error:
        faults += [_type_fault(group, dict(item)) for item in error.errors(include_url=False)]
    if faults:
        raise RequestError(faults)
    return made


def _type_fault(group: str, error: Mapping[str, Any]) -> Fault:
    """Put one of pydantic's errors into our words."""
    key = ".".join([group, *(str(place) for place in error["loc"])])
    if error["type"] == "value_error":
        text = str(error["ctx"]["error"])
        return Fault(key, text if text.endswith((".", "?", ")")) else f"{text}.")
    if error["type"] == "missing":
        return Fault(key, "a value is required.", f"Give it as {key}=...")
    allowed = str(error["msg"]).replace("Input should be", "it must be")
    return Fault(key, f"{error['input']!r} is not allowed: {allowed}.")


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
    faults = []
    validation, data = parts.get("validation"), parts.get("data")
    for need, column in (("needs_group", "group"), ("needs_order", "time")):
        if getattr(validation, need, False) and data and getattr(data, column, None) is None:
            problem = f"this validation scheme needs a {column} column, and none is given."
            faults.append(Fault(f"data.{column}", problem, f"Give one as data.{column}=COLUMN."))
    faults += _outer_faults(validation, parts.get("search"))
    return faults + _stopping_faults(parts.get("model"), parts.get("sampling"))


def _stopping_faults(model: object, sampling: object) -> list[Fault]:
    """Check that rows can be held back to stop on."""
    stops = isinstance(model, BoostedTrees) and model.stopping is not None
    if not stops or not getattr(sampling, "synthesises", False):
        return []
    problem = (
        "made-up rows are made from their neighbours, so that none could be held back to stop on "
        "without being known already."
    )
    remedy = "Set model.early_stopping_rounds=null, or choose a sampling that makes up no rows."
    return [Fault("model.early_stopping_rounds", problem, remedy)]


def _outer_faults(validation: object, search: object) -> list[Fault]:
    """Check that there is a search where an outer split is made for one."""
    nested = getattr(validation, "outer", None) == "nested"
    searches = search is not None and getattr(search, "active", True)
    if not nested or getattr(validation, "outer_part", None) is not None or searches:
        return []
    problem = (
        "nested takes one outer part after another and makes a search for each, but no search is "
        "asked for."
    )
    remedy = (
        "Choose a search, set validation.outer=holdout, or name one part with "
        "validation.outer_part=0."
    )
    return [Fault("validation.outer", problem, remedy)]
