"""The inventory of a store: one row per run."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cutscore.care.audit import ReportProgress, ignore_progress
from cutscore.care.contents import Contents, StoredRun
from cutscore.care.files import StoreFiles
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.metrics.catalogue import describe, shown
from cutscore.metrics.metric_spec import MetricView

Value = str | float | int | bool | None
Row = dict[str, Value]
FORMATS = ("csv", "parquet", "json")
_TAGS = {
    "strategy": "feature_strategy",
    "sampling": "sampling_method",
    "model": "model",
    "validation": "validation",
    "data_digest": "data_digest",
    "fingerprint": "fingerprint",
}
COLUMNS = (
    "experiment", "name", "run_id", "parent_id", "kind", "status", "complete", "started",
    "seconds", *_TAGS, "artifact_count", "artifacts",
)  # fmt: skip
"""What is told of every run besides its metrics."""


def rows(
    contents: Contents,
    files: StoreFiles,
    experiment: str | None = None,
    report: ReportProgress = ignore_progress,
) -> list[Row]:
    """Return one row per run, oldest first, all with the same columns; metrics by their names.

    A metric named like another column gets the prefix `metric_`.

    Raises
    ------
    RequestError
        If there is no experiment of that name.
    """
    names = sorted(e.name for e in contents.experiments.values())
    if experiment is not None and experiment not in names:
        problem = f'there is no experiment "{experiment}"; the store has {listed(names)}.'
        raise RequestError(Fault("--experiment", problem, nearest(experiment, names).strip()))
    runs = [
        run
        for run in contents.runs.values()
        if not run.deleted and experiment in (None, contents.experiment_name(run))
    ]
    metrics = _metrics(runs)
    made = []
    for done, run in enumerate(runs, 1):
        row = _about(run, contents, files)
        figures: Row = {
            (f"metric_{name}" if name in row else name): _finite(run.metrics.get(name))
            for name in metrics
        }
        made.append(row | figures)
        report(done, len(runs))
    return made


def check_form(form: str, out: Path | None) -> None:
    """Check what is to be written, before anything is read.

    Raises
    ------
    RequestError
        If the format is unknown, or needs a file and there is none.
    """
    if form not in FORMATS:
        problem = f'it is one of {", ".join(FORMATS)}, got "{form}".'
        raise RequestError(Fault("--format", problem, nearest(form, FORMATS).strip()))
    if form == "parquet" and out is None:
        problem = "Parquet is no text for a terminal."
        raise RequestError(Fault("--format", problem, "Name a file: --out runs.parquet."))


def write_rows(table: Sequence[Row], form: str, out: Path | None) -> str:
    """Write rows to a file, or return them as text when there is none.

    Raises
    ------
    RequestError
        If the file cannot be written.
    """
    text = "" if form == "parquet" else _text(table, form)
    if out is None:
        return text
    unfinished = out.with_name(f".{out.name}.part")
    try:
        if form == "parquet":
            _parquet(table, unfinished)
        else:
            unfinished.write_text(text, encoding="utf-8", newline="")
        unfinished.replace(out)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        problem = f"{out} cannot be written ({error.strerror or error})."
        raise RequestError(
            Fault("--out", problem, "Name a file in a folder that exists.")
        ) from error
    return ""


def _about(run: StoredRun, contents: Contents, files: StoreFiles) -> Row:
    """Return what is known of a run besides its metrics."""
    listing = files.of_run(run)
    seconds = None if run.ended is None or run.started is None else (run.ended - run.started) / 1000
    kind = run.kind or ("run" if run.ours else "foreign")
    names = sorted(listing.files)
    values = (
        contents.experiment_name(run),
        run.name,
        run.run_id,
        run.parent_id,
        kind,
        run.status,
        run.complete,
        _time(run.started),
        seconds,
        *(run.tags.get(tag) for tag in _TAGS.values()),
        None if listing.unseen else len(names),
        None if listing.unseen else ";".join(names),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _metrics(runs: Iterable[StoredRun]) -> list[str]:
    """Return the names of all metrics without steps, those that decide first."""
    # a store keeps only the last fold's value of a metric by fold
    found = {name for run in runs for name in run.metrics if not describe(name).stepped}
    first = [spec.name for spec in shown(MetricView.FIRST) if spec.name in found]
    return first + sorted(found.difference(first))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _time(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")


def _text(table: Sequence[Row], form: str) -> str:
    if form == "json":
        return json.dumps(table, indent=2) + "\n"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _columns(table), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


def _parquet(table: Sequence[Row], path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    columns: Mapping[str, list[Value]] = {
        name: [row[name] for row in table] for name in _columns(table)
    }
    pyarrow.parquet.write_table(pyarrow.table(dict(columns)), path, compression="zstd")


def _columns(table: Sequence[Row]) -> list[str]:
    return list(table[0]) if table else list(COLUMNS)
