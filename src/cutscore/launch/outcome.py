"""What came of a run."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cutscore.config.build import Plan
from cutscore.errors import CutscoreError, RequestError


@dataclass(frozen=True)
class RunOutcome:
    """What came of a run: enough for a leaderboard, small enough to send between processes.

    Attributes
    ----------
    name, run_id : the run's
    status : complete, failed, or ended early (pruned)
    objective : what the threshold optimises
    labels : the chosen options of each group, and the overridden settings
    metrics : those without steps
    notes : what a user should know of the data and the costs
    failure, error, trace : why the run ended early or failed, the kind of error, its traceback
    """

    name: str
    run_id: str
    status: Literal["complete", "failed", "pruned"]
    objective: str
    labels: Mapping[str, str]
    metrics: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    failure: str = ""
    error: str = ""
    trace: str = ""

    def label(self, key: str) -> str:
        """Return the chosen option or value for a key, '' where there is none."""
        return self.labels.get(key, "")


def labels(plan: Plan) -> dict[str, str]:
    """Return the chosen option of each group, and the overridden settings."""
    given = {one.key: one.value_text for one in plan.overrides if one.key not in plan.choices}
    return {**plan.choices, **given}


def failed_outcome(
    name: str, run_id: str, objective: str, named: Mapping[str, str], error: Exception
) -> RunOutcome:
    """Return what is told of a run that an error ended."""
    return RunOutcome(
        name,
        run_id,
        "failed",
        objective,
        named,
        failure=_reason(error),
        error=type(error).__name__,
        trace="".join(traceback.format_exception(error)),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, RequestError):
        return "; ".join(str(fault) for fault in error.faults)
    if isinstance(error, CutscoreError):
        return str(error)
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
