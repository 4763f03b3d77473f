"""Where runs are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Len

from cutscore.report.redact import redact

ENVIRONMENT = "MLFLOW_TRACKING_URI"
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_SERVERS = ("http", "https")
_SQLITE_SUFFIXES = (".db", ".sqlite", ".sqlite3")


@dataclass(frozen=True)
class Address:
    """An absolute store address: `uri`, and the root for files (None: the server decides)."""

    uri: str
    artifacts: str | None

    def __repr__(self) -> str:
        return f"Address({redact(self.uri)!r}, {redact(self.artifacts or '')!r})"


@dataclass(frozen=True)
class TrackingSettings:
    """Address of the store and the name of the experiment.

    `uri` given here wins over the environment variable MLFLOW_TRACKING_URI, which wins over
    `mlruns/mlflow.db` below the working directory. A plain path ending in .db or .sqlite is
    taken as an SQLite file. A store that does not answer in mid-run is waited for as long as
    `retry_minutes` (0: not at all).
    """

    uri: str | None = None
    artifacts: str | None = None
    experiment: Annotated[str, Len(1, 500)] = "cutscore"
    retry_minutes: Annotated[float, Ge(0)] = 5.0

    def __post_init__(self) -> None:
        if self.uri is not None:
            absolute_uri(self.uri, Path("/"))
        if not self.experiment.strip():
            raise ValueError("experiment must be a name that is not blank")

    def address(self, folder: Path | None = None) -> Address:
        """Return where the store is, absolute; `folder` is the working directory if not given.

        Raises
        ------
        ValueError
            If the address is none that MLflow can keep runs at.
        """
        base = (folder or Path.cwd()).absolute()
        given = self.uri or os.environ.get(ENVIRONMENT)
        uri = absolute_uri(given, base) if given else f"sqlite:///{base / 'mlruns' / 'mlflow.db'}"
        return Address(uri, self._artifacts(uri, base))

    def _artifacts(self, uri: str, base: Path) -> str | None:
        """Return the absolute root for files."""
        if self.artifacts is not None:
            is_url = "://" in self.artifacts
            return self.artifacts if is_url else str(base / Path(self.artifacts).expanduser())
        if uri.startswith("sqlite:"):
            return str(Path(uri.removeprefix("sqlite:///")).parent / "artifacts")
        if uri.startswith("http"):
            return None
        return str(base / "mlruns" / "artifacts")


def absolute_uri(uri: str, base: Path) -> str:
    """Return the address with an absolute path.

    Raises
    ------
    ValueError
        If the address is none that MLflow can keep runs at.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        if uri.endswith(_SQLITE_SUFFIXES):
            return f"sqlite:///{base / Path(uri).expanduser()}"
        raise ValueError(
            "uri must be an address such as sqlite:///mlruns/mlflow.db, http://host:5000 or "
            f"postgresql://..., or the path of a .db file, got {redact(uri)!r}"
        )
    kind = scheme.split("+")[0].lower()
    if kind not in (*_DATABASES, *_SERVERS):
        allowed = ", ".join((*_DATABASES, *_SERVERS))
        raise ValueError(f"uri must start with one of {allowed}, got {redact(uri)!r}")
    if kind != "sqlite":
        return uri
    path = rest.removeprefix("/")
    if not path or path == ":memory:" or any(sign in path for sign in "?#"):
        raise ValueError(f"uri must name an SQLite file without ? and #, got {uri!r}")
    return f"sqlite:///{base / Path(path).expanduser()}"
