"""`cutscore store audit` for people."""

from __future__ import annotations

from itertools import groupby

from rich import box
from rich.console import Console
from rich.table import Table

from cutscore.care.findings import KINDS, Audit, Finding, counted
from cutscore.cli.console import output

PER_KIND = 10


def print_audit(found: Audit) -> None:
    """Print how much was looked at, a summary by kind, and single findings, sensibly cut."""
    console = output()
    counts = ", ".join(f"{noun} {number:,}" for noun, number in found.counts.items())
    console.print(f"{found.store}: {counts}.")
    for note in found.notes:
        console.print(note)
    if found.skipped:
        console.print(f"Not looked at: {'; '.join(found.skipped)}.")
    if found.clean:
        console.print("Nothing is wrong.", style="green")
        return
    console.print(_summary(found))
    for kind, group in groupby(found.findings, key=lambda finding: finding.kind):
        _print_kind(console, kind, list(group))
    console.print(f"{counted(len(found.findings), 'finding')}.", style="red")
    for line in _advice(found):
        console.print(line)


def _summary(found: Audit) -> Table:
    table = Table(title="what is wrong", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("number", justify="right")
    table.add_column("kind", no_wrap=True)
    table.add_column("what it means")
    for kind, number in found.by_kind().items():
        table.add_row(f"{number:,}", kind, KINDS[kind])
    return table


def _print_kind(console: Console, kind: str, group: list[Finding]) -> None:
    console.print(kind, style="bold")
    for finding in group[:PER_KIND]:
        subject = finding.subject[:8] if len(finding.subject) == 32 else finding.subject
        console.print(f"  {subject}  {finding.name}: {finding.problem}", soft_wrap=True)
    if len(group) > PER_KIND:
        console.print(f"  ... and {len(group) - PER_KIND:,} more; --json lists them all.")


def _advice(found: Audit) -> list[str]:
    kinds = found.by_kind()
    lines = []
    if "dead" in kinds:
        lines.append("cutscore store reap closes the runs whose process has ended.")
    if "incomplete" in kinds or "interrupted" in kinds:
        lines.append("cutscore store prune --incomplete shows which runs it would delete.")
    if "strayed alias" in kinds:
        lines.append("cutscore models history tells who had it; cutscore promote sets it anew.")
    return lines
