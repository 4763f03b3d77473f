"""Which process writes a run: without it nobody can tell a dead run from a slow one."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def process_tags() -> dict[str, str]:
    """Return host, pid, boot id and start of this process (ISO 8601, UTC)."""
    import psutil

    started = psutil.Process().create_time()
    return {
        "host": socket.gethostname(),
        "pid": str(os.getpid()),
        "boot_id": boot_id(),
        "process_start": datetime.fromtimestamp(started, UTC).isoformat(timespec="milliseconds"),
    }


def boot_id() -> str:
    """Return what is the same until this machine starts again."""
    import psutil

    if _BOOT_ID.exists():
        return _BOOT_ID.read_text(encoding="ascii").strip()
    return f"boot-{psutil.boot_time():.0f}"


def now_text() -> str:
    """Return the time as ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
