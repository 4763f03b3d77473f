"""Comparing what a merge writes with what its sources hold."""

from __future__ import annotations

from collections.abc import Sequence

from cutscore.care.content import FILES, differing, read_contents
from cutscore.care.merge_plan import SourcePlan
from cutscore.care.merge_report import SourceReport
from cutscore.care.merge_source import Opened, stamp_of
from cutscore.care.merge_target import MergeTarget
from cutscore.care.rules import UNITS
from cutscore.errors import StoreError

Plans = list[tuple[Opened, SourcePlan]]
"""The sources in their order, each with what happens to it."""


def check_rows(target: MergeTarget, plans: Plans, reports: Sequence[SourceReport]) -> None:
    """Compare what was written with the sources, field by field.

    Raises
    ------
    StoreError
        If a run or model is not the same in the target as in its source.
    """
    for number, ((source, plan), report) in enumerate(zip(plans, reports, strict=True)):
        for kind in UNITS:
            skipped = plan.ids(kind, "skip")  # they were compared when they were planned
            replaced = {
                one for _, later in plans[number + 1 :] for one in later.ids(kind, "update")
            }
            written = [one for one in plan.ids(kind, "add", "update") if one not in replaced]
            report.compared += len(skipped) + len(written)
            report.equal += len(skipped)
            for owner, content in read_contents(target.connection, kind, written).items():
                # Files are compared where they are staged.
                expected = {k: v for k, v in source.contents[kind][owner].items() if k != FILES}
                if differing(expected, content):
                    fields = ", ".join(differing(expected, content))
                    raise StoreError(
                        f"{kind} {owner} would not be the same in the target: {fields}"
                    )
                report.equal += 1


def check_unchanged(plans: Plans) -> None:
    """Check that nobody has written to a source since it was looked at."""
    for source, _ in plans:
        if stamp_of(source.path) != source.stamp:
            raise StoreError(
                f"{source.path} changed while it was read; nothing was merged. "
                "Try again when no run is writing to it."
            )
