"""What every request goes through: who asks, how long it takes, and what is written down of it."""

from __future__ import annotations

import asyncio
import hmac
import re
import time
import traceback
import uuid
from typing import TYPE_CHECKING, Any

from cutscore.errors import Fault
from cutscore.serving.lines import say
from cutscore.serving.metrics import Metrics
from cutscore.serving.refusals import Refused
from cutscore.serving.service import Note
from cutscore.serving.settings import ServeSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN = frozenset({"/health", "/ready", "/ping"})
"""Paths that need no token: what watches over processes has none."""
_AT_ONCE = 1000
GONE = 499
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,100}")


class Gate:
    """Lets requests in to `app`; `paths` are those that metrics tell apart."""

    def __init__(
        self, app: ASGIApp, settings: ServeSettings, metrics: Metrics, paths: frozenset[str]
    ) -> None:
        self._app, self._settings, self._metrics, self._paths = app, settings, metrics, paths
        self._token = None if settings.token is None else settings.token.encode()
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        headers = dict(scope["headers"])
        told = headers.get(b"x-request-id", b"")
        note = Note(told.decode() if _REQUEST_ID.fullmatch(told) else uuid.uuid4().hex)
        scope["note"] = note
        exchange = _Exchange(note, receive, send)
        self._inside += 1
        try:
            async with asyncio.timeout(self._settings.timeout):
                self._admit(scope["path"], headers.get(b"authorization", b""))
                await self._app(scope, exchange.receive, exchange.send)
        except Refused as refused:
            await exchange.refuse(refused, scope)
        except TimeoutError:
            await exchange.refuse(_late(self._settings.timeout, exchange.received), scope)
        except asyncio.CancelledError:
            exchange.status, note.refused = GONE, "gone"
            raise
        except Exception:  # noqa: BLE001  # a defect of ours: told without its details
            exchange.status = 500
            say("defect", request=note.request, traceback=traceback.format_exc())
            await exchange.refuse(defect(note), scope)
        finally:
            self._inside -= 1
            self._write_down(scope, exchange, time.perf_counter() - start)

    def _admit(self, path: str, authorization: bytes) -> None:
        if self._inside > _AT_ONCE:
            problem = f"more than {_AT_ONCE:,} requests are being answered."
            raise Refused(503, "busy", Fault("service", problem, "Try again."))
        if self._token is None or path in OPEN:
            return
        kind, _, given = authorization.partition(b" ")
        if kind.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._token):
            remedy = "Send the header `Authorization: Bearer TOKEN`."
            raise Refused(401, "token", Fault("Authorization", "the token is needed.", remedy))

    def _write_down(self, scope: Scope, exchange: _Exchange, seconds: float) -> None:
        note, known = exchange.note, scope["path"] in self._paths
        path = scope["path"] if known else "other"
        self._metrics.add("cutscore_requests_total", path=path, status=str(exchange.status))
        self._metrics.took(path, seconds)
        if exchange.status >= 400:
            kind = note.refused or {404: "path", 405: "method"}.get(exchange.status, "other")
            self._metrics.add("cutscore_refusals_total", kind=kind)
        if not self._settings.access_log:
            return
        client = scope.get("client")
        told: dict[str, Any] = {
            "request": note.request,
            "client": client[0] if client else None,
            "method": scope["method"],
            "path": path,
            "status": exchange.status,
            "ms": round(1000 * seconds, 3),
        }
        if note.rows:
            told |= {"model": note.version, "rows": note.rows, "flagged": note.flagged}
        if note.refused:
            told["refused"] = note.refused
        say("request", **told)


class _Exchange:
    """One request and its answer, as they go by."""

    def __init__(self, note: Note, receive: Receive, send: Send) -> None:
        self.note, self._receive, self._send = note, receive, send
        self.status, self.started, self.received = 0, False, False

    async def receive(self) -> Message:
        message = await self._receive()
        self.received = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            message["headers"] = [
                *message["headers"],
                (b"x-request-id", self.note.request.encode()),
            ]
        await self._send(message)

    async def refuse(self, refused: Refused, scope: Scope) -> None:
        """Answer that the request is refused, unless another answer is on its way."""
        self.note.refused = refused.kind
        if self.started:
            return
        await refused.response(scope, self.receive, self.send)


def defect(note: Note) -> Refused:
    """Return what a caller is told of a defect of ours."""
    problem = f"the service failed; its log has more under request {note.request}."
    return Refused(500, "defect", Fault("service", problem))


def _late(seconds: float, received: bool) -> Refused:
    if not received:
        problem = f"the request did not arrive within {seconds:g} seconds."
        return Refused(408, "time", Fault("body", problem))
    problem = f"no answer could be given within {seconds:g} seconds."
    return Refused(503, "time", Fault("service", problem, "Send fewer rows at once."))
