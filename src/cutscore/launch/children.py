"""Ending child processes."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil


def signal_children() -> list[psutil.Process]:
    """Ask all processes below this one to end, and return them.

    Resource trackers are left out: they ignore the request, clean up after the others and end
    by themselves.
    """
    import psutil

    asked = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if not any("resource_tracker" in word for word in child.cmdline()):
                child.terminate()
                asked.append(child)
    return asked


def end_children(children: Sequence[psutil.Process], seconds: float) -> None:
    """Wait for processes to end, and kill those that take longer than `seconds`."""
    import psutil

    _, alive = psutil.wait_procs(children, timeout=seconds)
    for child in alive:
        with contextlib.suppress(psutil.Error):
            child.kill()
    psutil.wait_procs(alive, timeout=0.3)
