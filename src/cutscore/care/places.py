"""Which store on this machine a word of the command line stands for."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from cutscore.care.database import open_readonly
from cutscore.care.file_store import count_runs, file_store_root
from cutscore.care.findings import counted
from cutscore.errors import Fault, RequestError
from cutscore.runs.sqlite import is_empty

USUAL_NAME = "mlflow.db"
FILES = "file:"
"""How MLflow writes the address of a file store."""


def local_store(text: str, setting: str) -> Path | None:
    """Return the database file, or the root folder of a file store, that a text names.

    Returns None where it names neither a folder nor a file that is there.

    Raises
    ------
    RequestError
        If it names a folder that holds no store, or two.
    """
    if text.startswith(FILES):
        rest = text.removeprefix(FILES)
        folder = Path(unquote(rest.removeprefix("//") if rest.startswith("///") else rest))
        root = file_store_root(folder)
        if root is None:
            problem = f"{folder} holds no files of MLflow's old file store."
            raise RequestError(Fault(setting, problem, "Name the folder of its experiments."))
        return root.absolute()
    path = Path(text).expanduser()
    if "://" in text or not path.exists():
        return None
    return (_store_in(path, setting) if path.is_dir() else path).absolute()


def files_beside(database: Path) -> str:
    """Return in words which file store lies beside a database, '' for none."""
    root = file_store_root(database.parent)
    if root is None:
        return ""
    runs = counted(count_runs(root), "run")
    return f"MLflow's old file store in {root} ({runs}) is a store of its own: {FILES}{root}"


def _store_in(folder: Path, setting: str) -> Path:
    database, root = folder / USUAL_NAME, file_store_root(folder)
    if database.is_file() and root is not None:
        problem = f"{folder} holds two stores: {USUAL_NAME} ({_size(database, setting)}), and a "
        problem += f"file store ({counted(count_runs(root), 'run')})."
        raise RequestError(Fault(setting, problem, f"Name one: {database} or {FILES}{root}."))
    if database.is_file():
        return database
    if root is not None:
        return root
    problem = f"{folder} is a folder with neither {USUAL_NAME} nor files of MLflow in it."
    raise RequestError(Fault(setting, problem, "Name the .db file."))


def _size(database: Path, setting: str) -> str:
    """Return in words how much a database holds."""
    if is_empty(database):
        return "empty"
    try:
        with open_readonly(database, setting) as connection:
            (runs,) = connection.execute("SELECT count(*) FROM runs").fetchone()
    except RequestError:
        return "not readable"
    return counted(runs, "run")
