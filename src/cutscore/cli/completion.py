"""Shell completion of `cutscore run`, with Hydra's own scripts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any


def completion(hydra: Any, primary: str, overrides: Sequence[str]) -> None:
    """Print a completion script, or answer the query of one.

    Hydra's scripts call `cutscore -sc query=...` with the line as typed; the word `run` in it is
    ours, and Hydra would take it for an override.
    """
    line, point = os.environ.get("COMP_LINE"), os.environ.get("COMP_POINT")
    if line is not None:
        head, found, rest = line.partition(" run ")
        if found:
            os.environ["COMP_LINE"] = f"{head} {rest}"
            if point is not None:
                os.environ["COMP_POINT"] = str(max(int(point) - len("run "), 0))
    hydra.shell_completion(config_name=primary, overrides=list(overrides))
