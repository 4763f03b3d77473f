"""The registry's part of a merge: models by name, versions, tags and aliases.

What the target says stays. A version that both have is one; another of a number that is taken
gets the next free one. An alias that points elsewhere in the target is kept there, and the
source's is written as `<alias>-from-<source>`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence

from cutscore.care.merge_report import SourceReport
from cutscore.care.merge_source import Opened
from cutscore.care.merge_target import MergeTarget
from cutscore.care.paths import Unusable, take_apart
from cutscore.care.rules import columns
from cutscore.report.redact import redact

Numbers = dict[tuple[str, int], int]
Row = dict[str, object]
_BY_NUMBER = re.compile(r"models:/(?P<name>[^/@]+)/(?P<version>\d+)")


def merge_registry(target: MergeTarget, source: Opened, report: SourceReport) -> Numbers:
    """Write a source's registered models, and return the target's version numbers."""
    _write_models(target.connection, source, report)
    numbers = _write_versions(target.connection, source, report)
    _write_aliases(target.connection, source, numbers, report)
    return numbers


def _write_models(target: sqlite3.Connection, source: Opened, report: SourceReport) -> None:
    """Write registered models and their tags, as far as the target lacks them."""
    for model in _rows(source.connection, "registered_models"):
        found = _find(target, "registered_models", model, ("workspace", "name"))
        if found is None:
            _insert(target, "registered_models", model)
            report.registered_models.append(str(model["name"]))
        elif found["description"] != model["description"]:
            report.collide(
                "registered model", str(model["name"]), "another description: the target's stays"
            )
    _write_tags(target, source, "registered_model_tags", {}, report)


def _write_versions(target: sqlite3.Connection, source: Opened, report: SourceReport) -> Numbers:
    """Write versions under their own or a free number, and return the numbers they have now."""
    numbers: Numbers = {}
    addresses = _addresses(target)
    known: dict[str, dict[int, tuple[object, ...]]] = {}
    for version in _rows(target, "model_versions"):
        of_name = known.setdefault(str(version["name"]), {})
        of_name[_number(version)] = _identity(version)
    offered = _rows(source.connection, "model_versions")
    for version in sorted(offered, key=lambda row: (str(row["name"]), _number(row))):
        name, number = str(version["name"]), _number(version)
        there = known.setdefault(name, {})
        same = [other for other, identity in there.items() if identity == _identity(version)]
        if same:
            numbers[name, number] = same[0]
            continue
        new = number
        if number in there:
            used = [_number(row) for row in offered if row["name"] == name]
            new = max([*there, *used]) + 1
            report.collide("version", f"{name} {number}", f"the number is taken: becomes {new}")
        numbers[name, number] = new
        there[new] = _identity(version)
        moved = {**version, "version": new}
        for column in ("source", "storage_location"):
            moved[column] = _moved(version[column], addresses, numbers, name, report)
        _insert(target, "model_versions", moved)
        report.versions += 1
    _write_tags(target, source, "model_version_tags", numbers, report)
    return numbers


def _write_tags(
    target: sqlite3.Connection,
    source: Opened,
    table: str,
    numbers: Mapping[tuple[str, int], int],
    report: SourceReport,
) -> None:
    """Write tags of models or versions that the target lacks."""
    for tag in _rows(source.connection, table):
        moved, key = dict(tag), ["workspace", "name", "key"]
        label = str(tag["name"])
        if "version" in tag:
            moved["version"] = numbers.get((label, _number(tag)), tag["version"])
            key.append("version")
            label = f"{label} {moved['version']}"
        found = _find(target, table, moved, key)
        if found is None:
            _insert(target, table, moved)
        elif found["value"] != tag["value"]:
            report.collide("registry tag", f"{label}: {tag['key']}", "the target's value stays")


def _write_aliases(
    target: sqlite3.Connection, source: Opened, numbers: Numbers, report: SourceReport
) -> None:
    """Write aliases; one that the target uses for another version gets the source's name."""
    for alias in _rows(source.connection, "registered_model_aliases"):
        name, word = str(alias["name"]), str(alias["alias"])
        wanted = numbers.get((name, _number(alias)), _number(alias))
        attempt, tried = word, 0
        while True:
            entry = {**alias, "alias": attempt, "version": wanted}
            found = _find(target, "registered_model_aliases", entry, ("workspace", "name", "alias"))
            if found is None or _number(found) == wanted:
                break
            tried += 1
            attempt = f"{word}-from-{source.name}" + (f"-{tried}" if tried > 1 else "")
        if found is None:
            _insert(target, "registered_model_aliases", entry)
        if attempt != word:
            policy = f"the target's stays; the source's version {wanted} is {attempt}"
            report.collide("alias", f"{name} {word}", policy)


