"""A port to listen at."""

from __future__ import annotations

import socket

from cutscore.errors import Fault, RequestError

BACKLOG = 2048
_ANYWHERE = ("0.0.0.0", "::", "")


def site(host: str, port: int) -> str:
    """Return the address of pages at a host; at this machine where they are at all of its own."""
    here = "127.0.0.1" if host in _ANYWHERE else host
    return f"http://{f'[{here}]' if ':' in here else here}:{port}"


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises
    ------
    RequestError
        If something else does, or the address is none of this machine.
    """
    listener = None
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        # With the protocol named, asyncio turns Nagle's delay of 40 ms off.
        listener = socket.socket(*found[:3])
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found[4])
        listener.listen(BACKLOG)
    except OSError as error:
        if listener is not None:
            listener.close()
        problem = f"{host}:{port} cannot be listened on ({error.strerror or error})."
        remedy = f"Give another, such as --port {port + 1 if port < 65535 else port - 1}."
        raise RequestError(Fault("--port", problem, remedy)) from error
    return listener
