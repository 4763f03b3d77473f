"""The page of an assessment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cutscore.assess.assessing import Assessment
from cutscore.assess.words import objective_words
from cutscore.records import Undefined
from cutscore.report.figures.calibration import reliability
from cutscore.report.page.cutoff import CutoffFacts, cutoff_page, reliability_bins

BINS = 20


def assessment_page(made: Assessment, document: Mapping[str, Any]) -> str:
    """Return the page of some scores; `document` is their threshold.json."""
    rows, frontier = made.rows, made.frontier
    calibration = {}
    if made.grid_covers:
        shown = reliability(rows.target, rows.score, BINS, rows.weights)
        calibration["the scores"] = reliability_bins(shown)
    auc = made.cut_table.roc_auc
    return cutoff_page(
        CutoffFacts(
            title=Path(rows.path).name,
            about=[
                f"{len(rows.target):,} rows, {rows.positives:,} positive",
                objective_words(made),
            ],
            document=document,
            cuts=made.cut_table,
            costs=made.costs,
            repeats=1,
            beta=made.rule.beta,
            vertices=[] if isinstance(frontier, Undefined) else frontier.threshold.tolist(),
            asked=[("Asked for", at.threshold) for at in made.at],
            calibration=calibration,
            facts=[] if isinstance(auc, Undefined) else [("ROC AUC", f"{auc:.4f}")],
            cautions=made.warnings,
        )
    )
