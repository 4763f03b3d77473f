"""`cutscore promote` and `cutscore models` for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from cutscore.cli.console import output
from cutscore.delivery.gate import COMPARISON
from cutscore.delivery.history import Reign
from cutscore.delivery.promoting import Promotion
from cutscore.delivery.side_by_side import SideBySide
from cutscore.records import Undefined


def print_promotion(found: Promotion, *, dry_run: bool) -> None:
    """Print every check with what it found, and what was done."""
    console = output()
    if found.checks:
        table = _table(f"{found.run} as {found.name}@{found.alias}", "check", "", "found")
        for check in found.checks:
            verdict = "forced" if check.forced else "ok" if check.passed else "NO"
            why = f" (forced: {check.forced})" if check.forced else ""
            table.add_row(check.name, verdict, f"{check.found}{why}")
        console.print(table)
    if found.note:
        console.print(f"Nothing was changed: {found.version} ({found.run}): {found.note}.")
    elif found.done:
        before = f"; before it was {found.previous}" if found.previous else ""
        console.print(f"{found.name}@{found.alias} is {found.version} ({found.run}){before}.")
    elif dry_run and not found.refused:
        console.print("It would be promoted. Nothing was changed (--dry-run).")


def print_versions(versions: Sequence[Mapping[str, Any]]) -> None:
    """Print a line on each version of the registry."""
    if not versions:
        print("No model is registered. Register one: cutscore promote RUN.")
        return
    headings = ("version", "aliases", "run", "run id", "threshold", "data", "created")
    table = _table("registered models", *headings)
    for each in versions:
        table.add_row(
            each["version"],
            ", ".join(f"@{alias}" for alias in each["aliases"]),
            each["run"] or "-",
            (each["run_id"] or "-")[:8],
            _short(each["threshold"]),
            (each["data_digest"] or "-")[:8],
            each["created"],
        )
    output().print(table)


def print_version(told: Mapping[str, Any]) -> None:
    """Print all that is known of a version."""
    table = _table(f"version {told['version']}", "", "")
    for key, value in told.items():
        if key not in ("version", "times"):
            shown = ", ".join(value) if isinstance(value, list) else str(value or "-")
            table.add_row(key.replace("_", " "), shown)
    for time in told["times"]:
        table.add_row(f"@{time['alias']}", f"{_span(time['since'], time['until'])}, {time['kind']}")
    output().print(table)


def print_history(title: str, reigns: Sequence[Reign]) -> None:
    """Print who had an alias, the newest first."""
    table = _table(title, "version", "run", "from", "to", "how", "by", "why")
    for reign in reversed(reigns):
        why = [reign.reason, f"forced: {reign.forced}" if reign.forced else "", reign.note]
        why += [str(c["found"]) for c in reign.checks if c["name"] == COMPARISON]
        table.add_row(
            reign.version,
            reign.run or "-",
            _time(reign.since or ""),
            "now" if reign.until is None else _time(reign.until),
            reign.kind,
            reign.user or "-",
            "; ".join(word for word in why if word),
        )
    output().print(table)


def _span(since: str | None, until: str | None) -> str:
    return f"{_time(since or '')} to {'now' if until is None else _time(until)}"


def _time(moment: str) -> str:
    """Return a time to the second, in UTC as it was written."""
    return moment[:19].replace("T", " ") or "not known"


def _short(threshold: str | None) -> str:
    try:
        return f"{float(threshold or ''):.4g}"
    except ValueError:
        return threshold or "-"


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def print_side_by_side(made: SideBySide) -> None:
    """Print two models on the same rows."""
    more, low, high = made.difference
    print(f"{made.first} beside {made.second} on {made.rows:,} rows, {made.positives:,} positive")
    if made.unlabelled:
        print(f"{made.unlabelled:,} rows without a class were passed over")
    print(f"cost per row: {made.cost_per_row[0]:.4g} and {made.cost_per_row[1]:.4g}")
    print(f"difference: {more:.3g}, 95 % interval {low:.3g} to {high:.3g}: {made.verdict}")
    print(f"let through: {made.approval[0]:.1%} and {made.approval[1]:.1%}")
    areas = ["-" if isinstance(a, Undefined) else f"{a:.4f}" for a in made.roc_auc]
    print(f"ROC AUC: {areas[0]} and {areas[1]}")
    named = ((made.first, made.swaps.only_this), (made.second, made.swaps.only_other))
    for name, cell in named:
        rate = "" if cell.rate is None else f", {cell.rate:.1%} of them positive"
        print(f"flagged by {name} only: {cell.size:,.0f} rows{rate}")
