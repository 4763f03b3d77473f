"""Rows that a kept model carries with its answers, so that whoever loads it can see it repeat them.

They are no rows of the data: each column's values are those of some training rows, shuffled by
themselves, so that none belongs to a person. Only the columns of costs stay together, since not
all of their combinations are costs. `check_rows.json` in a model's folder holds them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.errors import RequestError
from cutscore.records import Dataset, RawColumn, Rows, Table
from cutscore.scoring.answer import Answer
from cutscore.scoring.documents import read_document
from cutscore.scoring.kept_model import KeptModel
from cutscore.scoring.scorer import Scorer

CHECK_ROWS_JSON = "check_rows.json"
MOST = 100
_FORMAT = 1
_SEED = 20_240_229
_MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class CheckRows:
    """Rows as mappings of names to plain values, and what the model said of them.

    Attributes
    ----------
    rows : the rows; none where `problem` says why
    answers : what the model said of them, by column
    strayed : of as many rows as they stood in the data, how many had another score when they came
        through the door than in training
    problem : why there are none, '' if there are
    """

    rows: Sequence[Mapping[str, Any]]
    answers: Mapping[str, Sequence[Any]]
    strayed: int = 0
    problem: str = ""

    def save(self, folder: Path) -> None:
        """Write `check_rows.json`."""
        state = {"format": _FORMAT, **vars(self)}
        text = json.dumps(state, ensure_ascii=False, allow_nan=False)
        (folder / CHECK_ROWS_JSON).write_text(text + "\n", encoding="utf-8")

    def differing(self, answer: Answer) -> int:
        """Return how many rows have another answer, in whatever bit of it."""
        different = np.zeros(len(self.rows), dtype=bool)
        for name, values in answer.columns().items():
            expected = np.array(self.answers[name], dtype=values.dtype)
            different |= _bits(expected) != _bits(values)
        return int(different.sum())


def draw_check_rows(model: KeptModel, dataset: Dataset, table: Table) -> CheckRows:
    """Return check rows for a model that was fitted on a data set.

    `table` are its features as they were computed for training, not yet prepared.
    """
    random = np.random.default_rng(_SEED)
    count = min(MOST, table.rows)
    taken = np.sort(random.choice(table.rows, count, replace=False)).astype(np.int64)
    together = random.permutation(taken)
    priced = () if model.prices is None or not model.by_own_costs else model.prices.columns
    columns = {raw.name: raw for raw in model.inputs.raw.columns}
    columns |= {name: RawColumn(name) for name in priced if name not in columns}
    real, shuffled = {}, {}
    for name, raw in columns.items():
        order = together if name in priced else random.permutation(taken)
        real[name] = _cells(raw, dataset, table, taken)
        shuffled[name] = _cells(raw, dataset, table, order)
    scorer = Scorer(model)
    try:
        through_the_door = scorer.decide(_records(real)).score
        answer = scorer.decide(_records(shuffled))
    except RequestError as error:
        return CheckRows((), {}, problem=str(error))
    before = model.scores(Table(table.columns, table.values[taken]))
    strayed = int((_bits(through_the_door) != _bits(before)).sum())
    answers = {name: values.tolist() for name, values in answer.columns().items()}
    return CheckRows(_records(shuffled), answers, strayed)


def load_check_rows(folder: Path) -> CheckRows | None:
    """Return the check rows in a model's folder, None if it has none.

    Raises
    ------
    StoreError
        If they are damaged or of a newer format.
    """
    return read_document(folder / CHECK_ROWS_JSON, _FORMAT, lambda state: CheckRows(**state))


def _bits(values: npt.NDArray[Any]) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Return values as whole numbers of the same bits."""
    return np.ascontiguousarray(values).view(f"u{values.itemsize}")


def _records(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _cells(raw: RawColumn, dataset: Dataset, table: Table, rows: Rows) -> list[Any]:
    """Return a column's values of some rows as a caller would give them in JSON."""
    name, kind = raw.name, raw.kind
    if name in dataset.amounts and kind == "number":
        return [_plain(value, float) for value in dataset.amounts[name][rows]]
    if name in dataset.whole and kind != "category":
        values = dataset.whole[name][rows]
        if isinstance(values, np.ma.MaskedArray):
            return [None if value is None else int(value) for value in values.tolist()]
        if values.dtype.kind == "M":
            return [None if np.isnat(value) else str(value) for value in values]
        return [_plain(value, float) for value in values]
    found = _values(name, dataset, table)[rows]
    if kind == "category":
        levels = raw.levels or ()
        return [None if np.isnan(code) else levels[int(code)] for code in found]
    if kind in ("date", "timestamp"):
        return [_plain(day, _moment if kind == "timestamp" else _date) for day in found]
    made = {"integer": int, "boolean": bool}.get(kind, float)
    return [_plain(value, made) for value in found]


def _values(name: str, dataset: Dataset, table: Table) -> npt.NDArray[np.float32]:
    """Return a column of the features, or of the data where the features leave it out."""
    home = table if name in table.names else dataset.table
    column: npt.NDArray[np.float32] = home.values[:, home.names.index(name)]
    return column


def _plain(value: Any, kind: Any) -> Any:
    return None if np.isnan(value) else kind(value)


def _moment(day: float) -> str:
    return str(np.datetime64(round(float(day) * _MICROSECONDS_PER_DAY), "us"))


def _date(day: float) -> str:
    return str(np.datetime64(int(day), "D"))
