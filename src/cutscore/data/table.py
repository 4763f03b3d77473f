"""Any CSV, TSV or Parquet file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cutscore.data.parts import base
from cutscore.data.reading import read
from cutscore.data.settings import TableSettings
from cutscore.records import Dataset


@dataclass(frozen=True, kw_only=True)
class TableSource(TableSettings):
    """Read a table from a CSV or TSV (plain or packed) or Parquet file, or from parts.

    `path` is relative to the working directory; `~` is the home directory. Parts are the Parquet
    files in and below a folder, or those that match a pattern.
    """

    path: str

    def load(self) -> Dataset:
        """Read, check and return the table."""
        path = Path(self.path).expanduser()
        named = base(path).name
        name = named.split(".")[0] or named
        return read(path, self, name=name, source=self.path)
