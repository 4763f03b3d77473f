"""What cells that run in one process share."""

from __future__ import annotations

import functools

from cutscore.experiment import ExperimentCache


@functools.cache
def experiment_cache() -> ExperimentCache:
    """Return this process's cache of data and features."""
    return ExperimentCache()
