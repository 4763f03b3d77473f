"""The schema of MLflow's databases: which are known, made anew, brought up to date."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from cutscore.errors import StoreError
from cutscore.runs.addresses import sqlite_url

_LOGGERS = ("mlflow", "mlflow.store.db.utils", "alembic", "sqlalchemy")


@cache
def schema_revisions() -> tuple[str, ...]:
    """Return the schema revisions that the installed MLflow knows, its own first."""
    from alembic.script import ScriptDirectory

    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # its migrations import all of it
    spec = find_spec("mlflow")
    if spec is None or spec.origin is None:
        raise StoreError("MLflow is not installed.")
    scripts = ScriptDirectory(str(Path(spec.origin).parent / "store" / "db_migrations"))
    return tuple(str(script.revision) for script in scripts.walk_revisions())


def create_database(path: Path) -> None:
    """Migrate a new file beside `path` and give it its name when it is whole."""
    new = path.with_name(f".{path.name}.new-{os.getpid()}")
    try:
        migrate(new, new=True)
        new.replace(path)
    finally:
        for leftover in (new, new.with_name(f"{new.name}-journal")):
            leftover.unlink(missing_ok=True)


def migrate(path: Path, *, new: bool = False) -> None:
    """Bring a database to the installed MLflow's schema; `new` makes all its tables.

    Raises
    ------
    SQLAlchemyError
        If it cannot be done.
    """
    from mlflow.store.db import utils as migrations

    engine = migrations.create_sqlalchemy_engine(sqlite_url(path))
    try:
        with quiet_migration():
            work = migrations._initialize_tables if new else migrations._upgrade_db
            work(engine)
    finally:
        engine.dispose()


@contextlib.contextmanager
def quiet_migration() -> Iterator[None]:
    """Let only warnings of MLflow and its migrations through, then restore the levels."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
