"""Scoring a table of any length: read in batches, all checked before anything is final."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutscore.batch.fault_book import FaultBook
from cutscore.batch.outputs import SETTING, OneFile, kind_of, reserved
from cutscore.batch.parts_folder import PartsFolder
from cutscore.batch.row_ids import IdKinds, NamedFile, check_ids
from cutscore.batch.scored_rows import ROWS, unread_faults
from cutscore.batch.source import BatchSource, source_of, told_of_tables
from cutscore.batch.tally import Tally
from cutscore.data.locate import LocatedData
from cutscore.data.parts import base
from cutscore.data.relational.new_folder import FolderSettings
from cutscore.data.unlabelled import RowBatch, RowFile, opened
from cutscore.data.unpack import SETTING as DATA_PATH
from cutscore.data.unreadable import read_evenly
from cutscore.errors import Fault, RequestError, blaming, nearest
from cutscore.records import RawColumn
from cutscore.scoring.answer import Answer
from cutscore.scoring.reasons import ReasonsFor
from cutscore.scoring.scorer import Scorer

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ROW = "row"
"""The column of rows' numbers, from 0, where there are no ids; in a folder, of each part's own."""
Advance = Callable[[int, int | None], None]


@dataclass(frozen=True, kw_only=True)
class PredictOptions:
    """How rows are scored; see `Scorer.decide`. `id_column` is another column of ids."""

    settings: FolderSettings = field(default_factory=FolderSettings)
    strict: bool = False
    ignore_unknown: bool = False
    expected_cost: bool = False
    reasons: int = 0
    reasons_for: ReasonsFor = "flagged"
    id_column: str | None = None


@dataclass(frozen=True)
class Summary:
    """What came of a batch; `kept` of the `parts` were there already; `notes` are of its tables."""

    out: Path
    figures: Tally
    parts: int
    kept: int
    seconds: float
    notes: tuple[str, ...] = ()


def predict(
    scorer: Scorer,
    rows: Path,
    out: Path,
    options: PredictOptions | None = None,
    *,
    overwrite: bool = False,
    advance: Advance = lambda _done, _total: None,
) -> Summary:
    """Score and decide the rows of a file, a folder or a pattern, and write what comes of them.

    Parameters
    ----------
    scorer : Scorer
        The kept model.
    rows : Path
        A table as `data.path` takes it; of a model of several tables also a folder of tables.
    out : Path
        A file that ends in .parquet or .csv, or a folder, which gets a part for each file of rows;
        parts that are there and whose input has not changed are not made again. A folder of
        tables has one part.
    options : PredictOptions, optional
        How rows are scored.
    overwrite : bool
        Replace what is there.
    advance : callable
        Is told how many rows are done, and of how many if that is known.

    Raises
    ------
    RequestError
        With all that is wrong with any row; nothing is left then.
    CutscoreError
        If the output cannot be written.
    """
    start, chosen = time.monotonic(), options or PredictOptions()
    _check_places(rows, out)
    kind = kind_of(out)
    output: OneFile | PartsFolder
    if kind == "folder":
        output = PartsFolder(out, _asked(scorer, chosen), overwrite)
    else:
        output = OneFile(out, kind, overwrite)
    with reserved(out), blaming(ROWS, DATA_PATH):
        try:
            source = source_of(scorer, rows, chosen.settings, chosen.ignore_unknown)
            batch = _Batch(scorer, chosen, output, advance, source)
            figures, parts = read_evenly(source.path, source.settings.lines, batch.run)
        except BaseException as error:
            output.discard(whole=isinstance(error, RequestError))
            raise
    seconds = time.monotonic() - start
    return Summary(out, figures, parts, output.kept, seconds, source.notes)


@dataclass
class _Batch:
    """One request on its way through the files."""

    scorer: Scorer
    options: PredictOptions
    output: OneFile | PartsFolder
    advance: Advance
    source: BatchSource

    def run(self, data: LocatedData) -> tuple[Tally, int]:
        """Score all files; return the figures and the number of parts."""
        self.output.begin()
        self._book, self._done, self._before = FaultBook(), 0, 0
        self._total: int | None = None
        with closing(opened(data)) as connection:
            files = list(self._files(data, connection))
            self._check_columns(files)
            ids = self._ids(files)
            self._total = _total(files) if ids is None else ids.rows
            figures = Tally()
            for each in files:
                figures.join(self._part(each, integers=ids is not None and ids.integers))
        if self._book:
            raise RequestError(self._book.faults())
        if not figures.rows:
            raise RequestError(Fault(ROWS, "there is no row to score."))
        self.output.finish([each.part for each in files])
        return figures, len(files)

    @property
    def _id_column(self) -> str | None:
        return self.options.id_column or self.scorer.id_column

    def _files(
        self, data: LocatedData, connection: duckdb.DuckDBPyConnection
    ) -> Iterator[NamedFile]:
        """Open each file of the table."""
        several, start = data.kind == "parquet" and data.path != data.files[0], base(data.path)
        wanted = _wanted(self.scorer, expected_cost=self.options.expected_cost)
        for file in data.files:
            rows = RowFile(
                replace(data, files=(file,)),
                connection,
                self.scorer.model.inputs.raw,
                wanted,
                self.source.settings,
                self._id_column,
            )
            inside = file.relative_to(start) if several else Path(f"{self.source.stem}.parquet")
            yield NamedFile(rows, str(inside) if several else "", str(inside))

    def _check_columns(self, files: Sequence[NamedFile]) -> None:
        """Refuse columns that are missing or unknown, of the first file that has such."""
        import pyarrow as pa

        own, faults = self.options.id_column, list[Fault]()
        for each in files:
            names = each.rows.names
            if own is not None and own not in names:
                problem = f'the table has no column "{own}".{nearest(own, names)}'
                faults.append(Fault("--id", problem))
            given = {name: pa.array([], pa.null()) for name in names if name != own}
            if own in {column.name for column in self.scorer.columns}:
                given[str(own)] = pa.array([], pa.null())
            try:
                known = self.options.ignore_unknown or self.source.of_tables
                self._check(pa.table(given), ignore_unknown=known)
            except RequestError as error:
                faults += told_of_tables(self.scorer, error.faults)
            if faults:
                where = f'in "{each.name}", ' if each.name else ""
                told = [replace(f, problem=f"{where}{f.problem}") for f in faults]
                raise RequestError(told)

    def _ids(self, files: Sequence[NamedFile]) -> IdKinds | None:
        """Look at the ids, if there are any."""
        without = [each for each in files if not each.rows.has_ids]
        if len(without) == len(files):
            return None
        column = str(self._id_column)
        if without:
            problem = f'the column of ids is missing in "{without[0].name}", not in other files.'
            raise RequestError(Fault(column, problem))
        return check_ids(files, column, self._book, lambda: self._advance(0))

    def _part(self, each: NamedFile, *, integers: bool) -> Tally:
        """Score a file, unless that has been done; after a fault it is only checked."""
        source = each.rows.file
        there = self.output.done(each.part, source)
        if there is not None:
            self._advance(there.rows)
            return there
        figures = Tally()
        for batch in each.rows.batches(integers=integers):
            answer = self._answer(batch, each.name)
            if answer is not None:
                self.output.write(each.part, self._named(answer, batch))
                figures.add(answer)
            self._advance(len(batch.numbers))
        if isinstance(self.output, OneFile):
            self._before += each.rows.length
        if not self._book:
            self.output.close(each.part, source, figures)
        return figures

    def _named(self, answer: Answer, batch: RowBatch) -> pa.Table:
        """Return an answer as a table that says whose it is: by ids, or by the rows' numbers."""
        import pyarrow as pa

        table = answer.to_arrow("texts" if self.output.kind == "csv" else "structs")
        if batch.ids is None:
            return table.add_column(0, ROW, pa.array(batch.numbers + self._before))
        return table.add_column(0, str(self._id_column), batch.ids)

    def _answer(self, batch: RowBatch, name: str) -> Answer | None:
        """Score a batch; None if something is wrong with it or was with an earlier one."""
        faults = unread_faults(self.scorer.columns, batch)
        answer = None
        try:
            if faults or self._book:
                self._check(batch.rows, ignore_unknown=True)
            else:
                answer = self.scorer.decide(
                    batch.rows,
                    strict=self.options.strict,
                    ignore_unknown=True,
                    expected_cost=self.options.expected_cost,
                    reasons=self.options.reasons,
                    reasons_for=self.options.reasons_for,
                )
        except RequestError as error:
            faults += error.faults
        self._book.add(faults, batch.numbers, name)
        return answer

    def _check(self, rows: pa.Table | pa.RecordBatch, *, ignore_unknown: bool) -> None:
        self.scorer.check(
            rows,
            strict=self.options.strict,
            ignore_unknown=ignore_unknown,
            priced=self.options.expected_cost,
        )

    def _advance(self, rows: int) -> None:
        self._done += rows
        self.advance(self._done, self._total)


