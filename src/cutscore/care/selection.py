"""Which runs a pruning takes, and which it must leave."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cutscore.care.audit_runs import missing_of
from cutscore.care.contents import Contents, StoredRun
from cutscore.care.files import StoreFiles
from cutscore.care.findings import LivenessJudge
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.metrics.catalogue import canonical
from cutscore.report.record_spec import PRUNED_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

PIN_TAG = "cutscore.pin"
LINK_TAGS = ("best_run", "cutscore.linked_runs")
"""Tags by which a run that holds others together points at some of them."""

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_KEYED = {"metric": "metrics", "parameter": "params", "tag": "tags"}


@dataclass(frozen=True)
class Filters:
    """What a pruning asks for; of the three states any, of the rest all must hold.

    `where` is a condition in MLflow's search language, `older_than` an age such as 30d.
    """

    incomplete: bool = False
    failed: bool = False
    pruned: bool = False
    where: str | None = None
    older_than: str | None = None
    experiment: str | None = None

    def given(self) -> bool:
        """Return whether anything is asked for."""
        return any(bool(getattr(self, entry.name)) for entry in fields(self))


@dataclass(frozen=True)
class Selection:
    """Runs to take, each with the reason why it fits, and runs that fit but are left, with why."""

    taken: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)


def select(
    filters: Filters,
    contents: Contents,
    files: StoreFiles,
    client: MlflowClient,
    judge: LivenessJudge,
    now: datetime | None = None,
) -> Selection:
    """Return the runs that fit all filters, parted by the guards.

    Raises
    ------
    RequestError
        If no filter is given, or one cannot be understood; all faults at once.
    """
    age = _checked(filters, contents)
    fitting: dict[str, str] = {}
    wanted = _where(filters.where, contents, client) if filters.where else None
    for run in contents.runs.values():
        if run.deleted or (wanted is not None and run.run_id not in wanted):
            continue
        if filters.experiment and contents.experiment_name(run) != filters.experiment:
            continue
        if age is not None and not _older(run, age, now or datetime.now(UTC)):
            continue
        reason = _state(run, filters, files)
        if reason is not None:
            fitting[run.run_id] = reason
    return guarded(fitting, contents, judge)


def guarded(fitting: Mapping[str, str], contents: Contents, judge: LivenessJudge) -> Selection:
    """Leave out the runs that something else needs, or that may still be written."""
    registered = registered_runs(contents)
    left: dict[str, str] = {}
    for run_id in fitting:
        reason = _own_guard(contents.runs[run_id], registered, judge)
        if reason:
            left[run_id] = reason
    while new := dict(_needed(set(fitting) - set(left), contents)):  # one guard can raise another
        left |= new
    taken = {run_id: reason for run_id, reason in fitting.items() if run_id not in left}
    return Selection(taken, left)


def registered_runs(contents: Contents) -> dict[str, str]:
    """Return the runs behind registered versions, with the version and its aliases."""
    found: dict[str, str] = {}
    for version in contents.versions:
        aliases = "".join(f" @{alias}" for alias in version.aliases)
        model = contents.models.get(version.model_id or "")
        for run_id in (version.run_id, model.run_id if model else None):
            if run_id:
                found[run_id] = f"{version.title}{aliases}"
    by_model = {version.model_id: version.title for version in contents.versions}
    for run in contents.runs.values():
        for model_id in run.models:
            if model_id in by_model:
                found.setdefault(run.run_id, by_model[model_id])
    return found


def _own_guard(run: StoredRun, registered: Mapping[str, str], judge: LivenessJudge) -> str:
    """Return why a run must stay whatever becomes of others, '' if it need not."""
    if run.tags.get(PIN_TAG, "false").lower() not in ("false", "0", ""):
        return f"pinned by its tag {PIN_TAG}"
    if run.run_id in registered:
        return f"its model is registered as {registered[run.run_id]}"
    if run.status == "RUNNING":
        verdict = judge(run.tags)
        advice = "" if verdict.state == "alive" else "; see: cutscore store reap"
        return f"says RUNNING ({verdict.reason}){advice}"
    return ""


def _needed(taken: Collection[str], contents: Contents) -> Iterator[tuple[str, str]]:
    """Yield runs that a run which stays belongs to or points at."""
    for run in contents.runs.values():
        if run.deleted or run.run_id in taken:
            continue
        if run.parent_id in taken:
            yield str(run.parent_id), f"run {run.run_id} ({run.name}), which stays, belongs to it"
        for tag in LINK_TAGS:
            for run_id in re.findall(r"[0-9a-f]{32}", run.tags.get(tag, "")):
                if run_id in taken:
                    yield run_id, f"{tag} of run {run.run_id} ({run.name}), which stays"


def _checked(filters: Filters, contents: Contents) -> timedelta | None:
    """Check filters against the store and return the age that is asked for."""
    faults = []
    age = None
    if not filters.given():
        problem = "nothing says which runs are meant."
        remedy = (
            "Give at least one of --incomplete, --failed, --pruned, --where, --older-than, "
            "--experiment."
        )
        faults.append(Fault("prune", problem, remedy))
    if filters.older_than is not None:
        match = _AGE.fullmatch(filters.older_than.strip())
        if match:
            age = float(match[1]) * _UNITS[match[2]]
        else:
            problem = f'an age is a number with h, d or w, such as 30d, got "{filters.older_than}".'
            faults.append(Fault("--older-than", problem))
    names = sorted(e.name for e in contents.experiments.values())
    if filters.experiment is not None and filters.experiment not in names:
        problem = f'there is no experiment "{filters.experiment}"; the store has {listed(names)}.'
        faults.append(Fault("--experiment", problem, nearest(filters.experiment, names).strip()))
    if filters.where is not None:
        faults += _where_faults(filters.where, contents)
    if faults:
        raise RequestError(faults)
    return age


def _where_faults(where: str, contents: Contents) -> list[Fault]:
    """Return what is wrong with a condition: MLflow itself takes a mistyped key for no match."""
    from mlflow.exceptions import MlflowException
    from mlflow.utils.search_utils import SearchUtils

    example = "For example: --where \"metrics.roc_auc < 0.6 and params.seed = '42'\"."
    try:
        parsed = SearchUtils.parse_search_filter(where)
    except MlflowException as error:
        return [Fault("--where", f"{str(error).splitlines()[0].rstrip('.')}.", example)]
    if not parsed:
        return [Fault("--where", "the condition is empty.", example)]
    faults = []
    for part in parsed:
        group = _KEYED.get(part["type"])
        if group is None:
            continue
        known = sorted({key for run in contents.runs.values() for key in getattr(run, group)})
        if part["key"] not in known:
            problem = f"no run has {group}.{part['key']}."
            meant = canonical(part["key"]) if group == "metrics" else part["key"]
            faults.append(Fault("--where", problem, nearest(meant, known).strip()))
    return faults


def _where(where: str, contents: Contents, client: MlflowClient) -> set[str]:
    """Return the ids of runs that fit a condition."""
    from mlflow.exceptions import MlflowException

    found: set[str] = set()
    token: str | None = None
    ids = list(contents.experiments)
    try:
        while True:
            page = client.search_runs(ids, where, max_results=1000, page_token=token)
            found |= {run.info.run_id for run in page}
            token = page.token
            if not token:
                return found
    except MlflowException as error:
        first = str(error).splitlines()[0].rstrip(".")
        raise RequestError(Fault("--where", f"{first}.")) from error


def _older(run: StoredRun, age: timedelta, now: datetime) -> bool:
    at = run.ended or run.started
    return at is not None and now - datetime.fromtimestamp(at / 1000, UTC) > age


def _state(run: StoredRun, filters: Filters, files: StoreFiles) -> str | None:
    """Return why a run fits the states that are asked for, None if it does not."""
    if not (filters.incomplete or filters.failed or filters.pruned):
        return "fits the filters"
    pruned = PRUNED_TAG in run.tags
    if filters.pruned and pruned:
        return "pruned"
    if filters.failed and not pruned and run.status in ("FAILED", "KILLED"):
        return run.status.lower()
    if filters.incomplete and run.ours and not pruned:
        if not run.complete:
            return "incomplete"
        listing = files.of_run(run)
        missing = missing_of(run, listing)
        if listing.unusable is not None and listing.unusable.why != "missing":
            # Files that were not looked at are no reason to delete a run.
            missing = [name for name in missing if not name.startswith("artifact:")]
        if missing:
            return f"incomplete, lacks {listed(missing, 3)}"
    return None
