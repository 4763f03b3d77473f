"""One file, read and checked, as a `Dataset`."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.data import leftovers, precision, suspects
from cutscore.data.classes import classes
from cutscore.data.describing import EFFORTS, Effort, describe, open_file
from cutscore.data.digest import digest, first_equal_row, repeated_rows
from cutscore.data.finish import (
    amounts,
    features,
    identities,
    notes,
    periods,
    second_look,
    weights,
    whole,
)
from cutscore.data.locate import LocatedData
from cutscore.data.offending import Doubted, faults_of
from cutscore.data.plan import ReadPlan, plan
from cutscore.data.raw import raw_table
from cutscore.data.settings import TableSettings
from cutscore.data.streaming import Stream, stream
from cutscore.data.unpack import SETTING
from cutscore.data.unreadable import Unreadable, read_evenly
from cutscore.errors import Fault, RequestError, override
from cutscore.records import Dataset, Table, exact_weights

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class _Attempt:
    """What was streamed by which plan, and the columns that are of no one kind."""

    made: Stream
    plan: ReadPlan
    doubts: list[Doubted]


def read(path: Path, settings: TableSettings, *, name: str, source: str) -> Dataset:
    """Read a table.

    Memory at the peak is about one float32 matrix of the features plus one batch of rows.

    Raises
    ------
    RequestError
        With every fault of the file, or else of its columns, or else of their values.
    """
    attempt = read_evenly(path, settings.lines, lambda data: _tried(data, settings))
    made, rows = attempt.made, attempt.plan
    if made.matrix.rows == 0:
        problem = "the file has no rows" if settings.where is None else "no row is left"
        raise RequestError(
            Fault(SETTING if settings.where is None else "data.where", f"{problem}.")
        )
    faults, doubted = faults_of(attempt.doubts), {doubt.name for doubt in attempt.doubts}
    target = classes(rows, made, settings, faults)
    table = features(rows, made, settings, faults, doubted)
    kept = amounts(rows, made, faults, doubted)
    weigh = weights(rows, made, settings, faults, doubted)
    ids = identities(rows, made, faults)
    stretches = periods(rows, made)
    if faults:
        raise RequestError(faults)
    first, as_read = first_equal_row(table.values), whole(rows, made, table)
    return Dataset(
        name=name,
        source=source,
        table=table,
        target=target,
        target_name=settings.target,
        ids=ids,
        digest=digest(table, target, settings.target, ids, kept, as_read, weigh, stretches),
        duplicate_of=first,
        duplicates=repeated_rows(first, target),
        amounts=kept,
        time_is_date=rows.time_is_date,
        periods=stretches,
        whole=as_read,
        columns=tuple(rows.layout.types),
        raw=raw_table(rows, table, settings),
        weights=None if weigh is None or (weigh == 1).all() else exact_weights(weigh),
        weight_name=settings.weight,
        notes=(
            *leftovers.notes(rows, settings),
            *_weightless(weigh, settings),
            *notes(rows, made, settings),
            *_learnt_periods(table, settings),
            *precision.notes(table.names, made.distinct),
            *suspects.notes(table, target),
        ),
    )


def _weightless(weigh: npt.NDArray[np.float64] | None, settings: TableSettings) -> tuple[str, ...]:
    """Return what is told of weights that change nothing."""
    if weigh is None or (weigh != 1).any():
        return ()
    return (f'data.weight: "{settings.weight}" is 1 in every row, and changes nothing.',)


def _learnt_periods(table: Table, settings: TableSettings) -> tuple[str, ...]:
    """Return what is told of a column of periods that is a feature too."""
    if settings.period not in table.names:
        return ()
    leave_out = override("data.drop", [*settings.drop, settings.period])
    return (
        f'validation.period: "{settings.period}" is a feature too, and later rows have values of '
        f"it that no model was trained on; leave it out with {leave_out}.",
    )


def _tried(data: LocatedData, settings: TableSettings) -> _Attempt:
    """Read with types off the first rows; where a later row differs, try harder."""
    import duckdb

    failures = (duckdb.Error, OSError)  # Arrow raises the second when a later batch fails
    connection = open_file(data)
    try:
        for effort in EFFORTS[:-1]:
            with contextlib.suppress(*failures):
                return _attempt(data, connection, settings, effort)
        return _attempt(data, connection, settings, EFFORTS[-1])
    except failures as error:
        raise Unreadable(str(error)) from None
    finally:
        connection.close()


def _attempt(
    data: LocatedData,
    connection: duckdb.DuckDBPyConnection,
    settings: TableSettings,
    effort: Effort,
) -> _Attempt:
    """Read once, and once more where all rows say of a column what the first rows did not."""
    layout = describe(data, connection, settings, effort)
    rows = plan(layout, settings, row_names=leftovers.candidates(layout, settings))
    made = stream(rows, connection)
    readings, doubts = second_look(rows, made, settings, connection)
    names = leftovers.confirmed(rows, made)
    if readings or names != rows.row_names:
        del made
        rows = plan(layout, settings, readings, names)
        made = stream(rows, connection)
        if names != leftovers.candidates(layout, settings):
            _, doubts = second_look(rows, made, settings, connection)
    return _Attempt(made, rows, doubts)
