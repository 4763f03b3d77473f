from __future__ import annotations

import cared
import pytest


@pytest.fixture(scope="session")
def faulty(sound, tmp_path_factory):
    """A store with a run for each thing that can be wrong with one."""
    return cared.add_faulty(cared.copy(sound, tmp_path_factory.mktemp("faulty")))


@pytest.fixture
def sound_copy(sound, tmp_path):
    return cared.copy(sound, tmp_path / "store")


@pytest.fixture
def faulty_copy(faulty, tmp_path):
    return cared.copy(faulty, tmp_path / "store")
