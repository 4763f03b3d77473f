"""What a run or a logged model holds, as one digest per field.

Absolute paths, experiment ids and ids of data sets are left out: they may differ between stores
that hold the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import groupby
from operator import itemgetter

Content = dict[str, str]
"""Digest by field; a field without rows is ''."""

VERSIONS_TAG = "mlflow.modelVersions"
"""Tag of a logged model that names registered versions by number; numbers may change in a merge."""

_IDS = "IN (SELECT value FROM json_each(?))"

RUN_FIELDS = {
    "run": (
        "SELECT run_uuid, name, source_type, source_name, entry_point_name, user_id, status, "
        f"start_time, end_time, source_version FROM runs WHERE run_uuid {_IDS} ORDER BY 1"
    ),
    "lifecycle": (
        f"SELECT run_uuid, lifecycle_stage, deleted_time FROM runs WHERE run_uuid {_IDS} ORDER BY 1"
    ),
    "params": f"SELECT run_uuid, key, value FROM params WHERE run_uuid {_IDS} ORDER BY 1, 2",
    "tags": f"SELECT run_uuid, key, value FROM tags WHERE run_uuid {_IDS} ORDER BY 1, 2",
    "metrics": (
        "SELECT run_uuid, key, timestamp, step, value, is_nan FROM metrics "
        f"WHERE run_uuid {_IDS} ORDER BY 1, 2, 3, 4, 5, 6"
    ),
    "latest metrics": (
        "SELECT run_uuid, key, timestamp, step, value, is_nan FROM latest_metrics "
        f"WHERE run_uuid {_IDS} ORDER BY 1, 2"
    ),
    "data sets": (
        "SELECT i.destination_id, d.name, d.digest, i.step, t.name, t.value FROM inputs i "
        "LEFT JOIN datasets d ON d.dataset_uuid = i.source_id "
        "LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid "
        "WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' "
        f"AND i.destination_id {_IDS} ORDER BY 1, 2, 3, 4, 5, 6"
    ),
    "models in and out": (
        "SELECT source_id, source_type, destination_id, step FROM inputs "
        f"WHERE source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND source_id {_IDS} "
        "ORDER BY 1, 2, 3, 4"
    ),
    "metrics of models": (
        "SELECT run_id, model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, "
        f"dataset_name, dataset_digest FROM logged_model_metrics WHERE run_id {_IDS} "
        "ORDER BY 1, 2, 3, 4, 5"
    ),
}
MODEL_FIELDS = {
    "model": (
        "SELECT model_id, name, creation_timestamp_ms, last_updated_timestamp_ms, status, "
        "model_type, source_run_id, status_message FROM logged_models "
        f"WHERE model_id {_IDS} ORDER BY 1"
    ),
    "lifecycle": f"SELECT model_id, lifecycle_stage FROM logged_models WHERE model_id {_IDS}",
    "params": (
        "SELECT model_id, param_key, param_value FROM logged_model_params "
        f"WHERE model_id {_IDS} ORDER BY 1, 2"
    ),
    "tags": (
        "SELECT model_id, tag_key, tag_value FROM logged_model_tags "
        f"WHERE model_id {_IDS} AND tag_key <> '{VERSIONS_TAG}' ORDER BY 1, 2"
    ),
}
FILES = "files"
SUBSETS = {
    "run": ("params", "metrics", "data sets", "models in and out", "metrics of models"),
    "model": ("params", "tags"),
}
"""Fields in which an earlier state of the same run or model has fewer rows, but no other ones."""

_FREE = {
    "run": ("run", "lifecycle", "tags", "latest metrics", FILES),
    "model": ("model", "lifecycle", FILES),
}


def fields_of(kind: str) -> Mapping[str, str]:
    """Return the queries by field for `run` or `model`."""
    return RUN_FIELDS if kind == "run" else MODEL_FIELDS


def all_ids(connection: sqlite3.Connection, kind: str) -> list[str]:
    """Return the ids of all runs or models of a store, sorted."""
    table, column = ("runs", "run_uuid") if kind == "run" else ("logged_models", "model_id")
    return [str(row[0]) for row in connection.execute(f"SELECT {column} FROM {table} ORDER BY 1")]


def read_contents(
    connection: sqlite3.Connection, kind: str, ids: Iterable[str]
) -> dict[str, Content]:
    """Return the content of runs or models by id, without their files."""
    wanted = list(ids)
    fields = fields_of(kind)
    contents: dict[str, Content] = {one: dict.fromkeys(fields, "") for one in wanted}
    argument = (json.dumps(wanted),)
    for name, query in fields.items():
        for one, rows in groupby(connection.execute(query, argument), key=itemgetter(0)):
            contents[one][name] = _digest(rows)
    return contents


def files_digest(files: Mapping[str, str]) -> str:
    """Return the digest of files by name and sha256; '' for none."""
    return _digest(sorted(files.items())) if files else ""


def fingerprint(content: Content) -> str:
    """Return one digest over all fields."""
    return _digest(sorted(content.items()))


def differing(one: Content, other: Content) -> list[str]:
    """Return the fields in which two contents differ; one that either lacks is not compared."""
    return [name for name in one if name in other and one[name] != other[name]]


def is_earlier(
    kind: str,
    one_id: str,
    one: sqlite3.Connection,
    other: sqlite3.Connection,
    differences: Iterable[str],
) -> bool:
    """Return whether `one` holds an earlier state of the same run or model as `other`.

    A run's earlier state is still RUNNING, and all that it has the later one has too. Files and
    tags, which a run overwrites as it goes, are not looked at.
    """
    changed = set(differences)
    if not changed <= {*SUBSETS[kind], *_FREE[kind]}:
        return False
    if kind == "run" and changed & set(fields_of(kind)) and not _is_running(one, one_id):
        return False
    argument = (json.dumps([one_id]),)
    return all(
        set(one.execute(fields_of(kind)[name], argument))
        <= set(other.execute(fields_of(kind)[name], argument))
        for name in SUBSETS[kind]
        if name in changed
    )


def _is_running(connection: sqlite3.Connection, run_id: str) -> bool:
    row = connection.execute("SELECT status FROM runs WHERE run_uuid = ?", (run_id,)).fetchone()
    return row is not None and row[0] in ("RUNNING", "SCHEDULED")


def _digest(rows: Iterable[tuple[object, ...]]) -> str:
    """Return the digest of rows in their order."""
    return sha256(repr(list(rows)).encode("utf-8", "surrogatepass")).hexdigest()
