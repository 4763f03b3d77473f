"""Ending in time and in order, whatever code the main thread is in.

A Python signal handler waits until the main thread runs Python again; inside a neighbour search
that took 16 s. `signal.set_wakeup_fd` writes to a pipe at once, and a watchdog thread that reads
the pipe closes the open runs, ends the child processes and leaves. A worker process also watches
for the death of its parent: joblib's workers would otherwise go on with the next cell.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from cutscore.launch.children import end_children, signal_children

CLOSE_SECONDS = 2.0
"""How long the open runs of this process may take to be closed."""

CHILD_SECONDS = 2.5
"""How long children may take from the signal on, before they are killed."""

LAST_SECONDS = 1.0
"""How long runs that the children left open may take to be closed."""

PARENT_POLL_SECONDS = 0.5
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOP = b"\0"
_TRACKER_WARNING = "ignore:resource_tracker:UserWarning"

Close = Callable[[str], object]


class ShutdownGuard:
    """Watches for signals and, in a worker, for the death of its parent.

    Closing functions take the reason as text and may be called from another thread. Those
    registered with `last=True` are called once the children are gone.
    """

    def __init__(self, parent: int | None = None) -> None:
        self._parent = parent
        self._closers: dict[int, tuple[Close, bool]] = {}
        self._count = 0
        self._lock = threading.Lock()
        self._previous: dict[signal.Signals, object] = {}
        self._previous_fd = -1
        self._read = self._write = -1
        self._thread = threading.Thread(target=self._watch, name="shutdown_guard", daemon=True)

    def register(self, close: Close, *, last: bool = False) -> Callable[[], None]:
        """Have `close(reason)` called if the process must end; call the result to undo that."""
        with self._lock:
            self._count += 1
            number = self._count
            self._closers[number] = (close, last)

        def unregister() -> None:
            with self._lock:
                self._closers.pop(number, None)

        return unregister

    def start(self) -> None:
        """Take over SIGINT, SIGTERM and SIGHUP; call it in the main thread."""
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        _silence_trackers()
        self._previous_fd = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in _SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # started with nohup
            self._previous[number] = signal.signal(number, _left_to_the_watchdog)
        self._thread.start()

    def stop(self) -> None:
        """Give the signals back. If one has come already, this does not return."""
        os.write(self._write, _STOP)
        self._thread.join()
        signal.set_wakeup_fd(self._previous_fd)
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        os.close(self._read)
        os.close(self._write)

    def _watch(self) -> None:
        """Wait for a signal or for the parent's death."""
        while True:
            ready, _, _ = select.select([self._read], [], [], self._poll())
            if ready:
                received = os.read(self._read, 1)
                if received == _STOP:
                    return
                self._leave(signal.Signals(received[0]).name, 128 + received[0])
            if self._parent is not None and os.getppid() != self._parent:
                self._leave("parent process ended", 128 + signal.SIGTERM)

    def _poll(self) -> float | None:
        """Return how often to look for the parent, in seconds."""
        return None if self._parent is None else PARENT_POLL_SECONDS

    def _leave(self, why: str, code: int) -> None:
        """Close what is open, end the children, and end this process."""
        try:
            reason = f"interrupted: {why}"
            patience = time.monotonic() + CHILD_SECONDS
            children = signal_children()
            self._close(reason, last=False, seconds=CLOSE_SECONDS)
            end_children(children, max(0.0, patience - time.monotonic()))
            self._close(reason, last=True, seconds=LAST_SECONDS)
            if self._parent is None:
                _say(f"Interrupted: {why}; what was recorded is kept, open runs are KILLED.\n")
        finally:
            os._exit(code)

    def _close(self, reason: str, *, last: bool, seconds: float) -> None:
        """Call the closing functions at the same time, each in a thread, for a limited time."""
        with self._lock:
            closers = [close for close, is_last in self._closers.values() if is_last == last]
        _run_for(seconds, closers, reason)


def _run_for(seconds: float, closers: Sequence[Close], reason: str) -> None:
    """Call functions in threads and wait for them no longer than `seconds` altogether."""
    threads = [threading.Thread(target=close, args=(reason,), daemon=True) for close in closers]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _silence_trackers() -> None:
    """Keep joblib's resource tracker from warning about what it tidies up after an interruption.

    It is a process of its own, so only its environment reaches it.
    """
    given = os.environ.get("PYTHONWARNINGS", "")
    if _TRACKER_WARNING not in given:
        os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (given, _TRACKER_WARNING)))


def _left_to_the_watchdog(_number: int, _frame: object) -> None:
    """Do nothing: the watchdog has seen the signal already."""


def _say(line: str) -> None:
    """Write a line to stderr past Python's buffers, whose locks another thread may hold."""
    show_cursor = "\x1b[?25h" if sys.stderr is not None and sys.stderr.isatty() else ""
    with contextlib.suppress(OSError):
        os.write(2, f"{show_cursor}{line}".encode())


_installed: list[ShutdownGuard] = []
"""The one guard of this process: signals belong to the process, not to a caller."""


@contextlib.contextmanager
def shutdown_guard(parent: int | None = None) -> Iterator[ShutdownGuard]:
    """Watch for signals inside the context; a context within it shares the same guard.

    Enter it in the main thread. `parent` is the process id of the process that must live; in a
    worker of multiprocessing or joblib it is found without being told. A worker goes on watching
    after the context, since it waits for its next cell. Elsewhere than in the main thread
    nothing is watched.

    Ends the process with status 130 after SIGINT, 143 after SIGTERM or the parent's death.
    """
    if _installed:
        yield _installed[0]
        return
    worker = parent is not None or is_worker()
    life = ShutdownGuard(parent or (_parent_of_worker() if worker else None))
    if threading.current_thread() is not threading.main_thread():
        yield life
        return
    life.start()
    _installed.append(life)
    try:
        yield life
    finally:
        if not worker:
            _installed.clear()
            life.stop()


def _parent_of_worker() -> int:
    """Return the process that must live: this one's parent, or the one that it had.

    A worker may be orphaned while it starts: it then has another parent by now.
    """
    starter = multiprocessing.parent_process()
    if starter is not None and starter.pid is not None and _has_ended(starter.pid):
        return starter.pid
    return os.getppid()


def _has_ended(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def is_worker() -> bool:
    """Return whether this process was started by multiprocessing or joblib to do a share."""
    name = multiprocessing.current_process().name
    return multiprocessing.parent_process() is not None or "Loky" in name
