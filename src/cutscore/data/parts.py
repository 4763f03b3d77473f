"""A table in several Parquet files: a folder of them, or a pattern of names."""

from __future__ import annotations

import glob
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from cutscore.data.texts import is_integer
from cutscore.data.unpack import refused
from cutscore.errors import listed
from cutscore.sql import literal

_PARQUET = b"PAR1"


def several(path: Path) -> bool:
    """Whether a path names a folder, or is a pattern and no file."""
    return path.is_dir() or (glob.has_magic(str(path)) and not path.exists())


def parts(path: Path) -> tuple[Path, ...]:
    """Return the Parquet files of a folder (also below it) or of a pattern, in the order of names.

    Files and folders whose names begin with a dot or an underscore are left out, as Spark and
    others mean it.

    Raises
    ------
    RequestError
        When there is none, or a file that is no Parquet file.
    """
    if path.is_dir():
        found = sorted(_below(path))
    else:
        start = base(path)
        matching = start.glob(str(path.relative_to(start)))
        found = sorted(each for each in matching if each.is_file() and not _left_out(each, start))
        if not found:
            raise refused(path, "matches no file.")
    others = [file for file in found if not _is_parquet(file)]
    if len(others) == len(found):
        held = listed([file.name for file in others])
        what = "is a folder without a Parquet file" if path.is_dir() else "matches no Parquet file"
        inside = f" There is: {held}." if held else " It is empty."
        raise refused(path, f"{what}; of text files one is needed.", f"Name the file.{inside}")
    if others:
        raise refused(
            path,
            f"holds files that are no Parquet files: {listed([file.name for file in others], 5)}.",
            "Name the parts by a pattern, such as 'data.path=\"folder/*.parquet\"'.",
        )
    return tuple(found)


def partitions(path: Path, files: Sequence[Path]) -> dict[str, bool]:
    """Return the columns that folders like `year=2024` stand for, and whether they are integers.

    Folders above the table are none of its columns.
    """
    start = base(path)
    texts: dict[str, list[str]] = {}
    for file in files:
        for part in file.relative_to(start).parent.parts:
            key, equals, text = part.partition("=")
            if equals:
                texts.setdefault(key, []).append(text)
    return {key: all(map(is_integer, values)) for key, values in texts.items()}


def partition_sql(key: str, *, integer: bool) -> str:
    """Return the SQL of such a column, from the path of each row's file."""
    folder = f"regexp_extract(filename, {literal(f'.*/{re.escape(key)}=([^/]*)/')}, 1)"
    text = f"nullif(url_decode({folder}), '__HIVE_DEFAULT_PARTITION__')"
    return f"CAST({text} AS BIGINT)" if integer else text


def base(path: Path) -> Path:
    """Return the folder that a pattern starts from; a path that is no pattern itself."""
    if path.exists():
        return path
    plain = itertools.takewhile(lambda part: not glob.has_magic(part), path.parts)
    return Path(*plain)


def _below(folder: Path) -> Iterator[Path]:
    for each in folder.iterdir():
        if _left_out(each, folder):
            continue
        if each.is_dir():
            yield from _below(each)
        else:
            yield each


def _left_out(file: Path, start: Path) -> bool:
    return any(part.startswith((".", "_")) for part in file.relative_to(start).parts)


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(_PARQUET)) == _PARQUET
