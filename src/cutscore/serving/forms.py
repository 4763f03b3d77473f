"""The forms that rows may have in a JSON body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from cutscore.errors import Fault, listed, nearest
from cutscore.serving.options import OPTIONS
from cutscore.serving.refusals import Refused

if TYPE_CHECKING:
    import pyarrow as pa

    Rows: TypeAlias = list[Any] | pa.Table

FORMS = (
    'a list of rows, {"rows": [...]}, {"columns": [...], "data": [[...], ...]}, '
    'or {"tables": {NAME: [...], ...}} for a model of several tables'
)


@dataclass(frozen=True, eq=False)
class Asked:
    """The rows of a body, or those of each table, and the options given beside them."""

    rows: Rows
    options: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, list[Any]] | None = None


def of_json(said: Any) -> Asked:
    """Return the rows of a body, and the options beside them.

    Raises
    ------
    Refused
        If there are no rows where some should be, or something unknown is beside them.
    """
    if isinstance(said, list):
        return Asked(said)
    if isinstance(said, dict) and isinstance(said.get("rows"), list):
        return Asked(said["rows"], _besides(said, {"rows"}))
    if isinstance(said, dict) and {"columns", "data"} <= said.keys():
        return Asked(by_columns(said["columns"], said["data"]), _besides(said, {"columns", "data"}))
    if isinstance(said, dict) and isinstance(said.get("tables"), dict):
        return Asked([], _besides(said, {"tables"}), _tables(said["tables"]))
    got = (
        f"an object of {listed(list(said), 5)[:200] or 'nothing'}"
        if isinstance(said, dict)
        else (type(said).__name__)
    )
    raise Refused(422, "syntax", Fault("body", f"rows are needed, got {got}.", f"Send {FORMS}."))


def _tables(given: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the rows of each table, which are lists of objects."""
    faults = []
    for name, rows in list(given.items())[:100]:
        if not isinstance(rows, list):
            faults.append(Fault(name, "a list of rows is needed; [] where there are none."))
        elif (at := next((n for n, row in enumerate(rows) if not isinstance(row, dict)), -1)) >= 0:
            faults.append(Fault(name, f"each row must be an object; row {at} is not.", rows=(at,)))
    if len(given) > 100:
        faults.append(Fault("tables", f"there are {len(given):,} of them."))
    if faults:
        raise Refused(422, "checks", faults)
    return dict(given)


def _besides(said: Mapping[str, Any], rows: set[str]) -> dict[str, Any]:
    """Return the options beside the rows."""
    given = {name: value for name, value in said.items() if name not in rows}
    unknown = [name for name in given if name not in OPTIONS][:20]
    if unknown:
        known = (*OPTIONS, *rows)
        problem = "there is no such entry."
        faults = [Fault(name, f"{problem}{nearest(name[:80], known)}") for name in unknown]
        raise Refused(422, "checks", faults)
    return given


def by_columns(columns: Any, data: Any) -> list[dict[str, Any]]:
    """Return rows given as names and lists of values.

    Raises
    ------
    Refused
        If they are not that, or rows are shorter or longer than the names.
    """
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise Refused(422, "syntax", Fault("columns", "a list of names is needed."))
    twice = {name for name in columns if columns.count(name) > 1} if len(columns) < 10_000 else ()
    if twice or len(set(columns)) < len(columns):
        faults = [Fault(name, "the column is there more than once.") for name in sorted(twice)]
        raise Refused(422, "checks", faults or Fault("columns", "some are there more than once."))
    if not isinstance(data, list):
        raise Refused(422, "syntax", Fault("data", "a list of rows is needed."))
    width = len(columns)
    wrong = [at for at, row in enumerate(data) if not isinstance(row, list) or len(row) != width]
    if wrong:
        problem = f"each row needs {width:,} values, one a column; row {wrong[0]} has not."
        raise Refused(422, "checks", Fault("data", problem, rows=tuple(wrong[:100])))
    return [dict(zip(columns, row, strict=True)) for row in data]
