"""Writing experiments, and what joins runs to data sets and models, into the target."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from cutscore.care.merge_experiments import has_runs
from cutscore.care.merge_plan import SourcePlan
from cutscore.care.merge_report import SourceReport
from cutscore.care.merge_source import Opened
from cutscore.care.merge_tables import insert_row, made_id, read_rows, settle
from cutscore.care.merge_target import MergeTarget
from cutscore.care.rules import IDS, columns, listed


def write_experiments(
    target: MergeTarget, source: Opened, plan: SourcePlan, report: SourceReport
) -> None:
    """Make experiments that are new, and say what is to say of the others."""
    there = {row["experiment_id"]: row for row in read_rows(target.connection, "experiments")}
    added = Counter(unit.experiment_id for unit in plan.units if unit.action == "add")
    known = {unit.experiment_id for unit in plan.units if unit.action != "add"}
    for row in read_rows(source.connection, "experiments"):
        entry = plan.experiments[row["experiment_id"]]
        if entry.new:
            row |= {
                "experiment_id": entry.target_id,
                "name": entry.name,
                "artifact_location": entry.location,
            }
            insert_row(target.connection, "experiments", row)
            report.experiments.append(entry.name)
            continue
        if entry.moves:
            query = "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?"
            target.connection.execute(query, (entry.location, entry.target_id))
            report.collide("experiment", entry.name, f"empty: its files go to {entry.location} now")
        found = there[entry.target_id]
        number = added[entry.target_id]
        # A name alone does not say that two experiments are one: runs that both have do.
        if number and entry.target_id not in known and has_runs(target.connection, entry.target_id):
            policy = f"the target has one of this name: {number:,} runs and the like join it"
            report.collide("experiment", entry.name, policy)
        # What the states of deletion mean for each other was said when it was planned.
        settle(
            target.connection, "experiments", found, row, entry.name, report, ["lifecycle_stage"]
        )


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
        is_taken = target.connection.execute(query, (own,)).fetchone() is not None
        new_ids[own] = values[at["input_uuid"]] = made_id(own, str(row)) if is_taken else own
        if row[at["source_type"]] == "DATASET":
            values[at["source_id"]] = datasets.get(str(row[at["source_id"]]), row[at["source_id"]])
        insert(target.connection, "inputs", names, [values])
    query = f"SELECT input_uuid, name, value FROM input_tags WHERE input_uuid {IDS}"
    tags = source.connection.execute(query, (json.dumps(list(new_ids)),))
    rows_of_tags = ((new_ids[str(own)], name, value) for own, name, value in tags)
    insert(target.connection, "input_tags", ("input_uuid", "name", "value"), rows_of_tags)


def insert(
    target: sqlite3.Connection, table: str, names: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Insert rows of the named columns."""
    marks = ", ".join("?" for _ in names)
    target.executemany(f'INSERT INTO "{table}" ({listed(names)}) VALUES ({marks})', rows)
