"""A model described for its callers: what it takes, how it decides, and a row that works."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

from cutscore.data.relational.new_rows import TableInputs
from cutscore.records import RawColumn
from cutscore.scoring.scorer import Scorer

_TAGS = ("run_id", "run", "version", "alias", "model", "data.digest", "fingerprint")
_AMOUNT = 100.0


def described(scorer: Scorer) -> dict[str, Any]:
    """Return what `GET /model` says of a model, as plain values."""
    model = scorer.model
    decision, prices, raw = model.decision, model.prices, model.inputs.raw
    rule = None if decision is None else decision.rule
    return {
        "name": scorer.name,
        "version": scorer.version,
        "tags": {name: scorer.tags[name] for name in _TAGS if name in scorer.tags},
        "threshold": scorer.threshold,
        "rule": None if rule is None else {**rule.to_json(), "words": rule.words},
        "calibration": None if decision is None else decision.calibrator.to_json()["kind"],
        "costs": None if prices is None else prices.to_json(),
        "id_column": scorer.id_column,
        "columns": [_described(column, model.inputs.ranges, raw.labels) for column in raw.columns],
        "cost_columns": list(scorer.cost_columns),
        "passed_over": [name for name in raw.others if name != scorer.id_column],
        "missing_texts": list(raw.missing),
        "features": dict(model.inputs.derivation.texts),
        "tables": None if scorer.tables is None else _tables(scorer.tables, scorer),
    }


def _tables(tables: TableInputs, scorer: Scorer) -> dict[str, Any]:
    """Return what is said of the tables whose rows may be given instead of the columns."""
    return {
        node.name: {
            "parent": node.parent,
            "key": list(node.table.keys),
            "foreign_key": list(node.on),
            "columns": dict(tables.sources[node.name]),
            "needed": tables.needed(node.name, scorer.columns_taken),
        }
        for node in tables.declaration.nodes[::-1]
        if node.name in tables.sources
    }


def _described(
    column: RawColumn, ranges: Mapping[str, tuple[float, float]], labels: Mapping[str, str]
) -> dict[str, Any]:
    low, high = limits(column, ranges)
    told: dict[str, Any] = {"name": column.name, "kind": column.kind}
    if column.name in labels:
        told["label"] = labels[column.name]
    if column.levels is not None:
        return {**told, "levels": list(column.levels)}
    if low is None or high is None:
        return {**told, "range": None}
    return {**told, "range": [_shown(column, low), _shown(column, high)]}


def limits(
    column: RawColumn, ranges: Mapping[str, tuple[float, float]]
) -> tuple[float, float] | tuple[None, None]:
    """Return the smallest and largest value of training, None where there was none."""
    low, high = ranges.get(column.name, (math.nan, math.nan))
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (None, None)


def _shown(column: RawColumn, value: float) -> Any:
    """Return a value of training as a caller writes it."""
    if column.kind in ("date", "timestamp"):
        day = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=value)
        if column.kind == "date":
            return day.date().isoformat()
        return day.isoformat(timespec="seconds").replace("+00:00", "Z")
    return int(value) if column.kind in ("integer", "boolean") or value.is_integer() else value


def example_row(scorer: Scorer) -> dict[str, Any]:
    """Return a row made up from the middle of what training met."""
    ranges = scorer.model.inputs.ranges
    row = {column.name: _middle(column, ranges) for column in scorer.columns}
    amounts = {name: _AMOUNT for name in scorer.cost_columns if name not in row}
    ids = {} if scorer.id_column is None else {scorer.id_column: 1}
    return {**ids, **row, **amounts}


def example_tables(scorer: Scorer) -> dict[str, Any] | None:
    """Return tables with such a row and nothing that belongs to it; None for a model of one."""
    tables = scorer.tables
    if tables is None:
        return None
    given, kinds = example_row(scorer), tables.sources[tables.base]
    base = {name: _in_table(given.get(name), kind) for name, kind in kinds.items()}
    base |= {
        key: 1 if kinds[key] == "BIGINT" else "1" for key in tables.declaration.base.table.keys
    }
    needed = tables.needed(tables.base, scorer.columns_taken)
    base = {name: value for name, value in base.items() if name in needed}
    return {name: [base] if name == tables.base else [] for name in tables.sources}


def _in_table(value: Any, kind: str) -> Any:
    """Return a value as its table has it, which may hold the numbers of categories."""
    if isinstance(value, str) and kind in ("DOUBLE", "BOOLEAN"):
        return float(value) if kind == "DOUBLE" else value == "true"
    return value


def _middle(column: RawColumn, ranges: Mapping[str, tuple[float, float]]) -> Any:
    if column.kind == "category":
        return column.levels[0] if column.levels else None
    if column.kind == "boolean":
        return True
    low, high = limits(column, ranges)
    if low is None or high is None:
        return None
    middle = (low + high) / 2
    if column.kind == "number" and not (low.is_integer() and high.is_integer()):
        return float(f"{middle:.4g}")
    return _shown(column, float(round(middle)))
