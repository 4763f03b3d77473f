"""Runs as columns: what the pages filter, sort, group and draw."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from cutscore.dashboard.sources import RunPlace
from cutscore.metrics.catalogue import describe, in_order, shown
from cutscore.metrics.metric_spec import MetricView
from cutscore.report.record_spec import COMPLETE_TAG, FOLDS_TAG, KIND_TAG, PARENT_TAG, PRUNED_TAG
from cutscore.runs.liveness import judge_life
from cutscore.runs.values import ArtifactFile, RunDetail, RunSummary

BASE = ("run_id", "name", "experiment", "state", "kind", "parent", "started", "seconds")
LABELS = ("feature_strategy", "sampling_method", "model", "validation")
"""Tags that are shown unless other columns are asked for."""

VARIED = (*LABELS, "cost", "threshold_objective")
"""Tags that a sweep can vary."""

_NAME_TAG = "mlflow.runName"
_TABLES = {"params": "params", "tags": "tags", "metrics": "latest_metrics"}
_VALUES = {
    "params": "value",
    "tags": "value",
    "metrics": "CASE WHEN is_nan THEN NULL ELSE value END",
}
_ACTIVE = "r.lifecycle_stage = 'active' AND e.lifecycle_stage = 'active'"
_NEWEST = f"""
SELECT r.run_uuid, coalesce(n.value, r.name, ''), e.name, r.status, k.value, p.value,
    r.start_time, r.end_time, c.value IS NOT NULL, d.value IS NOT NULL
FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id
LEFT JOIN tags n ON n.key = '{_NAME_TAG}' AND n.run_uuid = r.run_uuid
LEFT JOIN tags k ON k.key = '{KIND_TAG}' AND k.run_uuid = r.run_uuid
LEFT JOIN tags p ON p.key = '{PARENT_TAG}' AND p.run_uuid = r.run_uuid
LEFT JOIN tags c ON c.key = '{COMPLETE_TAG}' AND c.run_uuid = r.run_uuid
LEFT JOIN tags d ON d.key = '{PRUNED_TAG}' AND d.run_uuid = r.run_uuid
WHERE {_ACTIVE}
"""
_NO_LOOP = """
WITH RECURSIVE found(key) AS (
    SELECT min(key) FROM {table}
    UNION ALL
    SELECT (SELECT min(key) FROM {table} t WHERE t.key > found.key)
    FROM found WHERE found.key IS NOT NULL)
SELECT key FROM found WHERE key IS NOT NULL
"""
"""Distinct keys, each by one step into the index."""


class RunRow(NamedTuple):
    """One run as all views know it; times in milliseconds since 1970."""

    run_id: str
    name: str
    experiment: str
    state: str
    kind: str
    parent: str | None
    started: int | None
    seconds: float | None


def run_rows(connection: sqlite3.Connection, *run_ids: str) -> list[RunRow]:
    """Return all runs that are not deleted, the newest first, or those of some ids."""
    which = f" AND r.run_uuid IN ({_marks(run_ids)})" if run_ids else ""
    query = f"{_NEWEST}{which} ORDER BY r.start_time DESC, r.run_uuid"
    made = []
    for run, name, experiment, status, kind, parent, started, ended, whole, pruned in (
        connection.execute(query, run_ids)
    ):  # fmt: skip
        state = _state(connection, run, status or "", bool(whole), bool(pruned))
        over = None if ended is None or started is None or status == "RUNNING" else ended - started
        seconds = None if over is None else over / 1000
        made.append(RunRow(run, name, experiment, state, kind or "", parent, started, seconds))
    return made


def column(connection: sqlite3.Connection, name: str, runs: Sequence[str]) -> list[Any]:
    """Return the values of `params.KEY`, `tags.KEY` or `metrics.KEY` in the order of `runs`.

    None where a run has none, or it is no number.

    Raises
    ------
    KeyError
        If the name does not begin so.
    """
    family, _, key = name.partition(".")
    table = _TABLES[family]
    query = f"SELECT run_uuid, {_VALUES[family]} FROM {table} WHERE key = ?"
    found = dict(connection.execute(query, [key]).fetchall())
    return [found.get(run) for run in runs]


def keys(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Return the names of params, tags and metrics; of stepped ones the last is no figure."""
    found = {
        family: [str(key) for (key,) in connection.execute(_NO_LOOP.format(table=table))]
        for family, table in _TABLES.items()
    }
    found["metrics"] = in_order(k for k in found["metrics"] if not describe(k).stepped)
    found["tags"] = [key for key in found["tags"] if not key.startswith("mlflow.")]
    return found


def described(metrics: Iterable[str]) -> dict[str, dict[str, str | None]]:
    """Return how each metric is called, which way is better, and its format and spread."""
    specs = {name: describe(name) for name in metrics}
    return {
        name: {"label": s.label, "heading": s.column, "better": s.better, "form": s.form,
               "spread": s.spread}
        for name, s in specs.items()
    }  # fmt: skip


def usual_columns(known: dict[str, list[str]]) -> list[str]:
    """Return the columns that a table of runs has unless others are asked for."""
    listed = [spec.name for spec in shown(MetricView.LIST | MetricView.BOARD)]
    metrics = [name for name in listed if name in known["metrics"]] or known["metrics"][:4]
    tags = [name for name in LABELS if name in known["tags"]]
    return [*(f"tags.{name}" for name in tags), *(f"metrics.{name}" for name in metrics)]


