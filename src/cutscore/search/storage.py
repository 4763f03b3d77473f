"""Where studies are kept: Optuna's tables in an SQLite file or in a database server."""

from __future__ import annotations

import os
import sqlite3
import warnings
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from cutscore.config.search_settings import ENVIRONMENT, SearchSettings
from cutscore.errors import Fault, RequestError
from cutscore.report.redact import redact
from cutscore.runs.addresses import sqlite_path, sqlite_url
from cutscore.runs.settings import TrackingSettings
from cutscore.runs.sqlite import why_not_sqlite
from cutscore.search.locks import StorageLock

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

FILE = "optuna.db"
SETTING = "search.storage"
KINDS = ("sqlite", "postgresql", "mysql")
BUSY_SECONDS = 60
CONNECT_SECONDS = 10
_MLFLOW_TABLES = {"experiments", "runs"}
_OPTUNA_TABLES = {"studies", "trials"}


@dataclass(frozen=True, eq=False)
class Storage:
    """An open storage, and the lock that whoever takes or settles trials must hold."""

    url: str
    rdb: RDBStorage
    lock: StorageLock


def storage_url(settings: SearchSettings, tracking: TrackingSettings) -> str:
    """Return the absolute address of the storage.

    That is `search.storage`, else the environment variable, else `optuna.db` beside an SQLite
    store, else `mlruns/optuna.db`.

    Raises
    ------
    RequestError
        If the address is of a kind that studies cannot be shared in.
    """
    given = settings.storage or os.environ.get(ENVIRONMENT)
    if not given:
        store = tracking.address().uri
        database = sqlite_path(store)
        return sqlite_url((database.parent if database else Path.cwd() / "mlruns") / FILE)
    scheme, separator, rest = given.partition("://")
    if not separator:
        return sqlite_url(Path.cwd() / Path(given).expanduser())
    kind = scheme.split("+")[0].lower()
    if kind not in KINDS:
        problem = f'"{redact(given)}" cannot be used: an SQLite file, PostgreSQL or MySQL.'
        raise _fault(problem, "Give a path that ends in .db, or a URL of one of these.")
    if kind == "sqlite":
        if "?" in rest:
            problem = f'"{redact(given)}" cannot be used: options after a ? are not passed on.'
            raise _fault(problem, "Leave them out; %3F stands for a ? in a name.")
        return sqlite_url(Path.cwd() / Path(unquote(rest.removeprefix("/"))).expanduser())
    return given


def storage_setting(settings: SearchSettings) -> str:
    """Return what says where the storage is: the setting, or the environment variable."""
    return ENVIRONMENT if not settings.storage and os.environ.get(ENVIRONMENT) else SETTING


def check_storage(url: str) -> bool:
    """Check a storage without writing to it, and return whether it holds Optuna's tables.

    Raises
    ------
    RequestError
        If it cannot be reached, is no database, belongs to MLflow or to something else, or has the
        tables of another version of Optuna.
    """
    path = sqlite_path(url)
    if path is not None and not _check_file(path):
        return False
    from sqlalchemy.exc import SQLAlchemyError

    try:
        tables, revision = _look(url)
    except ImportError as error:
        remedy = "Install the driver, for PostgreSQL: pip install 'cutscore[postgresql]'."
        raise _fault(f"its driver is not installed ({error}).", remedy) from error
    except SQLAlchemyError as error:
        problem = f"{redact(url)} cannot be reached or read ({_first_line(error)})."
        raise _fault(problem, "Start the server, or mend the address.") from error
    return _check_tables(redact(url), tables, revision)


def open_storage(url: str) -> Storage:
    """Open a storage, making its tables first if there are none; one process makes them.

    Optuna's tables spoil each other when several processes make them at once.
    """
    silence()
    from optuna.storages import RDBStorage

    path = sqlite_path(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = StorageLock(url)
    with lock:
        template = url.replace("{", "{{").replace("}", "}}")  # Optuna formats it
        rdb = RDBStorage(template, engine_kwargs=_engine_options(url))
    return Storage(url, rdb, lock)


def silence() -> None:
    """Keep Optuna's own log lines and warnings of new features from the terminal."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def _look(url: str) -> tuple[set[str], str | None]:
    """Return the names of a database's tables, and the schema revision it gives."""
    from sqlalchemy import create_engine, inspect

    engine = create_engine(url, **_engine_options(url))
    try:
        with engine.connect() as connection:
            tables = set(inspect(connection).get_table_names())
            if "alembic_version" not in tables:
                return tables, None
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            return tables, None if found is None else str(found)
    finally:
        engine.dispose()


def _engine_options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": BUSY_SECONDS}}
    return {"pool_pre_ping": True, "connect_args": {"connect_timeout": CONNECT_SECONDS}}


def _check_file(path: Path) -> bool:
    """Check an SQLite file; return False where there is none yet and one can be made."""
    remedy = "Name a file that Optuna made, or one that does not exist yet."
    try:
        if not path.exists() or (path.is_file() and path.stat().st_size == 0):
            _check_folder(path)
            return False
    except OSError as error:
        raise _fault(f"{path} cannot be read ({error.strerror}).", remedy) from error
    if problem := why_not_sqlite(path):
        raise _fault(problem, remedy)
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except sqlite3.DatabaseError as error:
        raise _fault(f"{path} cannot be written ({error}).", remedy) from error
    return True


def _check_folder(path: Path) -> None:
    folder = next(parent for parent in path.parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise _fault(f"{path} cannot be made: {folder} is no folder that you may write.", "")


def _check_tables(where: str, tables: set[str], revision: str | None) -> bool:
    """Check whose tables these are, and that they are of this Optuna's version."""
    if tables >= _MLFLOW_TABLES:
        problem = f"{where} is a store of MLflow's, and its tables clash with Optuna's."
        raise _fault(problem, "Give the search a database of its own, or leave search.storage out.")
    if not tables:
        return False
    if not tables >= _OPTUNA_TABLES:
        problem = f"{where} is a database, but not one of Optuna's."
        raise _fault(problem, "Name one that Optuna made, or one that is empty.")
    import optuna

    known = _revisions()
    if revision != known[0]:
        newer = revision not in known
        problem = (
            f"{where} was made by {'a newer' if newer else 'an older'} version of Optuna than "
        )
        problem += f"{optuna.__version__} (its schema is {revision})."
        remedy = (
            "Install that version, or name another storage."
            if newer
            else "Make a copy, then run: optuna storage upgrade --storage URL."
        )
        raise _fault(problem, remedy)
    return True


def _revisions() -> list[str]:
    """Return the schema revisions that the installed Optuna knows, newest first."""
    import optuna
    from alembic.script import ScriptDirectory

    folder = Path(optuna.__file__).parent / "storages" / "_rdb" / "alembic"
    return [script.revision for script in ScriptDirectory(str(folder)).walk_revisions()]


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return (
        redact(str(cause).strip().splitlines()[0]) if str(cause).strip() else type(cause).__name__
    )


def _fault(problem: str, remedy: str) -> RequestError:
    return RequestError(Fault(SETTING, problem, remedy))
