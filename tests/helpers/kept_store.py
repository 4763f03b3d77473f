"""A store for tests that write runs into it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from cutscore.runs.adapter.client import open_client
from cutscore.runs.adapter.retry import Outage
from cutscore.runs.adapter.store import MlflowRunStore
from cutscore.runs.init import Store, init_store


@dataclass(frozen=True)
class Kept:
    """A store: made, opened as a run store, and as MLflow's client sees it."""

    store: Store
    runs: MlflowRunStore
    client: object
    folder: Path

    def listed_under(self, experiment: Store, **more: object) -> MlflowRunStore:
        """Return the run store that lists new runs under another experiment."""
        return opened(experiment, **more)


def opened(store: Store, **more: object) -> MlflowRunStore:
    """Return a run store for a store that has been made."""
    outage = Outage(store.uri, 0.0)
    return MlflowRunStore(store.uri, outage, store.experiment, store.experiment_id, **more)


def make(folder: Path, empty: Path) -> Kept:
    """Make a store in a folder from a database that is `empty`."""
    shutil.copyfile(empty, folder / "mlflow.db")
    store = init_store(f"sqlite:///{folder}/mlflow.db", f"{folder}/artifacts", "tests")
    return Kept(store, opened(store), open_client(store.uri), folder)
