"""Names with brackets: no text of a user reaches a parser of markup."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

import cutscore
from cutscore.care.findings import Audit, Finding
from cutscore.care.merge_report import MergeReport, SourceReport
from cutscore.care.reap import Reaped
from cutscore.care.trash import TrashBatch
from cutscore.cli.audit_text import print_audit
from cutscore.cli.care_text import print_reaped, print_trash
from cutscore.cli.console import output
from cutscore.cli.store_merge import _print_merge
from cutscore.cli.summary import print_summary
from cutscore.launch.outcome import RunOutcome
from cutscore.launch.progress import ProgressEvent, ProgressLog
from cutscore.sweep.launch import LaunchOutcome
from cutscore.sweep.leaderboard import rank
from cutscore.sweep.progress import show_progress, show_status

NAMES = ["[red]x[/]", "[/]", "[bold]", "[link=a]b", r"\[red]", ":boom:"]


@pytest.mark.parametrize("name", NAMES)
def test_the_care_of_a_store_shows_names_as_they_are(name, capsys):
    print_audit(Audit(name, (Finding("dead", name, name, name),), {name: 1}, (name,), (name,)))
    assert capsys.readouterr().out.count(name) == 7
    print_reaped([Reaped("a" * 32, name, name, True, name, name)], dry_run=False)
    assert capsys.readouterr().out.count(name) == 4
    print_trash([(TrashBatch(Path(f"/store/{name}x"), "", ()), 0)], Path(f"/of/{name}/y"))
    assert f"/of/{name}/y" in capsys.readouterr().out
    source = SourceReport(name, name, missing={name: name})
    _print_merge(MergeReport(name, False, True, False, None, (source,), 1.0))
    assert capsys.readouterr().out.count(name) == 5


@pytest.mark.parametrize("name", NAMES)
def test_the_summary_of_a_sweep_shows_names_as_they_are(name, capsys):
    cells = [
        RunOutcome(f"{name}{place}", "", status, "cost", {name: name}, {"savings": 0.1}, (name,),
                   failure=name)
        for place, status in enumerate(("complete", "complete", "failed"))
    ]  # fmt: skip
    board = rank(cells, [name, "model"])
    outcome = LaunchOutcome(None, None, tuple(cells), board=board, kept_model=name)
    print_summary(outcome, output(), output(), 1.0)
    assert capsys.readouterr().out.count(name) == 12


@pytest.mark.parametrize("name", NAMES)
def test_progress_on_a_terminal_shows_names_as_they_are(name, tmp_path):
    stream = io.StringIO()
    terminal = Console(file=stream, force_terminal=True, width=120)
    log = ProgressLog(tmp_path / "progress.jsonl")
    with show_status(f"Judging {name}", terminal), show_progress(log, 1, 2, terminal):
        pass
    with show_progress(log, 1, 2, terminal):
        log.add(ProgressEvent(name, 1, 2, name))
    assert stream.getvalue().count(name) >= 2
    assert f"Judging {name}" in stream.getvalue()


def test_consoles_are_made_in_one_place():
    source = Path(cutscore.__file__).parent
    makers = [
        str(path.relative_to(source))
        for path in sorted(source.rglob("*.py"))
        if re.search(r"\bConsole\(|from_markup|rich\.markup|rich import print", path.read_text())
    ]
    assert makers == ["cli/console.py"]
