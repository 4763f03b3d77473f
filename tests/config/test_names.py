"""One class name, one class: whoever reads a name need not ask which one is meant."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections import Counter
from pathlib import Path

import pytest

import cutscore

CLASS = re.compile(r"^\s*class (\w+)", re.MULTILINE)


def test_every_class_name_is_that_of_one_class():
    files = Path(cutscore.__file__).parent.rglob("*.py")
    named = Counter(name for file in files for name in CLASS.findall(file.read_text()))
    assert [name for name, count in named.items() if count > 1] == []


def travelling_values():
    """Dataclasses of the rooms whose values everybody reads, but for those of a few fields."""
    for name in ("records", "experiment.parts", "report.result", "report.outer", "launch.outcome"):
        module = importlib.import_module(f"cutscore.{name}")
        for _, cls in inspect.getmembers(module, dataclasses.is_dataclass):
            own = cls.__module__.startswith(module.__name__)
            if own and len(dataclasses.fields(cls)) > 4:
                yield cls


@pytest.mark.parametrize("cls", sorted(set(travelling_values()), key=lambda cls: cls.__name__))
def test_values_with_many_fields_say_what_each_is(cls):
    missing = [
        f.name for f in dataclasses.fields(cls) if not re.search(rf"\b{f.name}\b.* : ", cls.__doc__)
    ]
    assert missing == []
