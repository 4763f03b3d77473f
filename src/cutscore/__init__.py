"""Declarative experiments for rare events whose mistakes cost unequal amounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cutscore.delivery.finding import load as load

__version__ = "0.1.0"
__all__ = ["__version__", "load"]
_HOMES = {"load": "cutscore.delivery.finding"}


def __getattr__(name: str) -> object:
    """Import what is asked for only then, so that `import cutscore` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
