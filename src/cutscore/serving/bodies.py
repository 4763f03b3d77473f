"""The body of a request: read within limits, unpacked within limits, and taken apart into rows."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from cutscore.errors import Fault
from cutscore.serving.forms import FORMS, Asked, of_json
from cutscore.serving.refusals import Refused, too_many
from cutscore.serving.settings import MEGABYTE

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
_OF_EACH, _FEW = 50, 10_000
"""Rows of all tables that a request may hold for each row that may be decided, and at least."""
_CHUNK = 1 << 20
_KEY = re.compile(rb'"\s*:')


@dataclass
class Memory:
    """Bytes of bodies in memory: how many there are, and may be."""

    most: int
    held: int = 0

    def take(self, size: int) -> None:
        """Count bytes that are kept.

        Raises
        ------
        Refused
            If there are too many.
        """
        self.held += size
        if self.held > self.most:
            problem = "too many large requests are being answered."
            raise Refused(503, "busy", Fault("service", problem, "Try again."))


class Unpacking:
    """Collects a body, unpacking gzip, and refuses it as soon as it is too large."""

    def __init__(self, encoding: str, limit: int, memory: Memory) -> None:
        if encoding not in ("", "identity", "gzip"):
            problem = f"the encoding {encoding[:40]!r} cannot be read."
            remedy = "Send the body as it is, or packed by gzip."
            raise Refused(415, "media type", Fault("Content-Encoding", problem, remedy))
        self._limit, self._memory, self._parts, self._size = limit, memory, list[bytes](), 0
        self._packed = zlib.decompressobj(31) if encoding == "gzip" else None

    def add(self, data: bytes) -> None:
        """Add the next bytes as they came.

        Raises
        ------
        Refused
            If the body is too large, or not packed as it says.
        """
        if self._packed is None:
            return self._keep(data)
        try:
            while data:
                self._keep(self._packed.decompress(data, _CHUNK))
                data = self._packed.unconsumed_tail
                if self._packed.eof:
                    data = self._packed.unused_data
                    self._packed = zlib.decompressobj(31)
        except zlib.error as error:
            raise Refused(400, "syntax", Fault("body", f"it is no gzip ({error}).")) from None
        return None

    def whole(self) -> bytes:
        """Return the body."""
        return b"".join(self._parts)

    def forget(self) -> None:
        """Count the body as kept no longer."""
        self._memory.held -= self._size

    def _keep(self, data: bytes) -> None:
        if self._size + len(data) > self._limit:
            raise too_large(self._limit)
        self._size += len(data)
        self._memory.take(len(data))
        self._parts.append(data)


@asynccontextmanager
async def reading(
    chunks: AsyncIterator[bytes], headers: Mapping[str, str], limit: int, memory: Memory
) -> AsyncIterator[bytes]:
    """Yield a body of at most `limit` bytes, unpacked or not; `memory` counts it meanwhile.

    Raises
    ------
    Refused
        If it is larger, or packed in another way.
    """
    told = headers.get("content-length", "")
    if told.isdigit() and int(told) > limit:
        raise too_large(limit)
    body = Unpacking(headers.get("content-encoding", "").strip().lower(), limit, memory)
    try:
        async for chunk in chunks:
            body.add(chunk)
        yield body.whole()
    finally:
        body.forget()


def too_large(limit: int) -> Refused:
    """Return the refusal of a body that is too large."""
    problem = f"it is larger than {limit / MEGABYTE:g} MB, unpacked."
    remedy = "Send fewer rows at once, or score a file by `cutscore predict`."
    return Refused(413, "size", Fault("body", problem, remedy))


def read_rows(body: bytes, media: str, max_rows: int) -> Asked:
    """Return the rows of a body.

    Raises
    ------
    Refused
        If its kind is none that is known, it is damaged, or there are too many rows, or none.
    """
    if not body:
        raise Refused(422, "empty", Fault("body", "it is empty.", f"Send {FORMS}."))
    kind = media.partition(";")[0].strip().lower()
    if kind == JSON:
        asked = of_json(parse_json(body))
    elif kind in (ARROW, PARQUET):
        from cutscore.serving import binary

        asked = Asked((binary.arrow if kind == ARROW else binary.parquet)(body, max_rows))
    else:
        problem = f"rows cannot be read from {kind[:80] or 'a body of unknown type'!r}."
        remedy = f"Send {JSON}, {ARROW} or {PARQUET}."
        raise Refused(415, "media type", Fault("Content-Type", problem, remedy))
    return within(asked, max_rows)


def within(asked: Asked, max_rows: int) -> Asked:
    """Return what is asked; refuse no rows, and more than `max_rows`.

    Of several tables it depends on the model which rows are decided; all of them together may be
    so many times as many.
    """
    if asked.tables is not None:
        number = sum(map(len, asked.tables.values()))
        most = max(_OF_EACH * max_rows, _FEW)
        if number > most:
            raise too_many(number, most)
        return asked
    number = len(asked.rows)
    if number > max_rows:
        raise too_many(number, max_rows)
    if not number:
        raise Refused(422, "empty", Fault("rows", "there are none.", f"Send {FORMS}."))
    return asked


def parse_json(body: bytes, *, nan_is_missing: bool = False) -> Any:
    """Return what a JSON text says, refusing what is no JSON, NaN, and keys given twice.

    Parameters
    ----------
    body : bytes
        The text, in UTF-8.
    nan_is_missing : bool
        Take NaN, as Python's and MLflow's clients write missing values, for null.
    """
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if nan_is_missing and b"NaN" in body:
            return _with_pairs(body)
        remedy = "A missing value is null." if b"NaN" in body or b"Infinity" in body else ""
        problem = f"it is no JSON: {error}."
        raise Refused(400, "syntax", Fault("body", problem, remedy)) from None
    # Every key has a quote and a colon. Where there are more, texts have some, or a key came twice.
    keys = _keys(said)
    plain = body.count(b":") == keys or sum(1 for _ in _KEY.finditer(body)) == keys
    return said if plain else _with_pairs(body)


def _keys(said: Any) -> int:
    """Return the number of keys down to the rows; -1 if there are any further down."""
    outer = said if isinstance(said, dict) else {}
    tables = outer.get("tables")
    named = tables if isinstance(tables, dict) else {}
    given = [*named.values(), outer.get("rows", ()) if outer else said]
    lists = [rows for rows in given if isinstance(rows, list)]
    inside = sum(len(row) for rows in lists for row in rows if isinstance(row, dict))
    return len(outer) + len(named) + inside


def _with_pairs(body: bytes) -> Any:
    """Return what a JSON text says, looking at each key and constant."""
    twice: dict[str, None] = {}

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            names = [name for name, _ in found]
            twice.update(dict.fromkeys(name for name in made if names.count(name) > 1))
        return made

    def constant(text: str) -> None:
        if text != "NaN":
            raise ValueError(f"{text} is no number that can be decided on")

    try:
        said = json.loads(
            body,
            object_pairs_hook=pairs,
            parse_constant=constant,
            parse_int=_number,
            parse_float=_number,
        )
    except RecursionError:
        raise Refused(400, "syntax", Fault("body", "it is nested too deeply.")) from None
    except ValueError as error:
        raise Refused(400, "syntax", Fault("body", f"it is no JSON: {error}.")) from None
    if twice:
        problem = "it is there more than once in an object."
        raise Refused(422, "checks", [Fault(name, problem) for name in list(twice)[:100]])
    return said


def _number(text: str) -> int | float:
    """Return a number as orjson does: a float if it is no whole one of 64 bits."""
    if text.lstrip("-").isdigit() and len(text) <= 20 and -(2**63) <= int(text) < 2**64:
        return int(text)
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:20]} is infinity as a double")
    return number
