"""Opening a store through MLflow's client, and the experiment in it."""

from __future__ import annotations

import os
import socket
from importlib import import_module
from urllib.parse import urlsplit

from cutscore.errors import Fault, RequestError
from cutscore.report.redact import redact

_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
CONNECT_SECONDS = 5.0


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
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        found = client.get_experiment_by_name(name)
        if found is None:
            made = client.create_experiment(name, artifact_location=location)
            found = client.get_experiment(made)
    except (MlflowException, SQLAlchemyError) as error:
        first = redact(str(error)).splitlines()[0][:300]
        raise _fault(
            f"the store at {redact(uri)} cannot be used: {first}.", "Mend it, or name another."
        ) from error
    if found.lifecycle_stage != "active":
        raise RequestError(
            Fault(
                "tracking.experiment",
                f'the experiment "{name}" was deleted in this store.',
                "Restore it in MLflow, or choose another name.",
            )
        )
    return str(found.experiment_id), str(found.artifact_location)


def _fault(problem: str, remedy: str) -> RequestError:
    """Return the error for a store that cannot be used."""
    return RequestError(Fault("tracking.uri", problem, remedy))
