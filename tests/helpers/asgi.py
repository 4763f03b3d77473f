"""Requests to an ASGI application in this process, without a socket."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """What an application answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


class Client:
    """Asks `app`, one request after the other; its lifespan is not run."""

    def __init__(self, app) -> None:
        self.app = app

    def get(self, path: str, **headers: str) -> Answer:
        return asyncio.run(ask(self.app, "GET", path, b"", headers))

    def post(self, path: str, body, media: str = "application/json", **headers: str) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {"content-type": media, **headers} if media else headers
        return asyncio.run(ask(self.app, "POST", path, data, told))


async def ask(app, method: str, path: str, body: bytes, headers, receive=None) -> Answer:
    """Make one request; `receive` stands for a client that does not send its body at once."""
    parts = urlsplit(path)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": parts.path, "raw_path": parts.path.encode(), "root_path": "",
        "query_string": parts.query.encode(), "client": ("127.0.0.1", 1), "server": ("test", 80),
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip
    sent, messages = [], [{"type": "http.request", "body": body, "more_body": False}]

    async def take():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await app(scope, receive or take, send)
    told = {k.decode().lower(): v.decode() for k, v in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, b"".join(m.get("body", b"") for m in sent[1:]))
