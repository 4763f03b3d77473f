"""The service described to machines, with the columns of the model in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cutscore.data.relational.new_rows import TableInputs
from cutscore.records import RawColumn
from cutscore.scoring.cells import LARGEST
from cutscore.scoring.scorer import Scorer
from cutscore.serving.bodies import ARROW, JSON, PARQUET
from cutscore.serving.described import limits
from cutscore.serving.models import Loaded
from cutscore.serving.options import EXPLAINING, MOST_REASONS, OPTIONS

if TYPE_CHECKING:
    from fastapi import FastAPI

_TYPES: dict[str, dict[str, Any]] = {
    "number": {"type": ["number", "null"], "minimum": -LARGEST, "maximum": LARGEST},
    "integer": {"type": ["integer", "null"], "minimum": -(2**53), "maximum": 2**53},
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "timestamp": {"type": ["string", "null"], "format": "date-time"},
    "category": {"type": ["string", "null"]},
}
_SOURCES: dict[str, dict[str, Any]] = {
    "DOUBLE": {"type": ["number", "null"]},
    "BIGINT": {"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1},
    "VARCHAR": {"type": ["string", "null"]},
    "BOOLEAN": _TYPES["boolean"],
    "DATE": _TYPES["date"],
    "TIMESTAMP": _TYPES["timestamp"],
}
_FAULTS: dict[str, Any] = {
    "type": "object",
    "required": ["error", "faults"],
    "properties": {
        "error": {"type": "string"},
        "faults": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["column", "problem", "remedy", "rows"],
                "properties": {
                    "column": {"type": "string"},
                    "problem": {"type": "string"},
                    "remedy": {"type": "string"},
                    "rows": {"type": "array", "items": {"type": "integer"}},
                },
            },
        },
    },
}
_SWITCH = {"type": "boolean", "default": False}
_OPTIONS: dict[str, dict[str, Any]] = {
    "reasons": {"type": "integer", "default": 0, "minimum": 0, "maximum": MOST_REASONS},
    "reasons_for": {"type": "string", "enum": ["flagged", "all"], "default": "flagged"},
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_REASONS: dict[str, Any] = {
    "type": ["array", "null"],
    "items": {
        "type": "object",
        "properties": {
            **{name: {"type": "string"} for name in ("column", "label", "value", "text")},
            **{name: {"type": "number"} for name in ("points", "log_odds")},
        },
    },
}
_STATUSES = {
    "400": "the body is damaged",
    "401": "the token is needed",
    "408": "the request did not arrive in time",
    "413": "the request is too large",
    "415": "the body is of another kind",
    "422": "something is wrong with the rows or options",
    "503": "too busy, too slow, or the decision log cannot be written",
}


def document(app: FastAPI, used: Loaded) -> dict[str, Any]:
    """Return the OpenAPI document."""
    from fastapi.openapi.utils import get_openapi

    said = get_openapi(title="Cutscore", version=used.version or "0", routes=app.routes)
    answers = {"Decisions": _answer(), "Explanations": _explained()}
    row = _row(used)
    answers["MlflowRow"] = {**row, "additionalProperties": True}
    said["components"] = {"schemas": {"Row": row, "Faults": _FAULTS, **answers}}
    if used.scorer.tables is not None:
        said["components"]["schemas"]["Tables"] = _tables(used.scorer.tables, used.scorer)
    for path, methods in said["paths"].items():
        for operation in methods.values():
            operation["responses"].update(_refusals())
            if path == "/decide":
                answers = {JSON: {"schema": _ref("Decisions")}, ARROW: _BINARY}
                operation |= _rows(used, OPTIONS, answers)
            elif path == "/explain":
                operation |= _rows(used, EXPLAINING, {JSON: {"schema": _ref("Explanations")}})
            elif path == "/invocations":
                operation["requestBody"] = _body(_mlflow(), used, "dataframe_records")
    return said


def _rows(used: Loaded, known: tuple[str, ...], answer: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of a path that takes rows."""
    options = {name: _OPTIONS.get(name, _SWITCH) for name in known}
    rows = {"type": "array", "minItems": 1, "items": _ref("Row")}
    named = {
        "type": "object",
        "required": ["rows"],
        "properties": {"rows": rows, **options},
        "additionalProperties": False,
    }
    columns = {
        "type": "object",
        "required": ["columns", "data"],
        "properties": {
            "columns": {"type": "array", "items": {"type": "string"}},
            "data": {"type": "array", "minItems": 1, "items": {"type": "array"}},
            **options,
        },
        "additionalProperties": False,
    }
    forms = [named, rows, columns]
    if used.scorer.tables is not None:
        tables = {"required": ["tables"], "properties": {"tables": _ref("Tables"), **options}}
        forms.insert(0, {"type": "object", **tables, "additionalProperties": False})
    body = _body({"anyOf": forms}, used, "rows")
    body["content"] |= {ARROW: _BINARY, PARQUET: _BINARY}
    parameters = [{"name": n, "in": "query", "schema": schema} for n, schema in options.items()]
    responses = {"200": {"description": "an entry a row", "content": answer}, **_refusals()}
    return {"requestBody": body, "parameters": parameters, "responses": responses}


