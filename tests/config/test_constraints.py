"""The exact set known to work stands in two files, which must agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_constraints_and_pyproject_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = [
        line for line in (ROOT / "constraints.txt").read_text().splitlines() if line[:1] != "#"
    ]
    assert listed == project["tool"]["uv"]["constraint-dependencies"]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", line) for line in listed)


def test_every_dependency_has_an_upper_bound_and_a_constraint():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    constrained = {
        line.partition("==")[0].lower() for line in project["tool"]["uv"]["constraint-dependencies"]
    }
    for requirement in project["project"]["dependencies"]:
        name = re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower()
        assert "<" in requirement, requirement
        assert name in constrained, name
