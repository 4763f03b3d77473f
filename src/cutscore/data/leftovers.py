"""Row numbers that pandas or R left in a file: they name the rows and are no features.

In a file sorted by class, a row number is a perfect predictor.
"""

from __future__ import annotations

import re

from cutscore.data.layout import Layout
from cutscore.data.plan import INTEGERS, ReadPlan
from cutscore.data.settings import TableSettings
from cutscore.data.streaming import Stream

# What pandas calls an index without a name, in Parquet and after reading an unnamed column.
_MADE_UP = re.compile(r"__index_level_\d+__|Unnamed: \d+(\.\d+)?|column1")


def candidates(layout: Layout, settings: TableSettings) -> tuple[str, ...]:
    """Return the columns that may be left-over row names and that no setting names."""
    named = {settings.target, settings.id, settings.group, settings.time, *settings.drop}
    named |= {settings.weight, *settings.categorical, *settings.amounts, *settings.numeric}
    kinds = INTEGERS | {"VARCHAR"}
    return tuple(
        name for name in layout.row_names if name not in named and layout.types[name] in kinds
    )


def confirmed(plan: ReadPlan, made: Stream) -> tuple[str, ...]:
    """Return those of a plan's row names that are none but names: all distinct, or row numbers."""
    return tuple(
        read.name
        for at, read in enumerate(plan.reads)
        if read.role == "row name" and (_distinct(at, made) or _numbers(at, read.name, made))
    )


def _distinct(at: int, made: Stream) -> bool:
    if made.nulls[at]:
        return False
    values = made.columns[at].tolist()
    return len(set(values)) == len(values)


def _numbers(at: int, name: str, made: Stream) -> bool:
    """Whether it is an index that starts again, as after files were put one below the other."""
    return at not in made.encoders and _MADE_UP.fullmatch(name) is not None


def notes(plan: ReadPlan, settings: TableSettings) -> list[str]:
    """Return what is told of left-over row names."""
    told = []
    for position, name in enumerate(plan.row_names):
        what = (
            "The first column, which has no name, holds row names or numbers"
            if plan.layout.text and name == "column1"
            else f'The column "{name}" is an index that pandas left in the file'
        )
        names = settings.id is None and position == 0
        told.append(f"{what}: {'it names the rows and' if names else 'it'} is no feature.")
    return told
