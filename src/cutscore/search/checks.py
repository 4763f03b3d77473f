"""Checking a search before anything runs: every key, every choice, both ends of every range."""

from __future__ import annotations

from cutscore.config.build import Plan
from cutscore.config.compose import Composer
from cutscore.search.space import Space, parse_space


def checked_space(plan: Plan, composer: Composer) -> Space:  # noqa: ARG001
    """Return the space of a plan's search.

    Raises
    ------
    RequestError
        With everything that is wrong with it.
    """
    return parse_space(plan.search.space, plan.overrides)
