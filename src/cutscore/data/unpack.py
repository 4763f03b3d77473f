"""A file as plain text in UTF-8, or as Parquet: a copy in a temporary folder where it is neither.

Nothing is written beside the file.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import shutil
import zipfile
import zlib
from collections.abc import Callable, Collection
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from cutscore.data.foreign import workbook
from cutscore.errors import Fault, RequestError, listed

SETTING = "data.path"
GZIP = b"\x1f\x8b"
_OPENERS: dict[bytes, Callable[[Path], Any]] = {
    GZIP: gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def refused(path: Path, problem: str, remedy: str = "") -> RequestError:
    """Return the error of a file that cannot be used."""
    return RequestError(Fault(SETTING, f'"{path}" {problem}', remedy))


def opened(path: Path, head: bytes) -> IO[bytes]:
    """Open a file's content, unpacked if it is compressed.

    Raises
    ------
    RequestError
        When an archive holds no file or several.
    """
    for start, opener in _OPENERS.items():
        if head.startswith(start):
            unpacked: IO[bytes] = opener(path)
            return unpacked
    if head.startswith(_ZIP):
        archive = zipfile.ZipFile(path)
        return archive.open(_member(path, archive.namelist()))
    return path.open("rb")


def compressed(head: bytes) -> bool:
    """Whether a file's first bytes are those of a compressed file that Python unpacks."""
    return head.startswith((*_OPENERS, *_ZIP))


def _member(path: Path, names: list[str]) -> str:
    sheet = workbook(names)
    if sheet is not None:
        raise refused(path, f"is {sheet[0]}.", sheet[1])
    files = [name for name in names if not name.endswith("/") and "__MACOSX/" not in name]
    if len(files) != 1:
        holds = f"holds {len(files)} files: {listed(files)}." if files else "holds no file."
        raise refused(path, f"is a zip archive that {holds}", "One table is needed: unpack it.")
    return files[0]


def encoding_of(path: Path, head: bytes, given: str | None) -> str:
    """Return the encoding of a text: the given one, or what its first bytes say, or UTF-8.

    Raises
    ------
    RequestError
        When the given one is unknown, or the content is binary.
    """
    if given is not None:
        try:
            return codecs.lookup(given).name
        except LookupError:
            problem = f'there is no encoding "{given}".'
            remedy = "Usual ones: utf-8, utf-16, cp1252 (Windows), latin-1, cp1250, shift_jis."
            raise RequestError(Fault("data.encoding", problem, remedy)) from None
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        low, high = head[0::2].count(b"\0"), head[1::2].count(b"\0")
        half = len(head) // 2
        if half and max(low, high) > 0.4 * half and min(low, high) < 0.1 * half:
            likely = "utf-16-le" if high > low else "utf-16-be"
            problem = f'"{path}" looks like UTF-16, but without the mark that says so.'
            raise RequestError(Fault("data.encoding", problem, f"Set data.encoding={likely}."))
        raise refused(
            path, "is not a table (it holds binary data).", "Give a CSV, TSV or Parquet file."
        )
    return "utf-8"


def copy_content(source: IO[bytes], target: Path) -> None:
    """Write unpacked content to a file."""
    with source, target.open("wb") as stream:
        shutil.copyfileobj(source, stream, 1 << 20)


def copy_lines(
    path: Path, source: IO[bytes], target: Path, encoding: str, without: Collection[int]
) -> None:
    """Write a text as UTF-8 with one kind of line end, without some lines (from 1).

    Raises
    ------
    RequestError
        When the text is not in this encoding.
    """
    number = 0
    with (
        TextIOWrapper(source, encoding=encoding) as lines,
        target.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        try:
            for number, line in enumerate(lines, start=1):
                if number not in without:
                    stream.write(line.removeprefix("\ufeff") if number == 1 else line)
        except UnicodeError as error:
            raise not_so_encoded(path, encoding, number + 1, str(error)) from None


def not_so_encoded(path: Path, encoding: str, line: int, reason: str) -> RequestError:
    """Return the error of a text that is in another encoding."""
    problem = f'"{path}" is not in {encoding.upper()}: {reason} (near line {line:,}).'
    remedy = (
        "Set data.encoding to what it was written in: often cp1252 (Windows) or latin-1 in western "
        "Europe, cp1250 in central Europe, utf-16 from Excel."
    )
    return RequestError(Fault("data.encoding", problem, remedy))


def check_utf8(path: Path) -> None:
    """Raise the error of a text that is not UTF-8, naming the line; return if it is."""
    with _again(path) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = f"byte 0x{line[error.start]:02X}, {error.reason}"
                raise not_so_encoded(path, "utf-8", number, byte) from None


def mixed_ends(content: bytes) -> bool:
    """Whether lines of a part of a file end in more than one way."""
    return len({_end(line) for line in content.splitlines(keepends=True)[:-1]}) > 1


def has_mixed_ends(path: Path) -> bool:
    """Whether a whole file's lines end in more than one way."""
    with _again(path) as stream:
        ends = {_end(line) for line in stream}
    return len(ends - {b""}) > 1


def _end(line: bytes) -> bytes:
    """Return how a line ends; a lone carriage return within it is an end too."""
    if b"\r" in line.removesuffix(b"\n").removesuffix(b"\r"):
        return b"\r"
    return next((end for end in (b"\r\n", b"\n", b"\r") if line.endswith(end)), b"")


def _again(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        head = stream.read(8)
    return opened(path, head)
