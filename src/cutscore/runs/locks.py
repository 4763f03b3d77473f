"""Locks between processes that change a store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from cutscore.runs.sqlite import fault

LOCK_SECONDS = 120.0


@contextlib.contextmanager
def locked(path: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold a lock between processes; wait at most so many seconds for it.

    Raises
    ------
    RequestError
        If another process holds it for longer, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(path, timeout=seconds):
            yield
    except Timeout as error:
        raise fault(
            f"another process has kept {path} locked for {seconds:.0f} s.",
            "Wait for it, or end it.",
        ) from error
    except PermissionError as error:
        raise fault(
            f"{path.parent} cannot be written.", "Choose a folder you may write."
        ) from error
