"""Any CSV, TSV or Parquet file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cutscore.data.reading import read
from cutscore.data.settings import TableSettings
from cutscore.records import Dataset


@dataclass(frozen=True, kw_only=True)
class TableSource(TableSettings):
    """Read a table from a CSV (plain or .gz), TSV or Parquet file.

    `path` is relative to the working directory; `~` is the home directory.
    """

    path: str

    def load(self) -> Dataset:
        """Read, check and return the table."""
        path = Path(self.path).expanduser()
        name = path.name.split(".")[0] or path.name
        return read(path, self, name=name, source=self.path)
