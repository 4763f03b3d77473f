"""From what was streamed to the parts of a data set."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import LARGEST
from cutscore.data.describing import texts_to_judge
from cutscore.data.doubts import Doubt
from cutscore.data.kinds import Reading, judge
from cutscore.data.offending import Doubted, Met
from cutscore.data.plan import ReadPlan
from cutscore.data.settings import TableSettings
from cutscore.data.streaming import Stream
from cutscore.data.texts import canonical, in_order, is_integer, plainly
from cutscore.errors import Fault, listed, override
from cutscore.records import Column, RowPeriods, Table, Values, value_periods
from cutscore.sql import identifier

if TYPE_CHECKING:
    import duckdb

MOST_LEVELS = 1_000


def second_look(
    plan: ReadPlan, made: Stream, settings: TableSettings, connection: duckdb.DuckDBPyConnection
) -> tuple[dict[str, Reading], list[Doubted]]:
    """Judge the columns that were read as text by all their cells.

    Returns how to read those that are numbers or dates after all (their first rows were missing,
    or a filter has left words out), and those that are almost of numbers or dates.
    """
    readings: dict[str, Reading] = {}
    doubts: list[Doubted] = []
    judged = set(texts_to_judge(plan.layout, settings))
    for at, read in enumerate(plan.reads):
        if at not in made.encoders or read.name not in judged or read.name in readings:
            continue
        if read.role not in ("feature", "amount", "weight", "time"):
            continue
        codes = made.matrix.store[:, at] if at < len(plan.features) else made.columns[at]
        met = Met(list(made.encoders[at].codes), codes, made.kept)
        found = judge(read.name, met.cells, settings, connection, numbers=plan.layout.text)
        if isinstance(found, Doubt):
            doubts.append(Doubted(read.name, found, met))
        elif found is not None:
            readings[read.name] = found
    return readings, doubts


def notes(plan: ReadPlan, made: Stream, settings: TableSettings) -> list[str]:
    """Return what is told of text in a Parquet file that holds nothing but numbers."""
    if plan.layout.text:
        return []
    undeclared = set(texts_to_judge(plan.layout, settings))
    names = [
        plainly(read.name)
        for at, read in enumerate(plan.features)
        if at in made.encoders
        and read.name in undeclared
        and all(map(settings.notation.fits, made.encoders[at].codes))
    ]
    if not names:
        return []
    return [
        f"{listed(names)} is text in the file, and all its cells are numbers: they are taken for "
        "categories. If they are numbers, list the column in data.numeric."
    ]


def features(
    plan: ReadPlan,
    made: Stream,
    settings: TableSettings,
    faults: list[Fault],
    doubted: Collection[str],
) -> Table:
    """Return the feature columns; add a fault for each that cannot be used and has none yet.

    Text columns become categories with sorted levels.
    """
    matrix = made.matrix.store
    columns = []
    problems: dict[str, str] = {}
    for at, read in enumerate(plan.features):
        levels = None
        if made.present[at] == 0:
            problems[read.name] = "is missing in every row."
        elif at in made.encoders and read.name not in doubted:
            declared = read.name in settings.categorical
            texts = list(made.encoders[at].codes)
            if not declared and read.name not in plan.layout.levels and len(texts) > MOST_LEVELS:
                problems[read.name] = _too_many(texts)
            else:
                levels = _as_levels(matrix[:, at], texts, canonically=declared)
        if made.infinite[at]:
            number = int(made.infinite[at])
            problems[read.name] = f"has {number:,} infinite values (or too large for float32)."
        columns.append(Column(read.name, levels))
    leave_out = override("data.drop", [*settings.drop, *problems])
    faults += [
        Fault(
            "data.drop",
            f'the column "{name}" {problem}',
            f"Mend the file, or leave out what cannot be used: {leave_out}.",
        )
        for name, problem in problems.items()
    ]
    return Table(tuple(columns), matrix)


def amounts(
    plan: ReadPlan, made: Stream, faults: list[Fault], doubted: Collection[str]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return declared amounts by column name, and `group` (codes) and `time` under these words."""
    kept: dict[str, npt.NDArray[np.float64]] = {}
    for at, read in enumerate(plan.reads):
        if read.role not in ("amount", "group", "time"):
            continue
        key = read.name if read.role == "amount" else read.role
        kept[key] = _numbers(at, plan, made, faults, doubted)
    return kept


def periods(plan: ReadPlan, made: Stream) -> RowPeriods | None:
    """Return the periods that a column's values are, if there is one; whole numbers in order."""
    at = next((at for at, read in enumerate(plan.reads) if read.role == "period"), None)
    if at is None:
        return None
    texts = [canonical(text) for text in made.encoders[at].codes]
    names = in_order(set(texts))
    place = {name: number for number, name in enumerate(names)}
    codes = np.array([*map(place.__getitem__, texts), -1], dtype=np.int64)  # the last: missing
    return value_periods(names, codes[made.columns[at]])


