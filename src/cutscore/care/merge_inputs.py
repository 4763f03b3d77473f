"""Writing experiments, data sets, and what joins them to runs, into the target."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import sha256

from cutscore.care.merge_plan import SourcePlan
from cutscore.care.merge_report import SourceReport
from cutscore.care.merge_source import Opened
from cutscore.care.merge_target import MergeTarget
from cutscore.care.rules import columns

IDS = "IN (SELECT value FROM json_each(?))"


def write_experiments(
    target: MergeTarget, source: Opened, plan: SourcePlan, report: SourceReport
) -> None:
    """Make experiments that are new, and give the others the tags that they lack."""
    names = columns(source.connection, "experiments")
    rows = source.connection.execute(f"SELECT {listed(names)} FROM experiments").fetchall()
    for row in rows:
        values = dict(zip(names, row, strict=True))
        entry = plan.experiments[values["experiment_id"]]
        if entry.new:
            values.update(
                experiment_id=entry.target_id, name=entry.name, artifact_location=entry.location
            )
            insert(target.connection, "experiments", names, [list(values.values())])
            report.experiments.append(entry.name)
        elif entry.moves:
            query = "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?"
            target.connection.execute(query, (entry.location, entry.target_id))
            report.collide("experiment", entry.name, f"empty: its files go to {entry.location} now")
    query = "SELECT experiment_id, key, value FROM experiment_tags ORDER BY 1, 2"
    for source_id, key, value in source.connection.execute(query).fetchall():
        entry = plan.experiments[source_id]
        query = "SELECT value FROM experiment_tags WHERE experiment_id = ? AND key = ?"
        found = target.connection.execute(query, (entry.target_id, key)).fetchone()
        if found is None:
            row = (key, value, entry.target_id)
            insert(target.connection, "experiment_tags", ("key", "value", "experiment_id"), [row])
        elif found[0] != value:
            report.collide("experiment tag", f"{entry.name}: {key}", "the target's value stays")


def write_datasets(
    target: MergeTarget, source: Opened, plan: SourcePlan, report: SourceReport
) -> dict[str, str]:
    """Write data sets that the target lacks, and return the target's id by the source's."""
    names = columns(source.connection, "datasets")
    query = f"SELECT {listed(names)} FROM datasets ORDER BY experiment_id, name, digest"
    known: dict[tuple[int, str, str], tuple[object, ...]] = {}
    rows = target.connection.execute(f"SELECT {listed(names)} FROM datasets")
    at = {name: index for index, name in enumerate(names)}
    for row in rows:
        known[row[at["experiment_id"]], row[at["name"]], row[at["digest"]]] = row
    taken = {str(row[at["dataset_uuid"]]) for row in known.values()}
    mapped: dict[str, str] = {}
    for row in source.connection.execute(query).fetchall():
        values = list(row)
        values[at["experiment_id"]] = plan.experiments[row[at["experiment_id"]]].target_id
        key = (values[at["experiment_id"]], row[at["name"]], row[at["digest"]])
        own = str(row[at["dataset_uuid"]])
        found = known.get(key)
        if found is None:
            mapped[own] = _free_id(own, taken, str(key))
            values[at["dataset_uuid"]] = mapped[own]
            insert(target.connection, "datasets", names, [values])
            known[key] = tuple(values)
            taken.add(mapped[own])
            report.datasets += 1
            continue
        mapped[own] = str(found[at["dataset_uuid"]])
        skipped = ("dataset_uuid", "experiment_id")
        unlike = [n for n in names if n not in skipped and found[at[n]] != values[at[n]]]
        if unlike:
            words = ", ".join(name.removeprefix("dataset_") for name in unlike)
            name = f"{row[at['name']]} ({row[at['digest']]})"
            report.collide("data set", name, f"another {words}: the target's stays")
    return mapped


def write_inputs(
    target: MergeTarget, source: Opened, plan: SourcePlan, datasets: dict[str, str]
) -> None:
    """Write what joins runs to data sets and models, with the tags of the joint."""
    run = "CASE source_type WHEN 'DATASET' THEN destination_id ELSE source_id END"
    updated = json.dumps(plan.ids("run", "update"))
    query = f"(SELECT input_uuid FROM inputs WHERE {run} {IDS})"
    target.connection.execute(f"DELETE FROM input_tags WHERE input_uuid IN {query}", (updated,))
    target.connection.execute(f"DELETE FROM inputs WHERE {run} {IDS}", (updated,))
    ids = json.dumps(plan.ids("run", "add", "update"))
    names = columns(source.connection, "inputs")
    at = {name: index for index, name in enumerate(names)}
    new_ids: dict[str, str] = {}
    rows = source.connection.execute(
        f"SELECT {listed(names)} FROM inputs WHERE {run} {IDS}", (ids,)
    )
    for row in rows.fetchall():
        values = list(row)
        own = str(row[at["input_uuid"]])
        query = "SELECT 1 FROM inputs WHERE input_uuid = ?"
        taken = {own} if target.connection.execute(query, (own,)).fetchone() else set()
        new_ids[own] = values[at["input_uuid"]] = _free_id(own, taken, str(row))
        if row[at["source_type"]] == "DATASET":
            values[at["source_id"]] = datasets.get(str(row[at["source_id"]]), row[at["source_id"]])
        insert(target.connection, "inputs", names, [values])
    query = f"SELECT input_uuid, name, value FROM input_tags WHERE input_uuid {IDS}"
    tags = source.connection.execute(query, (json.dumps(list(new_ids)),))
    rows_of_tags = ((new_ids[str(own)], name, value) for own, name, value in tags)
    insert(target.connection, "input_tags", ("input_uuid", "name", "value"), rows_of_tags)


def _free_id(own: str, taken: set[str], key: str) -> str:
    """Return an id, or one made from it if it is taken."""
    return own if own not in taken else sha256(f"{own}{key}".encode()).hexdigest()[:32]


def insert(
    target: sqlite3.Connection, table: str, names: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Insert rows of the named columns."""
    quoted = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" for _ in names)
    target.executemany(f'INSERT INTO "{table}" ({quoted}) VALUES ({marks})', rows)


def listed(names: Sequence[str]) -> str:
    """Return column names quoted for a query."""
    return ", ".join(f'"{name}"' for name in names)
