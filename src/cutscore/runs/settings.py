"""Where runs are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

from annotated_types import Ge, Len

from cutscore.errors import Fault, RequestError
from cutscore.report.redact import redact
from cutscore.runs.addresses import folder_address, sqlite_path, sqlite_url

ENVIRONMENT = "MLFLOW_TRACKING_URI"
SETTING = "tracking.uri"
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_SERVERS = ("http", "https")
_SQLITE_SUFFIXES = (".db", ".sqlite", ".sqlite3")
UNSET = f"Unset {ENVIRONMENT}, or give another address in the command, which wins over it."
"""What mends an address of the environment."""


@dataclass(frozen=True)
class Address:
    """An absolute store address: `uri`, and the root for files.

    None is for the server to decide, or where the other experiments of a database have theirs.
    """

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
        if self.artifacts is not None and redact(self.artifacts) != self.artifacts:
            raise ValueError(
                "artifacts must hold no password, as the store keeps that address: give it in the "
                "environment"
            )
        if not self.experiment.strip():
            raise ValueError("experiment must be a name that is not blank")

    @property
    def setting(self) -> str:
        """What says where the store is: the setting, or the environment variable."""
        return ENVIRONMENT if self.uri is None and os.environ.get(ENVIRONMENT) else SETTING

    def address(self, folder: Path | None = None) -> Address:
        """Return where the store is, absolute; `folder` is the working directory if not given.

        Raises
        ------
        RequestError
            If the address is none that MLflow can keep runs at; it names `setting`.
        """
        base = (folder or Path.cwd()).absolute()
        given = self.uri or os.environ.get(ENVIRONMENT)
        try:
            uri = absolute_uri(given, base) if given else sqlite_url(base / "mlruns" / "mlflow.db")
        except ValueError as error:
            remedy = UNSET if self.setting == ENVIRONMENT else ""
            raise RequestError(Fault(self.setting, f"{error}.", remedy)) from error
        return Address(uri, self._artifacts(uri, base))

    def _artifacts(self, uri: str, base: Path) -> str | None:
        """Return the absolute root for files."""
        if self.artifacts is not None:
            if "://" in self.artifacts:
                return self.artifacts
            return folder_address(base / Path(self.artifacts).expanduser())
        database = sqlite_path(uri)
        return None if database is None else folder_address(database.parent / "artifacts")


def absolute_uri(uri: str, base: Path) -> str:
    """Return the address with an absolute path.

    Raises
    ------
    ValueError
        If the address is none that MLflow can keep runs at.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator and uri.endswith(_SQLITE_SUFFIXES) and not uri.startswith("file:"):
        return sqlite_url(base / Path(uri).expanduser())
    if not separator or scheme == "file":
        files = scheme == "file" or uri.startswith(("file:", "/", "./", "../", "~"))
        old = ": an old file store of MLflow, which is written to no more" if files else ""
        raise ValueError(
            "uri must be an address such as sqlite:///mlruns/mlflow.db, http://host:5000 or "
            f"postgresql://..., or the path of a .db file, got {redact(uri)!r}{old}"
        )
    kind = scheme.split("+")[0].lower()
    if kind not in (*_DATABASES, *_SERVERS):
        allowed = ", ".join((*_DATABASES, *_SERVERS))
        raise ValueError(f"uri must start with one of {allowed}, got {redact(uri)!r}")
    if kind != "sqlite":
        return uri
    path = rest.removeprefix("/")
    if not path or path == ":memory:" or "?" in path:
        raise ValueError(f"uri must name an SQLite file (%3F stands for a ?), got {uri!r}")
    return sqlite_url(base / Path(unquote(path)).expanduser())
