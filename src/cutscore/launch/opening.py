"""The store that a plan is recorded in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cutscore.config.build import Plan
from cutscore.runs.client import open_client
from cutscore.runs.init import Store, init_store
from cutscore.runs.retry import outage_of

if TYPE_CHECKING:
    from mlflow import MlflowClient


def open_store(plan: Plan, *, wait: bool = False) -> tuple[Store, MlflowClient]:
    """Make the plan's store ready, once and under a lock, and return a client for it.

    With `wait` a store that does not answer is waited for, as the client's calls always do.
    """
    address, minutes = plan.tracking.address(), plan.tracking.retry_minutes
    make = partial(init_store, address.uri, address.artifacts, plan.tracking.experiment)
    store = outage_of(address.uri, minutes).call(make) if wait else make()
    return store, open_client(store.uri, minutes)
