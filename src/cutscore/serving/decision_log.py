"""Every decision that left the service, in Parquet files that can be read at any time.

A process writes a part of its own and replaces it, whole, every second in which decisions were
made, until it is large or old enough; then it begins the next. A part is written under another
name, flushed to the disk and renamed, so that whatever ends the process, each `.parquet` file is
whole and at most the last second is lost. While the disk cannot be written, decisions wait in
memory; when too many wait, none are made.
"""

from __future__ import annotations

import dataclasses
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.batch.outputs import sync_folder
from cutscore.errors import Fault, RequestError
from cutscore.serving.log_table import Decided, table_of
from cutscore.serving.metrics import Metrics

if TYPE_CHECKING:
    import pyarrow as pa

EVERY = 1.0
_ROWS, _CELLS, _SECONDS = 20_000, 1_000_000, 600.0
_WAITING = 200_000
"""Rows that may wait for the disk."""


class DecisionLog:
    """Writes decisions to `folder`.

    Parameters
    ----------
    folder : Path
        Made if need be.
    inputs : bool
        Whether the rows are written too.
    metrics : Metrics
        Counts rows and failures.
    say : callable
        Writes a line to the service's own log.

    Raises
    ------
    RequestError
        If the folder cannot be written.
    """

    def __init__(
        self, folder: Path, inputs: bool, metrics: Metrics, say: Callable[..., None]
    ) -> None:
        self.folder, self.inputs = folder, inputs
        self._metrics, self._say = metrics, say
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._waiting: list[Decided] = []
        self.waiting_rows = 0
        self.trouble = ""
        self._part: list[pa.Table] = []
        self._number, self._began = 0, time.monotonic()
        self._host = socket.gethostname().split(".")[0] or "host"
        self._start = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
        self._thread = threading.Thread(target=self._write_on, name="decision log", daemon=True)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._clear()
            probe = folder / f".{self._name}.part"
            probe.touch()
            probe.unlink()
        except OSError as error:
            problem = f"{folder} cannot be written ({error.strerror or error})."
            raise RequestError(Fault("--log", problem, "Name another folder.")) from error

    @property
    def full(self) -> bool:
        """Whether so much waits for the disk that nothing may be decided."""
        return self.waiting_rows >= _WAITING

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()

    def add(self, decided: Decided) -> None:
        """Take decisions; they are on the disk within a second or so."""
        with self._lock:
            self._waiting.append(decided)
            self.waiting_rows += len(decided.answer)

    def flush(self) -> None:
        """Write what waits; what cannot be written waits on."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        if not taken:
            return
        try:
            for _, group in groupby(taken, lambda each: id(each.scorer)):
                same = list(group)
                self._write([self._table(each) for each in same])
                taken = taken[len(same) :]
                self._written(sum(len(each.answer) for each in same))
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told, and tried again
            self._metrics.add("cutscore_log_failures_total")
            told = f"the decision log cannot be written: {error}"
            if told != self.trouble:
                self._say("decision log failed", problem=str(error), rows_waiting=self.waiting_rows)
            self.trouble = told
            with self._lock:
                self._waiting = [*taken, *self._waiting]

    def _table(self, decided: Decided) -> pa.Table:
        """Return the rows of a request; inputs that cannot be kept do not hold up the others."""
        try:
            return table_of(decided, self.inputs)
        except Exception as error:  # noqa: BLE001  # whatever it is, the decision is kept
            self._metrics.add("cutscore_log_failures_total")
            self._say("inputs not kept", request=decided.request, problem=type(error).__name__)
            return table_of(dataclasses.replace(decided, rows=None), self.inputs)

    def _written(self, rows: int) -> None:
        if self.trouble:
            self._say("decision log writes again", rows=rows)
        self.trouble = ""
        self._metrics.add("cutscore_log_rows_total", rows)
        with self._lock:
            self.waiting_rows -= rows

    @property
    def _name(self) -> str:
        return f"{self._start}-{self._host}-{os.getpid()}-{self._number:06d}.parquet"

    def _write(self, tables: Sequence[pa.Table]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._part and self._part[0].schema != tables[0].schema:  # another model's columns
            self._begin()
        whole = pa.concat_tables([*self._part, *tables]).combine_chunks()
        path, hidden = self.folder / self._name, self.folder / f".{self._name}.part"
        with hidden.open("wb") as file:
            pq.write_table(whole, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(path)
        sync_folder(self.folder)
        large = whole.num_rows >= _ROWS or whole.num_rows * whole.num_columns >= _CELLS
        self._part = [whole]
        if large or time.monotonic() - self._began > _SECONDS:
            self._begin()

    def _begin(self) -> None:
        self._part, self._number, self._began = [], self._number + 1, time.monotonic()

    def _write_on(self) -> None:
        while not self._stop.wait(EVERY):
            self.flush()
            self._metrics.save()

    def _clear(self) -> None:
        """Remove what processes of this host, which are no more, had not finished."""
        for path in self.folder.glob(f".*-{self._host}-*.parquet.part"):
            process = path.name.split("-")[-2]
            if process.isdigit() and (int(process) == os.getpid() or not _alive(int(process))):
                path.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True
