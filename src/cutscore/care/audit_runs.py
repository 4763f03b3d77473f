"""One run against the record."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cutscore.care.contents import Contents, StoredRun
from cutscore.care.files import Listing
from cutscore.care.findings import Finding, LivenessJudge, counted, shortened
from cutscore.report.record_spec import (
    COMPLETE_TAG,
    FAILURE_TAG,
    PRUNED_TAG,
    missing_from_parent,
    missing_names,
)

_ENDED_EARLY = ("FAILED", "KILLED")
_LOGGED = ("mlflow.log-model.history", "mlflow.loggedArtifacts")


def run_findings(
    run: StoredRun, contents: Contents, listing: Listing, judge: LivenessJudge
) -> Iterator[Finding]:
    """Yield all that is wrong with a run; what a living process still writes is no fault."""
    title = f"{run.name or '(no name)'} in {contents.experiment_name(run)}"
    for kind, problem, details in _faults(run, contents, listing, judge):
        yield Finding(kind, run.run_id, title, problem, details)


_Fault = tuple[str, str, tuple[str, ...]]


def _faults(
    run: StoredRun, contents: Contents, listing: Listing, judge: LivenessJudge
) -> Iterator[_Fault]:
    if run.status == "RUNNING":
        verdict = judge(run.tags)
        if verdict.state != "alive":
            kind = "dead" if verdict.state == "dead" else "unattended"
            yield kind, verdict.reason, ()
    elif run.ours:
        yield from _record(run, listing)
    if not run.ours:
        figures = (counted(len(run.params), "param"), counted(len(run.metrics), "metric"))
        files = "files unseen" if listing.unseen else counted(len(listing.files), "artifact")
        yield "foreign", f"not a Cutscore run: {', '.join(figures)}, {files}", ()
    if default_name(run.name):
        yield "default name", f'"{run.name}" says nothing about the run', ()
    yield from _place(run, contents)
    yield from _files(run, listing)


def _record(run: StoredRun, listing: Listing) -> Iterator[_Fault]:
    """Yield what is wrong with the record of an ended run of ours."""
    if run.status in _ENDED_EARLY:
        if not run.tags.get(FAILURE_TAG) and not run.tags.get(PRUNED_TAG):
            yield "unexplained", f"ended {run.status} without a reason", ()
        return
    missing = missing_of(run, listing)
    complete = f"tag:{COMPLETE_TAG}"
    if complete in missing:
        yield "interrupted", f"says {run.status}, but not that it is complete", ()
        missing.remove(complete)
    if missing:
        yield "incomplete", f"lacks {shortened(missing)}", tuple(missing)


def missing_of(run: StoredRun, listing: Listing) -> list[str]:
    """Return what the record of a run lacks, as `kind:name`; empty files count as missing.

    Of files that are on another machine nothing is said.
    """
    if run.kind:
        missing = missing_from_parent(run.kind, run.tags, listing.filled)
    else:
        wants_model = run.params.get("model.refit") == "true"
        missing = missing_names(
            run.params,
            run.metrics,
            run.tags,
            listing.filled,
            has_dataset=run.datasets > 0,
            has_model=bool(run.models) if wants_model else None,
        )
    if listing.unseen:
        return [name for name in missing if not name.startswith("artifact:")]
    return missing


def _place(run: StoredRun, contents: Contents) -> Iterator[_Fault]:
    """Yield what is wrong with where a run belongs."""
    parent = contents.runs.get(run.parent_id) if run.parent_id else None
    if run.parent_id and (parent is None or parent.deleted):
        state = "is not in the store" if parent is None else "was deleted"
        yield "dangling parent", f"its parent {run.parent_id} {state}", ()
    experiment = contents.experiments.get(run.experiment_id)
    if experiment is None or experiment.deleted:
        state = "is not in the store" if experiment is None else "was deleted"
        yield "hidden", f"its experiment {run.experiment_id} {state}", ()


def _files(run: StoredRun, listing: Listing) -> Iterator[_Fault]:
    """Yield what is wrong with the files of a run."""
    yield from address_faults(run.artifact_uri, listing, needed=run.complete)
    if listing.unseen:
        return
    lost = [path for path in _logged_paths(run) if not _is_there(path, run, listing)]
    if lost:
        yield "missing file", f"its tags list {shortened(lost)}, not among its files", tuple(lost)


def address_faults(address: str, listing: Listing, *, needed: bool) -> Iterator[_Fault]:
    """Yield what is wrong with an address and what lies under it.

    A folder that is not there is a fault only if files are `needed`: MLflow makes it with the
    first file.
    """
    if listing.moved:
        yield "moved", f"{address} is found at {listing.folder}", ()
    if listing.refused:
        yield "link", shortened(listing.refused), listing.refused
    if listing.unusable is None or listing.unseen:
        return
    told = f"{address or '(no address)'}: {listing.unusable.reason}"
    match listing.unusable.why:
        case "missing":
            if needed:
                yield "broken path", told, ()
        case "link":
            yield "link", told, ()
        case _:
            yield "outside", told, ()


def _logged_paths(run: StoredRun) -> list[str]:
    """Return the paths of files that MLflow noted in the run's tags when they were logged."""
    paths: list[str] = []
    for tag in _LOGGED:
        try:
            entries = json.loads(run.tags.get(tag, "[]"))
        except ValueError:
            continue
        if isinstance(entries, list):
            found = (
                e.get("artifact_path") or e.get("path") for e in entries if isinstance(e, dict)
            )
            paths += [path for path in found if isinstance(path, str) and path]
    return list(dict.fromkeys(paths))


def _is_there(path: str, run: StoredRun, listing: Listing) -> bool:
    """Return whether a noted path is there; models lie apart from runs since MLflow 3."""
    inside = any(name == path or name.startswith(f"{path}/") for name in listing.files)
    return inside or bool(run.models)


def default_name(name: str) -> bool:
    """Return whether MLflow made up the name: a predicate, a noun and a number of its lists."""
    from mlflow.utils import name_utils

    predicate, _, rest = name.partition("-")
    noun, _, number = rest.partition("-")
    return (
        number.isdecimal()
        and predicate in name_utils._GENERATOR_PREDICATES
        and noun in name_utils._GENERATOR_NOUNS
    )
