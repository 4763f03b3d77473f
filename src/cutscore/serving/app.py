"""The paths of the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from cutscore.errors import CutscoreError, Fault, RequestError
from cutscore.serving.bodies import JSON, reading
from cutscore.serving.described import described
from cutscore.serving.gate import GONE, Gate, defect
from cutscore.serving.openapi import document
from cutscore.serving.refusals import Refused, refusal_body
from cutscore.serving.service import Note, Reply, Service

INLINE_BYTES = 32_000
"""Bodies up to here are answered at once; larger ones by threads, so that others need not wait."""
_LONG = b'"reasons"', b'"tables"'
_THREADS = 2
_TEXT = "text/plain; version=0.0.4; charset=utf-8"
T = TypeVar("T")


def build(service: Service) -> Gate:
    """Return the application that serves a model."""
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="decide")

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        if service.log is not None:
            service.log.start()
        service.models.start()
        yield
        service.models.stop()
        pool.shutdown(wait=True)
        if service.log is not None:
            service.log.stop()
        service.metrics.save()

    app = FastAPI(title="Cutscore", docs_url=None, redoc_url=None, lifespan=life)
    _answering(app, service, pool)
    _telling(app, service)
    app.openapi = lambda: document(app, service.models.current)  # type: ignore[method-assign]
    app.add_exception_handler(HTTPException, _no_such_path)
    for kind in (Refused, ClientDisconnect, Exception):
        app.add_exception_handler(kind, _refused)
    paths = frozenset(getattr(route, "path", "") for route in app.routes)
    return Gate(app, service.settings, service.metrics, paths)


def _answering(app: FastAPI, service: Service, pool: ThreadPoolExecutor) -> None:
    """Add the paths that take rows."""

    async def answered(
        request: Request, work: Callable[[bytes, str], Reply], *, long: bool = False
    ) -> Response:
        media, limit = request.headers.get("content-type", ""), service.settings.max_bytes
        async with reading(request.stream(), request.headers, limit, service.memory) as body:
            long = long or any(word in body for word in _LONG)
            if len(body) <= INLINE_BYTES and not long:
                reply = _checked(work, body, media)
            else:
                loop = asyncio.get_running_loop()
                reply = await loop.run_in_executor(pool, _checked, work, body, media)
        return Response(reply.body, media_type=reply.media)

    @app.post("/decide", tags=["decisions"])
    async def decide(request: Request) -> Response:
        """Score and decide rows; all that is wrong with any of them comes in one answer."""
        note, query = request.scope["note"], request.query_params.multi_items()
        wanted = request.headers.get("accept", "")
        return await answered(
            request,
            lambda body, media: service.decide(body, media, query, wanted, note),
            long="reasons" in request.query_params,
        )

    @app.post("/explain", tags=["decisions"])
    async def explain(request: Request) -> Response:
        """Say what each column adds to each row's score, the strongest first."""
        note, query = request.scope["note"], request.query_params.multi_items()
        return await answered(
            request, lambda body, media: service.explain(body, media, query, note), long=True
        )

    @app.post("/invocations", tags=["mlflow"])
    async def invocations(request: Request) -> Response:
        """Score and decide rows given as MLflow's clients give them."""
        note = request.scope["note"]
        try:
            return await answered(request, lambda body, media: service.invoke(body, media, note))
        except Refused as refused:
            note.refused = refused.kind
            told = orjson.loads(refusal_body(refused.faults))
            code = {"error_code": "BAD_REQUEST", "message": str(refused)}
            status = 400 if refused.status == 422 else refused.status
            return Response(orjson.dumps({**code, **told}), status, media_type=JSON)


def _telling(app: FastAPI, service: Service) -> None:
    """Add the paths that tell of the service."""

    def tell(told: Any, status: int = 200) -> Response:
        return Response(orjson.dumps(told, default=str), status, media_type=JSON)

    @app.get("/model", tags=["service"])
    async def model() -> Response:
        """Say which model is in use, what it takes and how it decides."""
        used = service.models.current
        following = service.models.follows
        return tell({**described(used.scorer), "loaded": used.since, "follows": following})

    @app.get("/health", tags=["service"])
    async def health() -> Response:
        """Say that the process is there."""
        return tell({"status": "ok"})

    @app.get("/ready", tags=["service"])
    async def ready() -> Response:
        """Say whether it can do all it should."""
        troubles = service.troubles
        told = {"ready": not troubles, "model": service.models.current.version}
        doubts = [service.models.trouble] if service.models.trouble else []
        return tell({**told, "problems": [*troubles, *doubts]}, 503 if troubles else 200)

    @app.get("/metrics", tags=["service"], response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Tell counts and times as Prometheus reads them."""
        return Response(service.metrics.text(service.gauges()), media_type=_TEXT)

    @app.get("/ping", tags=["mlflow"])
    async def ping() -> Response:
        """Say that the process is there, as MLflow's clients ask."""
        return tell({"status": "ok"})


def _checked(work: Callable[[bytes, str], Reply], body: bytes, media: str) -> Reply:
    """Do the work; turn what a model has against rows into a refusal."""
    try:
        return work(body, media)
    except RequestError as error:
        raise Refused(422, "checks", error.faults) from error
    except RecursionError:
        raise Refused(422, "syntax", Fault("body", "it is nested too deeply.")) from None
    except CutscoreError as error:
        raise Refused(422, "checks", Fault("rows", f"{error}")) from error


async def _refused(request: Request, error: Exception) -> Response:
    """Answer what was raised; the gate, which sees it too, writes it down."""
    note: Note = request.scope["note"]
    if isinstance(error, ClientDisconnect):
        note.refused = "gone"
        return Response(status_code=GONE)
    refused = error if isinstance(error, Refused) else defect(note)
    note.refused = refused.kind
    return refused.response


async def _no_such_path(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    what = {404: "there is no such path.", 405: "it does not answer this method."}
    fault = Fault("path", what.get(error.status_code, error.detail), "See /openapi.json.")
    return Response(refusal_body([fault]), error.status_code, error.headers, JSON)