def packed(values: Sequence[Any]) -> dict[str, Any]:
    """Return a column for JSON: numbers as they are, texts as places in a list of distinct ones."""
    if all(value is None or isinstance(value, (int, float)) for value in values):
        return {"numbers": list(values)}
    places: dict[str, int] = {}
    texts = [None if value is None else str(value) for value in values]
    codes = [-1 if text is None else places.setdefault(text, len(places)) for text in texts]
    return {"texts": list(places), "codes": codes}


def table(connection: sqlite3.Connection, wanted: Sequence[str]) -> dict[str, Any]:
    """Return all runs with the wanted columns (the usual ones if there is none), for JSON."""
    known = keys(connection)
    rows = run_rows(connection)
    ids = [row.run_id for row in rows]
    base = {name: [row[at] for row in rows] for at, name in enumerate(BASE)}
    usual = usual_columns(known)
    spreads = [describe(n.removeprefix("metrics.")).spread for n in (*usual, *wanted)]
    asked = dict.fromkeys((*usual, *wanted, *(f"metrics.{n}" for n in spreads if n)))
    made = {name: packed(values) for name, values in base.items()}
    made |= {
        name: packed(column(connection, name, ids))
        for name in asked
        if name.partition(".")[0] in _TABLES
    }
    return {
        "rows": len(rows),
        "columns": made,
        "keys": known,
        "usual": usual,
        "metrics": described(known["metrics"]),
        "folds": _folds_done(connection, rows),
    }


def varying(connection: sqlite3.Connection, where: str, value: str) -> dict[str, int]:
    """Return the labels and params of which some runs have several values, with how many.

    `where` is `experiment` or `parent`, `value` the experiment's name or the run that they belong
    to. Names begin with `tags.` or `params.`.
    """
    which = "e.name = ?"
    if where == "parent":
        which = (
            f"r.run_uuid IN (SELECT run_uuid FROM tags WHERE key = '{PARENT_TAG}' AND value = ?)"
        )
    found: dict[str, int] = {}
    for family, only in (("tags", f" AND key IN ({_marks(VARIED)})"), ("params", "")):
        query = f"""
            SELECT key, count(DISTINCT value) FROM {family} WHERE run_uuid IN (
                SELECT r.run_uuid FROM runs r JOIN experiments e USING (experiment_id)
                WHERE {_ACTIVE} AND {which}){only}
            GROUP BY key HAVING count(DISTINCT value) > 1"""
        rows = connection.execute(query, [value, *(VARIED if only else ())]).fetchall()
        found |= {f"{family}.{key}": int(count) for key, count in rows}
    return {name: n for name, n in found.items() if not name.startswith("params.tracking.")}


def place_of(connection: sqlite3.Connection, run: str) -> RunPlace:
    """Return where a run's files are said to be: nowhere where there is no such run."""
    row = connection.execute("SELECT artifact_uri FROM runs WHERE run_uuid = ?", [run]).fetchone()
    return RunPlace(run, row[0] if row and row[0] else "")


def detail(connection: sqlite3.Connection, row: RunRow, files: Sequence[str]) -> RunDetail:
    """Return all that is known of a run besides the values of its folds."""
    pairs = {
        family: dict(
            connection.execute(
                f"SELECT key, {_VALUES[family]} FROM {table} WHERE run_uuid = ? ORDER BY key",
                [row.run_id],
            ).fetchall()
        )
        for family, table in _TABLES.items()
    }
    figures = {key: figure for key, figure in pairs["metrics"].items() if figure is not None}
    summary = RunSummary(
        run_id=row.run_id,
        name=row.name,
        experiment=row.experiment,
        status=row.state,
        complete=row.state == "complete",
        started=str(row.started or ""),
        seconds=row.seconds,
        parent_id=row.parent,
        metrics={k: v for k, v in figures.items() if not describe(k).stepped},
        tags={key: value or "" for key, value in pairs["tags"].items()},
    )
    artifacts = tuple(ArtifactFile(name, 0) for name in files)
    return RunDetail(summary, pairs["params"], {}, artifacts, (), (), "")


def history(connection: sqlite3.Connection, run: str, metric: str) -> list[list[float]]:
    """Return the steps and values of a metric, in order of steps."""
    query = "SELECT step, value FROM metrics WHERE key = ? AND run_uuid = ? AND NOT is_nan"
    return [list(row) for row in sorted(connection.execute(query, [metric, run]).fetchall())]


def _state(connection: sqlite3.Connection, run: str, status: str, whole: bool, pruned: bool) -> str:
    """Return in a word how a run stands."""
    if status == "RUNNING":
        tags = dict(connection.execute("SELECT key, value FROM tags WHERE run_uuid = ?", [run]))
        return "dead" if judge_life(tags).dead else "running"
    if pruned:
        return "pruned"
    return {"FINISHED": "complete" if whole else "finished"}.get(status, status.lower())


def _folds_done(connection: sqlite3.Connection, rows: Sequence[RunRow]) -> dict[str, str]:
    """Return how many folds of how many are done, of each open run that says so."""
    query = f"SELECT run_uuid, value FROM tags WHERE key = '{FOLDS_TAG}'"
    running = {row.run_id for row in rows if row.state == "running"}
    told = connection.execute(query).fetchall() if running else []
    return {run: text for run, text in told if run in running}


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
