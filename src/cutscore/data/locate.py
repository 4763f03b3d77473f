"""Finding the file and telling what it is, from its content and not from its name."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Literal

from cutscore.data.foreign import foreign
from cutscore.data.parts import partitions, parts, several
from cutscore.data.texts import UNSEEN
from cutscore.data.unpack import (
    GZIP,
    UNREADABLE,
    compressed,
    copy_content,
    copy_lines,
    encoding_of,
    mixed_ends,
    opened,
    refused,
)
from cutscore.errors import Fault, RequestError, listed, nearest

DELIMITERS = (",", ";", "\t", "|")
_HEAD = 65_536
_PARQUET = b"PAR1"


@dataclass(frozen=True)
class TextFormat:
    """How the lines of a text file are made up; see `TableSettings`.

    `even` asks for one kind of line end where a file may have several.
    """

    delimiter: str | None = None
    encoding: str | None = None
    skip_lines: int | tuple[int, ...] = 0
    header: bool = True
    columns: tuple[str, ...] = ()
    even: bool = False


@dataclass(frozen=True)
class LocatedData:
    """A table that can be opened: `path` as it was given, and where it is now.

    Of a text: its compression, delimiter and column names, after how many lines they or the rows
    begin, whether there is a line of names, and whether the first of them is empty. `partitions`
    are columns that the folders of Parquet files stand for, and whether they are integers.
    """

    path: Path
    files: tuple[Path, ...]
    kind: Literal["csv", "parquet"]
    compression: Literal["none", "gzip"] = "none"
    delimiter: str = ","
    names: tuple[str, ...] = ()
    skip: int = 0
    header: bool = True
    unnamed: bool = False
    partitions: Mapping[str, bool] = field(default_factory=dict)


@contextmanager
def located(path: Path, text: TextFormat = TextFormat()) -> Iterator[LocatedData]:
    """Say where a readable table is and of which kind; a copy of it lasts as long as the body.

    Raises
    ------
    RequestError
        When the file is missing, empty, unreadable, or not a table.
    """
    if several(path):
        files = parts(path)
        yield LocatedData(path, files, "parquet", partitions=partitions(path, files))
        return
    if not path.is_file():
        raise _missing(path)
    with tempfile.TemporaryDirectory(prefix="cutscore-") as folder:
        yield _told(path, Path(folder), text)


def _told(path: Path, folder: Path, text: TextFormat) -> LocatedData:
    """Say what a file is, and unpack it where DuckDB could not read it as it is."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
        if not head:
            raise refused(path, "is empty.")
        packed = compressed(head)
        if packed:
            with opened(path, head) as stream:
                inner = stream.read(_HEAD)
        else:
            inner = head
        file = path
        if packed and (not head.startswith(GZIP) or inner.startswith(_PARQUET)):
            file, packed = folder / "unpacked", False
            copy_content(opened(path, head), file)
        if inner.startswith(_PARQUET):
            return LocatedData(path, (file,), "parquet")
        return _text(path, file, inner, folder, text, packed=packed)
    except UNREADABLE as error:
        raise refused(path, f"cannot be read ({error}).") from None


def _text(
    path: Path, file: Path, head: bytes, folder: Path, text: TextFormat, *, packed: bool
) -> LocatedData:
    if not head.strip():
        raise refused(path, "is empty.")
    other = foreign(head)
    if other is not None:
        raise refused(path, f"is {other[0]}.", other[1])
    encoding = encoding_of(path, head, text.encoding)
    without = () if isinstance(text.skip_lines, int) else text.skip_lines
    plain = encoding in ("utf-8", "utf-8-sig")
    if not plain or without or text.even or mixed_ends(head):
        with file.open("rb") as stream:
            start = stream.read(_HEAD)
        target = folder / "text"
        copy_lines(
            path, opened(file, start), target, encoding if not plain else "utf-8-sig", without
        )
        file, packed = target, False
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
    lines = head.decode("utf-8-sig", errors="replace")
    return replace(
        _first_lines(path, lines, text, whole=len(head) < _HEAD),
        files=(file,),
        compression="gzip" if packed else "none",
    )


