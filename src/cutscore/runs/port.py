"""The run store as the rooms above see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Guard(Protocol):
    """Who ends this process in order: it closes open runs first."""

    def register(self, close: Callable[[str], object], *, last: bool = False) -> Callable[[], None]:
        """Have `close(reason)` called, from another thread, if the process must end.

        With `last` that is once the child processes are gone. Calling the result undoes it.
        """
