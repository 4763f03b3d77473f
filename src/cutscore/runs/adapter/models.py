"""A fitted model as an MLflow model that holds no pickle and nothing of this machine."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.report.items import ModelFolder
from cutscore.runs.adapter.client import RefusedError

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

LOADER = "cutscore.scoring.pyfunc"
"""The module whose `_load_pyfunc(folder)` loads such a model."""


def log_model_folder(client: MlflowClient, run_id: str, model: ModelFolder) -> str:
    """Log a model folder as a logged model of the run and return its id.

    A run has one model of a name: what an earlier try has begun is gone on with.

    The signature says what comes out, and leaves what goes in to the model, which checks it all:
    MLflow would refuse whole numbers where training had fractions, and takes columns of any type
    apart cell by cell.
    """
    os.environ.setdefault("MLFLOW_UV_AUTO_DETECT", "false")  # else it copies ./uv.lock
    from mlflow import pyfunc
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    outputs = [ColSpec(DataType.double, name) for name in ("score", "probability")]
    outputs.append(ColSpec(DataType.boolean, "flagged"))
    logged = _begun(client, run_id, model.name)
    with tempfile.TemporaryDirectory(prefix="cutscore-") as temporary:
        data = Path(temporary) / "model"
        data.mkdir()
        model.write(data)
        target = Path(temporary) / "mlflow"
        with warnings.catch_warnings():
            # Neither is news to a user: the signature is given, and MLflow's hints are its own.
            warnings.filterwarnings("ignore", message=".*input example was not provided.*")
            warnings.filterwarnings("ignore", message=".*Any type hint is inferred.*")
            pyfunc.save_model(
                str(target),
                loader_module=LOADER,
                data_path=str(data),
                # The default would be the absolute address of the store.
                mlflow_model=Model(
                    artifact_path=model.name, run_id=run_id, model_id=logged.model_id
                ),
                signature=ModelSignature(outputs=Schema(outputs)),
                pip_requirements=list(model.requirements),
            )
        client.log_model_artifacts(logged.model_id, str(target))
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    if logged.model_id not in _linked(client, run_id):
        client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return str(logged.model_id)


def download_model(client: MlflowClient, uri: str, model_id: str, folder: Path) -> Path | None:
    """Copy a logged model's files from the store at `uri`; None if it or they are gone."""
    from mlflow.exceptions import MlflowException

    try:
        location = client.get_logged_model(model_id).artifact_location
    except (MlflowException, RefusedError):
        return None
    return download_files(uri, location, folder)


def download_files(uri: str, location: str, folder: Path) -> Path | None:
    """Copy the files at an address that the store at `uri` gave; None if they are gone.

    Of `models:/...` MLflow would ask the store that is its default, whatever it was given.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    try:
        found = download_artifacts(
            location, dst_path=str(folder), tracking_uri=uri, registry_uri=uri
        )
    except (MlflowException, OSError):
        return None
    return Path(found)


def _begun(client: MlflowClient, run_id: str, name: str) -> entities.LoggedModel:
    """Return the run's logged model of that name, made unless an earlier try has made it."""
    experiment = client.get_run(run_id).info.experiment_id
    condition = f"source_run_id = '{run_id}' AND name = '{name}'"
    found = client.search_logged_models([experiment], filter_string=condition)
    if found:
        return found[0]
    return client.create_logged_model(
        experiment, name=name, source_run_id=run_id, model_type="classifier"
    )


def _linked(client: MlflowClient, run_id: str) -> set[str]:
    """Return the ids of the models that the run names as its outputs."""
    outputs = client.get_run(run_id).outputs
    return {str(output.model_id) for output in outputs.model_outputs} if outputs else set()
