"""Two stores compared run by run."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from cutscore.care.content import differing
from cutscore.care.database import check_header
from cutscore.care.merge_source import Kind, Opened, opened_source
from cutscore.errors import Fault, RequestError


@dataclass(frozen=True)
class StoreDifference:
    """A run or model that both stores have, with the fields in which it differs."""

    id: str
    name: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """Runs or models of two stores: ids in one only, how many are equal, which differ."""

    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    equal: int
    different: tuple[StoreDifference, ...]

    @property
    def same(self) -> bool:
        """Return whether there is no difference."""
        return not (self.only_first or self.only_second or self.different)


@dataclass(frozen=True)
class StoreDiff:
    """What two stores do not have in common; `experiments` and `registry` are lines of text."""

    first: str
    second: str
    runs: Compared
    models: Compared
    experiments: tuple[str, ...]
    registry: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Return whether both stores hold the same."""
        alike = self.runs.same and self.models.same
        return alike and not self.experiments and not self.registry


def diff_stores(
    first: Path, second: Path, extra: Sequence[Path], note: Callable[[str], None]
) -> StoreDiff:
    """Compare two stores; ids of experiments, absolute paths and version numbers do not count.

    Raises
    ------
    RequestError
        If one cannot be read.
    """
    faults: list[Fault] = []
    for path, setting in ((first, "A"), (second, "B")):
        try:
            if not path.is_dir():
                check_header(path, setting)
        except RequestError as error:
            faults += error.faults
    if faults:
        raise RequestError(faults)
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cutscore-")))
        stores: list[Opened] = []
        for name, path in (("first", first), ("second", second)):
            (temporary / name).mkdir()
            opened = opened_source(path, temporary / name, extra, note)
            stores.append(stack.enter_context(opened))
        one, other = stores
        return StoreDiff(
            str(first),
            str(second),
            _compare(one, other, "run"),
            _compare(one, other, "model"),
            _lines(_experiments(one.connection), _experiments(other.connection)),
            _lines(_registry(one.connection), _registry(other.connection)),
        )


def _compare(one: Opened, other: Opened, kind: Kind) -> Compared:
    """Compare the runs or models of two stores."""
    first, second = one.contents[kind], other.contents[kind]
    names, there = _names(one.connection, kind), _names(other.connection, kind)
    different: list[StoreDifference] = []
    common = [owner for owner in first if owner in second]
    for owner in common:
        fields = differing(first[owner], second[owner])
        if ("files" in first[owner]) != ("files" in second[owner]):
            fields.append("files")
        if kind == "run" and names[owner][1] != there[owner][1]:
            fields.append("experiment")
        if fields:
            different.append(StoreDifference(owner, names[owner][0], tuple(fields)))
    return Compared(
        tuple(owner for owner in first if owner not in second),
        tuple(owner for owner in second if owner not in first),
        len(common) - len(different),
        tuple(different),
    )


def _names(connection: sqlite3.Connection, kind: Kind) -> dict[str, tuple[str, str]]:
    """Return name and experiment of all runs or models by id."""
    table, column = ("runs", "run_uuid") if kind == "run" else ("logged_models", "model_id")
    query = f"SELECT t.{column}, t.name, e.name FROM {table} t "
    query += "LEFT JOIN experiments e ON e.experiment_id = t.experiment_id"
    return {str(row[0]): (str(row[1]), str(row[2])) for row in connection.execute(query)}


def _experiments(connection: sqlite3.Connection) -> dict[str, object]:
    """Return the experiments by name: their state and tags."""
    query = "SELECT e.name, e.lifecycle_stage, t.key, t.value FROM experiments e "
    query += "LEFT JOIN experiment_tags t ON t.experiment_id = e.experiment_id ORDER BY 1, 3"
    found: dict[str, object] = {}
    for name, stage, key, value in connection.execute(query):
        found[f"experiment {name}"] = stage
        if key is not None:
            found[f"tag {key} of experiment {name}"] = value
    return found


def _registry(connection: sqlite3.Connection) -> dict[str, object]:
    """Return the registry: versions by creation time and run, with their tags and aliases."""
    found: dict[str, object] = {}
    queries = (
        "SELECT name, description FROM registered_models ORDER BY 1",
        "SELECT name, key, value FROM registered_model_tags ORDER BY 1, 2",
    )
    for name, description in connection.execute(queries[0]):
        found[f"registered model {name}"] = description
    for name, key, value in connection.execute(queries[1]):
        found[f"tag {key} of registered model {name}"] = value
    labels: dict[tuple[str, int], str] = {}
    query = "SELECT name, version, creation_time, run_id, description, status FROM model_versions"
    for name, version, created, run, description, status in connection.execute(query):
        labels[name, version] = label = f"version of {name} made at {created} from run {run}"
        found[label] = [description, status]
    query = "SELECT name, version, key, value FROM model_version_tags"
    for name, version, key, value in connection.execute(query):
        found[f"tag {key} of {labels.get((name, version), name)}"] = value
    query = "SELECT name, alias, version FROM registered_model_aliases"
    for name, alias, version in connection.execute(query):
        found[f"alias {alias} of {name}"] = labels.get((name, version), str(version))
    return found


def _lines(first: dict[str, object], second: dict[str, object]) -> tuple[str, ...]:
    """Return what differs between two mappings, a line each."""
    lines = [f"only in A: {key}" for key in first if key not in second]
    lines += [f"only in B: {key}" for key in second if key not in first]
    for key in first:
        if key in second and first[key] != second[key]:
            lines.append(f"{key}: {_text(first[key])} in A, {_text(second[key])} in B")
    return tuple(lines)


def _text(value: object) -> str:
    return value[:80] if isinstance(value, str) else json.dumps(value)[:80]
