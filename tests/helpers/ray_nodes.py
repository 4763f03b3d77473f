"""Nodes of a Ray cluster on this machine, each with an address and processes of its own."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from servers import Server

OBJECT_STORE = 300 * 10**6


class RayNode(Server):
    """A node at 127.0.0.`number`; without `head` it is one.

    `wrapper` is what its command is run by (`unshare -m ...`), `settings` its environment's.
    """

    def __init__(
        self,
        folder: Path,
        number: int,
        head: RayNode | None = None,
        wrapper: Sequence[str] = (),
        cpus: int = 1,
        **settings: str,
    ) -> None:
        super().__init__(folder)
        self.head, self.wrapper, self.settings = head, wrapper, settings
        self.cpus = cpus
        self.ip = f"127.0.0.{number}"
        self.address = f"{self.ip}:{self.port}" if head is None else head.address

    def command(self) -> list[str]:
        where = ["--head", f"--port={self.port}", "--include-dashboard=false"]
        if self.head is not None:
            where = [f"--address={self.head.address}"]
        ray = str(Path(sys.executable).with_name("ray"))
        return [
            *self.wrapper, ray, "start", *where,
            f"--node-ip-address={self.ip}", f"--num-cpus={self.cpus}",
            f"--object-store-memory={OBJECT_STORE}", "--disable-usage-stats", "--block",
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        return {**os.environ, **AUTHENTICATION, **self.settings}

    def ready(self) -> bool:
        return "Ray runtime started" in self.log.read_text()

    def kill(self) -> None:
        """End all its processes at once, as a machine that loses its power does."""
        if self.process is not None:
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with suppress(psutil.Error):
                    child.kill()
        super().kill()


AUTHENTICATION = {"RAY_AUTH_MODE": "disabled"}
"""Nodes and commands must agree in it; a token would be written to the home folder."""


def started(folder: Path, number: int, head: RayNode | None, **settings: Any) -> RayNode:
    """Start a node and return it."""
    own = folder / f"node{number}-{time.monotonic_ns()}"
    own.mkdir()
    node = RayNode(own, number, head, **settings)
    node.start()
    return node


@contextmanager
def ray_nodes(count: int = 2, cpus: int = 1) -> Iterator[list[RayNode]]:
    """Run a cluster for the length of the context; the first node is its head."""
    with TemporaryDirectory(prefix="cutscore-ray-", ignore_cleanup_errors=True) as name:
        nodes: list[RayNode] = []
        try:
            for number in range(2, 2 + count):
                nodes.append(started(Path(name), number, nodes[0] if nodes else None, cpus=cpus))
            yield nodes
        finally:
            for node in reversed(nodes):
                node.kill()
