"""Searches for a metric that goes by periods of time."""

from __future__ import annotations

from dataclasses import asdict, replace

from cutscore.config.build import Plan
from cutscore.errors import Fault, RequestError
from cutscore.experiment import ExperimentCache, prepare
from cutscore.experiment.over_time import missing_objectives
from cutscore.metrics.period_specs import OBJECTIVES


def check_over_time(plan: Plan, cache: ExperimentCache) -> None:
    """Check before any trial that what is searched for can exist, outside of each outer part too.

    Raises
    ------
    RequestError
        If the rows of periods are too few.
    """
    asked = [name for name in plan.search_settings.metrics if name in OBJECTIVES]
    if not asked:
        return
    remedy = "Ask for longer periods (report.period), other folds or another search.metric."
    faults: dict[str, Fault] = {}
    validation = plan.experiment.validation
    for part in (None, *range(validation.outer_folds if validation.nested else 0)):
        experiment, where = plan.experiment, "here"
        if part is not None:
            experiment = replace(experiment, validation=replace(validation, outer_part=part))
            where = f"outside of outer part {part}"
        missing = missing_objectives(experiment, prepare(experiment, cache))
        for name in asked:
            if name in missing and name not in faults:
                problem = f"{name} cannot exist {where}: {missing[name]}."
                faults[name] = Fault("search.metric", problem, remedy)
    if faults:
        raise RequestError(faults.values())


def words_over_time(plan: Plan) -> dict[str, str]:
    """Return the settings that are part of what is searched for; none where it knows no time."""
    if not OBJECTIVES.intersection(plan.search_settings.metrics):
        return {}
    each = asdict(plan.report.stability).items()
    return {
        "report.period": plan.report.period or "null",
        **{f"report.stability.{name}": str(value) for name, value in each},
    }
