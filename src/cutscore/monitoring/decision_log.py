"""Reading what `cutscore serve` has logged, also while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutscore.batch.scored_rows import ROWS, ScoredRows, Taken
from cutscore.data.parts import parts, several
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.records import Rows
from cutscore.scoring.scorer import Scorer

if TYPE_CHECKING:
    import pyarrow as pa

TIME = "time"
_COLUMNS = ("time", "request", "row", "model", "id", "score", "probability", "flagged")
_INPUTS = "inputs"
_ROWS = 65_536


def log_files(path: Path) -> tuple[Path, ...]:
    """Return the Parquet files of a log of decisions; none where a path is something else."""
    import pyarrow as pa
    from pyarrow import parquet

    with suppress(pa.ArrowInvalid, OSError, RequestError):  # said where it is read as a table
        files = parts(path) if several(path) else (path,) if path.is_file() else ()
        if files and set(_COLUMNS) <= set(parquet.read_schema(files[0]).names):
            return files
    return ()


class LogReading:
    """Reads decisions of one model, and counts those of others.

    A service replaces its newest part, whole; a file that is open stays as it was. What is logged
    after the files were listed is not read.
    """

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._called = {scorer.version, scorer.tags.get("run_id"), scorer.name} - {None, ""}
        self.others: dict[str, int] = {}

    def read(
        self, files: tuple[Path, ...], wanted: Mapping[str, str], begin: Callable[[], Taken]
    ) -> Taken:
        """Hand all decisions of the model to what `begin` makes, and return that.

        `wanted` are columns, of the log or of its inputs, by the settings that ask for them.

        Raises
        ------
        RequestError
            If a file cannot be read, lacks a column, or none of the decisions is the model's.
        """
        import pyarrow as pa
        from pyarrow import parquet

        taker, found = begin(), 0
        for path in files:
            try:
                with path.open("rb") as stream:
                    file = parquet.ParquetFile(stream)
                    _refuse(_form_faults(path, file.schema_arrow))
                    names = [*_COLUMNS, *([_INPUTS] if _INPUTS in file.schema_arrow.names else [])]
                    for batch in file.iter_batches(_ROWS, columns=names, use_threads=False):
                        own = self._own(batch)
                        found += own.num_rows
                        if own.num_rows:  # files of other models may lack what is asked for
                            _refuse(_lacking(path, file.schema_arrow, wanted))
                            taker.take(self._rows(own, path))
            except (pa.ArrowException, OSError) as error:
                problem = f'"{path}" cannot be read as a log of decisions ({error}).'
                raise RequestError(Fault(ROWS, problem)) from error
        if not found and self.others:
            problem = f"the log holds decisions of {listed(sorted(self.others))} only, "
            problem += f"none of {self._scorer.version}."
            raise RequestError(Fault(ROWS, problem, "Name the model that decided them."))
        return taker

    def _own(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the decisions of the model."""
        import pyarrow as pa
        import pyarrow.compute as pc

        model = batch.column("model")
        own = pc.is_in(model, pa.array(sorted(map(str, self._called)), pa.string()))
        if not pc.all(own).as_py():
            for each in pc.value_counts(model.filter(pc.invert(own))).to_pylist():
                name = str(each["values"])
                self.others[name] = self.others.get(name, 0) + each["counts"]
            batch = batch.filter(own)
        return batch

    def _rows(self, batch: pa.RecordBatch, path: Path) -> ScoredRows:
        beside: dict[str, Any] = {name: batch.column(name) for name in batch.schema.names}
        inputs, prices = beside.pop(_INPUTS, None), self._scorer.model.prices
        values, costs = None, None
        unseen: Mapping[str, Rows] = {}
        if inputs is not None:
            table = _flat(inputs)
            beside = {name: table.column(name) for name in table.schema.names} | beside
            priced = prices is not None and set(prices.columns) <= set(table.schema.names)
            checked = self._scorer.check(table, ignore_unknown=True, priced=priced)
            values, unseen = checked.table.values, checked.unseen_rows
            costs = prices.matrix(checked.amounts) if prices is not None and priced else None
        elif prices is not None and not prices.columns:
            costs = prices.matrix({})
        probability = batch.column("probability").to_numpy(zero_copy_only=False)
        known = (probability >= 0) & (probability <= 1)
        if batch.column("flagged").null_count or not known.all():
            problem = f'"{path}" lacks some decision, or its probability is not from 0 to 1.'
            raise RequestError(Fault(ROWS, problem))
        return ScoredRows(  # as they were decided, whatever would be decided now
            probability,
            batch.column("flagged").to_numpy(zero_copy_only=False),
            values,
            unseen,
            costs,
            beside,
            beside["id"],
        )


def _refuse(faults: Iterable[Fault]) -> None:
    if found := list(faults):
        raise RequestError(found)


def _form_faults(path: Path, schema: pa.Schema) -> Iterator[Fault]:
    """Yield what a file lacks as a log of decisions."""
    import pyarrow as pa

    lacking = [name for name in _COLUMNS if name not in schema.names]
    if lacking:
        yield Fault(ROWS, f'"{path}" is no log of decisions: it lacks {listed(lacking)}.')
    for name, fits in (("probability", pa.types.is_floating), ("flagged", pa.types.is_boolean)):
        if name not in lacking and not fits(kind := schema.field(name).type):
            yield Fault(ROWS, f'"{path}" is no log of decisions: its "{name}" is of type {kind}.')


def _lacking(path: Path, schema: pa.Schema, wanted: Mapping[str, str]) -> Iterator[Fault]:
    """Yield the columns that are asked for and neither in a log nor in the inputs it keeps."""
    inputs = schema.field(_INPUTS).type if _INPUTS in schema.names else ()
    known = [*schema.names, *(field.name for field in inputs)]
    for setting, column in wanted.items():
        if column not in known:
            problem = f'the log "{path}" has no column "{column}".{nearest(column, known)}'
            yield Fault(setting, problem)


def _flat(inputs: Any) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_struct_array(inputs)
