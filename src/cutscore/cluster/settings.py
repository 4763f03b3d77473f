"""Which Ray cluster, and what of it a cell or a worker may use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

ENVIRONMENT = "RAY_ADDRESS"


@dataclass(frozen=True)
class RaySettings:
    """A cluster at `address`; None: the one that RAY_ADDRESS names, else one that is started here.

    Each cell has `num_cpus` of a node and as many threads. With `share` tables are loaded once, by
    the command, and lie in the nodes' object stores; that of a cluster started here holds
    `object_store_mb` megabytes, and its node has `node_cpus` (None: all cores).
    """

    address: str | None = None
    num_cpus: Annotated[int, Ge(1)] = 1
    share: bool = True
    object_store_mb: Annotated[int, Ge(80)] = 500
    node_cpus: Annotated[int, Ge(1)] | None = None

    def __post_init__(self) -> None:
        host, colon, port = (self.address or "").rpartition(":")
        if self.address not in (None, "auto") and not (colon and host and port.isdecimal()):
            raise ValueError(
                f"address {self.address!r} is not allowed: host:port of the cluster's head, auto "
                "(the cluster that this machine belongs to) or null"
            )
        if "/" in host:
            raise ValueError(
                f"address {self.address!r} is not allowed: Ray's client protocol cannot carry "
                "the work. Run the command on a node of the cluster, with address host:port or auto"
            )

    @property
    def given(self) -> str | None:
        """The address, or what stands for it; None for a cluster that is started here."""
        return self.address or os.environ.get(ENVIRONMENT) or None
