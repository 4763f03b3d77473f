"""Writing a source's rows into the target, within the transaction that the caller holds.

Nothing is written where nothing changes, so that a second merge of the same source is seen to do
nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from cutscore.care.merge_inputs import insert, write_experiments, write_inputs
from cutscore.care.merge_plan import SourcePlan
from cutscore.care.merge_registry import merge_registry
from cutscore.care.merge_report import SourceReport
from cutscore.care.merge_source import Opened
from cutscore.care.merge_tables import Maps, merge_table
from cutscore.care.merge_target import MergeTarget
from cutscore.care.rules import (
    ADDRESS_TAG,
    IDS,
    RULES,
    UNITS,
    VERSIONS_TAG,
    Kind,
    columns,
    listed,
    tables_of,
)

_OF_TRACES_AND_SCORERS = (
    "issues",
    "assessments",
    "scorers",
    "scorer_versions",
    "online_scoring_configs",
    "evaluation_datasets",
    "evaluation_dataset_records",
    "evaluation_dataset_tags",
    "entity_associations",
)


def write_source(
    target: MergeTarget, source: Opened, plan: SourcePlan, report: SourceReport, *, whole: bool
) -> None:
    """Write all that a source adds to the target.

    Unless `whole`, what hangs on runs and models is left away: their plan is tried, no more.

    Raises
    ------
    sqlite3.Error
        If the database refuses; the transaction must then be rolled back.
    """
    here, there = target.connection, source.connection
    write_experiments(target, source, plan, report)
    entries = plan.experiments.values()
    maps: Maps = {"experiment": {entry.source_id: entry.target_id for entry in entries}}
    names = {entry.target_id: entry.name for entry in entries}
    for table in ("experiment_tags", "datasets"):
        merge_table(here, there, table, maps, names, report)
    datasets = maps.get("dataset", {})
    for kind in UNITS:
        _write_units(target, source, plan, datasets, kind, whole)
    if whole:
        write_inputs(target, source, plan, datasets)
    merge_registry(target, source, maps, names, report)
    _renumber_tags(target, plan, maps)
    for table in _OF_TRACES_AND_SCORERS:
        merge_table(here, there, table, maps, names, report)
    _forget_rollups(target, source, plan, report)
    for unit in plan.units:
        if unit.action in ("add", "update"):
            holding = source.holdings[unit.kind][unit.id]
            target.coming[unit.kind, unit.id] = (holding, unit.files)
            report.files += len(holding.files) if unit.files is not None else 0
            report.bytes += holding.size if unit.files is not None else 0
            report.remote += holding.remote
    _count_left_out(source, report)


def _write_units(
    target: MergeTarget,
    source: Opened,
    plan: SourcePlan,
    datasets: dict[str, str],
    kind: Kind,
    whole: bool,
) -> None:
    """Write the rows of the runs, models or traces that are added or updated, table by table."""
    added, updated = plan.ids(kind, "add"), plan.ids(kind, "update")
    if not added and not updated:
        return
    unit = UNITS[kind]
    ids = json.dumps([*added, *updated])
    addresses = {one.id: one.address for one in plan.units if one.kind == kind}
    for table in tables_of(unit.tables):
        is_parent = table == unit.table
        if not whole and not is_parent:
            continue
        rule = RULES[table]
        names = columns(source.connection, table)
        if updated and not is_parent:
            query = f'DELETE FROM "{table}" WHERE "{rule.owner}" {IDS}'
            target.connection.execute(query, (json.dumps(updated),))
        query = f'SELECT {listed(names)} FROM "{table}" WHERE "{rule.owner}" {IDS}'
        rows = source.connection.execute(query, (ids,))
        translated = _translated(rows, table, names, plan, datasets, addresses)
        if is_parent:
            _upsert(target.connection, table, names, translated, rule.owner)
        else:
            insert(target.connection, table, names, translated)
    for one in plan.units:  # they stay in the experiment that the target has them in
        if one.kind == kind and one.action == "update":
            query = f'UPDATE "{unit.table}" SET experiment_id = ? WHERE "{unit.id}" = ?'
            target.connection.execute(query, (one.experiment_id, one.id))


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
    tag = rule.apart if rule.apart[1] == ADDRESS_TAG else None
    if not mapped and tag is None:
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
        if tag is not None and values[names.index(tag[0])] == tag[1]:
            values[names.index("value")] = addresses[str(values[owner])]
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
    query = f'INSERT INTO "{table}" ({listed(names)}) VALUES ({marks}) '
    target.executemany(f'{query} ON CONFLICT ("{key}") DO UPDATE SET {changes}', rows)


def _renumber_tags(target: MergeTarget, plan: SourcePlan, maps: Maps) -> None:
    """Let the tags of added models name registered versions by their numbers in the target."""
    ids = json.dumps(plan.ids("model", "add", "update"))
    query = "SELECT model_id, tag_value FROM logged_model_tags WHERE tag_key = ? AND model_id"
    rows = target.connection.execute(f"{query} {IDS}", (VERSIONS_TAG, ids)).fetchall()
    for model_id, text in rows:
        renumbered = False
        try:
            entries = json.loads(text)
            for entry in entries:
                number = int(entry["version"])
                new = maps["version"].get((entry["name"], number), number)
                if new != number:
                    entry["version"] = type(entry["version"])(new)
                    renumbered = True
        except (ValueError, TypeError, KeyError):
            continue  # another program's tag of this name
        if renumbered:
            update = "UPDATE logged_model_tags SET tag_value = ? WHERE model_id = ? AND tag_key = ?"
            target.connection.execute(update, (json.dumps(entries), model_id, VERSIONS_TAG))


def _forget_rollups(
    target: MergeTarget, source: Opened, plan: SourcePlan, report: SourceReport
) -> None:
    """Delete sums over days in which there are more traces now: MLflow makes them anew."""
    grown = {u.experiment_id for u in plan.units if u.kind == "trace" and u.action != "skip"}
    if "assessments" in report.rows:
        rows = source.connection.execute("SELECT DISTINCT experiment_id FROM assessments")
        grown |= {plan.experiments[one].target_id for (one,) in rows if one in plan.experiments}
    for table in tables_of("derived") if grown else ():
        query = f'DELETE FROM "{table}" WHERE experiment_id {IDS}'
        target.connection.execute(query, (json.dumps(sorted(grown)),))


def _count_left_out(source: Opened, report: SourceReport) -> None:
    """Count rows that are not taken over: of deleted runs or models, and of a running server."""
    for table in tables_of("transient"):
        (count,) = source.connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
        report.leave(table, count)
    for unit in UNITS.values():
        for table in tables_of(unit.tables):
            query = f'SELECT count(*) FROM "{table}" WHERE "{RULES[table].owner}" NOT IN '
            query += f"(SELECT {unit.id} FROM {unit.table})"
            (count,) = source.connection.execute(query).fetchone()
            report.leave(table, count)
