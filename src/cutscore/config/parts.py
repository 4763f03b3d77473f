"""The object of one group: a class by its dotted name, with its settings checked."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import typing
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cutscore.calibration import Calibration
from cutscore.cost import Cost
from cutscore.data import Source
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.features import FeatureStrategy
from cutscore.model import Model
from cutscore.sampling import Sampler
from cutscore.threshold import ThresholdRule
from cutscore.validation import Splitter

FAMILIES: Mapping[str, type] = {
    "data": Source,
    "features": FeatureStrategy,
    "validation": Splitter,
    "sampling": Sampler,
    "calibration": Calibration,
    "model": Model,
    "cost": Cost,
    "threshold": ThresholdRule,
}
"""What the strategies of each group have in common; `__init__.py` of its room says more."""

CORE = tuple(FAMILIES)

MOVED: Mapping[str, str] = {
    "cutscore.tracking.settings.TrackingSettings": "cutscore.runs.settings.TrackingSettings",
}
"""Classes that older records name by where they were then."""
"""The groups that make an experiment."""


def build_part(group: str, node: object) -> Any:
    """Build the object of one group from its `_target_` and settings.

    A scikit-learn-style classifier named as the model's `_target_` is wrapped.
    """
    if not isinstance(node, Mapping) or not isinstance(node.get("_target_"), str):
        problem = "this group needs a mapping with a _target_, the dotted name of a class."
        raise RequestError(Fault(f"{group}._target_", problem))
    settings = {str(key): value for key, value in node.items() if key != "_target_"}
    cls = _locate(group, node["_target_"])
    if group == "model" and not hasattr(cls, "session"):
        from cutscore.model.sklearn_style import SklearnClassifier

        settings, cls = {**settings, "estimator": node["_target_"]}, SklearnClassifier
    lacking = [f"{name}()" for name in _members(group, methods=True) if not hasattr(cls, name)]
    if not lacking:
        made = validated(group, cls, settings)
        lacking = [name for name in _members(group) if not hasattr(made, name)]
        if not lacking:
            return made
    family = FAMILIES[group]
    problem = f"{node['_target_']} cannot be used here: it has no {' and no '.join(lacking)}."
    remedy = f"{family.__module__}.{family.__qualname__} says what there must be."
    raise RequestError(Fault(f"{group}._target_", problem, remedy))


def _members(group: str, *, methods: bool = False) -> list[str]:
    """Return the public names that each member of a group's family has, or its methods only."""
    family = FAMILIES.get(group)
    names = {} if family is None else {**inspect.get_annotations(family), **vars(family)}
    public = [name for name in names if not name.startswith("_")]
    return [name for name in public if callable(vars(family).get(name))] if methods else public


def _locate(group: str, target: str) -> type:
    module, _, name = MOVED.get(target, target).rpartition(".")
    setting = f"{group}._target_"
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        problem = f'"{target}" cannot be imported ({error}).'
        raise RequestError(Fault(setting, problem, "Give package.module.Class.")) from error
    if not isinstance(found, type):
        raise RequestError(Fault(setting, f'"{target}" is no class.'))
    return found


def validated(group: str, cls: type, settings: dict[str, Any]) -> Any:
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
        made = _checker(cls).validate_python(accepted)
    except ValidationError as error:
        told = error.errors(include_url=False)
        faults += [_type_fault(group, dict(item), _nullable(cls)) for item in told]
        wrong = {str(item["loc"][0]) for item in told if item["loc"]}
        if wrong:
            faults += _between(group, cls, {n: v for n, v in accepted.items() if n not in wrong})
    if faults:
        raise RequestError(faults)
    return made


def _between(group: str, cls: type, settings: Mapping[str, Any]) -> list[Fault]:
    """Return the faults between settings whose own values are allowed, others left aside.

    What is left aside has its default here, so that only a fault counts that names settings which
    are given, and no other.
    """
    try:
        _checker(cls).validate_python(settings)
    except RequestError as error:
        found = list(error.faults)
    except ValidationError as error:
        told = error.errors(include_url=False)
        found = [_type_fault(group, dict(item), ()) for item in told if not item["loc"]]
    else:
        return []
    fields = {field.name for field in dataclasses.fields(cls)}
    return [
        fault
        for fault in found
        if (named := fields & set(re.findall(r"\w+", f"{fault.setting} {fault.problem}")))
        and named <= set(settings)
    ]


def _nullable(cls: type) -> set[str]:
    """Return the fields that may be None."""
    hints = typing.get_type_hints(cls)
    return {name for name, hint in hints.items() if type(None) in typing.get_args(hint)}


@cache
def _checker(cls: type) -> TypeAdapter[Any]:
    """Return what checks settings of a class: to make one takes longer than all else here."""
    return TypeAdapter(cls)


def _type_fault(group: str, error: Mapping[str, Any], nullable: Collection[str]) -> Fault:
    """Put one of pydantic's errors into our words; `nullable` are the fields that may be None."""
    key = ".".join([group, *(str(place) for place in error["loc"])])
    if error["type"] == "value_error":
        text = str(error["ctx"]["error"])
        return Fault(key, text if text.endswith((".", "?", ")")) else f"{text}.")
    if error["type"] == "missing":
        return Fault(key, "a value is required.", f"Give it as {key}=...")
    if error["type"] == "unexpected_keyword_argument":
        return Fault(key, "there is no such setting.")
    if error["type"] == "string_type" and isinstance(error["input"], bool):
        problem = "YAML takes yes, no, on, off, true and false for truth values."
        return Fault(key, problem, 'Put the text in quotes, such as "yes".')
    allowed = str(error["msg"]).replace("Input should be", "it must be")
    also = ", or null" if error["loc"][:1] and error["loc"][0] in nullable else ""
    return Fault(key, f"{error['input']!r} is not allowed: {allowed}{also}.")
