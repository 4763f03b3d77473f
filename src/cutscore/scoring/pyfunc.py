"""A kept model as MLflow's python_function: data frame in, decisions out.

MLflow calls `_load_pyfunc` when `MLmodel` names this module as its `loader_module`. It is not
needed here for anything else and does not import mlflow.
"""

from __future__ import annotations

from pathlib import Path

from cutscore.scoring.folder import load_model
from cutscore.scoring.kept_model import KeptModel


def _load_pyfunc(path: str) -> KeptModel:
    """Load a model folder; the name and signature are MLflow's."""
    return load_model(Path(path))
