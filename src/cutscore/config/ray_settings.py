"""Which Ray cluster, and what of it a cell or a worker may use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge
from pydantic import AfterValidator

ENVIRONMENT = "RAY_ADDRESS"


def _address(value: str | None) -> str | None:
    """Take null, auto, or host:port."""
    host, colon, port = (value or "").rpartition(":")
    if value in (None, "auto") or (colon and host and port.isdecimal() and "/" not in host):
        return value
    client = " (no ray://: run the command on a node of the cluster)" if "/" in host else ""
    raise ValueError(
        f"{value!r} is not allowed: host:port of a cluster's head{client}, auto for the cluster "
        "that this machine belongs to, or null"
    )


RayAddress = Annotated[str | None, AfterValidator(_address)]
"""Where a cluster is; None: what RAY_ADDRESS names, else one that is started here."""


@dataclass(frozen=True)
class RayWords:
    """What a command calls what it says of a cluster: faults name it.

    Attributes
    ----------
    chosen : what says that there is one
    address, num_cpus, share : the settings; `share` is '' where there is none
    """

    chosen: str
    address: str
    num_cpus: str
    share: str


CELLS = RayWords(
    "hydra/launcher", *(f"hydra.launcher.{n}" for n in ("address", "num_cpus", "share"))
)
TRIALS = RayWords("search.engine", "search.address", "threads", "")


@dataclass(frozen=True)
class RaySettings:
    """The cluster at `address`, and what a cell gets of it.

    Each cell has `num_cpus` of a node and as many threads. With `share` tables are loaded once, by
    the command, and lie in the nodes' object stores; that of a cluster started here holds
    `object_store_mb` megabytes, and its node has `node_cpus` (None: all cores).
    """

    address: RayAddress = None
    num_cpus: Annotated[int, Ge(1)] = 1
    share: bool = True
    object_store_mb: Annotated[int, Ge(80)] = 500
    node_cpus: Annotated[int, Ge(1)] | None = None

    @property
    def given(self) -> str | None:
        """The address, or the environment's; None for a cluster that is started here."""
        return self.address or os.environ.get(ENVIRONMENT) or None
