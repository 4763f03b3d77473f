"""Telling a store that is away for a while from an error that will stay."""

from __future__ import annotations

import re
import socket
import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutscore.report.redact import redact

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

_PASSING = (408, 429)
"""Statuses below 500 that a server answers with when it has no time just now."""

_SERVER_ERROR = 500
_LONGEST = 200
_SQLITE_PASSING = ("locked", "busy", "unable to open", "disk i/o error", "is full")
_DATABASE_STAYS = ("does not exist", "authentication failed", "no password supplied")
_ERRNO = re.compile(r"\[Errno -?\d+\] ([^'\")>]+)")
_STATUS = re.compile(r"too many (\d+) error responses")
_COLLISION = re.compile(r"UNIQUE constraint|duplicate key|Duplicate entry", re.IGNORECASE)


def transient_reason(error: BaseException) -> str | None:
    """Return in words why the store does not answer for now, None for an error that will stay.

    What counts: connections refused, reset or timed out, a server's statuses from 500 up, 408 and
    429, lost database connections, and an SQLite file that is locked or on a full disk. Refused
    requests, schema errors and errors in our own code stay.
    """
    for link in _chain(error):
        verdict = _judge(link)
        if verdict is not None:
            return verdict or None
    return None


def collided(error: BaseException) -> bool:
    """Return whether two writers made the same entry at once: asking again finds it made."""
    return bool(_COLLISION.search(str(error)))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it came from, outermost first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _judge(error: BaseException) -> str | None:
    """Return why this one error passes, '' if it stays, None if it alone does not tell."""
    from mlflow.exceptions import RestException
    from requests.exceptions import ConnectionError as RequestsConnectionError
    from requests.exceptions import HTTPError, RetryError, Timeout
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, RestException):
        return _judge_status(error.get_http_status_code())
    if isinstance(error, HTTPError) and error.response is not None:
        return _judge_status(error.response.status_code)
    if isinstance(error, DBAPIError):
        return _judge_database(error)
    if type(error).__module__.startswith("botocore"):
        return _judge_object_store(error)
    if isinstance(error, TimeoutError):
        return "timed out"
    passing = (RequestsConnectionError, RetryError, Timeout, ConnectionError, socket.gaierror)
    return _words(error) if isinstance(error, passing) else None


def _judge_status(status: int) -> str:
    passes = status >= _SERVER_ERROR or status in _PASSING
    return f"it answers with status {status}" if passes else ""


def _judge_object_store(error: BaseException) -> str | None:
    """Return why an error of a store like S3 passes, '' if it stays, None if it does not tell."""
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        return _judge_status(int(error.response["ResponseMetadata"]["HTTPStatusCode"]))
    passing = (exceptions.ConnectionError, exceptions.HTTPClientError)
    return _first_line(str(error)) if isinstance(error, passing) else None


def _judge_database(error: DBAPIError) -> str:
    """Return why a database error passes, '' if it stays."""
    from sqlalchemy.exc import OperationalError

    original = error.orig
    text = str(original or error)
    if isinstance(original, sqlite3.Error):
        passes = any(word in text.lower() for word in _SQLITE_PASSING)
    else:
        lost = isinstance(error, OperationalError) or error.connection_invalidated
        passes = lost and not any(word in text for word in _DATABASE_STAYS)
    return _first_line(text) if passes else ""


def _words(error: BaseException) -> str:
    """Return the heart of a network error: MLflow and urllib3 wrap it in long sentences."""
    text = str(error)
    status = _STATUS.search(text)
    if status:
        return f"it answers with status {status[1]}"
    number = _ERRNO.search(text)
    if number:
        return number[1].strip()
    if "timed out" in text:
        from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_TIMEOUT as LIMIT

        return f"no answer within {LIMIT.get()} s, {LIMIT.name}"
    return _first_line(text)


def _first_line(text: str) -> str:
    lines = redact(text).strip().splitlines() or [""]
    return lines[0][:_LONGEST]
