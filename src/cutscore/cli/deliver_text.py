"""A final delivery in words."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from cutscore.delivery.delivering import FILES, Delivered
from cutscore.metrics.catalogue import describe
from cutscore.report.record_spec import UNDEFINED_PREFIX
from cutscore.report.record_words import fitted_on

_SHOWN = ("threshold", "crossfit_cost", "crossfit_savings", "roc_auc")


def print_delivery(delivered: Delivered, console: Console) -> None:
    """Say what was delivered, how it compares with its run, and how to go on."""
    made, detail = delivered.made, delivered.detail
    if detail is None:
        console.print(f"{made.outcome.name} FAILED: {made.outcome.failure}", markup=False)
        return
    summary = detail.summary
    lines = [f"{summary.name} ({summary.run_id})", ""]
    scores = "unknown" if made.agreement is None else str(made.agreement.scores.verdict)
    lines.append(f"  out-of-fold scores   {scores} (against {made.original.name})")
    for name in _SHOWN:
        spec = describe(name)
        if name in summary.metrics:
            lines.append(f"  {spec.label:20} {spec.text(summary.metrics[name])}")
    told = fitted_on(summary.metrics)
    lines.append(f"  kept                 the model, fitted on {told}")
    reasons = {name: summary.tags.get(f"{UNDEFINED_PREFIX}{name}") for name in FILES}
    lines += [f"  no {name}: {reason}" for name, reason in reasons.items() if reason]
    if delivered.copied:
        lines.append(f"  copied to            {delivered.copied[0].parent}")
    lines += ["", "Go on with:", f"  cutscore promote {summary.name}"]
    lines.append(f"  cutscore predict {summary.name} ROWS.csv --out decisions.csv")
    console.print("\n".join(lines), markup=False, highlight=False)


def as_plain(delivered: Delivered) -> dict[str, Any]:
    """Return a delivery as plain values."""
    made, detail = delivered.made, delivered.detail
    return {
        "run_id": made.outcome.run_id,
        "name": made.outcome.name,
        "status": made.outcome.status,
        "failure": made.outcome.failure,
        "delivery_of": made.original.run_id,
        "scores": None if made.agreement is None else str(made.agreement.scores.verdict),
        "metrics": {} if detail is None else dict(detail.summary.metrics),
        "copied": [str(path) for path in delivered.copied],
    }
