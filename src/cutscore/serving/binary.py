"""Rows in Arrow's stream format and in Parquet, from strangers.

Both can be made so that a few bytes unpack to any size. So what is packed inside is refused or
held to the limits before it is unpacked, columns may hold plain values only, and whatever Arrow
reads is validated, since it trusts its own files.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cutscore.errors import Fault
from cutscore.serving.refusals import Refused, too_many
from cutscore.serving.settings import MEGABYTE

LARGEST = 512 * MEGABYTE
"""The most that a body may unpack to."""
_DICTIONARY, _BATCH = 2, 3
_PLAIN: tuple[Callable[[Any], bool], ...] = (
    pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_null,
    pa.types.is_date, pa.types.is_timestamp, pa.types.is_decimal, pa.types.is_string,
    pa.types.is_large_string,
)  # fmt: skip


def arrow(body: bytes, max_rows: int) -> pa.Table:
    """Return the rows of an Arrow stream.

    Raises
    ------
    Refused
        If it is damaged, packed inside, too large, or has columns of nested values.
    """
    try:
        _check_unpacked(body)
        with pa.ipc.open_stream(pa.py_buffer(body)) as stream:
            _check_types(stream.schema)
            batches, rows = [], 0
            for batch in stream:
                rows += batch.num_rows
                if rows > max_rows:
                    raise too_many(rows, max_rows)
                batches.append(batch)
            table = pa.Table.from_batches(batches, stream.schema)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, struct.error, IndexError) as error:
        raise _damaged("an Arrow stream", error) from None
    return _within(table)


def parquet(body: bytes, max_rows: int) -> pa.Table:
    """Return the rows of a Parquet file; see `arrow`."""
    try:
        source = pa.BufferReader(body)
        file = pq.ParquetFile(source)
        about, schema = file.metadata, file.schema_arrow
        if about.num_rows > max_rows:
            raise too_many(about.num_rows, max_rows)
        if sum(about.row_group(at).total_byte_size for at in range(about.num_row_groups)) > LARGEST:
            raise _too_large()
        _check_types(schema)
        # Texts stay as places in a list of distinct ones: one long text, a million times, is short.
        texts = [f.name for f in schema if pa.types.is_string(f.type)]
        file = pq.ParquetFile(pa.BufferReader(body), read_dictionary=texts)
        table = file.read(use_threads=False)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged("a Parquet file", error) from None
    if table.num_rows > max_rows:
        raise too_many(table.num_rows, max_rows)
    return _within(table)


def _check_types(schema: pa.Schema) -> None:
    faults = [
        Fault(column.name, f"plain values are needed, got {str(column.type)[:80]}.")
        for column in schema
        if not _is_plain(column.type)
    ]
    if faults:
        raise Refused(422, "checks", faults[:100])


def _is_plain(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(each(kind) for each in _PLAIN)


def _within(table: pa.Table) -> pa.Table:
    """Return a table; refuse one whose texts would be too large written out."""
    size = table.nbytes
    for column in table.columns:
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            if pa.types.is_string(chunk.type.value_type):
                longest = pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0
                size += longest * len(chunk)
    if size > LARGEST:
        raise _too_large()
    return table


def _too_large() -> Refused:
    problem = f"it unpacks to more than {LARGEST / MEGABYTE:g} MB."
    return Refused(413, "size", Fault("body", problem, "Send fewer rows at once."))


def _damaged(what: str, error: Exception) -> Refused:
    text = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return Refused(400, "syntax", Fault("body", f"it cannot be read as {what}: {text}"))


def _check_unpacked(body: bytes) -> None:
    """Refuse a stream whose batches are packed: their sizes are known only when it is too late.

    A message is a length, a flatbuffer of that length, and a body whose length it tells.
    """
    at = 0
    while at + 8 <= len(body):
        mark, length = struct.unpack_from("<Ii", body, at)
        at += 8
        if mark != 0xFFFFFFFF:
            raise ValueError("a message does not begin as it should")
        if length == 0:
            return
        message = memoryview(body)[at : at + length]
        root = struct.unpack_from("<I", message)[0]
        kind = message[_field(message, root, 1) or len(message)]
        header = _field(message, root, 2)
        size = _field(message, root, 3)
        if kind in (_DICTIONARY, _BATCH) and header is not None:
            batch = header + struct.unpack_from("<I", message, header)[0]
            if kind == _DICTIONARY and (data := _field(message, batch, 1)) is not None:
                batch = data + struct.unpack_from("<I", message, data)[0]
            if _field(message, batch, 3) is not None:
                problem = "its batches are packed inside, which is not read here."
                remedy = "Send them as they are, or pack the whole body by gzip."
                raise Refused(415, "media type", Fault("body", problem, remedy))
        following = struct.unpack_from("<q", message, size)[0] if size is not None else 0
        if min(length, following) < 0:
            raise ValueError("a message is shorter than nothing")
        at += length + following


def _field(message: memoryview, table: int, number: int) -> int | None:
    """Return where a flatbuffer's table has a field, None if it is left out."""
    fields = table - struct.unpack_from("<i", message, table)[0]
    if 4 + 2 * number >= struct.unpack_from("<H", message, fields)[0]:
        return None
    offset: int = struct.unpack_from("<H", message, fields + 4 + 2 * number)[0]
    return table + offset if offset else None
