"""A store's contents read by SQL: some ten queries, however many runs there are."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from cutscore.care.contents import (
    ACTIVE,
    Contents,
    StoredExperiment,
    StoredModel,
    StoredRun,
    StoredVersion,
)
from cutscore.runs.registry import LAST_CHANGE

_MODEL_READY = 2  # LoggedModelStatus.READY as the database keeps it
_NAN = float("nan")
_OTHERS = {
    "traces": "trace_info",
    "assessments": "assessments",
    "scorers": "scorers",
    "evaluation data sets": "evaluation_datasets",
}


def read_contents(connection: sqlite3.Connection) -> Contents:
    """Read everything from a store of the schema that the installed MLflow has.

    All queries see one state when the connection is inside a transaction.
    """
    versions, dangling = _versions(connection)
    return Contents(
        experiments={e.experiment_id: e for e in _experiments(connection)},
        runs={run.run_id: run for run in _runs(connection)},
        models={model.model_id: model for model in _models(connection)},
        versions=versions,
        dangling_aliases=dangling,
        promoted=_promoted(connection),
        others={word: _count(connection, table) for word, table in _OTHERS.items()},
    )


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _experiments(connection: sqlite3.Connection) -> Iterable[StoredExperiment]:
    rows = connection.execute(
        "SELECT experiment_id, name, artifact_location, lifecycle_stage FROM experiments"
    )
    for key, name, location, stage in rows:
        yield StoredExperiment(str(key), str(name), location or "", stage != ACTIVE)


def _runs(connection: sqlite3.Connection) -> Iterable[StoredRun]:
    params = _by_run(connection.execute("SELECT run_uuid, key, value FROM params"))
    tags = _by_run(connection.execute("SELECT run_uuid, key, value FROM tags"))
    metrics: dict[str, dict[str, float]] = defaultdict(dict)
    for run, key, value, is_nan in connection.execute(
        "SELECT run_uuid, key, value, is_nan FROM latest_metrics"
    ):
        metrics[run][key] = _NAN if is_nan else value
    datasets, outputs = _links(connection)
    rows = connection.execute(
        "SELECT run_uuid, name, experiment_id, status, start_time, end_time, artifact_uri, "
        "lifecycle_stage FROM runs ORDER BY start_time, run_uuid"
    )
    for run, name, experiment, status, started, ended, uri, stage in rows:
        yield StoredRun(
            run_id=run,
            name=tags[run].get("mlflow.runName", name or ""),
            experiment_id=str(experiment),
            status=status or "",
            started=started,
            ended=ended,
            artifact_uri=uri or "",
            deleted=stage != ACTIVE,
            params=params[run],
            metrics=metrics[run],
            tags=tags[run],
            datasets=datasets[run],
            models=tuple(outputs[run]),
        )


def _by_run(rows: Iterable[tuple[str, str, str | None]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for run, key, value in rows:
        found[run][key] = value or ""
    return found


def _links(connection: sqlite3.Connection) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Return the number of data sets and the logged models of each run."""
    datasets: dict[str, int] = defaultdict(int)
    outputs: dict[str, list[str]] = defaultdict(list)
    rows = connection.execute(
        "SELECT source_type, source_id, destination_type, destination_id FROM inputs "
        "ORDER BY step, destination_id"
    )
    for source_type, source, destination_type, destination in rows:
        if source_type == "DATASET" and destination_type == "RUN":
            datasets[destination] += 1
        elif source_type == "RUN_OUTPUT" and destination_type == "MODEL_OUTPUT":
            outputs[source].append(destination)
    return datasets, outputs


def _models(connection: sqlite3.Connection) -> Iterable[StoredModel]:
    rows = connection.execute(
        "SELECT model_id, name, experiment_id, source_run_id, artifact_location, status, "
        "lifecycle_stage FROM logged_models"
    )
    for key, name, experiment, run, location, status, stage in rows:
        ready = status == _MODEL_READY
        yield StoredModel(key, name, str(experiment), run, location or "", ready, stage != ACTIVE)


def _promoted(connection: sqlite3.Connection) -> dict[str, str]:
    """Return what `cutscore promote` last noted of each alias."""
    rows = connection.execute(
        "SELECT name, key, value FROM registered_model_tags WHERE substr(key, 1, ?) = ?",
        [len(LAST_CHANGE), LAST_CHANGE],
    )
    return {f"{name}@{key.removeprefix(LAST_CHANGE)}": value or "" for name, key, value in rows}


def _versions(connection: sqlite3.Connection) -> tuple[tuple[StoredVersion, ...], tuple[str, ...]]:
    """Return the versions of the registry, and the aliases that name none."""
    aliases: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, version, alias in connection.execute(
        "SELECT name, version, alias FROM registered_model_aliases"
    ):
        aliases[name, str(version)].append(alias)
    rows = connection.execute(
        "SELECT name, version, run_id, source, storage_location FROM model_versions "
        "WHERE current_stage <> 'Deleted_Internal' ORDER BY name, version"
    )
    versions = tuple(
        StoredVersion(
            name,
            str(version),
            run or None,
            source or "",
            storage or "",
            tuple(aliases.pop((name, str(version)), ())),
        )
        for name, version, run, source, storage in rows
    )
    dangling = [f"{name}@{alias}" for (name, _), found in aliases.items() for alias in found]
    return versions, tuple(sorted(dangling))
