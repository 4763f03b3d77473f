"""Every strategy of a group, found by walking its package: a new one cannot be forgotten."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil

from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.parts import FAMILIES

LAYERS = find_layers(working_dir=packaged_folder())  # no local conf/ in there


def classes(group: str) -> list[type]:
    """Return the classes of a group that have the methods of its family, by name."""
    methods = [
        name
        for name, member in vars(FAMILIES[group]).items()
        if inspect.isfunction(member) and not name.startswith("_")
    ]
    package = importlib.import_module(f"cutscore.{group}")
    found = []
    for info in pkgutil.iter_modules(package.__path__, f"cutscore.{group}."):
        for _, cls in inspect.getmembers(importlib.import_module(info.name), inspect.isclass):
            own = cls.__module__ == info.name and dataclasses.is_dataclass(cls)
            whole = all(inspect.isfunction(getattr(cls, name, None)) for name in methods)
            if own and whole and not inspect.isabstract(cls):
                found.append(cls)
    return sorted(found, key=lambda cls: cls.__name__)


def with_all_others(group: str, *given: object) -> list[object]:
    """Return the strategies given, and one of each class of the group that is not among them.

    A new class that cannot be made without settings has to be given: the error says which.
    """
    kinds = {type(strategy) for strategy in given}
    return [*given, *(cls() for cls in classes(group) if cls not in kinds)]


def options(group: str, *, without: tuple[str, ...] = ()) -> list[str]:
    """Return the names of a group's packaged options."""
    return [name for name in LAYERS.options(group) if name not in without]
