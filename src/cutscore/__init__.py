"""Declarative experiments for rare events whose mistakes cost unequal amounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cutscore.delivery.finding import load as load
    from cutscore.delivery.running import read_run as read_run
    from cutscore.delivery.running import run as run

__version__ = "0.1.0"
__all__ = ["__version__", "load", "read_run", "run"]
_HOMES = {
    "load": "cutscore.delivery.finding",
    "read_run": "cutscore.delivery.running",
    "run": "cutscore.delivery.running",
}


def __getattr__(name: str) -> object:
    """Import what is asked for only then, so that `import cutscore` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
