"""Many takers of slots at once, on real storages."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import optuna
import pytest

from cutscore.search.slots import SLOT, take_slot
from cutscore.search.storage import check_storage, open_storage

SLOTS, TAKERS = 12, 4


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'optuna.db'}"
    return request.getfixturevalue("postgres").create("taking")


def take_all(url):
    """Take slots as a process of its own would, until there are none."""
    storage = open_storage(url)
    with storage.lock:
        study = optuna.create_study(storage=storage.rdb, study_name="s", load_if_exists=True)
    taken = []
    while (trial := take_slot(study, storage.lock, SLOTS, {"pid": "1"})) is not None:
        taken.append(trial.user_attrs[SLOT])
    storage.rdb.engine.dispose()
    storage.lock.close()
    return taken


def test_each_slot_is_taken_once(url):
    assert not check_storage(url)
    with ThreadPoolExecutor(TAKERS) as pool:
        taken = [slot for slots in pool.map(take_all, [url] * TAKERS) for slot in slots]
    assert Counter(taken) == dict.fromkeys(range(SLOTS), 1)
    assert check_storage(url)
