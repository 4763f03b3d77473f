"""Connecting to a Ray cluster, or starting one on this machine."""

from __future__ import annotations

import importlib.util
import logging
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cutscore.config.ray_settings import ENVIRONMENT, RaySettings, RayWords
from cutscore.errors import Fault, RequestError, StoreError

ANSWER_SECONDS = 5.0
START_ATTEMPTS = 3
"""A busy machine may take longer to start Ray than the 30 s that Ray gives it."""

_HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
_SETTINGS_FRAME = 4


@dataclass(frozen=True)
class ClusterNode:
    """A node of the cluster that is alive and can be given work; `here` is this machine's."""

    id: str
    address: str
    cpus: float
    object_store: int
    here: bool = False


@contextmanager
def connected(settings: RaySettings, words: RayWords) -> Iterator[None]:
    """Use the cluster for the length of the context.

    A connection that this process has already is used, and left open.

    Raises
    ------
    RequestError
        If Ray is not installed, or nothing answers at the address.
    """
    if importlib.util.find_spec("ray") is None:
        problem = "Ray is not installed here."
        remedy = "Install the extra: pip install 'cutscore[ray]'."
        raise RequestError(Fault(words.chosen, problem, remedy))
    # Have to be there before Ray is imported. Under `uv run` Ray would send the working folder
    # about and install everything anew for each process; and 127.0.0.1 would be all addresses.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if settings.given is None:
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    import ray

    if ray.is_initialized():
        yield
        return
    _connect(settings, words.address if settings.address else ENVIRONMENT)
    try:
        yield
    finally:
        ray.shutdown()


def living_nodes() -> list[ClusterNode]:
    """Return the nodes that are alive and have a processor."""
    import ray

    own = ray.get_runtime_context().get_node_id()
    return [
        ClusterNode(
            found["NodeID"],
            found["NodeManagerAddress"],
            found["Resources"]["CPU"],
            int(found["Resources"].get("object_store_memory", 0)),
            found["NodeID"] == own,
        )
        for found in ray.nodes()
        if found["Alive"] and found["Resources"].get("CPU")
    ]


def _connect(settings: RaySettings, setting: str) -> None:
    import ray

    quiet: Mapping[str, Any] = {
        "configure_logging": False,
        "log_to_driver": False,
        "include_dashboard": False,
    }
    address = settings.given
    if address is None:
        _start(settings, quiet)
        return
    if address != "auto":
        _check_answer(address, setting)
    try:
        ray.init(address=address, configure_logging=False, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        words = " ".join(str(error).split())
        remedy = "Start one with `ray start --head`, of this Python and Ray; one that asks for a "
        remedy += "token wants RAY_AUTH_MODE=token here too."
        raise RequestError(Fault(setting, f"no cluster at {address}: {words}", remedy)) from error


def _start(settings: RaySettings, quiet: Mapping[str, Any]) -> None:
    """Start a cluster of one node that only this machine can reach, by a token of its own.

    Ray asks for one by default and says so; without one in the environment it would keep it below
    the user's home.
    """
    import ray

    logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    for attempt in range(START_ATTEMPTS):
        try:
            ray.init(
                address="local",
                num_cpus=settings.node_cpus or len(os.sched_getaffinity(0)),
                object_store_memory=settings.object_store_mb * 10**6,
                _node_ip_address="127.0.0.1",
                **quiet,
            )
        except Exception as error:  # Ray raises plain ones
            ray.shutdown()
            if attempt + 1 == START_ATTEMPTS:
                raise StoreError(f"Ray does not start on this machine: {error}") from error
        else:
            return


def _check_answer(address: str, setting: str) -> None:
    """Check that a cluster's head answers: Ray itself would wait two minutes."""
    if why := silence_of(address):
        problem = f"nothing that is a Ray cluster answers at {address} ({why})."
        remedy = "Give the head's host:port, as `ray start --head` told it; null starts one here."
        raise RequestError(Fault(setting, problem, remedy))


def silence_of(address: str) -> str:
    """Return why nothing at an address speaks HTTP/2, as a cluster's head does; "" if it does."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), ANSWER_SECONDS) as probe:
            probe.settimeout(ANSWER_SECONDS)
            probe.sendall(_HTTP2)
            frame = probe.recv(9)
            return "" if frame[3:4] == bytes([_SETTINGS_FRAME]) else "it is no Ray cluster"
    except (OSError, ValueError) as error:
        return str(error)
