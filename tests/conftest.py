"""What several folders of tests share."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from browser import BrowserMissingError, chromium
from filelock import FileLock
from servers import ServerMissing, postgresql

os.environ.setdefault("GOMP_SPINCOUNT", "1500")  # as the command line does
# Containers often turn bytecode off; then each worker rewrites the asserts of all files, and each
# process that a test starts compiles Cutscore.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
ROWS = 600
HEAVY = ("lightgbm", "matplotlib", "mlflow", "scipy.stats", "sklearn", "xgboost")
SLOW_FIXTURES = frozenset({"empty", "sound", "kept", "postgres", "unpacked", "credit", "browser"})
SLOW_NAMES = frozenset({"main", "Composer", "subprocess"})
"""What a module of tests has imported."""
PROMOTABLE = {
    "few": ["model.params.n_estimators=8"],
    "more": ["model.params.n_estimators=9"],
    "dearer": ["model.params.n_estimators=8", "cost.false_negative=5"],
}
"""Runs that keep models: how they differ."""
LOADED = pytest.StashKey[list[str]]()


def pytest_collection_finish(session) -> None:
    """Note the heavy libraries that are loaded before any test runs."""
    session.config.stash[LOADED] = [name for name in HEAVY if name in sys.modules]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items) -> None:
    """Mark as quick what calls no command, composes no config and has no store or process."""
    for item in items:
        slow = (
            SLOW_FIXTURES.intersection(item.fixturenames) or SLOW_NAMES & vars(item.module).keys()
        )
        if "integration" not in item.path.parts and not slow:
            item.add_marker("quick")


@pytest.fixture(scope="session")
def loaded_at_collection(request) -> list[str]:
    return request.config.stash[LOADED]


@pytest.fixture(scope="session")
def loans_csv(tmp_path_factory) -> Path:
    """A small table of made loans: two numbers, a category, a group, a date, a target."""
    rng = np.random.default_rng(7)
    income = rng.lognormal(8, 0.5, ROWS).round()
    age = rng.integers(20, 70, ROWS)
    purpose = rng.choice(["car", "house", "other"], ROWS)
    risk = 1 / (1 + np.exp((income - 2500) / 900 + (age - 40) / 25 - (purpose == "other")))
    default = (rng.random(ROWS) < 0.35 * risk).astype(int)
    day = np.datetime64("2024-01-01") + rng.integers(0, 300, ROWS)
    branch = rng.integers(0, 40, ROWS)
    lines = ["loan_id,income,age,purpose,branch,day,defaulted"]
    columns = zip(income, age, purpose, branch, day, default, strict=True)
    lines += [f"{i},{a:.0f},{b},{c},{d},{e},{f}" for i, (a, b, c, d, e, f) in enumerate(columns, 1)]
    path = tmp_path_factory.mktemp("data") / "loans.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def loans(loans_csv) -> list[str]:
    """Overrides for an experiment on the small table, fast enough for tests."""
    return [
        "data=table",
        f"data.path={loans_csv}",
        "data.target=defaulted",
        "data.id=loan_id",
        "data.drop=[branch,day]",
        "model.params.n_estimators=8",
        "validation.folds=3",
        "report.bootstrap=50",  # a quarter of the time of so small a run otherwise
        "threads=1",  # tests run side by side
    ]


@pytest.fixture
def in_folder(tmp_path, monkeypatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL of this test process; `postgres.create(name)` makes a database in it."""
    try:
        with postgresql() as server:
            yield server
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def browser():
    """Chromium; not for a whole process, as an event loop runs in its thread meanwhile."""
    try:
        with chromium() as started:
            yield started
    except BrowserMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, worker_id):
    """Return what makes a folder once for all test processes: `make(folder)` fills it."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        whole = shared / f"{name}.whole"
        with FileLock(shared / f"{name}.lock"):
            if not whole.exists():
                (shared / name).mkdir()
                make(shared / name)
                whole.touch()
        return shared / name

    return folder


@pytest.fixture(scope="session")
def empty(made_once) -> Path:
    """A database with MLflow's tables and nothing in them: to migrate one takes a second."""
    from cutscore.runs.schema import create_database

    return made_once("empty", lambda folder: create_database(folder / "empty.db")) / "empty.db"


@pytest.fixture(scope="session")
def kept(tmp_path_factory, empty):
    """One store for all tests that write runs."""
    import kept_store

    return kept_store.make(tmp_path_factory.mktemp("tracking"), empty)


@pytest.fixture(scope="session")
def sound(made_once, empty):
    """A store in which nothing is wrong."""
    import cared

    def make(folder):
        shutil.copyfile(empty, folder / "mlflow.db")
        made = cared.make(folder)
        (folder.parent / "sound.json").write_text(json.dumps(asdict(made), default=str))

    known = json.loads((made_once("sound", make).parent / "sound.json").read_text())
    return cared.Cared(Path(known["folder"]), known["runs"], known["model_id"])


@pytest.fixture(scope="session")
def promotable(made_once, empty, loans):
    """A store with three runs on the loans that kept models."""
    from cutscore.cli import main

    def make(folder):
        shutil.copyfile(empty, folder / "mlflow.db")
        place = [f"tracking.uri={folder}/mlflow.db", f"tracking.artifacts={folder}/artifacts"]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            for words in PROMOTABLE.values():
                given = [*loans, "model.refit=true", "tracking.experiment=tests", *place, *words]
                assert main(["run", *given]) == 0

    return made_once("promotable", make)


@pytest.fixture
def credit(promotable, tmp_path):
    """A copy of that store, to be changed: its folder, and its runs by name."""
    import cared

    from cutscore.runs.opening import open_existing

    found = open_existing(f"sqlite:///{promotable}/mlflow.db").find()
    known = dict(zip(PROMOTABLE, (run.run_id for run in reversed(found)), strict=True))
    return cared.copy(cared.Cared(promotable, known, ""), tmp_path / "credit")
