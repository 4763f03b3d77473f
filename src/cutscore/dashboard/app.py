"""The paths of the dashboard: a page, its values as JSON, and files of runs; only GET."""

from __future__ import annotations

import asyncio
import ipaddress
import mimetypes
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cutscore.dashboard import tables
from cutscore.dashboard.comparison import MOST_RUNS, Judge, side_by_side, swap_set
from cutscore.dashboard.page import script, shell, style
from cutscore.dashboard.registry import History, models
from cutscore.dashboard.sources import RunSource
from cutscore.errors import CutscoreError, Fault, RequestError

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FILE_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'none'"
)
"""Files of runs are strangers' words: pages among them run apart from this one, without network."""

SHOWN = (".html", ".png", ".svg")
_TEXTS = (".csv", ".json", ".txt", ".yaml", ".md", ".log")
_MOST_COLUMNS = 200
Answering = Callable[[Request], Awaitable[Response]]
Work = Callable[[RunSource, Request], Response]


def build(source: RunSource, history: History, judge: Judge, host: str = "127.0.0.1") -> ASGIApp:
    """Return the application that shows a store; it closes `source` when it ends.

    `history` tells who had an alias of the registry, `judge` how rows were decided; `host` is the
    name that it listens by.
    """
    # SQLite's connections belong to one thread; one is enough for one reader.
    thread = ThreadPoolExecutor(1, thread_name_prefix="dashboard")

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        yield
        thread.submit(source.close).result()
        thread.shutdown()

    def asked(work: Work) -> Answering:
        async def answer(request: Request) -> Response:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(thread, _checked, work, source, request)

        return answer

    routes = [
        Route("/", asked(_page), methods=["GET"]),
        Route("/dashboard.js", _asset(script, "text/javascript"), methods=["GET"]),
        Route("/dashboard.css", _asset(style, "text/css"), methods=["GET"]),
        Route("/api/state", asked(_state), methods=["GET"]),
        Route("/api/runs", asked(_runs), methods=["GET"]),
        Route("/api/varying", asked(_varying), methods=["GET"]),
        Route("/api/compare", asked(_compare), methods=["GET"]),
        Route("/api/swap", asked(partial(_swap, judge)), methods=["GET"]),
        Route("/api/history", asked(_history), methods=["GET"]),
        Route("/api/models", asked(partial(_models, history)), methods=["GET"]),
        Route("/files/{run}/{name:path}", asked(_file), methods=["GET"]),
    ]
    return Guarded(Starlette(routes=routes, lifespan=life), host)


class Guarded:
    """Answers only who asks by a name of this machine, and sets the headers of every answer.

    A page elsewhere could have its own name lead here; an address of numbers cannot be had so.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._names = {"localhost", host.lower(), socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(h for h in _HEADERS if h[0] not in names),
                ]
            await send(message)

        headers = dict(scope["headers"])
        if not self._knows(headers.get(b"host", b"").decode("latin-1")):
            refused = _refusal(403, "this is asked for by a name that is none of this machine.")
            await refused(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    def _knows(self, host: str) -> bool:
        name = host.rpartition("]")[0].lstrip("[") if host[:1] == "[" else host.partition(":")[0]
        if name.lower() in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


_HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]


def _checked(work: Work, source: RunSource, request: Request) -> Response:
    """Do the work; turn what cannot be read, or was asked for wrongly, into words."""
    try:
        return work(source, request)
    except RequestError as error:
        return _refusal(422, "; ".join(f"{f.problem} {f.remedy}".strip() for f in error.faults))
    except CutscoreError as error:
        return _refusal(503, str(error))
    except sqlite3.Error as error:
        return _refusal(503, f"{source.title} cannot be read just now ({error}).")


def _page(source: RunSource, _request: Request) -> Response:
    return Response(shell(source.title, _newest(source)), media_type="text/html")


def _newest(source: RunSource) -> list[tables.RunRow]:
    """Return the runs for readers without JavaScript; a fault is told by the page's script."""
    try:
        return tables.run_rows(source.connection())[:100]
    except (CutscoreError, sqlite3.Error):
        return []


def _state(source: RunSource, _request: Request) -> Response:
    return _json({"stamp": source.stamp()})


def _runs(source: RunSource, request: Request) -> Response:
    stamp = source.stamp()
    wanted = request.query_params.getlist("column")[:_MOST_COLUMNS]
    with _one_moment(source) as connection:
        return _json({"stamp": stamp, "store": source.title, **tables.table(connection, wanted)})


def _varying(source: RunSource, request: Request) -> Response:
    where = "parent" if "parent" in request.query_params else "experiment"
    return _json(tables.varying(source.connection(), where, request.query_params.get(where, "")))


def _compare(source: RunSource, request: Request) -> Response:
    wanted = list(dict.fromkeys(request.query_params.getlist("run")))
    if not 0 < len(wanted) <= MOST_RUNS:
        raise RequestError(
            Fault("run", f"1 to {MOST_RUNS} runs can be compared, not {len(wanted)}.")
        )
    with _one_moment(source) as connection:
        rows = {row.run_id: row for row in tables.run_rows(connection, *wanted)}
        if missing := [run for run in wanted if run not in rows]:
            raise RequestError(Fault("run", f"the store has no run {', '.join(missing)}."))
        places = {run: tables.place_of(connection, run) for run in wanted}
        runs = [tables.detail(connection, rows[run], source.names(places[run])) for run in wanted]
    return _json(side_by_side(runs, lambda run, name: source.file(places[run], name)))


def _swap(judge: Judge, source: RunSource, request: Request) -> Response:
    query = request.query_params

    def find(run: str, name: str) -> Path | None:
        return source.file(tables.place_of(source.connection(), run), name)

    return _json(swap_set(query.get("first", ""), query.get("second", ""), find, judge))


def _history(source: RunSource, request: Request) -> Response:
    query = request.query_params
    return _json(tables.history(source.connection(), query.get("run", ""), query.get("metric", "")))


def _models(history: History, source: RunSource, _request: Request) -> Response:
    return _json(models(source.connection(), history))


def _file(source: RunSource, request: Request) -> Response:
    place = tables.place_of(source.connection(), request.path_params["run"])
    found = source.file(place, request.path_params["name"])
    if found is None:
        return _refusal(404, "there is no such file.")
    kind = "text/plain" if found.suffix in _TEXTS else mimetypes.guess_type(found.name)[0]
    shown = found.suffix in SHOWN or found.suffix in _TEXTS
    return FileResponse(
        found,
        media_type=kind if shown else "application/octet-stream",
        filename=found.name,
        content_disposition_type="inline" if shown else "attachment",
        headers={"content-security-policy": FILE_POLICY},
    )


@contextmanager
def _one_moment(source: RunSource) -> Iterator[sqlite3.Connection]:
    """Have all questions see one state of the store, also while others write to it."""
    connection = source.connection()
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.rollback()


def _asset(text: Callable[[], str], kind: str) -> Answering:
    async def answer(_request: Request) -> Response:
        return Response(text(), media_type=kind)

    return answer


def _json(told: Any) -> Response:
    return Response(orjson.dumps(told), media_type="application/json")


def _refusal(status: int, problem: str) -> Response:
    return Response(orjson.dumps({"error": problem}), status, media_type="application/json")
