"""Making a store and its experiment, once, whoever asks at the same time.

MLflow migrates a database that does not exist yet in every process that opens it, and those
processes spoil each other's work. Here one process migrates under a file lock, into a file that
gets its name only when it is whole.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cutscore.errors import Fault, RequestError
from cutscore.report.redact import redact
from cutscore.runs.addresses import address_folder, location_in, sqlite_path
from cutscore.runs.elsewhere import SETTING as FILES
from cutscore.runs.elsewhere import check_writable, is_elsewhere
from cutscore.runs.locks import locked
from cutscore.runs.merge_journal import repair_if_idle
from cutscore.runs.schema import create_database, quiet_migration
from cutscore.runs.server import (
    alone,
    check_database,
    check_reachable,
    default_root,
    load_mlflow,
    open_experiment,
)
from cutscore.runs.sqlite import check_file, fault, is_empty


@dataclass(frozen=True)
class Store:
    """A store that is ready, with the experiment that runs are listed under.

    `artifacts` is where files of the experiment's runs go.
    """

    uri: str
    experiment: str
    experiment_id: str
    artifacts: str

    def __repr__(self) -> str:
        return f"Store({redact(self.uri)!r}, {self.experiment!r}, {self.experiment_id!r})"


def init_store(uri: str, artifacts: str | None, experiment: str) -> Store:
    """Make the store and the experiment unless they exist, and return them.

    `uri` and `artifacts` are absolute; files of the experiment go to a folder of its name below
    `artifacts` (None: where a server puts them, or beside the others of a database).

    Raises
    ------
    RequestError
        If the store cannot be made, read or written, or its schema is not the installed
        MLflow's. Nothing is left behind then.
    """
    path = sqlite_path(uri)
    if path is None:
        check_reachable(uri)
    load_mlflow()  # before the lock: it takes seconds
    location = location_in(artifacts, experiment)
    if location is not None and is_elsewhere(location):
        check_writable(location)  # before there is anything in the database
    if path is None:
        return _init_server(uri, location, experiment)
    repair_if_idle(path)  # a merge whose process was killed
    if not is_empty(path):
        check_file(path)  # before the lock: a file that is refused gets no lock file beside it
    with contextlib.ExitStack() as undo:
        files = None if artifacts is None else address_folder(artifacts)
        for folder in dict.fromkeys((path.parent, files)):
            if folder is not None:
                setting = "tracking.uri" if folder == path.parent else FILES
                undo.callback(_remove_empty, _make_folder(folder, setting))
        with locked(path.with_name(f"{path.name}.lock")):
            if is_empty(path):
                create_database(path)
            experiment_id, found = open_experiment(uri, experiment, location)
        undo.pop_all()
    return Store(uri, experiment, experiment_id, found)


def check_store(uri: str) -> None:
    """Check that a store exists and can be used, without making anything.

    Raises
    ------
    RequestError
        If there is none, or it cannot be used.
    """
    path = sqlite_path(uri)
    if path is None:
        check_reachable(uri)
        if not uri.startswith("http"):
            check_database(uri)
    elif is_empty(path):
        raise fault(f"there is no store at {path}.", "Run an experiment first: cutscore run.")
    else:
        check_file(path)


def _init_server(uri: str, location: str | None, experiment: str) -> Store:
    """Open a database or tracking server; its schema is made by whoever comes first."""
    database = not uri.startswith("http")
    root = default_root() if database else None
    name = f"cutscore-{os.getuid()}-{sha256(uri.encode()).hexdigest()[:16]}.lock"
    with locked(Path(tempfile.gettempdir()) / name), alone(uri), quiet_migration():
        if database:
            check_database(uri, new=True)
        experiment_id, found = open_experiment(uri, experiment, location, root)
    if location is not None and not _same(location, found):
        problem = f'files of the experiment "{experiment}" go to {found}, not to {location}.'
        remedy = "Leave it out, or choose another tracking.experiment."
        raise RequestError(Fault(FILES, problem, remedy))
    return Store(uri, experiment, experiment_id, found)


def _same(one: str, other: str) -> bool:
    """Return whether two addresses name the same place."""
    folders = address_folder(one), address_folder(other)
    if None in folders:
        return one.rstrip("/") == other.rstrip("/")
    return len({folder.resolve() for folder in folders if folder is not None}) == 1


def _make_folder(folder: Path, setting: str) -> list[Path]:
    """Make a folder and return those that were made, innermost first."""
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _remove_empty(made)
        raise RequestError(
            Fault(
                setting,
                f"{folder} cannot be written ({error.strerror}).",
                "Choose a folder you may write.",
            )
        ) from error
    return made


def _remove_empty(folders: list[Path]) -> None:
    """Remove folders that were made in vain, as far as they hold nothing but the lock."""
    for folder in folders:
        for lock in folder.glob("*.lock"):
            lock.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.rmdir()
