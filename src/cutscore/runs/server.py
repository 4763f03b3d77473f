"""Opening a store through MLflow's client, and the experiment in it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cutscore.errors import Fault, RequestError
from cutscore.report.redact import redact
from cutscore.runs.addresses import address_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
CONNECT_SECONDS = 5.0
_DEFAULT_ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"
LOCK_KEY = 7283025546158891
"""Any number that nobody else uses in the same database."""

PROMOTION_KEY = LOCK_KEY + 1


def check_reachable(uri: str) -> None:
    """Check that something listens at the address.

    MLflow itself would try again for minutes before it says so.

    Raises
    ------
    RequestError
        If nothing answers, or the address has no host.
    """
    try:
        parts = urlsplit(uri)
        scheme = parts.scheme.split("+")[0]
        address = (parts.hostname or "", parts.port or _PORTS.get(scheme, 80))
    except ValueError as error:
        raise _fault(f"{redact(uri)} is no address ({error}).", "Mend it.") from error
    if not address[0]:
        return  # a database found through a local socket or its own settings
    try:
        socket.create_connection(address, timeout=CONNECT_SECONDS).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise _fault(
            f"nothing answers at {redact(uri)} ({reason}).",
            "Start the server, or name another store.",
        ) from error


def load_mlflow() -> None:
    """Import MLflow, without its usage telemetry unless the user's environment asks for it."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import_module("mlflow.store.tracking.sqlalchemy_store")


def open_experiment(uri: str, name: str, location: str | None) -> tuple[str, str]:
    """Return the experiment's id and where its files go; it is made unless it exists.

    Raises
    ------
    RequestError
        If the store refuses, or an experiment of this name was deleted.
    """
    from mlflow import MlflowClient

    with _told(uri), _default_beside(location):
        found = _experiment(MlflowClient(tracking_uri=uri, registry_uri=uri), name, location)
    if found.lifecycle_stage != "active":
        raise RequestError(
            Fault(
                "tracking.experiment",
                f'the experiment "{name}" was deleted in this store.',
                "Restore it in MLflow, or choose another name.",
            )
        )
    return str(found.experiment_id), str(found.artifact_location)


@contextmanager
def alone(uri: str, key: int = LOCK_KEY, seconds: float = 0.0) -> Iterator[None]:
    """Hold PostgreSQL's own lock, so that one machine alone makes the tables of a new store.

    Nothing is held for other addresses: a server makes its tables before it answers. `key` names
    the lock; it is waited for for so many seconds, 0 for however long it takes.
    """
    if not uri.startswith("postgresql"):
        yield
        return
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    with _told(uri):
        # Without a transaction: a migration that builds an index would wait for its end.
        engine = create_engine(uri, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        connection = engine.connect()
    with connection:  # closing it gives the lock back
        with _told(uri):
            connection.execute(text(f"SET lock_timeout = {round(1000 * seconds)}"))
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
        yield


def _experiment(client: MlflowClient, name: str, location: str | None) -> entities.Experiment:
    """Return the experiment of that name, made unless someone has made it."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is not None:
        return found
    try:
        return client.get_experiment(client.create_experiment(name, artifact_location=location))
    except MlflowException:
        found = client.get_experiment_by_name(name)  # another machine may have been first
        if found is None:
            raise
        return found


@contextmanager
def _default_beside(location: str | None) -> Iterator[None]:
    """Have MLflow's own experiment "Default", should it be made now, keep its files beside ours.

    Else MLflow would name this process's folder, in words that its SQL takes apart at a quote.
    """
    folder = None if location is None else address_folder(location)
    root = folder.parent.as_uri() if folder else (location or "").rpartition("/")[0]
    before = os.environ.get(_DEFAULT_ROOT)
    if root:
        os.environ[_DEFAULT_ROOT] = root
    try:
        yield
    finally:
        if before is not None:
            os.environ[_DEFAULT_ROOT] = before
        elif root:
            del os.environ[_DEFAULT_ROOT]


@contextmanager
def _told(uri: str) -> Iterator[None]:
    """Turn what a store answers with into an error for the user."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, ValueError) as error:  # the last: MLflow's variables
        first = redact(str(error)).splitlines()[0][:300]
        raise _fault(
            f"the store at {redact(uri)} cannot be used: {first}.", "Mend it, or name another."
        ) from error
    except ImportError as error:
        driver = f"the driver {error.name} for {redact(uri)} is not installed."
        remedy = "For PostgreSQL: pip install 'cutscore[postgresql]'."
        raise _fault(driver, remedy) from error


def _fault(problem: str, remedy: str) -> RequestError:
    """Return the error for a store that cannot be used."""
    return RequestError(Fault("tracking.uri", problem, remedy))
