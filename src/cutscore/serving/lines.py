"""One JSON line for everything that happens; never with the values of a row."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import orjson


def say(event: str, **told: Any) -> None:
    """Write a line to standard error."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = orjson.dumps({"time": now, "event": event, **told}, default=str)
    # In one piece, or lines of several workers would run into each other.
    sys.stderr.write(f"{line.decode()}\n")
    sys.stderr.flush()
