"""`cutscore store merge` and `cutscore store diff`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutscore.cli.console import output
from cutscore.errors import Fault, RequestError
from cutscore.report.redact import redact

if TYPE_CHECKING:
    from cutscore.care.diff import Compared, StoreDiff
    from cutscore.care.merge_report import MergeReport, SourceReport

SHOWN = 20
ArtifactsOption = Annotated[
    list[Path] | None,
    typer.Option("--artifacts", help="A folder outside the stores' own that holds files of them."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def merge(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SRC", help="Stores: .db files, folders of MLflow's old files."),
    ],
    into: Annotated[str, typer.Option("--into", help="The store that they go into.")],
    artifacts: ArtifactsOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    keep_target: Annotated[
        bool,
        typer.Option("--keep-target", help="Where a run differs in both, the target's stays."),
    ] = False,
    leave_out: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="What stays behind, by commas: traces, assessments, scorers, "
            "evaluation-datasets, issues, or a table that a merge has no rule for.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Merge stores into one, without loss: all of it, or nothing.

    Run, model and trace ids stay, files are copied, every difference that is settled is reported,
    and every run is compared before and after. A second merge of the same store adds nothing. The
    target is made if it is not there, and backed up if it is. Exit code 1 when files of a source
    were not copied.

    Example: cutscore store merge old/mlruns/mlflow.db --into mlruns/mlflow.db --dry-run
    """
    from cutscore.care.merge import merge_stores
    from cutscore.care.merge_target import MergeRequest

    faults: list[Fault] = []
    paths = [_store(text, "SRC", faults) for text in sources]
    target = _store(into, "--into", faults)
    if faults:
        raise RequestError(faults)
    request = MergeRequest(
        tuple(dict.fromkeys(path.resolve() for path in paths)),
        target.resolve(),
        tuple(folder.absolute() for folder in artifacts or ()),
        dry_run,
        keep_target,
        tuple(word for word in map(str.strip, (leave_out or "").split(",")) if word),
    )
    report = merge_stores(request, _note)
    if as_json:
        print(json.dumps({**asdict(report), "whole": report.whole}, indent=2))
    else:
        _print_merge(report)
    if not report.whole:
        raise typer.Exit(1)


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A store: a .db file.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The store to set beside it.")],
    artifacts: ArtifactsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two stores run by run; exit code 1 when they differ.

    Example: cutscore store diff old/mlruns/mlflow.db mlruns/mlflow.db
    """
    from cutscore.care.diff import diff_stores

    faults: list[Fault] = []
    paths = [_store(first, "A", faults), _store(second, "B", faults)]
    if faults:
        raise RequestError(faults)
    extra = [folder.absolute() for folder in artifacts or ()]
    found = diff_stores(paths[0], paths[1], extra, _note)
    if as_json:
        print(json.dumps({**asdict(found), "same": found.same}, indent=2))
    else:
        _print_diff(found)
    if not found.same:
        raise typer.Exit(1)


def _store(text: str, setting: str, faults: list[Fault]) -> Path:
    """Return the database or file store that a word means; what is wrong goes to `faults`."""
    from cutscore.care.places import FILES, local_store
    from cutscore.runs.addresses import sqlite_path

    path = sqlite_path(text)
    if path is None and "://" in text and not text.startswith(FILES):
        problem = f"{redact(text)} is a server: only stores of this machine can be merged or "
        faults.append(Fault(setting, f"{problem}compared.", "Name a .db file or a file store."))
        return Path(text)
    named = str(path) if path is not None else text
    try:
        return local_store(named, setting) or Path(named).expanduser().absolute()
    except RequestError as error:
        faults += error.faults
        return Path(named)


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _print_merge(report: MergeReport) -> None:
    """Print what a merge did, a table and then what calls for attention."""
    from rich import box
    from rich.table import Table

    console = output()
    words = "What would be merged" if report.dry_run else "Merged"
    title = f"{words} into {report.target}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("source", overflow="fold")
    with_traces = any(source.traces for source in report.sources)
    headings = ["runs", "models", *(["traces"] if with_traces else [])]
    headings += ["experiments", "data sets", "versions", "files", "equal"]
    for heading in headings:
        table.add_column(heading, justify="right")
    for source in report.sources:
        table.add_row(
            source.name,
            _counts(source.runs),
            _counts(source.models),
            *([_counts(source.traces)] if with_traces else []),
            f"{len(source.experiments):,} new",
            f"{source.datasets:,} new",
            f"{source.versions:,} new",
            f"{source.files:,} ({source.bytes / 1e6:,.1f} MB)",
            f"{source.equal:,} of {source.compared:,}" if source.compared else "nothing to compare",
        )
    console.print(table)
    for source in report.sources:
        for line in _remarks(source):
            console.print(line, soft_wrap=True)
    console.print(_ending(report), soft_wrap=True)


def _remarks(source: SourceReport) -> list[str]:
    """Return what calls for attention in one source."""
    lines: list[str] = []
    if source.upgraded:
        lines.append("  it has an older schema: a copy of it was upgraded")
    lines += _cut([f"  {one.kind} {one.name}: {one.policy}" for one in source.collisions])
    lines += _cut([f"  not read as it stands: {line}" for line in source.lost])
    lines += _cut([f"  not there: {owner}: {text}" for owner, text in source.missing.items()])
    lines += _cut([f"  not copied: {owner}: {text}" for owner, text in source.unread.items()])
    if source.remote:
        lines.append(f"  files of {source.remote:,} runs and models stay where they are, remote")
    lines += [f"  added or later: {count:,} rows of {name}" for name, count in source.rows.items()]
    lines += [f"  left behind as asked: {count:,} rows of {name}"
              for name, count in source.left_behind.items()]  # fmt: skip
    lines += [f"  left out: {count:,} rows of {name}, which concern nothing that is there"
              for name, count in source.left_out.items()]  # fmt: skip
    return [f"{source.path}:", *lines] if lines else []


def _ending(report: MergeReport) -> str:
    """Return the last line on a merge."""
    unread = sum(len(source.unread) for source in report.sources)
    compared = any(source.compared for source in report.sources)
    verdict = "every fingerprint is equal before and after." if compared else "no run was in it."
    if unread:
        verdict = (
            f"but not whole: files of {unread:,} runs and models were not copied. If they are "
        )
        verdict += "yours, name their folder: --artifacts."
    if not report.changed:
        end = f", {verdict}" if unread else ": the target has it all."
        return f"Nothing to add{end}"
    if report.dry_run:
        return f"Nothing was written (--dry-run){f'; {verdict}' if unread else '.'}"
    backup = f" The database as it was: {report.backup}." if report.backup else ""
    return f"Done in {report.seconds:.1f} s; {verdict}{backup}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {word}" for word, count in counts.items()) or "none"


def _cut(lines: list[str]) -> list[str]:
    more = len(lines) - SHOWN
    return lines if more <= 0 else [*lines[:SHOWN], f"  and {more:,} more (--json has all)"]


def _print_diff(found: StoreDiff) -> None:
    """Print how two stores differ."""
    console = output()
    lines = [f"A is {found.first}", f"B is {found.second}"]
    for word in ("runs", "models", "traces"):
        compared: Compared = getattr(found, word)
        lines.append(_summary(word, compared))
        lines += _cut([f"  only in A: {one}" for one in compared.only_first])
        lines += _cut([f"  only in B: {one}" for one in compared.only_second])
        different = [
            f"  {one.name} ({one.id}): {', '.join(one.fields)}" for one in compared.different
        ]
        lines += _cut(different)
    for word in ("experiments", "registry", "others"):
        texts: tuple[str, ...] = getattr(found, word)
        lines.append(f"{word}: {len(texts):,} differences" if texts else f"{word}: equal")
        lines += _cut([f"  {text}" for text in texts])
    lines.append("Both hold the same." if found.same else "They differ.")
    for line in lines:
        console.print(line, soft_wrap=True)


def _summary(word: str, compared: Compared) -> str:
    return (
        f"{word}: {compared.equal:,} equal, {len(compared.different):,} different, "
        f"{len(compared.only_first):,} only in A, {len(compared.only_second):,} only in B"
    )
