"""Every strategy of a group, found by walking its package: a new one cannot be forgotten."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Mapping

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


def one_of_each(group: str, **settings: Mapping[str, object]) -> list[object]:
    """Return an instance of each class of a group; `settings` are by class, where it needs any."""
    made = [(cls, settings.pop(cls.__name__, {})) for cls in classes(group)]
    assert not settings, f"there is no {', '.join(settings)} among the strategies of {group}"
    return [cls(**given) for cls, given in made]


def options(group: str, *, without: tuple[str, ...] = ()) -> list[str]:
    """Return the names of a group's packaged options."""
    return [name for name in LAYERS.options(group) if name not in without]
