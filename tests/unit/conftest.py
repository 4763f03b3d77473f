from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from cutscore.runs.client import open_client
from cutscore.runs.init import Store, init_store


@dataclass(frozen=True)
class Kept:
    """A store with its client."""

    store: Store
    client: object
    folder: Path


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """One store for all tests here: making one costs seconds."""
    folder = tmp_path_factory.mktemp("tracking")
    store = init_store(f"sqlite:///{folder}/mlflow.db", f"{folder}/artifacts", "tests")
    return Kept(store, open_client(store.uri), folder)
