"""What `cutscore predict` says at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cutscore.batch.predicting import Summary
    from cutscore.scoring.scorer import Scorer

_SHOWN = 10


def summary_json(scorer: Scorer, summary: Summary) -> dict[str, Any]:
    """Return the summary as plain values."""
    figures = summary.figures
    flagged, cost = figures.flagged, figures.expected_cost
    return {
        "out": str(summary.out),
        "model": scorer.name,
        "version": scorer.tags.get("version"),
        "run_id": scorer.tags.get("run_id"),
        "threshold": scorer.threshold,
        **figures.to_json(),
        "flagged_share": None if flagged is None else flagged / figures.rows,
        "expected_cost_per_row": None if cost is None else cost / figures.rows,
        "parts": summary.parts,
        "parts_kept": summary.kept,
        "seconds": round(summary.seconds, 3),
        "notes": list(summary.notes),
    }


def print_summary(scorer: Scorer, summary: Summary) -> None:
    """Print what came of the rows."""
    figures = summary.figures
    parts = ""
    if summary.parts > 1:
        parts = f" in {summary.parts:,} parts"
    if summary.kept:
        parts += f", {summary.kept:,} of them there already"
    print(f"{summary.out}: {figures.rows:,} rows{parts}, {summary.seconds:.1f} s")
    if figures.flagged is not None:
        rule = "each by its own costs"
        if scorer.threshold is not None:
            rule = f"score >= {scorer.threshold:.4f}"
        print(f"flagged: {figures.flagged:,} ({figures.flagged / figures.rows:.1%}), {rule}")
    if figures.expected_cost is not None:
        per_row = figures.expected_cost / figures.rows
        print(f"expected cost: {figures.expected_cost:,.0f} ({per_row:,.4g} per row)")
    for note in summary.notes:
        print(f"Note: {note}")
    _print_counts("outside the range of training", figures.outside, figures.rows)
    _print_counts("categories new since training, taken as missing", figures.unseen, figures.rows)


def _print_counts(what: str, counts: Mapping[str, int], rows: int) -> None:
    if not counts:
        return
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{name} {number:,} ({number / rows:.1%})" for name, number in ordered[:_SHOWN]]
    more = f" and {len(ordered) - _SHOWN} more columns" if len(ordered) > _SHOWN else ""
    print(f"{what}: {', '.join(told)}{more}")
