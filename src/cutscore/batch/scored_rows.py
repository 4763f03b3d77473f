"""Rows of a table, let in and scored, with columns beside them, to judge a model on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from cutscore.batch.fault_book import FaultBook
from cutscore.batch.source import source_of, told_of_tables
from cutscore.cost.matrix import CostMatrix
from cutscore.data.locate import LocatedData
from cutscore.data.relational.new_folder import FolderSettings
from cutscore.data.unlabelled import RowBatch, RowFile, RowSettings, opened
from cutscore.data.unpack import SETTING as DATA_PATH
from cutscore.data.unreadable import read_evenly
from cutscore.errors import Fault, RequestError, blaming, nearest
from cutscore.records import RawColumn, Rows, Scores, Target, Values
from cutscore.records.decision import Flags
from cutscore.scoring.cells import fault_at
from cutscore.scoring.scorer import Scorer

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ROWS = "ROWS"
NEEDED = {
    "integer": "a whole number is needed",
    "boolean": "true or false is needed",
    "date": "a date, written as in training, is needed",
    "timestamp": "a date or time, written as in training, is needed",
}


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Rows and what the model says of them, each of shape (rows,).

    Attributes
    ----------
    probability, flagged : the calibrated scores, and the decisions
    values : the raw columns as `CheckedRows.table` has them, (rows, columns); None where a log of
        decisions was kept without
    unseen : rows with a category that training did not meet, by column
    costs : what outcomes cost; None where the model or the rows do not say
    beside : further columns as Arrow arrays, by name
    ids : the rows' ids as an Arrow array of texts; None where none were asked for
    score : as the classifier gives it; None in a log
    """

    probability: Scores
    flagged: Flags
    values: Values | None = None
    unseen: Mapping[str, Rows] = field(default_factory=dict)
    costs: CostMatrix | None = None
    beside: Mapping[str, Any] = field(default_factory=dict)
    ids: Any = None
    score: Scores | None = None


class Taker(Protocol):
    """Whoever takes rows as they are read; raises RequestError for what is wrong with them."""

    def take(self, rows: ScoredRows) -> None:
        """Take the next rows."""


Taken = TypeVar("Taken", bound=Taker)


@dataclass(frozen=True)
class RowRequest:
    """What is read besides the model's own columns.

    Attributes
    ----------
    settings : how files are made up
    beside : further columns, by what of the command names them
    id_column : the column of ids, None for none; `id_setting` names it in messages
    """

    settings: FolderSettings = field(default_factory=FolderSettings)
    beside: Mapping[str, RawColumn] = field(default_factory=dict)
    id_column: str | None = None
    id_setting: str = "--id"


def read_scored(
    scorer: Scorer, path: Path, asked: RowRequest, begin: Callable[[], Taken]
) -> tuple[Taken, tuple[str, ...]]:
    """Hand all rows of a file, a folder or a pattern to what `begin` makes, and return that.

    `begin` is called again where a file turns out to need another reading. Of a model of several
    tables a folder with a file for each will do; what is to be told of them is returned, too.

    Raises
    ------
    RequestError
        With all that is wrong with any row.
    """
    beside = {each.name: setting for setting, each in asked.beside.items()}
    with blaming(ROWS, DATA_PATH):
        source = source_of(scorer, path, asked.settings, ignore_unknown=True, beside=beside)
        made = read_evenly(
            source.path,
            source.settings.lines,
            lambda data: _Reading(scorer, asked, source.settings, data).all(begin()),
        )
    return made, source.notes


