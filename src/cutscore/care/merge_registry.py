"""The registry's part of a merge: models by name, versions, tags and aliases.

A version that both have is one, in its later state; another of a number that is taken gets the
next free one. An alias that points elsewhere in the target is kept there, and the source's is
written as `<alias>-from-<source>`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping

from cutscore.care.merge_report import SourceReport
from cutscore.care.merge_source import Opened
from cutscore.care.merge_tables import Maps, Names, Row, insert_row, merge_table, read_rows, settle
from cutscore.care.merge_target import MergeTarget
from cutscore.care.paths import Unusable, take_apart
from cutscore.report.redact import redact

Numbers = dict[tuple[str, int], int]
VERSION_IDENTITY = ("workspace", "creation_time", "run_id")
"""What two versions of one model must share to be the same, besides where their files are."""

_BY_NUMBER = re.compile(r"models:/(?P<name>[^/@]+)/(?P<version>\d+)")


def merge_registry(
    target: MergeTarget, source: Opened, maps: Maps, names: Names, report: SourceReport
) -> None:
    """Write a source's registered models; the target's version numbers are noted in `maps`."""
    here, there = target.connection, source.connection
    merge_table(here, there, "registered_models", maps, names, report)
    merge_table(here, there, "registered_model_tags", maps, names, report)
    maps["version"] = _write_versions(target, source, report)
    merge_table(here, there, "model_version_tags", maps, names, report)
    _write_aliases(here, source, maps["version"], report)


def _write_versions(target: MergeTarget, source: Opened, report: SourceReport) -> Numbers:
    """Write versions under their own or a free number, and return the numbers they have now."""
    numbers: Numbers = {}
    offered = read_rows(source.connection, "model_versions")
    if not offered:
        return numbers
    connection = target.connection
    if not target.versions:
        for row in read_rows(connection, "model_versions"):
            target.versions.setdefault(row["name"], {})[row["version"]] = (_identity(row), row)
    addresses = _addresses(connection)
    for version in offered:
        name, number = str(version["name"]), int(version["version"])
        there, identity = target.versions.setdefault(name, {}), _identity(version)
        same = [other for other, (theirs, _) in there.items() if theirs == identity]
        if same:
            numbers[name, number] = same[0]
            found, label = there[same[0]][1], f"{name} {same[0]}"
            settle(connection, "model_versions", found, version, label, report)
            continue
        new = number
        if number in there:
            used = [row["version"] for row in offered if row["name"] == name]
            new = max([*there, *used]) + 1
            report.collide("version", f"{name} {number}", f"the number is taken: becomes {new}")
        numbers[name, number] = new
        moved = {**version, "version": new}
        there[new] = (identity, moved)
        for column in ("source", "storage_location"):
            moved[column] = _moved(version[column], addresses, numbers, name, report)
        insert_row(connection, "model_versions", moved)
        report.add("model_versions", name)
    return numbers


def _write_aliases(
    target: sqlite3.Connection, source: Opened, numbers: Numbers, report: SourceReport
) -> None:
    """Write aliases; one that the target uses for another version gets the source's name."""
    offered = read_rows(source.connection, "registered_model_aliases")
    known = {
        (row["workspace"], row["name"], row["alias"]): row["version"]
        for row in (read_rows(target, "registered_model_aliases") if offered else ())
    }
    for alias in offered:
        name, word = str(alias["name"]), str(alias["alias"])
        wanted = numbers.get((name, int(alias["version"])), alias["version"])
        attempt, tried = word, 0
        while known.get((alias["workspace"], name, attempt), wanted) != wanted:
            tried += 1
            attempt = f"{word}-from-{source.name}" + (f"-{tried}" if tried > 1 else "")
        if (alias["workspace"], name, attempt) not in known:
            entry = {**alias, "alias": attempt, "version": wanted}
            insert_row(target, "registered_model_aliases", entry)
        if attempt != word:
            policy = f"the target's stays; the source's version {wanted} is {attempt}"
            report.collide("alias", f"{name} {word}", policy)


def version_label(version: Row) -> str:
    """Return what a version is called where numbers may differ."""
    return f"made at {version['creation_time']} from run {version['run_id']}"


def _identity(version: Row) -> tuple[object, ...]:
    """Return what makes a version the same in two stores: time, run, and where in it."""
    text = str(version["storage_location"] or version["source"] or "")
    run = str(version["run_id"] or "")
    claim = take_apart(text)
    parts = () if isinstance(claim, Unusable) else claim.parts
    owners = [i for i, part in enumerate(parts) if part == run or part.startswith("m-")]
    place = "/".join(parts[owners[-1] :]) if owners else text.rpartition("/")[2]
    return (*(version[name] for name in VERSION_IDENTITY), place)


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
