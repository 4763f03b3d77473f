"""Traces and assessments of MLflow's old file store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutscore.care.file_entries import (
    Entry,
    Lost,
    Row,
    described,
    folders,
    number,
    or_lost,
    texts,
    word,
)

_INFO = "trace_info.yaml"
_KINDS = ("feedback", "expectation")


def trace_entries(experiment: Path, experiment_id: int) -> Iterator[Entry]:
    """Yield the traces of an experiment with their tags, metadata and assessments."""
    for folder in folders(experiment / "traces"):
        yield from or_lost("trace", folder / _INFO, _trace(folder, experiment_id))


def _trace(folder: Path, experiment_id: int) -> Iterator[Entry]:
    from mlflow.store.tracking.utils import trace_analytics as analytics
    from mlflow.tracing.constant import (
        MAX_CHARS_IN_TRACE_INFO_METADATA,
        TraceMetadataKey,
        TraceTagKey,
    )

    meta = described(folder / _INFO)
    trace_id = word(meta, "trace_id") or word(meta, "request_id") or folder.name
    time = _time(meta)
    found: dict[str, dict[str, tuple[str, Path]]] = {"tags": {}, "request_metadata": {}}
    for part, pairs in found.items():
        for entry in texts(folder / part):
            if isinstance(entry, Lost):
                yield entry
            else:
                pairs[entry[0]] = entry[1:]
    metadata = {key: text for key, (text, _) in found["request_metadata"].items()}
    if TraceMetadataKey.TRACE_SESSION in metadata:  # MLflow cuts what its column cannot hold
        session = metadata[TraceMetadataKey.TRACE_SESSION]
        metadata[TraceMetadataKey.TRACE_SESSION] = session[:MAX_CHARS_IN_TRACE_INFO_METADATA]
    name = found["tags"].pop(TraceTagKey.TRACE_NAME, (None, None))[0]
    took = number(meta, "execution_time_ms", number(meta, "execution_duration_ms"))
    values = {
        "request_id": trace_id,
        "experiment_id": experiment_id,
        "timestamp_ms": time,
        "execution_time_ms": took,
        "status": word(meta, "status") or word(meta, "state") or "OK",
        "client_request_id": word(meta, "client_request_id"),
        "request_preview": word(meta, "request_preview"),
        "response_preview": word(meta, "response_preview"),
        "trace_name": name,
        "db_payload_generation": 0,
        **analytics.analytics_columns_from_metadata(metadata),
    }
    yield Row("trace_info", values, folder / _INFO)
    for part, pairs in found.items():
        for key, (text, file) in pairs.items():
            if key not in analytics.PROMOTED_TRACE_METADATA_KEYS:  # those have columns
                row = {"key": key, "value": text, "request_id": trace_id}
                yield Row(f"trace_{part}", row, file)
    shared = {
        "trace_id": trace_id, "experiment_id": experiment_id, "trace_timestamp_ms": time,
    }  # fmt: skip
    for entry in texts(folder / "assessments"):
        if isinstance(entry, Lost):
            yield entry
        elif entry[0].endswith(".yaml"):
            yield from or_lost("assessment", entry[2], _assessment(entry[2], shared))


def _assessment(file: Path, shared: Mapping[str, object]) -> Iterator[Entry]:
    from mlflow.store.tracking.utils.trace_analytics import assessment_aggregate

    meta = described(file)
    kind = next((kind for kind in _KINDS if isinstance(meta.get(kind), dict)), None)
    if kind is None:
        raise ValueError(f"it is none of {' and '.join(_KINDS)}")
    value, error = meta[kind].get("value"), meta[kind].get("error")
    source = meta["source"] if isinstance(meta.get("source"), dict) else {}
    made = number(meta, "create_time_ms", 0)
    aggregate, is_numeric = assessment_aggregate(value)
    values = {
        **shared,
        "assessment_id": word(meta, "assessment_id") or file.stem,
        "name": word(meta, "assessment_name") or word(meta, "name") or "",
        "assessment_type": kind,
        "value": json.dumps(value),
        "error": json.dumps(error) if error else None,
        "created_timestamp": made,
        "last_updated_timestamp": number(meta, "last_update_time_ms", made),
        "source_type": source.get("source_type", "CODE"),
        "source_id": source.get("source_id"),
        "assessment_metadata": json.dumps(meta["metadata"]) if meta.get("metadata") else None,
        "valid": bool(meta.get("valid", True)),
        "aggregate_value": aggregate,
        "is_numeric_value": is_numeric,
        **{key: word(meta, key) for key in ("run_id", "span_id", "rationale", "overrides")},
    }
    yield Row("assessments", values, file)


def _time(meta: Mapping[str, Any]) -> int:
    """Return when a trace began, in milliseconds since 1970."""
    if meta.get("timestamp_ms") is not None:
        return number(meta, "timestamp_ms") or 0
    given = meta.get("request_time")
    if isinstance(given, str):
        found = datetime.fromisoformat(given)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
    return number(meta, "request_time") or 0