def _first_lines(path: Path, content: str, text: TextFormat, *, whole: bool) -> LocatedData:
    """Return delimiter and names, which stand in the first line that is neither left out nor blank.

    Lines above it are counted as DuckDB counts them.
    """
    lines = list(StringIO(content, newline=""))
    skip = text.skip_lines if isinstance(text.skip_lines, int) else 0
    while skip < len(lines) and not lines[skip].strip():
        skip += 1
    if skip >= len(lines):
        problem = f'"{path}" ends before line {skip + 1:,}, or that line is very far down.'
        raise RequestError(Fault("data.skip_lines", problem, "Leave fewer lines out."))
    delimiter = text.delimiter or _delimiter(lines[skip : skip + 20])
    rows = csv.reader(lines[skip:], delimiter=delimiter)
    first = [name.strip(UNSEEN) for name in next(rows)]
    below = [(skip + rows.line_num, len(row)) for row in islice(rows, 20) if row]
    below = below if whole or len(below) == 20 else below[:-1]
    if not text.header:
        names = _given_names(path, text.columns, len(first))
        return LocatedData(path, (), "csv", "none", delimiter, names, skip, header=False)
    _check_width(path, len(first), skip + 1, below)
    names = tuple(name or f"column{position}" for position, name in enumerate(first, start=1))
    return LocatedData(path, (), "csv", "none", delimiter, names, skip, unnamed=not first[0])


def _given_names(path: Path, given: tuple[str, ...], width: int) -> tuple[str, ...]:
    if not given:
        return tuple(f"column{position}" for position in range(1, width + 1))
    if len(given) != width:
        problem = f'it has {len(given)} names, but the first row of "{path}" has {width} cells.'
        raise RequestError(Fault("data.columns", problem))
    return given


def _check_width(path: Path, names: int, line: int, below: list[tuple[int, int]]) -> None:
    """Refuse a line of names that has fewer cells than all lines from some line on.

    `below` are the numbers of the lines below and how many cells they have.
    """
    cells = below[-1][1] if below else 0
    last_odd = max((at for at, (_, width) in enumerate(below) if width != cells), default=-1)
    if names >= cells or len(below) - last_odd < 3:
        return
    start = below[last_odd + 1][0]
    problem = (
        f'"{path}" has {names} cell{"s" if names > 1 else ""} in line {line}, but {cells} cells '
    )
    problem += "in every line below." if last_odd < 0 else f"in every line from line {start:,} on."
    remedy = (
        f"If there are titles above the column names, leave them out: data.skip_lines={start - 1}."
    )
    if names == cells - 1:
        remedy += " If R wrote the file, its row names have no column name: write one in front."
    raise RequestError(Fault("data.skip_lines", problem, remedy))


def _delimiter(lines: list[str]) -> str:
    """Return the delimiter that is most frequent outside quotes in the first line that has one."""
    for line in lines:
        outside = "".join(line.split('"')[::2])
        counts = Counter(sign for sign in outside if sign in DELIMITERS)
        if counts:
            return counts.most_common(1)[0][0]
    return ","


def check_names(names: tuple[str, ...], path: Path) -> None:
    """Refuse column names that occur twice; SQL names differ in more than case."""
    seen = Counter(name.lower() for name in names)
    twice = sorted({name for name in names if seen[name.lower()] > 1})
    if twice:
        raise refused(
            path,
            f"has columns of the same name (upper and lower case count as the same): "
            f"{listed(twice)}.",
            "Rename them in the file.",
        )


def _missing(path: Path) -> RequestError:
    folder = path.parent
    if not folder.is_dir():
        return refused(path, f'does not exist: there is no folder "{folder}".')
    known = [each.name for each in folder.iterdir() if each.is_file()]
    return refused(path, f"does not exist.{nearest(path.name, known)}")