def _wanted(scorer: Scorer, *, expected_cost: bool) -> list[RawColumn]:
    """Return the columns to read: features, and what costs are made of."""
    prices = scorer.model.prices
    amounts = prices.columns if expected_cost and prices is not None else scorer.cost_columns
    known = {column.name for column in scorer.columns}
    return [*scorer.columns, *(RawColumn(n) for n in dict.fromkeys(amounts) if n not in known)]


def _total(files: Sequence[NamedFile]) -> int | None:
    """Return how many rows there are, None if that is not known before they are read."""
    counts = [each.rows.count() for each in files]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _asked(scorer: Scorer, options: PredictOptions) -> dict[str, Any]:
    """Return what makes one part differ from another of the same input, as plain values."""
    plain = {**asdict(options), "settings": asdict(options.settings.of_rows)}
    made: dict[str, Any] = json.loads(json.dumps(plain))
    return {"model": scorer.tags.get("model_digest", scorer.name), **made}


def _check_places(rows: Path, out: Path) -> None:
    """Refuse to write where rows are read from."""
    source, target = base(rows).resolve(), out.resolve()
    if source == target or (source.is_dir() and source in target.parents):
        problem = f'"{out}" is where rows are read from, and would be read the next time.'
        raise RequestError(Fault(SETTING, problem, "Name another place."))
    if target in source.parents and out.is_dir():
        problem = f'"{out}" holds the rows that are read.'
        raise RequestError(Fault(SETTING, problem, "Name another folder."))
