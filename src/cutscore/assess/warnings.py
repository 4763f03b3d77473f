"""What a user must know about an assessment, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cutscore.assess.reading import ScoreRows
from cutscore.cost.matrix import CostMatrix
from cutscore.records import Reference
from cutscore.threshold.basis import IN_SAMPLE


def cautions(
    rows: ScoreRows, costs: CostMatrix, evidence: Reference, *, in_sample: bool
) -> Iterator[str]:
    """Yield warnings, the gravest first."""
    if in_sample:
        yield f"IN-SAMPLE SCORES. {IN_SAMPLE}"
    n, positives = len(rows.target), int(np.count_nonzero(rows.target))
    if n == 1:
        yield "There is one row only: any threshold fits it."
    if positives in (0, n):
        kind = "positive" if positives else "negative"
        yield f"All rows are {kind}: nothing can be said about telling the classes apart."
    elif n > 1 and (rows.score == rows.score[0]).all():
        yield "All scores are equal: a threshold can only flag everybody or nobody."
    if rows.score.min() < 0 or rows.score.max() > 1:
        yield (
            "Some scores lie outside [0, 1]: they are no probabilities, so there is no Bayes "
            "threshold, and a grid over [0, 1] does not cover them."
        )
    if rows.repeated_ids:
        yield (
            f"{rows.repeated_ids:,} rows repeat the id of another: rows of one id are kept "
            "together."
        )
    yield from _one_sided(rows, costs, evidence)


def _one_sided(rows: ScoreRows, costs: CostMatrix, evidence: Reference) -> Iterator[str]:
    """Say where the costs, or the scores, leave no choice."""
    alarm = np.asarray(costs.false_positive) - np.asarray(costs.true_negative)
    miss = np.asarray(costs.false_negative) - np.asarray(costs.true_positive)
    if (alarm <= 0).all() and (miss >= 0).all():
        yield "With these costs flagging a row never costs more: flagging everybody is always best."
        return
    if (alarm >= 0).all() and (miss <= 0).all():
        yield "With these costs flagging a row never costs less: flagging nobody is always best."
        return
    positives = int(np.count_nonzero(rows.target))
    if positives in (0, len(rows.target)):
        return
    best = evidence.exact.total_cost
    for cost, what in (
        (evidence.flag_nobody, "nobody"),
        (evidence.flag_everybody, "everybody"),
    ):
        if cost <= best:
            yield f"No threshold on these scores is cheaper than flagging {what}."
