"""Reading scores: only the columns needed, in batches, from one row to a hundred million."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cutscore.data.describing import open_file, raw_layout
from cutscore.data.layout import Layout, trim
from cutscore.data.locate import located
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.records import Scores, Target, Weights, exact_weights
from cutscore.sql import identifier

if TYPE_CHECKING:
    import duckdb

BATCH = 1 << 20
MISSING = ("", "NA", "NULL", "null")
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ScoreColumns:
    """Which columns hold what; `amounts` are numbers that costs are made of.

    `weight` is how many rows a row counts for; `in_time` says that folds follow each other in time,
    by their numbers.
    """

    target: str
    score: str
    id: str | None = None
    fold: str | None = None
    group: str | None = None
    amounts: tuple[str, ...] = ()
    weight: str | None = None
    in_time: bool = False


@dataclass(frozen=True, eq=False)
class ScoreRows:
    """Scores and targets, shape (rows,), with labels of folds and of rows that belong together.

    `columns` names all columns of the file. If folds follow each other `in_time`, their labels are
    in that order.
    """

    path: str
    target: Target
    score: Scores
    fold: Labels | None = None
    group: Labels | None = None
    amounts: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    repeated_ids: int = 0
    columns: tuple[str, ...] = ()
    weights: Weights | None = None
    in_time: bool = False

    @property
    def positives(self) -> int:
        """Number of rows with target 1."""
        return int(np.count_nonzero(self.target))


def column_names(path: Path) -> tuple[str, ...]:
    """Return the columns of a CSV, TSV or Parquet file."""
    with _opened(path) as (layout, _):
        return tuple(layout.types)


def read_scores(path: Path, columns: ScoreColumns) -> ScoreRows:
    """Read a file of scores.

    Raises
    ------
    RequestError
        With every fault: columns that are not there, scores that are no finite numbers, a target
        that is not binary, missing labels, or no row at all.
    """
    with _opened(path) as (layout, connection):
        _check_columns(columns, layout)
        rows = _fetch(connection, layout, columns)
        if not len(rows["score"]):
            raise RequestError(Fault("SCORES", f'"{path}" has column names but no rows.'))
        _check_values(rows, columns, connection, layout)
    return replace(_score_rows(str(path), rows, columns), columns=tuple(layout.types))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Layout, duckdb.DuckDBPyConnection]]:
    """Open a file; text is read as text and cast later, so that any row may be faulted."""
    import duckdb

    try:
        with located(path) as data, closing(open_file(data)) as connection:
            yield trim(raw_layout(data, connection, missing=MISSING, effort="text")), connection
    except RequestError as error:
        faults = [
            Fault("SCORES" if f.setting.startswith("data.") else f.setting, f.problem, f.remedy)
            for f in error.faults
        ]
        raise RequestError(faults) from None
    except (duckdb.Error, OSError) as error:
        told = str(error).strip().splitlines()[0]
        raise RequestError(Fault("SCORES", f'"{path}" cannot be read as a table: {told}')) from None


def _check_columns(columns: ScoreColumns, layout: Layout) -> None:
    named = [("--target", columns.target), ("--score", columns.score), ("--id", columns.id)]
    named += [("--fold", columns.fold), ("--group", columns.group)]
    named.append(("--weight", columns.weight))
    known = list(layout.types)
    faults = [
        Fault(
            option,
            f'the table has no column "{name}".{nearest(name, known)}',
            f"Its columns: {listed(known)}.",
        )
        for option, name in named
        if name is not None and name not in layout.types
    ]
    if columns.target == columns.score:
        faults.append(Fault("--score", f'"{columns.score}" is the target; name the scores.'))
    if faults:
        raise RequestError(faults)


def _fetch(
    connection: duckdb.DuckDBPyConnection, layout: Layout, columns: ScoreColumns
) -> dict[str, npt.NDArray[Any]]:
    """Return the columns by their roles; missing targets are -1, missing numbers NaN."""
    score = identifier(columns.score)
    wanted = {
        "score": f"coalesce(TRY_CAST({score} AS DOUBLE), 'nan'::DOUBLE)",
        "target": _target_sql(identifier(columns.target), layout.types[columns.target]),
    }
    for role, name in (("id", columns.id), ("fold", columns.fold), ("group", columns.group)):
        if name is not None:  # a label is only compared, and its hash is as good
            text = f"CAST({identifier(name)} AS VARCHAR)"
            wanted[role] = f"coalesce(CAST(hash({text}) >> 1 AS BIGINT), 0)"
            wanted[f"{role}_missing"] = f"{identifier(name)} IS NULL"
    if columns.in_time and columns.fold is not None:
        name = identifier(columns.fold)
        number = f"TRY_CAST({name} AS DOUBLE)"
        number = f"CASE WHEN {number} = floor({number}) THEN TRY_CAST({name} AS BIGINT) END"
        wanted |= {"fold": f"coalesce({number}, 0)", "fold_missing": f"{number} IS NULL"}
    numbers = {f"amount {name}": name for name in columns.amounts}
    if columns.weight is not None:
        numbers["weight"] = columns.weight
    for role, name in numbers.items():
        wanted[role] = f"coalesce(TRY_CAST({identifier(name)} AS DOUBLE), 'nan'::DOUBLE)"
    items = ", ".join(f"{sql} AS c{at}" for at, sql in enumerate(wanted.values()))
    parts: dict[str, list[npt.NDArray[Any]]] = {role: [] for role in wanted}
    reader = connection.sql(f"SELECT {items} FROM {layout.relation}").to_arrow_reader(BATCH)
    for batch in reader:
        for at, role in enumerate(wanted):
            # a view would keep the whole batch alive
            parts[role].append(batch.column(at).to_numpy(zero_copy_only=False).copy())
    empty = [np.empty(0)]
    found = {}
    for role in wanted:
        found[role] = np.concatenate(parts.pop(role) or empty)
    return found


def _target_sql(column: str, kind: str) -> str:
    if kind == "BOOLEAN":
        return f"CAST(coalesce(CAST({column} AS TINYINT), -1) AS TINYINT)"
    if kind == "VARCHAR":
        text = f"lower(trim({column}))"
        return (
            f"CAST(CASE WHEN {text} IN ('1', '1.0', 'true') THEN 1 "
            f"WHEN {text} IN ('0', '0.0', 'false') THEN 0 ELSE -1 END AS TINYINT)"
        )
    number = f"TRY_CAST({column} AS DOUBLE)"
    return f"CAST(CASE WHEN {number} = 1 THEN 1 WHEN {number} = 0 THEN 0 ELSE -1 END AS TINYINT)"


def _check_values(
    rows: Mapping[str, npt.NDArray[Any]],
    columns: ScoreColumns,
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
) -> None:
    faults = _number_faults("--score", columns.score, rows["score"])
    for name in columns.amounts:
        faults += _number_faults("cost", name, rows[f"amount {name}"])
    if columns.weight is not None:
        faults += _weight_faults(columns.weight, rows["weight"])
    if rows["target"].min() < 0:
        faults.append(_target_fault(columns.target, connection, layout))
    for role in ("id", "fold", "group"):
        missing = int(rows[f"{role}_missing"].sum()) if role in rows else 0
        if missing:
            name = getattr(columns, role)
            numbered = columns.in_time and role == "fold"
            what = "no whole number, by which folds are in order," if numbered else "missing"
            problem = f'"{name}" is {what} in {missing:,} of {len(rows["score"]):,} rows.'
            faults.append(Fault(f"--{role}", problem))
    known = "fold" in rows and not rows["fold_missing"].any()
    if known and len(np.unique(rows["fold"])) < 2:
        problem = f'"{columns.fold}" has one value only; a threshold needs other folds to learn on.'
        faults.append(Fault("--fold", problem, "Leave --fold out: five parts are then drawn."))
    if columns.in_time and columns.fold is None:
        problem = "folds are said to follow each other in time, but no column of them is named."
        faults.append(Fault("--in-time", problem, "Name it: --fold COLUMN."))
    if faults:
        raise RequestError(faults)


def _number_faults(setting: str, name: str, values: npt.NDArray[np.float64]) -> list[Fault]:
    if np.isfinite(values.min()) and np.isfinite(values.max()):
        return []
    nan, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    told = [f"no number in {nan:,}"] if nan else []
    told += [f"infinite in {infinite:,}"] if infinite else []
    first = int(np.argmax(~np.isfinite(values))) + 1
    problem = f'"{name}" is {" and ".join(told)} of {len(values):,} rows (first in row {first:,}).'
    return [Fault(setting, problem, "Mend or remove those rows.")]


def _weight_faults(name: str, values: npt.NDArray[np.float64]) -> list[Fault]:
    if faults := _number_faults("--weight", name, values):
        return faults
    bad = int(np.count_nonzero(values <= 0))
    if not bad:
        return []
    first = int(np.argmax(values <= 0)) + 1
    problem = (
        f'"{name}" is not above 0 in {bad:,} of {len(values):,} rows (first in row {first:,}).'
    )
    return [Fault("--weight", problem, "Mend or remove those rows.")]


def _target_fault(name: str, connection: duckdb.DuckDBPyConnection, layout: Layout) -> Fault:
    column = identifier(name)
    found: Sequence[tuple[Any, int]] = connection.execute(
        f"SELECT CAST({column} AS VARCHAR), count(*) FROM {layout.relation} "
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 6"
    ).fetchall()
    values = ["(missing)" if value is None else str(value) for value, _ in found]
    shown = listed(values, 5) if len(values) < 6 else ", ".join([*values[:5], "..."])
    problem = f'"{name}" must be 0 or 1 (or false, true) in every row; it holds {shown}.'
    return Fault("--target", problem, "Turn it into 0 and 1, 1 for the rows to be flagged.")


def _score_rows(
    path: str, rows: Mapping[str, npt.NDArray[Any]], columns: ScoreColumns
) -> ScoreRows:
    """Return the rows; rows of one id belong together, unless groups are named."""
    group, repeated, weights = rows.get("group"), 0, rows.get("weight")
    if columns.id is not None:
        repeated = len(rows["id"]) - len(np.unique(rows["id"]))
        if repeated and group is None:
            group = rows["id"]
    return ScoreRows(
        path=path,
        target=rows["target"].astype(np.int8, copy=False),
        score=rows["score"] + 0.0,
        fold=rows.get("fold"),
        group=group,
        amounts={name: rows[f"amount {name}"] for name in columns.amounts},
        repeated_ids=repeated,
        weights=None if weights is None or (weights == 1).all() else exact_weights(weights),
        in_time=columns.in_time,
    )
