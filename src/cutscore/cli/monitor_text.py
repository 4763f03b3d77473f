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


def print_monitored(found: Monitored, run_id: str, out: Path | None) -> None:
    """Print the advice, the figures by period, and what is behind them."""
    from cutscore.monitoring.advice import advice
    from cutscore.monitoring.estimates import CALIBRATED, PRIOR
    from cutscore.monitoring.figures import figures_by_period, period_table

    console = output()
    console.print(advice(found).sentence)
    console.print()
    titles, rows = period_table(figures_by_period(found))
    table = Table("period", box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print(f"¹ estimated: right if {PRIOR}.")
    if any(title.endswith("²") for title in titles):
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
