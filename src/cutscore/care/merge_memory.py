"""What the last merge left, so that the same merge again is told at once if nothing has changed.

It goes by the sizes and times of change of every file, as rsync does, and by SQLite's own
counters. Wherever anything differs the merge is done in full.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from cutscore.care.database import open_readonly, stamp
from cutscore.care.file_store import stamp_of_files
from cutscore.care.holdings import locate
from cutscore.care.merge_report import SourceReport
from cutscore.care.merge_target import MergeRequest, MergeTarget
from cutscore.care.paths import FoundFile, Unusable, artifact_roots, walk_files
from cutscore.care.rules import UNITS


def state_of_sources(request: MergeRequest) -> str:
    """Return what differs after every change of a source, its files, or the request."""
    versions = [version(name) for name in ("cutscore", "mlflow")]
    digest = sha256(repr((versions, replace(request, dry_run=False))).encode())
    for path in request.sources:
        if path.is_dir():
            trees = [path, *request.extra]
            digest.update(repr([stamp_of_files(tree) for tree in trees]).encode())
        else:
            roots = artifact_roots(path.parent, request.extra)
            digest.update(_state_of_database(path, roots).encode())
    return digest.hexdigest()


def recall(request: MergeRequest, sources: str) -> tuple[SourceReport, ...] | None:
    """Return what this merge came to last time; None unless all is as it was left."""
    try:
        found = json.loads(_path(request.target).read_text(encoding="utf-8"))
        if found["sources"] != sources or found["target"] != _state_of_target(request.target):
            return None
        return tuple(_report(values) for values in found["reports"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(request: MergeRequest, sources: str, reports: Sequence[SourceReport]) -> None:
    """Note what a merge has left, for the next one; `sources` was their state before it."""
    body = {
        "sources": sources,
        "target": _state_of_target(request.target),
        "reports": [asdict(_again(report)) for report in reports],
    }
    path = _path(request.target)
    new = path.with_name(f"{path.name}.new")
    with suppress(OSError):  # the next merge just takes longer
        new.write_text(json.dumps(body), encoding="utf-8")
        new.replace(path)


def _path(target: Path) -> Path:
    return target.with_name(f".{target.name}.merged.json")


def _state_of_target(target: Path) -> str:
    with open_readonly(target) as connection:
        return _state_of_database(target, MergeTarget(connection, target.parent).roots_of)


def _state_of_database(path: Path, roots: Sequence[Path] | Callable[[int], Sequence[Path]]) -> str:
    """Return what differs after every change of a database or of the files it speaks of.

    `roots` are the folders in which they may be, or say it by the experiment.
    """
    digest = sha256(repr(stamp(path)).encode())
    with open_readonly(path) as connection:
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master").fetchall()
        }
        for unit in UNITS.values():
            if unit.table not in tables:
                continue  # an older MLflow wrote it
            for owner, experiment, address in connection.execute(unit.addresses).fetchall():
                near = roots(experiment) if callable(roots) else roots
                place = locate(str(owner), str(address or ""), path.parent, near)
                listing = [place.why] if isinstance(place, Unusable) else _listing(place.path)
                digest.update(repr((owner, address, listing)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _listing(folder: Path) -> list[tuple[object, ...]]:
    return [
        (entry.name, entry.size, entry.changed) if isinstance(entry, FoundFile) else (entry.name,)
        for entry in walk_files(folder)
    ]


def _again(report: SourceReport) -> SourceReport:
    """Return what a merge will say that finds all that this one has done."""
    return replace(
        SourceReport(report.path, report.name, report.upgraded, report.lost),
        runs=_found(report.runs),
        models=_found(report.models),
        traces=_found(report.traces),
        missing=report.missing,
        unread=report.unread,
        left_out=report.left_out,
        left_behind=report.left_behind,
        compared=report.compared,
        equal=report.equal,
    )


def _found(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts of what is there: kept as it differs, or skipped as it is the same."""
    kept = counts.get("kept", 0)
    found = {"kept": kept, "skipped": sum(counts.values()) - kept}
    return {word: number for word, number in found.items() if number}


def _report(values: dict[str, object]) -> SourceReport:
    lost = values.pop("lost")
    return SourceReport(**values, lost=tuple(lost))  # type: ignore[arg-type]
