"""The run store as the rooms above see it: the one way to make, write, end, find and read runs.

Ownership
    A run belongs to the process that opened it. Only that process writes items into it and ends
    it, once: whoever ends it first decides how. Others may `tag` it. `add` is for a run that has
    ended, by whoever judges or completes it. `close` is for a run that says RUNNING though its
    process is dead, or was ended by the caller: see `liveness` for who may say so.

Threads
    A store may be used from several threads; it is not handed to other processes, each opens its
    own. An open run is written by one thread. `kill` may come from any thread at any time: the
    guard calls it. Signs of life come from a thread of the run's own.

A store that does not answer
    Calls of the store wait for it as long as `tracking.retry_minutes` says, counted once for the
    process, and then raise StoreError. `write` never waits: what it says stands in line, and the
    end of the run sends it. If the store stays away, the record is saved below `unsent`, and
    `send` brings it in later. What the store refuses is a StoreError too, but in `write`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cutscore.report.items import Item
from cutscore.runs.registry import ModelRegistry
from cutscore.runs.values import RunDetail, RunSummary


class Guard(Protocol):
    """Who ends this process in order: it closes open runs first."""

    def register(self, close: Callable[[str], object], *, last: bool = False) -> Callable[[], None]:
        """Have `close(reason)` called, from another thread, if the process must end.

        With `last` that is once the child processes are gone. Calling the result undoes it.
        """


class OpenRun(Protocol):
    """A run that this process writes.

    Leaving its context without `complete` ends it: FAILED after an exception or without a word,
    KILLED after an interruption. What was written stays.
    """

    run_id: str
    name: str

    def write(self, items: Iterable[Item]) -> None:
        """Write items, in as few calls as possible. What came before a stream breaks off stays.

        Raises
        ------
        Exception
            What the store refuses, which is left out of the record.
        """

    def complete(self) -> None:
        """Say that nothing is missing, and end the run FINISHED.

        Raises
        ------
        StoreError
            If the run has been killed, or the store does not take it.
        """

    def fail(self, reason: str, details: str = "") -> None:
        """End the run FAILED unless it has ended; `details` becomes the artifact error.txt."""

    def prune(self, reason: str) -> None:
        """End the run KILLED, as hopeless, unless it has ended: it is no failure."""

    def kill(self, reason: str) -> None:
        """End the run KILLED unless it has ended, without waiting for a store that is away."""


class RunStore(Protocol):
    """A store that is there. `experiment` is the one that new runs are listed under."""

    @property
    def uri(self) -> str:
        """The address; it may hold a password."""

    @property
    def experiment(self) -> str:
        """The name of the experiment, '' in a store that was opened to read."""

    @property
    def registry(self) -> ModelRegistry:
        """The store's registry of models."""

    def open(
        self,
        name: str,
        *,
        tags: Mapping[str, str] | None = None,
        parent_id: str | None = None,
        life: Guard | None = None,
        unsent: Path | None = None,
    ) -> AbstractContextManager[OpenRun]:
        """Make a run and keep it open for the length of the context.

        `parent_id` is the run it belongs to; `life` closes it when the process must end; below
        `unsent` its record is saved if the store stays away.
        """

    def reopen(
        self, run_id: str, *, life: Guard | None = None, unsent: Path | None = None
    ) -> AbstractContextManager[OpenRun]:
        """Go on with a run that has ended, under its own id; what it said of its end is undone."""

    def add(self, run_id: str, items: Iterable[Item]) -> None:
        """Write items into a run that has ended, which stays as it is otherwise."""

    def tag(self, run_id: str, tags: Mapping[str, str | None]) -> None:
        """Set tags of a run; None takes one away if it is there."""

    def close(self, run: RunSummary, reason: str, *, killed: bool = False) -> bool:
        """End a run that nobody writes any more; see `closing.ending_of` for how.

        Returns False, and changes nothing, if it has ended meanwhile.
        """

    def send(self, folder: Path) -> tuple[str, bool]:
        """Bring in a record that was saved; return the run's name and whether it was needed.

        Sending it twice leaves what sending it once does; a run that is complete is left alone.

        Raises
        ------
        RequestError
            If the folder cannot be read as a record, or the store does not have the run.
        StoreError
            If the store does not take it.
        """

    def get(self, run_id: str) -> RunSummary | None:
        """Return the run of this very id, deleted ones too; None if there is none."""

    def find(
        self,
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        *,
        parent_id: str | None = None,
        status: str | None = None,
        limit: int | None = None,
    ) -> list[RunSummary]:
        """Return runs with these tags, newest first, of one experiment or of all.

        Raises
        ------
        RequestError
            If there is no experiment of that name.
        """

    def read(self, run: str) -> RunDetail:
        """Return everything on a run, named by its id, the beginning of its id or its name.

        Of several runs of one name it is the newest.

        Raises
        ------
        RequestError
            If there is no such run, or the beginning fits several ids.
        """

    def download(self, run_id: str, path: str, folder: Path) -> Path | None:
        """Copy an artifact to a folder and return where it is; None where the run has none."""

    def model(self, run_id: str, folder: Path) -> Path | None:
        """Copy the model that was logged with a run last to a folder; None where there is none."""

    def last_change(self, run: RunSummary) -> datetime:
        """Return when a run began or last logged a metric, whichever is later."""
