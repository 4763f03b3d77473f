"""What `cutscore monitor` says on a terminal."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from cutscore.cli.console import output

if TYPE_CHECKING:
    from cutscore.monitoring.monitor import Monitored

_SHOWN = 12
_COLUMNS = {
    "rows": ("rows", "{:,.0f}"),
    "alarms": ("alarms", "{:.0f}"),
    "score_psi": ("score PSI", "{:.3f}"),
    "score_psi_noise": ("noise", "{:.3f}"),
    "flagged_share": ("flagged", "{:.1%}"),
    "estimated_base_rate": ("base rate¹", "{:.1%}"),
    "estimated_base_rate_error": ("± 1 sd", "{:.1%}"),
    "estimated_cost_per_row": ("cost/row²", "{:.4g}"),
    "labelled_rows": ("labelled", "{:,.0f}"),
    "base_rate": ("base rate", "{:.2%}"),
    "roc_auc": ("AUC", "{:.4f}"),
    "cost_per_row": ("cost/row", "{:.4g}"),
    "regret_per_row": ("regret/row", "{:.3g}"),
}


def print_monitored(found: Monitored, run_id: str, out: Path | None) -> None:
    """Print the advice, the figures by period, and what is behind them."""
    from cutscore.monitoring.advice import advice
    from cutscore.monitoring.estimates import CALIBRATED, PRIOR
    from cutscore.monitoring.record import figures_by_period

    console, figures = output(), figures_by_period(found)
    console.print(advice(found).sentence)
    console.print()
    shown = {key: told for key, told in _COLUMNS.items() if any(key in f for f in figures.values())}
    table = Table("period", box=None, pad_edge=False)
    for title, _ in shown.values():
        table.add_column(title, justify="right")
    for name, values in figures.items():
        cells = [form.format(values[k]) if k in values else "-" for k, (_, form) in shown.items()]
        table.add_row(name, *cells)
    console.print(table)
    console.print(f"¹ estimated: right if {PRIOR}.")
    if "estimated_cost_per_row" in shown:
        console.print(f"² estimated: right if {CALIBRATED}.")
    _print_findings(found)
    for note in found.notes:
        console.print(note)
    where = ([f"run {run_id}"] if run_id else []) + ([str(out)] if out else [])
    if where:
        console.print(f"Kept: {', '.join(where)}")


def _print_findings(found: Monitored) -> None:
    console, alarms = output(), found.alarms
    if alarms:
        table = Table("period", "alarm", "by", "what", box=None, pad_edge=False)
        for each in alarms[:_SHOWN]:
            table.add_row(each.period, each.name, f"{each.value:.3g}", each.said)
        console.print()
        console.print(table)
        if len(alarms) > _SHOWN:
            console.print(f"and {len(alarms) - _SHOWN} more alarms")
    verdicts = Counter(each.verdict for each in found.findings)
    told = [f"{verdicts[v]:,} {v}" for v in ("alarm", "slight", "none seen") if verdicts[v]]
    if verdicts["insufficient data"]:
        told.append(f"{verdicts['insufficient data']:,} with insufficient data")
    console.print(f"Looked at {len(found.findings):,} things: {', '.join(told)}.")