@dataclass
class _Reading:
    """One pass over the files of a table."""

    scorer: Scorer
    asked: RowRequest
    settings: RowSettings
    data: LocatedData

    def all(self, taker: Taken) -> Taken:
        book = FaultBook()
        with closing(opened(self.data)) as connection:
            for file in self.data.files:
                rows, name = self._open(file, connection)
                priced = self._check_columns(rows, name)
                for batch in rows.batches():
                    faults = unread_faults(self._wanted, batch)
                    try:
                        made = None if faults or book else self._score(batch, priced)
                        if made is None:
                            self._check(batch.rows, priced)
                        else:
                            taker.take(made)
                    except RequestError as error:
                        faults += error.faults
                    book.add(faults, batch.numbers, name)
        if book:
            raise RequestError(book.faults())
        return taker

    @property
    def _wanted(self) -> list[RawColumn]:
        prices = self.scorer.model.prices
        amounts = () if prices is None else prices.columns
        columns = {each.name: each for each in self.scorer.columns}
        more = {n: RawColumn(n) for n in (*amounts, *self.scorer.cost_columns)}
        beside = {each.name: each for each in self.asked.beside.values()}
        return list((beside | more | columns).values())

    def _open(self, file: Path, connection: duckdb.DuckDBPyConnection) -> tuple[RowFile, str]:
        rows = RowFile(
            replace(self.data, files=(file,)),
            connection,
            self.scorer.model.inputs.raw,
            self._wanted,
            self.settings,
            self.asked.id_column,
        )
        return rows, file.name if len(self.data.files) > 1 else ""

    def _check_columns(self, rows: RowFile, name: str) -> bool:
        """Refuse a file that lacks columns; return whether its rows can be priced."""
        import pyarrow as pa

        prices, names = self.scorer.model.prices, rows.names
        priced = prices is not None and set(prices.columns) <= set(names)
        needed = {setting: column.name for setting, column in self.asked.beside.items()}
        if self.asked.id_column is not None:
            needed[self.asked.id_setting] = self.asked.id_column
        faults = [
            Fault(setting, f'the table has no column "{column}".{nearest(column, names)}')
            for setting, column in needed.items()
            if column not in names
        ]
        try:
            self._check(pa.table({each: pa.array([], pa.null()) for each in names}), priced)
        except RequestError as error:
            faults += told_of_tables(self.scorer, error.faults)
        if faults:
            where = f'in "{name}", ' if name else ""
            raise RequestError(replace(f, problem=f"{where}{f.problem}") for f in faults)
        return priced

    def _check(self, rows: pa.Table | pa.RecordBatch, priced: bool) -> None:
        self.scorer.check(rows, ignore_unknown=True, priced=priced)

    def _score(self, batch: RowBatch, priced: bool) -> ScoredRows:
        beside = {c.name: batch.rows.column(c.name) for c in self.asked.beside.values()}
        ids = batch.ids if self.asked.id_column is not None else None
        return score_rows(self.scorer, batch.rows, priced=priced, beside=beside, ids=ids)


def score_rows(
    scorer: Scorer,
    rows: pa.Table | pa.RecordBatch,
    *,
    priced: bool,
    beside: Mapping[str, Any],
    ids: Any = None,
) -> ScoredRows:
    """Let rows in and score them; `priced` says that they have all that costs are made of."""
    checked = scorer.check(rows, ignore_unknown=True, priced=priced)
    answer, prices = scorer.model.answer(checked), scorer.model.prices
    if answer.probability is None or answer.flagged is None:
        problem = "this model was kept without a calibrated decision."
        raise RequestError(Fault("MODEL", problem, "Make it again: cutscore deliver RUN."))
    costs = prices.matrix(checked.amounts) if prices is not None and priced else None
    values, unseen = checked.table.values, checked.unseen_rows
    made = (answer.probability, answer.flagged, values, unseen, costs, beside, ids)
    return ScoredRows(*made, score=answer.score)


def unread_faults(columns: Sequence[RawColumn], batch: RowBatch) -> list[Fault]:
    """Return a fault for each column with texts that are not written as in training."""
    kinds = {column.name: column.kind for column in columns}
    faults: list[Fault] = []
    for column, (places, texts) in batch.unread.items():
        needed = NEEDED.get(kinds.get(column, "number"), "a number is needed")
        cells = dict(zip(places.tolist(), texts, strict=True))
        faults.append(fault_at(column, needed, places, cells))
    return faults


def classes_of(texts: Any, setting: str) -> tuple[Target, Flags]:
    """Return the true classes that an Arrow array of texts holds, and which are known.

    Raises
    ------
    RequestError
        If there is anything but 0, 1, false, true and nothing.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    known = texts.is_valid().to_numpy(zero_copy_only=False)
    plain = pc.replace_substring_regex(pc.utf8_lower(texts.cast(pa.string())), r"\.0+$", "")
    ones = pc.is_in(plain, pa.array(["1", "true"])).to_numpy(zero_copy_only=False)
    zeros = pc.is_in(plain, pa.array(["0", "false"])).to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero(known & ~ones & ~zeros)
    if len(wrong):
        cells = {int(at): texts[int(at)].as_py() for at in wrong[:1]}
        raise RequestError(fault_at(setting, "0 or 1 is needed", wrong, cells))
    return ones.astype(np.int8), known
