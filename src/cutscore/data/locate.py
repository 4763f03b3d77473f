"""Finding the file and telling what it is, from its content and not from its name."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cutscore.errors import Fault, RequestError, listed, nearest

SETTING = "data.path"
DELIMITERS = (",", ";", "\t", "|")
_HEAD = 65_536
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"


@dataclass(frozen=True)
class LocatedData:
    """A file that can be opened: its kind, and for text its header and delimiter."""

    path: Path
    kind: Literal["csv", "parquet"]
    compressed: bool = False
    delimiter: str = ","
    header: tuple[str, ...] = ()


def locate(path: Path, delimiter: str | None) -> LocatedData:
    """Check that `path` is a readable table and say of which kind.

    Raises
    ------
    RequestError
        When the file is missing, a folder, empty, unreadable, or not a table.
    """
    if path.is_dir():
        tables = sorted(each.name for each in path.iterdir() if each.is_file())
        inside = f" It holds: {listed(tables)}." if tables else " It is empty."
        raise _refused(path, "is a folder; a file is needed.", f"Name the file.{inside}")
    if not path.is_file():
        raise _missing(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
        if not head:
            raise _refused(path, "is empty.")
        if head[:4] == _PARQUET:
            return LocatedData(path, "parquet")
        compressed = head[:2] == _GZIP
        if compressed:
            with gzip.open(path) as stream:
                head = stream.read(_HEAD)
    except (OSError, EOFError, zlib.error) as error:
        raise _refused(path, f"cannot be read ({error}).") from None
    return _text(path, head, compressed, delimiter)


def _text(path: Path, head: bytes, compressed: bool, delimiter: str | None) -> LocatedData:
    if not head.strip():
        raise _refused(path, "is empty.")
    if b"\0" in head:
        raise _refused(
            path, "is not a table (it holds binary data).", "Give a CSV, TSV or Parquet file."
        )
    text = head.decode("utf-8-sig", errors="replace").lstrip("\r\n")
    separator = delimiter or _delimiter(text)
    rows = csv.reader(text.splitlines(keepends=True), delimiter=separator)
    header = [name.strip() for name in next(rows)]
    names = tuple(name or f"column{position}" for position, name in enumerate(header, start=1))
    return LocatedData(path, "csv", compressed, separator, names)


def _delimiter(text: str) -> str:
    """Return the delimiter that is most frequent outside quotes in the first line."""
    outside = "".join(text.split('"')[::2]).splitlines()[0] if text else ""
    counts = Counter(sign for sign in outside if sign in DELIMITERS)
    return counts.most_common(1)[0][0] if counts else ","


def check_names(names: tuple[str, ...], path: Path) -> None:
    """Refuse column names that occur twice; SQL names differ in more than case."""
    seen = Counter(name.lower() for name in names)
    twice = sorted({name for name in names if seen[name.lower()] > 1})
    if twice:
        raise _refused(
            path,
            f"has columns of the same name (upper and lower case count as the same): "
            f"{listed(twice)}.",
            "Rename them in the file.",
        )


def _refused(path: Path, problem: str, remedy: str = "") -> RequestError:
    return RequestError(Fault(SETTING, f'"{path}" {problem}', remedy))


def _missing(path: Path) -> RequestError:
    folder = path.parent
    if not folder.is_dir():
        return _refused(path, f'does not exist: there is no folder "{folder}".')
    known = [each.name for each in folder.iterdir() if each.is_file()]
    return _refused(path, f"does not exist.{nearest(path.name, known)}")
