"""An MLflow client that keeps quiet, and says soon that a store does not answer."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from cutscore.runs.retry import PatientClient, outage_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

_ENVIRONMENT = {
    # Nobody who runs Cutscore has agreed to usage telemetry.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Trying again is ours: MLflow would do so in silence, for minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "PGCONNECT_TIMEOUT": "10",
}


def open_client(uri: str, retry_minutes: float | None = None) -> MlflowClient:
    """Return a client for a store that exists.

    With `retry_minutes` its calls wait so long for a store that does not answer, and say so on
    stderr. What the user's environment says of MLflow's settings stays as it is.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns that pip is not installed, which it is not in an environment made by uv.
    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)
    # It prints a traceback for each lost connection, and raises the error as well.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    plain = MlflowClient(tracking_uri=uri, registry_uri=uri)
    if retry_minutes is None:
        return plain
    return PatientClient(plain, outage_of(uri, retry_minutes))
