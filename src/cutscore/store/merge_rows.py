"""Writing a source's rows into the target, within the transaction that the caller holds.

Nothing is written where nothing changes, so that a second merge of the same source is seen to do
nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from cutscore.store.content import VERSIONS_TAG
from cutscore.store.merge_plan import SourcePlan, Target
from cutscore.store.merge_registry import merge_registry
from cutscore.store.merge_report import SourceReport
from cutscore.store.merge_source import Kind, Opened
from cutscore.store.rules import RULES, How, columns, tables_of

_PARENTS = {"runs", "logged_models"}
_IDS = "IN (SELECT value FROM json_each(?))"


def write_source(
    target: Target, source: Opened, plan: SourcePlan, report: SourceReport, *, whole: bool
) -> None:
    """Write all that a source adds to the target.

    Unless `whole`, what hangs on runs and models is left away: their plan is tried, no more.

    Raises
    ------
    sqlite3.Error
        If the database refuses; the transaction must then be rolled back.
    """
    _write_experiments(target, source, plan, report)
    datasets = _write_datasets(target, source, plan, report)
    for kind, how in (("model", "of models"), ("run", "of runs")):
        _write_units(target, source, plan, datasets, kind, how, whole)  # type: ignore[arg-type]
    if whole:
        _write_inputs(target, source, plan, datasets)
    renumbered = merge_registry(target, source, report)
    _renumber_tags(target, plan, renumbered)
    for unit in plan.units:
        if unit.action in ("add", "update"):
            holding = source.holdings[unit.kind][unit.id]
            target.coming[unit.kind, unit.id] = (holding, unit.files)
            report.files += len(holding.files) if unit.files is not None else 0
            report.bytes += holding.size if unit.files is not None else 0
            is_remote = holding.unusable is not None and holding.unusable.why == "remote"
            report.remote += is_remote
    _count_left_out(source, report)


def insert(
    target: sqlite3.Connection, table: str, names: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Insert rows of the named columns."""
    quoted = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" for _ in names)
    target.executemany(f'INSERT INTO "{table}" ({quoted}) VALUES ({marks})', rows)


def _write_experiments(
    target: Target, source: Opened, plan: SourcePlan, report: SourceReport
) -> None:
    """Make experiments that are new, and give the others the tags that they lack."""
    names = columns(source.connection, "experiments")
    rows = source.connection.execute(f"SELECT {_listed(names)} FROM experiments").fetchall()
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


def _write_datasets(
    target: Target, source: Opened, plan: SourcePlan, report: SourceReport
) -> dict[str, str]:
    """Write data sets that the target lacks, and return the target's id by the source's."""
    names = columns(source.connection, "datasets")
    query = f"SELECT {_listed(names)} FROM datasets ORDER BY experiment_id, name, digest"
    known: dict[tuple[int, str, str], tuple[object, ...]] = {}
    rows = target.connection.execute(f"SELECT {_listed(names)} FROM datasets")
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


def _free_id(own: str, taken: set[str], key: str) -> str:
    """Return an id, or one made from it if it is taken."""
    return own if own not in taken else sha256(f"{own}{key}".encode()).hexdigest()[:32]


def _write_units(
    target: Target,
    source: Opened,
    plan: SourcePlan,
    datasets: dict[str, str],
    kind: Kind,
    how: How,
    whole: bool,
) -> None:
    """Write the rows of the runs or models that are added or updated, table by table."""
    added, updated = plan.ids(kind, "add"), plan.ids(kind, "update")
    if not added and not updated:
        return
    ids = json.dumps([*added, *updated])
    addresses = {unit.id: unit.address for unit in plan.units if unit.kind == kind}
    for table in tables_of(how):
        if not whole and table not in _PARENTS:
            continue
        rule = RULES[table]
        names = columns(source.connection, table)
        if updated and table not in _PARENTS:
            query = f'DELETE FROM "{table}" WHERE "{rule.owner}" {_IDS}'
            target.connection.execute(query, (json.dumps(updated),))
        query = f'SELECT {_listed(names)} FROM "{table}" WHERE "{rule.owner}" {_IDS}'
        rows = source.connection.execute(query, (ids,))
        translated = _translated(rows, table, names, plan, datasets, addresses)
        if table in _PARENTS:
            _upsert(target.connection, table, names, translated, rule.owner)
        else:
            insert(target.connection, table, names, translated)
    if updated:  # they stay in the experiment that the target has them in
        table = "runs" if kind == "run" else "logged_models"
        for unit in plan.units:
            if unit.kind == kind and unit.action == "update":
                query = f'UPDATE "{table}" SET experiment_id = ? WHERE "{RULES[table].owner}" = ?'
                target.connection.execute(query, (unit.experiment_id, unit.id))


