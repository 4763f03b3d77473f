"""Writing a source's rows into the target, within the transaction that the caller holds.

Nothing is written where nothing changes, so that a second merge of the same source is seen to do
nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from cutscore.care.content import VERSIONS_TAG
from cutscore.care.merge_inputs import (
    IDS,
    insert,
    listed,
    write_datasets,
    write_experiments,
    write_inputs,
)
from cutscore.care.merge_plan import SourcePlan
from cutscore.care.merge_registry import merge_registry
from cutscore.care.merge_report import SourceReport
from cutscore.care.merge_source import Kind, Opened
from cutscore.care.merge_target import MergeTarget
from cutscore.care.rules import RULES, How, columns, tables_of

_PARENTS = {"runs", "logged_models"}


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
    write_experiments(target, source, plan, report)
    datasets = write_datasets(target, source, plan, report)
    for kind, how in (("model", "of models"), ("run", "of runs")):
        _write_units(target, source, plan, datasets, kind, how, whole)  # type: ignore[arg-type]
    if whole:
        write_inputs(target, source, plan, datasets)
    renumbered = merge_registry(target, source, report)
    _renumber_tags(target, plan, renumbered)
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
            query = f'DELETE FROM "{table}" WHERE "{rule.owner}" {IDS}'
            target.connection.execute(query, (json.dumps(updated),))
        query = f'SELECT {listed(names)} FROM "{table}" WHERE "{rule.owner}" {IDS}'
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
    query = f'INSERT INTO "{table}" ({listed(names)}) VALUES ({marks}) '
    target.executemany(f'{query} ON CONFLICT ("{key}") DO UPDATE SET {changes}', rows)


def _renumber_tags(
    target: MergeTarget, plan: SourcePlan, renumbered: dict[tuple[str, int], int]
) -> None:
    """Let the tags of added models name registered versions by their numbers in the target."""
    ids = json.dumps(plan.ids("model", "add", "update"))
    query = "SELECT model_id, tag_value FROM logged_model_tags WHERE tag_key = ? AND model_id"
    rows = target.connection.execute(f"{query} {IDS}", (VERSIONS_TAG, ids)).fetchall()
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