def weights(
    plan: ReadPlan,
    made: Stream,
    settings: TableSettings,
    faults: list[Fault],
    doubted: Collection[str],
) -> npt.NDArray[np.float64] | None:
    """Return the weights as they are in the file, shape (rows,); None without `data.weight`."""
    at = next((at for at, read in enumerate(plan.reads) if read.role == "weight"), None)
    if at is None:
        return None
    name, before = plan.reads[at].name, len(faults)
    values = _numbers(at, plan, made, faults, doubted)
    bad = ~(values > 0)
    if bad.any() and len(faults) == before and name not in doubted:
        counts = {
            "missing": np.count_nonzero(np.isnan(values)),
            "0": np.count_nonzero(values == 0),
            "below 0": np.count_nonzero(values < 0),
        }
        told = ", ".join(f"{what} in {n:,}" for what, n in counts.items() if n)
        rows = listed([f"{row:,}" for row in (made.kept[bad] + 1).tolist()], 5)
        problem = f'"{name}" must be above 0 in every row; it is {told} of {len(values):,} rows'
        leave_out = override("data.where", settings.keeping(f"{identifier(name)} > 0").where)
        faults.append(
            Fault(
                "data.weight",
                f"{problem} (row {rows}).",
                f"Mend the file, or leave such rows out: {leave_out}.",
            )
        )
    return values


def _numbers(
    at: int, plan: ReadPlan, made: Stream, faults: list[Fault], doubted: Collection[str]
) -> npt.NDArray[np.float64]:
    """Return a column that is no feature as numbers; add a fault for what is none."""
    read = plan.reads[at]
    setting = "data.amounts" if read.role == "amount" else f"data.{read.role}"
    values = made.columns[at].astype(np.float64)
    if at in made.encoders:
        values[values < 0] = np.nan
        if read.role != "group" and read.name not in doubted:
            words = sorted(text for text in made.encoders[at].codes)
            problem = f'the column "{read.name}" must hold numbers; it holds '
            faults.append(Fault(setting, f"{problem}{listed([plainly(w) for w in words], 5)}."))
    if large := int(np.count_nonzero(np.abs(values) > LARGEST)):
        problem = f'"{read.name}" has {large:,} values that are infinite or beyond {LARGEST:g}.'
        faults.append(Fault(setting, problem))
    return values


def whole(plan: ReadPlan, made: Stream, table: Table) -> dict[str, npt.NDArray[Any]]:
    """Return the columns that are to be had as they are in the file.

    Moments and whole numbers are kept, for what they are; fractions where float32 changes them.
    """
    kept: dict[str, npt.NDArray[Any]] = {}
    for at, read in enumerate(plan.reads):
        if read.role != "whole":
            continue
        values = made.columns[at]
        if values.dtype.kind == "f":
            narrowed = table.values[:, table.names.index(read.name)]
            if not ((narrowed != values) & ~np.isnan(values)).any():
                continue
        kept[read.name] = values
    return kept


def identities(plan: ReadPlan, made: Stream, faults: list[Fault]) -> npt.NDArray[Any]:
    """Return the ids: integers or text.

    Without `data.id` they are what the file names its rows by, or the rows' numbers from 0.
    """
    roles = [read.role for read in plan.reads]
    names = [at for at, role in enumerate(roles) if role == "row name" and not made.nulls[at]]
    at = roles.index("id") if "id" in roles else next(iter(names), None)
    if at is None:
        return made.kept
    if made.nulls[at]:
        name = plan.reads[at].name
        faults.append(
            Fault(
                "data.id",
                f'"{name}" is missing in {made.nulls[at]:,} rows.',
                "Every row needs an id; with data.id=null rows are numbered.",
            )
        )
        return made.kept
    if at not in made.encoders:
        return made.columns[at].astype(np.int64)
    texts = [canonical(text) for text in made.encoders[at].codes]
    whole = all(map(is_integer, texts))
    named = np.array([int(text) for text in texts], np.int64) if whole else np.array(texts)
    ids: npt.NDArray[Any] = named[made.columns[at]]
    return ids


def _as_levels(column: Values, texts: list[str], *, canonically: bool) -> tuple[str, ...]:
    """Replace codes by places in the sorted levels, in place, and return the levels."""
    written = [canonical(text) for text in texts] if canonically else texts
    levels, places = np.unique(np.array(written), return_inverse=True)
    present = ~np.isnan(column)
    column[present] = places[column[present].astype(np.int64)]
    return tuple(levels.tolist())


def _too_many(texts: list[str]) -> str:
    return (
        f"is text with {len(texts):,} different values; more than {MOST_LEVELS:,} are taken for a "
        "mistake. If they are categories, list the column in data.categorical."
    )
