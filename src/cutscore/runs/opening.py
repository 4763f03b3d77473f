"""Opening the run store: made ready where runs are to be written, or one that is there."""

from __future__ import annotations

from functools import partial

from cutscore.errors import blaming
from cutscore.runs.adapter.retry import outage_of
from cutscore.runs.adapter.store import MlflowRunStore
from cutscore.runs.init import check_store, init_store
from cutscore.runs.port import RunStore
from cutscore.runs.settings import SETTING, TrackingSettings


def open_store(tracking: TrackingSettings, *, wait: bool = False) -> RunStore:
    """Make a store and its experiment ready, once and under a lock, and open it.

    With `wait` a store that does not answer is waited for, as calls of the store always do.

    Raises
    ------
    RequestError
        If it cannot be used; nothing is left behind then.
    """
    address = tracking.address()
    outage = outage_of(address.uri, tracking.retry_minutes)
    make = partial(init_store, address.uri, address.artifacts, tracking.experiment)
    with blaming(tracking.setting, SETTING):
        made = outage.call(make) if wait else make()
    return MlflowRunStore(made.uri, outage, made.experiment, made.experiment_id)


def open_existing(uri: str) -> RunStore:
    """Open a store that is there, to read it or to change runs that are in it.

    Raises
    ------
    RequestError
        If there is none, or it cannot be used.
    """
    check_store(uri)
    return MlflowRunStore(uri, outage_of(uri, 0.0))
