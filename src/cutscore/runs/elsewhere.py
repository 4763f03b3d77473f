"""Files of runs that are kept elsewhere: in object stores and whatever else MLflow reaches."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cutscore.errors import Fault, RequestError, StoreError
from cutscore.report.redact import redact

if TYPE_CHECKING:
    from mlflow.entities import FileInfo

SETTING = "tracking.artifacts"
PROBE = ".cutscore-can-write"
_HERE_OR_SERVED = ("file", "mlflow-artifacts", "http", "https")
_LONGEST = 300


def is_elsewhere(address: str) -> bool:
    """Return whether files at an address are neither on this machine nor passed on by a server."""
    scheme = urlsplit(address).scheme
    return len(scheme) > 1 and scheme not in _HERE_OR_SERVED  # one letter is a drive of Windows


@cache
def check_writable(address: str) -> None:
    """Check, once in a process, that files can be written at an address that is elsewhere.

    Raises
    ------
    RequestError
        If they cannot: no credentials or rights, no such bucket, a library that is missing.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with tempfile.TemporaryDirectory(prefix="cutscore-") as folder:
        probe = Path(folder) / PROBE
        probe.write_text("Cutscore has looked whether it can write here.\n", encoding="utf-8")
        try:
            repository = get_artifact_repository(address)
            repository.log_artifact(str(probe))
        except ImportError as error:
            problem = f"{address} needs the package {error.name}, which is not installed."
            raise RequestError(Fault(SETTING, problem, _package(address, error.name))) from error
        except Exception as error:
            problem = f"{address} cannot be written ({why(error)})."
            remedy = "Name a place that you may write to; credentials come from the environment."
            raise RequestError(Fault(SETTING, problem, remedy)) from error
        with suppress(Exception):  # who may write need not be allowed to delete
            repository.delete_artifacts(PROBE)


def list_files(address: str, folder: str | None = None) -> list[FileInfo]:
    """List one folder of the files at an address that is elsewhere.

    Raises
    ------
    StoreError
        If they cannot be reached.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    try:
        return list(get_artifact_repository(address).list_artifacts(folder))
    except Exception as error:
        raise StoreError(f"files at {address} cannot be listed ({why(error)})") from error


@contextmanager
def told(store: str) -> Iterator[None]:
    """Turn what a library raises that reads files elsewhere into a StoreError.

    What MLflow and the system say of files that are not there stays as it is.
    """
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, StoreError, OSError):
        raise
    except Exception as error:
        if type(error).__module__ == "builtins" and not isinstance(error, ImportError):
            raise  # a mistake in code
        raise StoreError(f"files of the store at {store} cannot be read ({why(error)})") from error


def why(error: BaseException) -> str:
    """Return the kind of an error and its first line, without passwords."""
    lines = redact(str(error)).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:_LONGEST]}"


def _package(address: str, name: str | None) -> str:
    s3 = urlsplit(address).scheme == "s3"
    return "Run: pip install 'cutscore[s3]'." if s3 else f"Install {name}, or name another place."
