"""Which logged runs are meant: by id, the best by a metric, or those of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.metrics.catalogue import HEADLINE, canonical, describe, known_as
from cutscore.report.record_spec import KIND_TAG, SEARCH, SWEEP
from cutscore.runs.liveness import writer_alive
from cutscore.runs.port import RunStore
from cutscore.runs.values import RunDetail, RunSummary
from cutscore.sweep.resume import LINKED_TAG

RERUN_OF_TAG = "cutscore.rerun_of"
_ID = 32
"""Letters of a run id; a list of very many of them is cut in a tag."""


@dataclass(frozen=True)
class RunSelection:
    """Which runs to make again: named ones, the `top` ones by metric `by`, or a sweep's."""

    runs: tuple[str, ...] = ()
    top: int | None = None
    by: str | None = None
    experiment: str | None = None
    sweep: str | None = None


def check_wanted(wanted: RunSelection) -> list[Fault]:
    """Return what is wrong with how runs are named, before any store is opened."""
    faults = []
    ways = {"RUN_ID": bool(wanted.runs), "--top": wanted.top is not None, "--sweep": wanted.sweep}
    given = [name for name, there in ways.items() if there]
    if not given:
        problem = "no run is named."
        faults.append(Fault("RUN_ID", problem, "Give run ids, --top N --by METRIC, or --sweep ID."))
    if len(given) > 1:
        faults.append(Fault(given[1], f"it cannot go together with {given[0]}.", "Give one."))
    if wanted.top is not None and wanted.top < 1:
        faults.append(Fault("--top", f"{wanted.top} is not allowed: a number from 1."))
    if wanted.top is not None and wanted.by is None:
        faults.append(Fault("--by", "--top needs a metric.", f"For example: --by {HEADLINE}."))
    for flag, value in (("--by", wanted.by), ("--experiment", wanted.experiment)):
        if value is not None and wanted.top is None:
            faults.append(Fault(flag, "this goes with --top.", "Add --top N, or leave it out."))
    return faults


def choose(store: RunStore, wanted: RunSelection) -> tuple[list[RunDetail], list[str]]:
    """Return the runs that are meant, each once, and notes on what was left out.

    Raises
    ------
    RequestError
        If there is no such run, or one that cannot be made again.
    """
    if wanted.sweep is not None:
        return _of_sweep(store, wanted.sweep)
    if wanted.top is not None and wanted.by is not None:
        runs = _best(store, wanted.top, wanted.by, wanted.experiment)
        notes = [] if len(runs) == wanted.top else [f"there are only {len(runs)} such runs"]
        return [store.read(run.run_id) for run in runs], notes
    return _named(store, wanted.runs)


def _named(store: RunStore, words: Sequence[str]) -> tuple[list[RunDetail], list[str]]:
    """Return the runs with these ids, beginnings of ids or names."""
    found: dict[str, RunDetail] = {}
    faults: list[Fault] = []
    notes: list[str] = []
    for word in words:
        try:
            detail = store.read(word)
        except RequestError as error:
            faults += _deleted(store, word) or error.faults
            continue
        faults += _unfit(detail.summary)
        found[detail.summary.run_id] = detail
        if detail.namesakes:
            more = f"{len(detail.namesakes)} older run(s) have the name {word} too"
            notes.append(f"{more}; this is {detail.summary.run_id}")
    if faults:
        raise RequestError(faults)
    return list(found.values()), notes


def _deleted(store: RunStore, word: str) -> list[Fault]:
    """Return the fault of a run that is there, but deleted."""
    run = store.get(word)
    if run is None or not run.deleted:
        return []
    remedy = f"Bring it back first: mlflow runs restore --run-id {run.run_id}"
    return [Fault("RUN_ID", f"the run {run.name} ({run.run_id}) was deleted.", remedy)]


