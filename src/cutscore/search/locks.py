"""One process at a time, over all machines that share a storage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cutscore.errors import StoreError
from cutscore.runs.addresses import sqlite_path

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

LOCK_SECONDS = 120
_NAME = "cutscore search"
_KEY = 0x6375_7473_636F_7265  # "cutscore", as a number that fits PostgreSQL's bigint


class StorageLock:
    """Held while trials are taken and settled, so that no slot is given twice.

    Beside an SQLite file it is a file lock; in a database server it is the server's own lock, which
    is let go when its holder dies (tried with PostgreSQL; MySQL's GET_LOCK is untried).
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._file: Any = None
        self._engine: Engine | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        path = sqlite_path(self._url)
        if path is not None:
            self._lock_file(path)
        else:
            self._lock_server()
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.release()
        elif self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                connection.exec_driver_sql(self._words()[1])
            finally:
                connection.close()

    def close(self) -> None:
        """Let go of the connection that the lock is held through."""
        if self._engine is not None:
            self._engine.dispose()

    def _lock_file(self, path: Path) -> None:
        from filelock import FileLock, Timeout

        if self._file is None:
            self._file = FileLock(path.with_name(f"{path.name}.lock"), timeout=LOCK_SECONDS)
        try:
            self._file.acquire()
        except Timeout as error:
            raise StoreError(
                f"another process has kept {self._file.lock_file} locked for {LOCK_SECONDS} s."
            ) from error

    def _lock_server(self) -> None:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import SQLAlchemyError

        if self._engine is None:
            self._engine = create_engine(
                self._url, isolation_level="AUTOCOMMIT", pool_size=1, pool_pre_ping=True
            )
        connection = self._engine.connect()
        try:
            if self._engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            taken = connection.exec_driver_sql(self._words()[0]).scalar()
        except SQLAlchemyError as error:
            connection.close()
            raise StoreError(f"the storage's lock cannot be had ({error}).") from error
        if taken == 0:  # what GET_LOCK says when the time is over
            connection.close()
            raise StoreError(f"the storage's lock was held by others for {LOCK_SECONDS} s.")
        self._connection = connection

    def _words(self) -> tuple[str, str]:
        """Return the statements that take and release the lock."""
        if self._url.startswith("postgresql"):
            return f"SELECT pg_advisory_lock({_KEY})", f"SELECT pg_advisory_unlock({_KEY})"
        return f"SELECT GET_LOCK('{_NAME}', {LOCK_SECONDS})", f"SELECT RELEASE_LOCK('{_NAME}')"
