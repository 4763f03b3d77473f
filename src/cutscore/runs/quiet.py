"""Keeping a migration from writing to the terminal."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

_LOGGERS = ("mlflow", "mlflow.store.db.utils", "alembic", "sqlalchemy")


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
