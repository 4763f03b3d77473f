"""How uvicorn is run here, for a model and for pages."""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from cutscore.serving.listening import BACKLOG

IDLE_SECONDS = 15
"""The longest that a connection may be open between requests, or take to send the head of one."""


def configured(app: Any, **more: Any) -> uvicorn.Config:
    """Return settings by which uvicorn says nothing of itself; `more` are further ones of its."""
    return uvicorn.Config(
        app,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        **more,
    )


class Server(uvicorn.Server):
    """Ends well when it was asked to end, rather than by the signal that asked."""

    ready: Callable[[], None] | None = None
    """Is called once it answers."""

    async def startup(self, sockets: Any = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self.ready is not None and not self.should_exit:
            self.ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()
