"""Listening: the port, the processes, and the end."""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.supervisors import Multiprocess

from cutscore.delivery.finding import load, version_named
from cutscore.errors import StoreError
from cutscore.serving.app import build
from cutscore.serving.decision_log import DecisionLog
from cutscore.serving.gate import Gate
from cutscore.serving.http_server import IDLE_SECONDS, Server, configured
from cutscore.serving.lines import say
from cutscore.serving.listening import bind
from cutscore.serving.metrics import Metrics
from cutscore.serving.models import Models
from cutscore.serving.service import Service
from cutscore.serving.settings import ServeSettings

_PARENT_SECONDS = 1.0
_START_SECONDS = 300.0


def serve(settings: ServeSettings) -> None:
    """Serve a model until told to stop; requests that have begun are finished.

    Raises
    ------
    RequestError
        If the port is in use, the model is not found, or the log's folder cannot be written.
    StoreError
        If the model is damaged, or no worker can start.
    """
    with bind(settings.host, settings.port) as listener:
        host, port = listener.getsockname()[:2]
        if settings.token is None and not ipaddress.ip_address(host).is_loopback:
            say("open to everybody who reaches this address", remedy="Set CUTSCORE_TOKEN.")
        where = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        if settings.workers == 1:
            app = create(settings)
            say("serving", model=settings.model, at=where, workers=1)
            Server(_config(app, settings)).run([listener])
            say("stopped")
            return
        create(settings)  # what is wrong is better told once, and before any worker starts
        with tempfile.TemporaryDirectory(prefix="cutscore-serve-") as folder:
            shared = dataclasses.replace(settings, figures=Path(folder))
            config = _config(partial(create, shared), settings, factory=True)
            workers = _Workers(config, [listener])
            workers.tell = partial(say, "serving", model=settings.model, at=where)
            workers.run()
            say("stopped")
            if any(each.exitcode == uvicorn.config.STARTUP_FAILURE for each in workers.processes):
                raise StoreError("the workers could not start; see above.")


def create(settings: ServeSettings) -> Gate:
    """Return the application of one process, its model loaded."""
    if (parent := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    metrics = Metrics(settings.figures)
    scorer = load(settings.model, store=settings.store)
    # A short name may come to mean several models; the one that it meant is followed.
    find = partial(load, scorer.tags.get("alias", settings.model), store=settings.store)
    named = version_named(scorer, settings.store)
    models = Models(scorer, find, named, settings.follow, metrics, say)
    log = None
    if settings.log is not None:
        log = DecisionLog(settings.log, settings.log_inputs, metrics, say)
    return build(Service(settings, models, metrics, log))


def _end_with(parent: BaseProcess) -> None:
    """End a worker whose parent has died, which nobody would end otherwise."""
    while parent.is_alive():
        time.sleep(_PARENT_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _config(app: Any, settings: ServeSettings, *, factory: bool = False) -> uvicorn.Config:
    return configured(
        app,
        factory=factory,
        workers=settings.workers,
        http=Connection,
        timeout_keep_alive=max(1, min(IDLE_SECONDS, int(settings.timeout))),
        timeout_graceful_shutdown=int(settings.timeout) + 1,
        timeout_worker_healthcheck=60,
    )


class _Workers(Multiprocess):
    """Says that it serves when all workers do."""

    tell: Callable[..., None]

    def init_processes(self) -> None:
        super().init_processes()
        ready = [each.wait_until_ready(_START_SECONDS) for each in self.processes]
        if all(ready):
            self.tell(workers=len(ready))


class Connection(H11Protocol):
    """A connection that is cut when its client hangs: before, within or after a request."""

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the head of a request."""
        self._head: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take bytes; the wait for a whole head goes on from the first of them."""
        super().data_received(data)
        self._wait()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, and for the answer to be taken."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """End waiting."""
        self._end_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering:
            self._end_waiting()
        elif self._head is None:
            self._head = self.loop.call_later(self.config.timeout_keep_alive, self._cut)

    def _end_waiting(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _cut(self) -> None:
        self.transport.abort()
