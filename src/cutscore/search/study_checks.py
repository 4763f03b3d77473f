"""Checks before a search: what it begins with, its storage, the study that it may go on with."""

from __future__ import annotations

from cutscore.config.build import Plan
from cutscore.errors import RequestError, blaming
from cutscore.experiment import ExperimentCache
from cutscore.search.context import folds_of
from cutscore.search.over_time import check_over_time
from cutscore.search.space import space_of
from cutscore.search.starts import enqueue_faults
from cutscore.search.storage import (
    SETTING,
    check_storage,
    open_storage,
    storage_setting,
    storage_url,
)
from cutscore.search.study import check_study, definition, study_key
from cutscore.search.tree_counts import counted_trees, read_off_key


def check_search(plan: Plan, cache: ExperimentCache) -> None:
    """Check what is to be tried first, the storage, and that an earlier study can be gone on with.

    Nothing is written; the space has been checked with the request.

    Raises
    ------
    RequestError
        With what is wrong.
    """
    space = space_of(plan)
    read_off = read_off_key(counted_trees(plan, space))
    if faults := list(enqueue_faults(plan.search_settings.enqueue, space, read_off)):
        raise RequestError(faults)
    check_over_time(plan, cache)
    with blaming(storage_setting(plan.search_settings), SETTING):
        url = storage_url(plan.search_settings, plan.tracking)
        made = check_storage(url)
    if not made:
        return
    _, digest = folds_of(plan, cache)
    words = definition(plan, space)
    storage = open_storage(url)
    check_study(storage, study_key(plan, digest), words, new=plan.search_settings.new_study)
