"""The columns of the decision log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cutscore.records import RawColumn
from cutscore.scoring.answer import Answer
from cutscore.scoring.cells import plain_cells
from cutscore.scoring.scorer import Scorer

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Decided:
    """The rows of one request, as they were decided; `rows` as they were given, if kept."""

    time: datetime
    request: str
    version: str
    answer: Answer
    scorer: Scorer
    rows: Any = None


def table_of(decided: Decided, inputs: bool) -> pa.Table:
    """Return a request's rows as the log has them.

    `time` (UTC), `request` and `row` (its place in the request, from 0), `model` (the version),
    `id` (as text), `score`, `probability`, `flagged`; with `inputs` one more column of that name,
    which holds the raw columns.
    """
    import pyarrow as pa

    answer, number = decided.answer, len(decided.answer)
    ids = (
        [None] * number
        if answer.ids is None
        else [None if i is None else str(i) for i in answer.ids]
    )
    columns = {
        "time": pa.array([decided.time] * number, pa.timestamp("us", "UTC")),
        "request": pa.array([decided.request] * number, pa.string()),
        "row": pa.array(range(number), pa.int64()),
        "model": pa.array([decided.version] * number, pa.string()),
        "id": pa.array(ids, pa.string()),
        "score": pa.array(answer.score, pa.float64()),
        "probability": _or_nulls(answer.probability, number, pa.float64()),
        "flagged": _or_nulls(answer.flagged, number, pa.bool_()),
    }
    if inputs:
        columns["inputs"] = _inputs(decided)
    return pa.table(columns)


def _or_nulls(values: Any, number: int, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    return pa.nulls(number, kind) if values is None else pa.array(values, kind)


def _inputs(decided: Decided) -> pa.StructArray:
    import pyarrow as pa

    scorer, rows = decided.scorer, decided.rows
    named = {column.name: column for column in scorer.columns}
    named = {n: RawColumn(n) for n in scorer.cost_columns if n not in named} | named
    if rows is None:
        rows = [dict.fromkeys(named)] * len(decided.answer)
    arrays = []
    for name, raw in named.items():
        if isinstance(rows, list):
            arrays.append(_array(raw, plain_cells(raw, [row[name] for row in rows])))
        else:
            arrays.append(_cast(raw, rows[name].combine_chunks()))
    return pa.StructArray.from_arrays(arrays, names=list(named))


def _cast(raw: RawColumn, array: pa.Array) -> pa.Array:
    """Return a column of an Arrow table as the log has it, by Arrow's own means where it can."""
    import pyarrow as pa

    kind = _kinds()[raw.kind]
    moments = pa.types.is_timestamp(array.type) or pa.types.is_date(array.type)
    if raw.kind == "boolean" or (raw.kind in ("date", "timestamp") and not moments):
        return _array(raw, plain_cells(raw, array.to_pylist()))
    if moments:  # with a zone Arrow holds the moment in UTC
        zone = getattr(array.type, "tz", None)
        array = array.cast(pa.timestamp("us", zone), safe=False).cast(pa.timestamp("us"))
    return array.cast(kind, safe=False)


def _kinds() -> dict[str, pa.DataType]:
    import pyarrow as pa

    return {
        "number": pa.float64(),
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "category": pa.string(),
    }


def _array(raw: RawColumn, values: list[Any]) -> pa.Array:
    import pyarrow as pa

    if raw.kind == "date":
        return pa.array(values, pa.timestamp("us")).cast(pa.date32())
    if raw.kind == "boolean":
        values = [None if value is None else bool(value) for value in values]
    return pa.array(values, _kinds()[raw.kind])