def _translated(
    rows: Iterable[tuple[object, ...]],
    table: str,
    names: Sequence[str],
    plan: SourcePlan,
    datasets: dict[str, str],
    addresses: dict[str, str],
) -> Iterator[Sequence[object]]:
    """Yield rows with the target's experiments, data sets and addresses in them."""
    rule = RULES[table]
    owner = names.index(rule.owner)
    mapped = [(names.index(name), what) for name, what in rule.mapped.items()]
    if not mapped:
        yield from rows
        return
    for row in rows:
        values = list(row)
        for index, what in mapped:
            value = values[index]
            if what == "experiment" and isinstance(value, int):
                values[index] = plan.experiments[value].target_id
            elif what == "dataset" and value is not None:
                values[index] = datasets.get(str(value), value)
            elif what == "address":
                values[index] = addresses[str(values[owner])]
        yield values


def _upsert(
    target: sqlite3.Connection,
    table: str,
    names: Sequence[str],
    rows: Iterable[Sequence[object]],
    key: str,
) -> None:
    """Insert rows, or bring those that are there up to date without deleting what hangs on them."""
    marks = ", ".join("?" for _ in names)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name != key)
    query = f'INSERT INTO "{table}" ({_listed(names)}) VALUES ({marks}) '
    target.executemany(f'{query} ON CONFLICT ("{key}") DO UPDATE SET {changes}', rows)


def _write_inputs(
    target: Target, source: Opened, plan: SourcePlan, datasets: dict[str, str]
) -> None:
    """Write what joins runs to data sets and models, with the tags of the joint."""
    run = "CASE source_type WHEN 'DATASET' THEN destination_id ELSE source_id END"
    updated = json.dumps(plan.ids("run", "update"))
    query = f"(SELECT input_uuid FROM inputs WHERE {run} {_IDS})"
    target.connection.execute(f"DELETE FROM input_tags WHERE input_uuid IN {query}", (updated,))
    target.connection.execute(f"DELETE FROM inputs WHERE {run} {_IDS}", (updated,))
    ids = json.dumps(plan.ids("run", "add", "update"))
    names = columns(source.connection, "inputs")
    at = {name: index for index, name in enumerate(names)}
    new_ids: dict[str, str] = {}
    rows = source.connection.execute(
        f"SELECT {_listed(names)} FROM inputs WHERE {run} {_IDS}", (ids,)
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
    query = f"SELECT input_uuid, name, value FROM input_tags WHERE input_uuid {_IDS}"
    tags = source.connection.execute(query, (json.dumps(list(new_ids)),))
    rows_of_tags = ((new_ids[str(own)], name, value) for own, name, value in tags)
    insert(target.connection, "input_tags", ("input_uuid", "name", "value"), rows_of_tags)


def _renumber_tags(
    target: Target, plan: SourcePlan, renumbered: dict[tuple[str, int], int]
) -> None:
    """Let the tags of added models name registered versions by their numbers in the target."""
    ids = json.dumps(plan.ids("model", "add", "update"))
    query = "SELECT model_id, tag_value FROM logged_model_tags WHERE tag_key = ? AND model_id"
    rows = target.connection.execute(f"{query} {_IDS}", (VERSIONS_TAG, ids)).fetchall()
    for model_id, text in rows:
        try:
            entries = json.loads(text)
            for entry in entries:
                number = (entry["name"], int(entry["version"]))
                entry["version"] = renumbered.get(number, number[1])
        except (ValueError, TypeError, KeyError):
            continue  # another program's tag of this name
        if entries == json.loads(text):
            continue
        update = "UPDATE logged_model_tags SET tag_value = ? WHERE model_id = ? AND tag_key = ?"
        target.connection.execute(update, (json.dumps(entries), model_id, VERSIONS_TAG))


def _count_left_out(source: Opened, report: SourceReport) -> None:
    """Count rows that are not taken over: of deleted runs or models, and of a running server."""
    parents = {"of runs": ("runs", "run_uuid"), "of models": ("logged_models", "model_id")}
    for table, rule in RULES.items():
        if rule.how == "transient":
            query = f'SELECT count(*) FROM "{table}"'
        elif rule.how in parents and table not in _PARENTS:
            parent, key = parents[rule.how]
            query = f'SELECT count(*) FROM "{table}" WHERE "{rule.owner}" NOT IN '
            query += f"(SELECT {key} FROM {parent})"
        else:
            continue
        (count,) = source.connection.execute(query).fetchone()
        if count:
            report.left_out[table] = int(count)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