def _body(schema: dict[str, Any], used: Loaded, key: str) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if used.example is not None:
        content["example"] = {key: [used.example]}
    if used.tables is not None and key == "rows":
        content["example"] = {"tables": used.tables}
    return {"required": True, "content": {JSON: content}}


def _refusals() -> dict[str, Any]:
    content = {JSON: {"schema": _ref("Faults")}}
    return {code: {"description": text, "content": content} for code, text in _STATUSES.items()}


def _row(used: Loaded) -> dict[str, Any]:
    scorer = used.scorer
    properties = {column.name: _column(column, used) for column in scorer.columns}
    amount = _TYPES["number"]
    properties |= {name: amount for name in scorer.cost_columns if name not in properties}
    needed = list(properties)
    if scorer.id_column is not None:
        properties[scorer.id_column] = {"type": ["string", "integer"]}
    others: dict[str, Any] = {
        name: {} for name in scorer.model.inputs.raw.others if name not in properties
    }
    return {
        "type": "object",
        "required": needed,
        "properties": properties | others,
        "additionalProperties": False,
    }


def _tables(tables: TableInputs, scorer: Scorer) -> dict[str, Any]:
    """Return the schema of applicants by the rows of their tables."""
    found = {}
    for name, types in tables.sources.items():
        row = {
            "type": "object",
            "required": tables.needed(name, scorer.columns_taken),
            "properties": {column: _SOURCES[kind] for column, kind in types.items()},
            "additionalProperties": False,
        }
        found[name] = {"type": "array", "items": row, "minItems": int(name == tables.base)}
    return {
        "type": "object",
        "required": list(found),
        "properties": found,
        "additionalProperties": False,
    }


def _column(column: RawColumn, used: Loaded) -> dict[str, Any]:
    schema = dict(_TYPES[column.kind])
    if column.levels is not None:
        return {**schema, "examples": list(column.levels), "description": "a category"}
    low, high = limits(column, used.scorer.model.inputs.ranges)
    if low is None or column.kind in ("boolean", "date", "timestamp"):
        return schema
    return {**schema, "description": f"in training from {low:g} to {high:g}"}


def _mlflow() -> dict[str, Any]:
    rows = {"type": "array", "minItems": 1, "items": _ref("MlflowRow")}
    names = ("dataframe_records", "instances")
    forms = [{"type": "object", "required": [n], "properties": {n: rows}} for n in names]
    columns = {"type": "array", "items": {"type": "string"}}
    parts = {"columns": columns, "data": {"type": "array", "items": {"type": "array"}}}
    split = {"type": "object", "required": ["columns", "data"], "properties": parts}
    named = {"type": "object", "required": ["dataframe_split"]}
    properties = {"properties": {"dataframe_split": split}}
    return {"anyOf": [*forms, named | properties]}


def _answer() -> dict[str, Any]:
    counts = {"type": "object", "additionalProperties": {"type": "integer"}}
    return {
        "type": "object",
        "required": ["model", "decisions", "outside", "unseen", "infinite", "orphans"],
        "properties": {
            "model": {"type": "string"},
            "decisions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["score"],
                    "properties": {
                        "score": {"type": "number"},
                        "probability": {"type": "number"},
                        "flagged": {"type": "boolean"},
                        "expected_cost": {"type": "number"},
                        "reasons": _REASONS,
                    },
                },
            },
            "outside": counts,
            "unseen": counts,
            "infinite": counts,
            "orphans": counts,
        },
    }


def _explained() -> dict[str, Any]:
    row = {"type": "object", "required": ["reasons"], "properties": {"reasons": _REASONS}}
    texts, numbers = ("model", "method", "against"), ("points_to_double", "base")
    return {
        "type": "object",
        "required": [*texts, *numbers, "explanations"],
        "properties": {
            **{name: {"type": "string"} for name in texts},
            **{name: {"type": "number"} for name in numbers},
            "explanations": {"type": "array", "items": row},
        },
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