def _identity(version: Row) -> tuple[object, ...]:
    """Return what makes a version the same in two stores: time, run, and where in it."""
    text = str(version["storage_location"] or version["source"] or "")
    run = str(version["run_id"] or "")
    claim = take_apart(text)
    parts = () if isinstance(claim, Unusable) else claim.parts
    owners = [i for i, part in enumerate(parts) if part == run or part.startswith("m-")]
    place = "/".join(parts[owners[-1] :]) if owners else text.rpartition("/")[2]
    return (version["workspace"], version["creation_time"], run, place)


def _moved(
    value: object,
    addresses: Mapping[str, str],
    numbers: Numbers,
    name: str,
    report: SourceReport,
) -> object:
    """Return a version's address as it is in the target; unknown ones stay, and are reported."""
    text = str(value or "")
    by_number = _BY_NUMBER.fullmatch(text)
    if by_number:
        key = (by_number["name"], int(by_number["version"]))
        return f"models:/{key[0]}/{numbers.get(key, key[1])}"
    if not text or text.startswith(("models:", "runs:")):
        return value
    claim = take_apart(text)
    if isinstance(claim, Unusable):
        return value
    for index, part in enumerate(claim.parts):
        if part in addresses and claim.parts[index + 1 : index + 2] == ("artifacts",):
            return "/".join((addresses[part].rstrip("/"), *claim.parts[index + 2 :]))
    report.collide("version", name, f"its files are of no run or model here: {redact(text)} stays")
    return value


def _addresses(target: sqlite3.Connection) -> dict[str, str]:
    """Return the artifact addresses of all runs and models of the target, by id."""
    query = "SELECT run_uuid, artifact_uri FROM runs UNION ALL "
    query += "SELECT model_id, artifact_location FROM logged_models"
    return {str(owner): str(address) for owner, address in target.execute(query)}


def _rows(connection: sqlite3.Connection, table: str) -> list[Row]:
    """Return the rows of a table in the order of its key."""
    names = columns(connection, table)
    listed = ", ".join(f'"{name}"' for name in names)
    order = [name for name in ("workspace", "name", "version", "alias", "key") if name in names]
    rows = connection.execute(f'SELECT {listed} FROM "{table}" ORDER BY {", ".join(order)}')
    return [dict(zip(names, row, strict=True)) for row in rows]


def _find(connection: sqlite3.Connection, table: str, row: Row, key: Sequence[str]) -> Row | None:
    """Return the row of a table with the same key."""
    names = columns(connection, table)
    listed = ", ".join(f'"{name}"' for name in names)
    where = " AND ".join(f'"{name}" = ?' for name in key)
    query = f'SELECT {listed} FROM "{table}" WHERE {where}'
    found = connection.execute(query, [row[name] for name in key]).fetchone()
    return None if found is None else dict(zip(names, found, strict=True))


def _insert(connection: sqlite3.Connection, table: str, row: Row) -> None:
    listed = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" for _ in row)
    connection.execute(f'INSERT INTO "{table}" ({listed}) VALUES ({marks})', list(row.values()))


def _number(row: Row) -> int:
    return int(str(row["version"]))
