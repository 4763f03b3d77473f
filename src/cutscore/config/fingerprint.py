"""What can change a run's results, hashed: settings, data, Cutscore's sources and user sources."""

from __future__ import annotations

import ast
import dataclasses
import functools
import hashlib
import importlib
import inspect
import json
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import cutscore
from cutscore.model.sklearn_style import SklearnClassifier

# Where a table stands does not change what is in it (its digest covers the content), nor does what
# people call its columns.
WITHOUT_EFFECT = {"data": {"path", "apply", "labels", "cache", "memory_limit"}}

CORE_ROOMS = (
    "experiment",
    "scoring",
    "data",
    "features",
    "validation",
    "sampling",
    "model",
    "calibration",
    "threshold",
    "report",
    "cost",
    "metrics",
    "expressions",
    "sql",
    "preparation",
    "records",
)
"""The rooms whose code can change a result; command line, stores and searches cannot."""

DRAWING = {"figures", "page", "validator"}
"""The parts of `report` that only draw."""


def canonical(part: str, settings: object) -> Any:
    """Return settings as plain JSON values, without what cannot change a result.

    Integral floats become integers, so that 10 and 10.0 in an untyped mapping hash alike.
    """
    if dataclasses.is_dataclass(settings) and not isinstance(settings, type):
        ignored = WITHOUT_EFFECT.get(part, set())
        fields = [f.name for f in dataclasses.fields(settings) if f.name not in ignored]
        body = {name: canonical("", getattr(settings, name)) for name in fields}
        return {"class": f"{type(settings).__module__}.{type(settings).__qualname__}", **body}
    if isinstance(settings, Mapping):
        return {str(key): canonical("", value) for key, value in settings.items()}
    if isinstance(settings, (list, tuple)):
        return [canonical("", value) for value in settings]
    if isinstance(settings, float) and settings.is_integer():
        return int(settings)
    if settings is None or isinstance(settings, (bool, int, float, str)):
        return settings
    return repr(settings)


def fingerprint(parts: Mapping[str, object], seed: int, data_digest: str) -> str:
    """Return the sha256 (hex) of everything that can change a run's results.

    Threads, paths and library versions are left out: results do not depend on the first two, and
    versions are recorded and compared instead.
    """
    body = {
        "settings": {name: canonical(name, part) for name, part in sorted(parts.items())},
        "seed": seed,
        "data": data_digest,
        "cutscore": own_sources_digest(),
        "user": user_sources_digest(_target_names(parts.values())),
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@functools.cache
def own_sources_digest(package: Path = Path(cutscore.__file__).parent) -> str:
    """Return a hash of Cutscore's own code that can change a result: names and code of files."""
    files = [path for room in CORE_ROOMS for path in _sources(package / room)]
    return _digest_files([path for path in files if DRAWING.isdisjoint(path.parts)], package)


def _sources(room: Path) -> list[Path]:
    """Return the files of a room, which is a folder or one file."""
    return sorted(room.rglob("*.py")) if room.is_dir() else [room.with_suffix(".py")]


def user_sources_digest(targets: Iterable[str]) -> str:
    """Return a hash of the files that define the user's own targets; '' when there are none."""
    installed = {Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "stdlib")}
    own = Path(cutscore.__file__).parent
    files = set()
    for target in targets:
        module = importlib.import_module(target.rpartition(".")[0])
        name = inspect.getsourcefile(module)
        path = Path(name).resolve() if name else None
        if path and not any(path.is_relative_to(place) for place in (*installed, own)):
            files.add(path)
    ordered = sorted(files, key=lambda path: path.name)
    return _digest_files(ordered, None) if ordered else ""


def _target_names(parts: Iterable[object]) -> list[str]:
    """Return the dotted names of the classes in use, wrapped estimators included."""
    names = []
    for part in parts:
        names.append(f"{type(part).__module__}.{type(part).__qualname__}")
        if isinstance(part, SklearnClassifier):
            names.append(part.estimator)
    return names


def _digest_files(files: Iterable[Path], root: Path | None) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update((str(path.relative_to(root)) if root else path.name).encode() + b"\0")
        digest.update(_code(path).encode() + b"\0")
    return digest.hexdigest()


def _code(path: Path) -> str:
    """Return a file's code in one form: without comments, docstrings and its author's spacing."""
    tree = ast.parse(path.read_bytes())
    blocks: list[ast.Module | ast.ClassDef | ast.FunctionDef] = [tree]
    for block in blocks:
        block.body = [part for part in block.body if not _is_text(part)]
        blocks += [part for part in block.body if isinstance(part, (ast.ClassDef, ast.FunctionDef))]
    return ast.unparse(tree)


def _is_text(node: ast.AST) -> bool:
    """Return whether a statement is nothing but a text, as a docstring is."""
    constant = node.value if isinstance(node, ast.Expr) else None
    return isinstance(constant, ast.Constant) and isinstance(constant.value, str)
