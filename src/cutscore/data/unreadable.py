"""Reading a file whose lines may end in several ways, and saying why one cannot be read."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from cutscore.data.locate import LocatedData, TextFormat, located
from cutscore.data.unpack import SETTING, check_utf8, has_mixed_ends
from cutscore.errors import Fault, RequestError

Made = TypeVar("Made")


class Unreadable(Exception):  # noqa: N818  # never leaves the reading of a file
    """DuckDB or Arrow could not read a file."""

    def fault(self, path: Path) -> Fault:
        """Return DuckDB's message without its advice on its own options."""
        if path.is_file():
            check_utf8(path)
        lines = [line.strip() for line in str(self).splitlines() if line.strip()]
        own = itertools.takewhile(lambda line: not line.startswith("Possible"), lines[:4])
        return Fault(
            SETTING,
            f'"{path}" cannot be read as a table: {" ".join(own)}',
            "Give a CSV, TSV or Parquet file, with one line of column names.",
        )


def read_evenly(path: Path, text: TextFormat, work: Callable[[LocatedData], Made]) -> Made:
    """Do something with a file's rows; once more where its lines turn out to end in several ways.

    `work` raises `Unreadable` where it cannot go on.

    Raises
    ------
    RequestError
        When the file is missing, empty, not a table, or cannot be read as one.
    """
    try:
        with located(path, text) as data:
            return work(data)
    except Unreadable as error:
        if not (path.is_file() and has_mixed_ends(path)):
            raise RequestError(error.fault(path)) from None
    try:
        with located(path, replace(text, even=True)) as data:
            return work(data)
    except Unreadable as error:
        raise RequestError(error.fault(path)) from None
