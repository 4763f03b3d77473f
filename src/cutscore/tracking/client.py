"""An MLflow client that keeps quiet."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient


def open_client(uri: str) -> MlflowClient:
    """Return a client for a store that exists.

    MLflow's usage telemetry is off unless the user's environment says otherwise: nobody who
    runs Cutscore has agreed to it.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    from mlflow import MlflowClient

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns that pip is not installed, which it is not in an environment made by uv.
    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)
