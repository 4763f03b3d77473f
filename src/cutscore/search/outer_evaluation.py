"""What rows that no trial has seen say of a search's winner, or of the search itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cutscore.config.build import Plan, compose_plan
from cutscore.config.overrides import parse_override
from cutscore.errors import CutscoreError
from cutscore.experiment import pooled
from cutscore.launch.keeping import judge_run
from cutscore.report.outer import OuterEvaluation
from cutscore.search.context import SearchJob, TrialContext
from cutscore.search.outcome import SearchOutcome

PART = "validation.outer_part"


def outer_part_count(plan: Plan) -> int:
    """Return the number of searches besides the one on all rows."""
    validation = plan.experiment.validation
    return validation.outer_folds if validation.nested else 0


def judge_best(context: TrialContext, outcome: SearchOutcome) -> OuterEvaluation:
    """Judge a search's best trial on the outer rows, and write the figures into its run."""
    plan = compose_plan(context.composer, outcome.overrides)
    return judge_run(plan, context.cache, outcome.run_id)


def part_job(job: SearchJob, part: int, parent_id: str) -> SearchJob:
    """Return the search of the rows outside of one outer part."""
    prefix, _, rest = job.name.partition("_")
    return replace(
        job,
        name=f"{prefix}p{part}_{rest}",
        overrides=(*job.overrides, parse_override(f"{PART}={part}")),
        parent_id=parent_id,
    )


def judge_parts(context: TrialContext, outcomes: Sequence[SearchOutcome]) -> OuterEvaluation:
    """Judge the winner of each part on that part; together they judge how winners are found.

    Raises
    ------
    CutscoreError
        If the search of a part has no winner.
    """
    judged = []
    for part, outcome in enumerate(outcomes):
        if outcome.status != "complete":
            raise CutscoreError(f"outer part {part} has no best trial: {outcome.failure}")
        judged.append(judge_best(context, outcome))
    return pooled(judged)
