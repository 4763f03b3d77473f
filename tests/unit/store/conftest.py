from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import cared
import pytest
from filelock import FileLock


@pytest.fixture(scope="session")
def sound(tmp_path_factory, worker_id):
    """A store in which nothing is wrong; made once, whichever process comes first."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    note = shared / "sound.json"
    with FileLock(shared / "sound.lock"):
        if not note.exists():
            (shared / "sound").mkdir()
            made = cared.make(shared / "sound")
            note.write_text(json.dumps(asdict(made), default=str))
    known = json.loads(note.read_text())
    return cared.Cared(Path(known["folder"]), known["runs"], known["model_id"])


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
