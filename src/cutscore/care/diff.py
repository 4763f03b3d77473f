"""Two stores compared run by run."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from cutscore.care.content import differing, in_words
from cutscore.care.database import header_faults
from cutscore.care.merge_registry import version_label
from cutscore.care.merge_source import Opened, opened_source
from cutscore.care.merge_tables import Maps, Row, label_of, read_rows, translated
from cutscore.care.rules import RULES, UNITS, Kind, tables_of
from cutscore.errors import Fault, RequestError

_EXPERIMENTS = ("experiments", "experiment_tags", "datasets")
_REGISTRY = (
    "registered_models",
    "registered_model_tags",
    "model_versions",
    "model_version_tags",
    "registered_model_aliases",
)


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
    """What two stores do not have in common; all but runs, models and traces as lines of text."""

    first: str
    second: str
    runs: Compared
    models: Compared
    traces: Compared
    experiments: tuple[str, ...]
    registry: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Return whether both stores hold the same."""
        alike = self.runs.same and self.models.same and self.traces.same
        return alike and not (self.experiments or self.registry or self.others)


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
        faults += [] if path.is_dir() else header_faults(path, setting)
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
        first_maps, second_maps = _maps(one), _maps(other)
        lines = {
            table: _lines(_rows(one, table, first_maps), _rows(other, table, second_maps))
            for table in tables_of("merged")
        }
        named = {"experiments": _EXPERIMENTS, "registry": _REGISTRY}
        chosen = {word: _joined(lines, tables) for word, tables in named.items()}
        rest = [table for table in lines if table not in (*_EXPERIMENTS, *_REGISTRY)]
        return StoreDiff(
            str(first),
            str(second),
            _compare(one, other, "run"),
            _compare(one, other, "model"),
            _compare(one, other, "trace"),
            chosen["experiments"],
            chosen["registry"],
            _joined(lines, rest),
        )


def _compare(one: Opened, other: Opened, kind: Kind) -> Compared:
    """Compare the runs, models or traces of two stores."""
    first, second = one.contents[kind], other.contents[kind]
    names, there = _names(one.connection, kind), _names(other.connection, kind)
    different: list[StoreDifference] = []
    common = [owner for owner in first if owner in second]
    for owner in common:
        fields = differing(first[owner], second[owner])
        if ("files" in first[owner]) != ("files" in second[owner]):
            fields.append("files")
        words = in_words(kind, owner, one.connection, other.connection, fields)
        if names[owner][1] != there[owner][1]:
            words.append("experiment")
        if words:
            different.append(StoreDifference(owner, names[owner][0], tuple(words)))
    return Compared(
        tuple(owner for owner in first if owner not in second),
        tuple(owner for owner in second if owner not in first),
        len(common) - len(different),
        tuple(different),
    )


def _names(connection: sqlite3.Connection, kind: Kind) -> dict[str, tuple[str, str]]:
    """Return name and experiment of all runs, models or traces by id."""
    unit = UNITS[kind]
    name = "trace_name" if kind == "trace" else "name"
    query = f"SELECT t.{unit.id}, t.{name}, e.name FROM {unit.table} t "
    query += "LEFT JOIN experiments e ON e.experiment_id = t.experiment_id"
    return {str(row[0]): (str(row[1]), str(row[2])) for row in connection.execute(query)}


def _maps(store: Opened) -> Maps:
    """Return names for the ids of a store, which mean nothing in another."""
    connection = store.connection
    experiments = dict(connection.execute("SELECT experiment_id, name FROM experiments"))
    scorers = read_rows(connection, "scorers")
    versions = read_rows(connection, "model_versions")
    return {
        "experiment": experiments,
        "scorer": {
            row["scorer_id"]: f"{experiments.get(row['experiment_id'])} {row['scorer_name']}"
            for row in scorers
        },
        "version": {(row["name"], row["version"]): version_label(row) for row in versions},
    }


def _rows(store: Opened, table: str, maps: Maps) -> dict[str, Row]:
    """Return the rows of a table by their labels, with all that is compared of them."""
    rule = RULES[table]
    found: dict[str, Row] = {}
    for row in read_rows(store.connection, table):
        moved = translated(rule, row, maps) or row
        if rule.number:  # the number may differ: what it stands for is what is compared
            moved[rule.number] = " ".join(str(v) for n, v in moved.items() if n != rule.number)
        label = f"{rule.noun} {label_of(rule, moved, {})}"
        found[label] = {name: moved[name] for name in rule.compared(moved)}
    return found


def _joined(lines: Mapping[str, Sequence[str]], tables: Sequence[str]) -> tuple[str, ...]:
    return tuple(line for table in tables for line in lines[table])


def _lines(first: dict[str, Row], second: dict[str, Row]) -> list[str]:
    """Return what differs between the rows of two stores, a line each."""
    lines = [f"only in A: {label}" for label in first if label not in second]
    lines += [f"only in B: {label}" for label in second if label not in first]
    for label in first:
        for name, value in first[label].items() if label in second else ():
            if value != second[label][name]:
                there = _text(second[label][name])
                lines.append(f"{label}: {name} {_text(value)} in A, {there} in B")
    return lines


def _text(value: object) -> str:
    return value[:80] if isinstance(value, str) else json.dumps(value)[:80]
