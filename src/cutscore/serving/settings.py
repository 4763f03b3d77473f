"""What a service is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class ServeSettings:
    """What to serve, where, and how much of it at once.

    Attributes
    ----------
    model, store : what `cutscore.load` finds the model by
    host, port, workers : where it listens, and by how many processes
    token : what a caller must know; None lets everybody in
    log : the folder of the decision log, None for none; `log_inputs` keeps the rows too
    max_rows, max_bytes : the most that one request may hold, unpacked
    timeout : seconds that a request may take, from its first byte to the last of its answer
    follow : seconds between two looks at which version an alias names; 0 for never
    access_log : whether a line is written of every request
    figures : the folder where several workers add up their metrics
    """

    model: str
    store: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    token: str | None = field(default=None, repr=False)
    log: Path | None = None
    log_inputs: bool = False
    max_rows: int = 10_000
    max_bytes: int = 32 * MEGABYTE
    timeout: float = 30.0
    follow: float = 5.0
    access_log: bool = True
    figures: Path | None = None
