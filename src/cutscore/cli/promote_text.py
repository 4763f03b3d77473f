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
