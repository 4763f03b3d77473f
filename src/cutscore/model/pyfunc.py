"""Where models kept by older versions say that their loader is; see `cutscore.scoring.pyfunc`."""

from __future__ import annotations

from cutscore.scoring.pyfunc import _load_pyfunc

__all__ = ["_load_pyfunc"]
