"""What a file's columns are to whoever hands over more rows of the kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cutscore.data.kinds import Flag, Reading
from cutscore.data.moments import Moment
from cutscore.data.numerals import Notation
from cutscore.data.plan import INTEGERS, MOMENTS, ReadPlan
from cutscore.data.settings import TableSettings
from cutscore.errors import StoreError
from cutscore.records import RawColumn, RawTable, Table
from cutscore.records.rows import RawKind

_READINGS: Mapping[str, type[Flag | Moment | Notation]] = {
    "flag": Flag,
    "moment": Moment,
    "number": Notation,
}


def raw_table(plan: ReadPlan, table: Table, settings: TableSettings) -> RawTable:
    """Return what the columns are that were read as `plan` says and became `table`."""
    columns = []
    for column in table.columns:
        reading = plan.readings.get(column.name) or plan.layout.readings.get(column.name)
        kind = _kind(plan.layout.types[column.name], reading)
        if column.levels is not None:
            columns.append(RawColumn(column.name, "category", column.levels))
            continue
        if reading is None and plan.layout.text:
            reading = settings.notation
        told = None if reading is None else reading_to_json(reading)
        columns.append(RawColumn(column.name, kind, reading=told))
    labels = dict(settings.labels)
    others = tuple(name for name in plan.layout.types if name not in table.names)
    return RawTable(tuple(columns), others, settings.id, settings.missing, labels)


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """Return a reading as plain values; `reading_from_json` restores it."""
    kinds = {made: kind for kind, made in _READINGS.items()}
    assert isinstance(reading, (Flag, Moment, Notation))  # noqa: S101  # there are no others
    return {"kind": kinds[type(reading)], **asdict(reading)}


def reading_from_json(state: Mapping[str, Any]) -> Reading:
    """Return the reading that `reading_to_json` described.

    Raises
    ------
    StoreError
        If it is none that is known here.
    """
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in state.items()
        if key != "kind"
    }
    try:
        return _READINGS[state["kind"]](**values)
    except (KeyError, TypeError) as error:
        raise StoreError(f"a way of reading texts is damaged: {error}.") from error


def _kind(type_: str, reading: Reading | None) -> RawKind:
    if reading is not None:
        type_ = reading.type
    if isinstance(reading, Flag) or type_ == "BOOLEAN":
        return "boolean"
    if type_ in MOMENTS:
        return "date" if type_ == "DATE" else "timestamp"
    return "integer" if type_ in INTEGERS else "number"
