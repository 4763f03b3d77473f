"""From what was streamed to the parts of a data set."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.data.plan import ReadPlan
from cutscore.data.settings import TableSettings
from cutscore.data.streaming import Stream
from cutscore.data.texts import as_numbers, canonical, is_integer, is_number
from cutscore.errors import Fault, listed
from cutscore.records import Column, Table, Values

MOST_LEVELS = 1_000


def features(plan: ReadPlan, made: Stream, settings: TableSettings, faults: list[Fault]) -> Table:
    """Return the feature columns; add a fault for each that cannot be used.

    Text columns become categories with sorted levels, except that text of a CSV whose every value
    is a number becomes a number (the rows the types were read off were all missing), and true and
    false become 1 and 0.
    """
    matrix = made.matrix.store
    columns = []
    problems: dict[str, str] = {}
    for at, read in enumerate(plan.features):
        levels = None
        infinite = int(made.infinite[at])
        if made.present[at] == 0:
            problems[read.name] = "is missing in every row."
        elif at in made.encoders:
            declared = read.name in settings.categorical
            texts = list(made.encoders[at].codes)
            numbers = as_numbers(texts) if plan.layout.text and not declared else None
            if numbers is not None:
                infinite = _as_numbers(matrix[:, at], numbers)
            elif not declared and len(texts) > MOST_LEVELS:
                problems[read.name] = _too_many(texts)
            else:
                levels = _as_levels(matrix[:, at], texts, canonically=declared)
        if infinite:
            problems[read.name] = f"has {infinite:,} infinite values (or too large for float32)."
        columns.append(Column(read.name, levels))
    leave_out = ", ".join([*settings.drop, *problems])
    faults += [
        Fault(
            "data.drop",
            f'the column "{name}" {problem}',
            f"Mend the file, or leave out what cannot be used: 'data.drop=[{leave_out}]'.",
        )
        for name, problem in problems.items()
    ]
    return Table(tuple(columns), matrix)


def amounts(
    plan: ReadPlan, made: Stream, faults: list[Fault]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return declared amounts by column name, and `group` (codes) and `time` under these words."""
    kept: dict[str, npt.NDArray[np.float64]] = {}
    for at, read in enumerate(plan.reads):
        if read.role not in ("amount", "group", "time"):
            continue
        key = read.name if read.role == "amount" else read.role
        setting = "data.amounts" if read.role == "amount" else f"data.{read.role}"
        values = made.columns[at].astype(np.float64)
        if at in made.encoders:
            values[values < 0] = np.nan
            texts = list(made.encoders[at].codes)
            numbers = as_numbers(texts) if read.role != "group" else None
            if numbers is not None:
                present = ~np.isnan(values)
                values[present] = np.array(numbers)[values[present].astype(np.int64)]
            elif read.role != "group":
                faults.append(_no_number(setting, read.name, texts))
        infinite = int(np.count_nonzero(np.isinf(values)))
        if infinite:
            faults.append(Fault(setting, f'"{read.name}" has {infinite:,} infinite values.'))
        kept[key] = values
    return kept


def _no_number(setting: str, name: str, texts: list[str]) -> Fault:
    words = sorted(text for text in texts if not is_number(text))
    return Fault(setting, f'the column "{name}" must hold numbers; it holds {listed(words, 5)}.')


def identities(plan: ReadPlan, made: Stream, faults: list[Fault]) -> npt.NDArray[Any]:
    """Return the ids: integers or text; without `data.id` the rows' numbers in the file, from 0."""
    at = next((at for at, read in enumerate(plan.reads) if read.role == "id"), None)
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


def _as_numbers(column: Values, numbers: list[float]) -> int:
    """Replace codes by the numbers they stand for, in place; return how many are infinite."""
    table = np.array(numbers)
    present = ~np.isnan(column)
    with np.errstate(over="ignore"):
        column[present] = table[column[present].astype(np.int64)]
    return int(np.count_nonzero(np.isinf(column)))


def _as_levels(column: Values, texts: list[str], *, canonically: bool) -> tuple[str, ...]:
    """Replace codes by places in the sorted levels, in place, and return the levels."""
    written = [canonical(text) for text in texts] if canonically else texts
    levels, places = np.unique(np.array(written), return_inverse=True)
    present = ~np.isnan(column)
    column[present] = places[column[present].astype(np.int64)]
    return tuple(levels.tolist())


def _too_many(texts: list[str]) -> str:
    words = sorted(text for text in texts if not is_number(text))
    if len(words) * 2 < len(texts):
        return (
            f"has numbers but also text: {listed(words, 5)}. Text that means missing can be added "
            "to data.missing."
        )
    return (
        f"is text with {len(texts):,} different values; more than {MOST_LEVELS:,} are taken for a "
        "mistake. If they are categories, list the column in data.categorical."
    )
