"""Tables that are made block by block, written to a folder that appears when all are whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from cutscore.data.synthetic.marginals import Columns

if TYPE_CHECKING:
    import pyarrow as pa

Format = Literal["parquet", "csv"]
OnBlock = Callable[[int, int], None]
"""Hears after each block how many of how many are done."""


class Maker(Protocol):
    """Makes tables block by block."""

    @property
    def tables(self) -> tuple[str, ...]:
        """Their names."""

    @property
    def blocks(self) -> int:
        """The number of blocks."""

    def make(self) -> Iterator[Mapping[str, Columns]]:
        """Yield block by block the columns of each table."""


def write_tables(
    maker: Maker,
    folder: Path,
    form: Format,
    on_block: OnBlock | None = None,
) -> dict[str, int]:
    """Write all tables to `folder` and return their numbers of rows.

    They are written beside it first: whoever finds a file finds it whole. Files of the same names
    are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".making-", dir=folder))
    try:
        rows = _write(maker, beside, form, on_block)
        for path in sorted(beside.iterdir()):
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return rows


def there_already(maker: Maker, folder: Path, form: Format) -> list[str]:
    """Return the names of the files in `folder` that writing would replace."""
    names = [f"{name}.{form}" for name in maker.tables]
    return [name for name in names if (folder / name).exists()]


def _write(maker: Maker, folder: Path, form: Format, on_block: OnBlock | None) -> dict[str, int]:
    rows = dict.fromkeys(maker.tables, 0)
    writers: dict[str, Any] = {}
    with ExitStack() as stack:
        for number, block in enumerate(maker.make(), start=1):
            for name, columns in block.items():
                table = _arrow(columns)
                if name not in writers:
                    writers[name] = stack.enter_context(
                        _writer(folder / f"{name}.{form}", form, table.schema)
                    )
                writers[name].write_table(table)
                rows[name] += table.num_rows
            if on_block is not None:
                on_block(number, maker.blocks)
    return rows


def _arrow(columns: Columns) -> pa.Table:
    """Return columns as an Arrow table; columns of Python objects hold text."""
    import pyarrow as pa

    return pa.table(
        {
            name: values
            if isinstance(values, pa.Array)
            else pa.array(values, pa.string() if values.dtype == object else None)
            for name, values in columns.items()
        }
    )


def _writer(path: Path, form: Format, schema: pa.Schema) -> Any:
    if form == "parquet":
        from pyarrow import parquet

        return parquet.ParquetWriter(path, schema, compression="zstd")
    from pyarrow import csv

    return csv.CSVWriter(path, schema, write_options=csv.WriteOptions(quoting_style="needed"))