def _unfit(run: RunSummary) -> list[Fault]:
    """Return why a run is none that can be made again."""
    kind = run.tags.get(KIND_TAG)
    if kind in (SWEEP, SEARCH):
        remedy = f"Rerun what belongs to it: cutscore rerun --sweep {run.run_id}"
        return [Fault("RUN_ID", f"{run.name} is a {kind}, which only holds runs together.", remedy)]
    if kind is not None:
        problem = f"{run.name} ({kind}) only holds runs together."
        return [Fault("RUN_ID", problem, "Name the runs themselves.")]
    if alive := writer_alive(run):
        problem = f"{run.name} is being written at this moment ({alive})."
        return [Fault("RUN_ID", problem, "Wait for it to end.")]
    return []


def _best(store: RunStore, top: int, metric: str, experiment: str | None) -> list[RunSummary]:
    """Return the best finished runs of an experiment, reruns left out."""
    runs = [
        run
        for run in store.find(experiment)
        if run.status == "FINISHED" and KIND_TAG not in run.tags and RERUN_OF_TAG not in run.tags
    ]
    name = canonical(metric)
    having = [run for run in runs if name in run.metrics]
    if not having:
        raise RequestError(_no_metric(metric, runs))
    direction = describe(name).better
    if direction is None:
        problem = f"neither large nor small values of {metric} are good in themselves."
        known = [key for key in having[0].metrics if describe(key).better is not None]
        raise RequestError(Fault("--by", problem, f"Give one of: {listed(known, 30)}."))
    experiments = sorted({run.experiment for run in having})
    if len(experiments) > 1:
        problem = f"runs of several experiments have it: {listed(experiments)}."
        raise RequestError(Fault("--experiment", problem, "Name one of them."))
    sign = 1 if direction == "minimize" else -1
    return sorted(having, key=lambda run: sign * run.metrics[name])[:top]


def _no_metric(metric: str, runs: Sequence[RunSummary]) -> Fault:
    """Return the fault of a metric that no run has."""
    known = sorted({key for run in runs for key in run.metrics if describe(key).better is not None})
    if not known:
        return Fault("--top", "there is no finished run to choose from.", "Try: cutscore runs list")
    problem = f'no finished run has a metric "{metric}".{nearest(metric, known_as(known))}'
    return Fault("--by", problem, f"Metrics: {listed(known, 30)}.")


def _of_sweep(store: RunStore, word: str) -> tuple[list[RunDetail], list[str]]:
    """Return the complete runs of a sweep or a search, by name."""
    try:
        parent = store.read(word).summary
    except RequestError as error:
        faults = _deleted(store, word) or error.faults
        raise RequestError(
            [Fault("--sweep", fault.problem, fault.remedy) for fault in faults]
        ) from error
    if parent.tags.get(KIND_TAG) not in (SWEEP, SEARCH):
        problem = f"{parent.name} is no sweep and no search."
        raise RequestError(Fault("--sweep", problem, f"Leave --sweep out: cutscore rerun {word}"))
    children = store.find(parent.experiment, parent_id=parent.run_id)
    ids = [run.run_id for run in sorted(children, key=lambda run: run.name) if _whole(run)]
    ids += [linked for linked in parent.tags.get(LINKED_TAG, "").split(",") if len(linked) == _ID]
    if not ids:
        problem = f"{parent.name} has no complete run."
        raise RequestError(Fault("--sweep", problem, "Name a run by its id instead."))
    searches = sum(run.tags.get(KIND_TAG) == SEARCH for run in children)
    open_ = sum(not _whole(run) and KIND_TAG not in run.tags for run in children)
    notes = [f"{open_} run(s) of {parent.name} are not complete and are left out"] if open_ else []
    if searches:
        notes.append(f"{searches} search(es) in {parent.name} are left out; give them to --sweep")
    return [store.read(run_id) for run_id in dict.fromkeys(ids)], notes


def _whole(run: RunSummary) -> bool:
    """Return whether a run is an experiment that is complete."""
    return run.complete and KIND_TAG not in run.tags
