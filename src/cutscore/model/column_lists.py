"""Parameters of boosting libraries that list something for columns, checked against a table.

LightGBM ends the whole process (an abort, a segmentation fault) over most of them that are wrong,
and reads the rest as something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from cutscore.errors import Fault, listed
from cutscore.model.parameters import Range, Vocabulary
from cutscore.records import Column

MONOTONE = "monotone_constraints"
INTERACTIONS = "interaction_constraints"
_EACH: Mapping[str, Range] = {
    MONOTONE: Range(-1, 1, whole=True),
    "feature_contri": Range(0),
    "cegb_penalty_feature_lazy": Range(0),
    "cegb_penalty_feature_coupled": Range(0),
    "max_bin_by_feature": Range(2, 2**31 - 1, whole=True),
}
"""What each column's value may be in lists with one for each column."""


def with_lists(params: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the parameters with lists as lists, also where the text of one is given."""
    return {
        name: _read(vocabulary.canonical[name], value)
        if vocabulary.canonical[name] in (*_EACH, INTERACTIONS)
        else value
        for name, value in params.items()
    }


def list_faults(
    params: Mapping[str, Any], vocabulary: Vocabulary, columns: tuple[Column, ...]
) -> Iterator[Fault]:
    """Yield what is wrong with lists for these columns; None and an empty one ask for nothing."""
    shown = listed([f"{at} {column.name}" for at, column in enumerate(columns)], 30)
    for name, given in with_lists(params, vocabulary).items():
        main = vocabulary.canonical[name]
        if given is None or given == []:
            continue
        if main in _EACH:
            problem = _of_each(given, _EACH[main], columns)
        else:
            problem = _of_groups(given, columns) if main == INTERACTIONS else None
        if problem is None and main == MONOTONE:
            problem = _of_categories(given, columns)
        if problem is not None:
            told = f"{problem}, got {params[name]!r}."
            yield Fault(f"model.params.{name}", told, f"The columns: {shown}.")


def _of_each(given: object, allowed: Range, columns: tuple[Column, ...]) -> str | None:
    if isinstance(given, list) and len(given) == len(columns) and not _outside(given, allowed):
        return None
    return f"it must be a list with {allowed} for each of the {len(columns)} columns"


def _of_groups(given: object, columns: tuple[Column, ...]) -> str | None:
    allowed = Range(0, len(columns) - 1, whole=True)
    if isinstance(given, list) and all(
        isinstance(group, list) and group and not _outside(group, allowed) for group in given
    ):
        return None
    return "it must be a list of lists of the numbers of columns"


def _of_categories(given: list[int], columns: tuple[Column, ...]) -> str | None:
    pairs = zip(columns, given, strict=True)
    ordered = [column.name for column, sign in pairs if column.categorical and sign != 0]
    return f"categories have no order: it must be 0 for {listed(ordered)}" if ordered else None


def _outside(given: list[Any], allowed: Range) -> bool:
    return any(allowed.fault("", each) for each in given)


def _read(main: str, value: object) -> Any:
    """Return a list, of a text too: `1,0` and `(1,0)` for columns, `[0,1],[2]` for groups."""
    if isinstance(value, (list, tuple)):
        return [_read("", each) if isinstance(each, (list, tuple)) else each for each in value]
    if not isinstance(value, str):
        return value
    try:
        read = yaml.safe_load(f"[{value.replace('(', '[').replace(')', ']')}]")
    except yaml.YAMLError:
        return value
    inner = read[0] if len(read) == 1 and isinstance(read[0], list) else None
    groups = inner is not None and all(isinstance(group, list) for group in inner)
    return inner if inner is not None and (groups or main != INTERACTIONS) else read
