"""Everything in a store held against what it should be. Nothing is ever written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from cutscore.care.audit_folders import folder_findings
from cutscore.care.audit_models import alias_findings, model_findings, version_findings
from cutscore.care.audit_runs import run_findings
from cutscore.care.findings import KINDS, Audit, Finding, LivenessJudge, counted
from cutscore.care.view import View

ReportProgress = Callable[[int, int], None]
"""Is told how many runs are done, of how many."""


def ignore_progress(done: int, total: int) -> None:
    """Tell nobody."""


def audit(view: View, judge: LivenessJudge, report: ReportProgress = ignore_progress) -> Audit:
    """Audit a store: its database, runs, folders, models and registry.

    Runs that MLflow has marked as deleted are counted, and not held against anything.
    """
    findings = [Finding("damaged", "database", view.title, line) for line in view.damage]
    findings += [Finding("lost", str(one.file), one.file.name, one.reason) for one in view.lost]
    bare, unseen = 0, Counter[str]()
    active = [run for run in view.contents.runs.values() if not run.deleted]
    for done, run in enumerate(active, 1):
        listing = view.files.of_run(run)
        bare += not listing.files and not listing.unseen
        if listing.unseen and listing.unusable is not None:
            unseen[listing.unusable.reason] += 1
        findings += run_findings(run, view.contents, listing, judge)
        report(done, len(active))
    findings += model_findings(view.contents, view.files)
    findings += version_findings(view.contents, view.files)
    findings += alias_findings(view.contents)
    lost = {str(one.file.parent) for one in view.lost}  # told by their descriptions already
    findings += [orphan for orphan in folder_findings(view) if orphan.subject not in lost]
    order = list(KINDS)
    findings.sort(key=lambda finding: order.index(finding.kind))
    counts = {
        "experiments": len(view.contents.experiments),
        "runs": len(active),
        "runs without artifacts": bare,
        "deleted runs": len(view.contents.runs) - len(active),
        "logged models": len(view.contents.models),
        "registered versions": len(view.contents.versions),
        **{word: number for word, number in view.contents.others.items() if number},
    }
    away = [f"files of {counted(number, 'run')} ({why})" for why, number in unseen.items()]
    return Audit(view.title, tuple(findings), counts, view.notes, (*view.skipped, *away))
