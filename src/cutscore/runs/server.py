"""Opening a store through MLflow's client, and the experiment in it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cutscore.errors import Fault, RequestError
from cutscore.report.redact import redact
from cutscore.runs.addresses import address_folder, folder_address, location_in
from cutscore.runs.elsewhere import check_writable, is_elsewhere
from cutscore.runs.settings import SETTING, TrackingSettings
from cutscore.runs.sqlite import check_schema

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
CONNECT_SECONDS = 5.0
_RIGHTS = (
    "Give its user the right to make tables (GRANT CREATE ON SCHEMA public TO ...), or have one "
    "who has it run: cutscore store init."
)
_DEFAULT_ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"
LOCK_KEY = 7283025546158891
"""Any number that nobody else uses in the same database."""

PROMOTION_KEY = LOCK_KEY + 1


def check_reachable(uri: str, setting: str = SETTING) -> None:
    """Check that something listens at the address, which `setting` names.

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
        raise _fault(f"{redact(uri)} is no address ({error}).", "Mend it.", setting) from error
    if not address[0]:
        return  # a database found through a local socket or its own settings
    try:
        socket.create_connection(address, timeout=CONNECT_SECONDS).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise _fault(
            f"nothing answers at {redact(uri)} ({reason}).",
            "Start the server, or name another.",
            setting,
        ) from error


@cache
def check_database(uri: str, *, new: bool = False) -> None:
    """Check, once in a process, that a database is a store of the schema that MLflow expects.

    With `new` one without tables will do: they are made.

    Raises
    ------
    RequestError
        If it cannot be connected to, is no store of MLflow's, or of another version's.
    """
    from sqlalchemy import create_engine, inspect, text
    from sqlalchemy.pool import NullPool

    with _told(uri), create_engine(uri, poolclass=NullPool).connect() as connection:
        tables = set(inspect(connection).get_table_names())
        if new and not tables:
            return
        if not {"alembic_version", "experiments", "runs"} <= tables:
            problem = f"{redact(uri)} is a database, but not an MLflow store."
            raise _fault(problem, "Run an experiment there first, or name another.")
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    check_schema(redact(uri), str(found or ""), redact(uri))


def files_place(tracking: TrackingSettings) -> str | None:
    """Return where files of the experiment's runs go, or would; None where a server has them.

    Raises
    ------
    RequestError
        If the database cannot be asked.
    """
    from sqlalchemy import create_engine, inspect, text
    from sqlalchemy.pool import NullPool

    uri, given = tracking.address().uri, tracking.address().artifacts
    if given is not None or uri.startswith("http"):
        return given
    check_reachable(uri, tracking.setting)
    with _told(uri), create_engine(uri, poolclass=NullPool).connect() as connection:
        known: dict[str, str] = {}
        if "experiments" in inspect(connection).get_table_names():
            query = text("SELECT name, artifact_location FROM experiments")
            known = {row.name: row.artifact_location for row in connection.execute(query)}
    default = known.get("Default", "").rpartition("/")[0]
    return known.get(tracking.experiment) or default or default_root()


def default_root() -> str:
    """Return where files go unless anything says otherwise."""
    return folder_address(Path.cwd() / "mlruns" / "artifacts")


def load_mlflow() -> None:
    """Import MLflow, without its usage telemetry unless the user's environment asks for it."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import_module("mlflow.store.tracking.sqlalchemy_store")


def open_experiment(
    uri: str, name: str, location: str | None, root: str | None = None
) -> tuple[str, str]:
    """Return the experiment's id and where its files go; it is made unless it exists.

    `location` is where they are to go. If none is given, they go to a folder beside those of the
    store's other experiments, else below `root`, else where a server puts them.

    Raises
    ------
    RequestError
        If the store refuses, an experiment of this name was deleted, or files cannot be written.
    """
    from mlflow import MlflowClient

    with _told(uri), _default_beside(location or location_in(root, name)):
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        found = client.get_experiment_by_name(name)
        if found is None:
            if location is None and root is not None:
                location = location_in(_root_of(client) or root, name)
            if location is not None and is_elsewhere(location):
                check_writable(location)
            found = _made(client, name, location)
        elif is_elsewhere(found.artifact_location):
            check_writable(found.artifact_location)
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


def _made(client: MlflowClient, name: str, location: str | None) -> entities.Experiment:
    """Make an experiment, or return the one that another machine was first to make."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_experiment(client.create_experiment(name, artifact_location=location))
    except MlflowException:
        found = client.get_experiment_by_name(name)
        if found is None:
            raise
        return found


def _root_of(client: MlflowClient) -> str | None:
    """Return below which address a database has its files: that of its experiment "Default"."""
    default = client.get_experiment_by_name("Default")
    root = default.artifact_location.rpartition("/")[0] if default else ""
    if is_elsewhere(root):
        return root
    folder = address_folder(root)
    return folder_address(folder) if folder is not None and folder.is_absolute() else None


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
        remedy = _RIGHTS if "permission denied" in first else "Mend it, or name another."
        raise _fault(f"the store at {redact(uri)} cannot be used: {first}.", remedy) from error
    except ImportError as error:
        driver = f"the driver {error.name} for {redact(uri)} is not installed."
        remedy = "For PostgreSQL: pip install 'cutscore[postgresql]'."
        raise _fault(driver, remedy) from error


def _fault(problem: str, remedy: str, setting: str = SETTING) -> RequestError:
    """Return the error for a store that cannot be used."""
    return RequestError(Fault(setting, problem, remedy))
