"""The model that is to be promoted."""

from __future__ import annotations

import json
from dataclasses import dataclass

from cutscore.delivery.gate import check_run
from cutscore.delivery.registry import MODEL, resolve
from cutscore.errors import Fault, RequestError
from cutscore.report.record_spec import is_ours
from cutscore.runs.port import RunStore
from cutscore.runs.registry import ModelRegistry, ModelVersion
from cutscore.runs.values import RunDetail

_MIRRORED = ("data_digest", "fingerprint")


@dataclass(frozen=True)
class Candidate:
    """The model that is to be promoted: its run, its logged model, the name it is to have."""

    run: RunDetail
    model_id: str
    name: str
    version: ModelVersion | None


def name_fault(name: str) -> Fault | None:
    """Return why a registered model cannot be called so, None if it can."""
    if name.strip(" .") == name and not any(sign in name for sign in "/:@"):
        return None
    problem = f'"{name}" is not allowed as the name of a registered model: no /, : or @.'
    return Fault("--name", problem, "Choose another, such as credit.")


def find_candidate(store: RunStore, word: str, name: str) -> Candidate:
    """Return what a word stands for, under `name` or the usual name.

    Raises
    ------
    RequestError
        If it stands for nothing, or there is no model.
    """
    found = resolve(store, word)
    version = found.version
    if version is None:
        assert found.run is not None  # noqa: S101  # it is a version or a run
        run = store.read(found.run.run_id)
        if not run.models:
            raise RequestError(_no_model(run))
        named = name or run.summary.experiment
        if fault := name_fault(named):
            raise RequestError(fault)
        return Candidate(run, run.models[-1], named, None)
    origin = store.get(version.run_id) if version.run_id else None
    if origin is None or origin.deleted or version.model_id is None:
        state = "was deleted" if origin is not None and origin.deleted else "is not in this store"
        what = f"its run {version.run_id or ''} {state}".replace("  ", " ")
        if origin is not None and not origin.deleted:
            what = "it was not made of a logged model"
        problem = f"the version {version.title} cannot be promoted: {what}."
        raise RequestError(Fault(MODEL, problem, "Name a run that kept a model."))
    own = version if name in ("", version.name) else None
    return Candidate(store.read(origin.run_id), version.model_id, name or version.name, own)


def _no_model(run: RunDetail) -> list[Fault]:
    """Return all that is wrong with a run that kept no model."""
    faults = [Fault(MODEL, f"{c.found}.") for c in check_run(run) if not c.passed]
    if is_ours(run.summary.tags):
        name = run.summary.name
        remedy = f"Run `cutscore deliver {name}`, or keep one with model.refit=true."
        faults.append(Fault(MODEL, f'the run "{name}" kept no model.', remedy))
    return faults


def registered(registry: ModelRegistry, candidate: Candidate) -> ModelVersion | None:
    """Return the version that a logged model has already."""
    versions = registry.versions(candidate.name)
    return next((v for v in reversed(versions) if v.model_id == candidate.model_id), None)


def mirrored(run: RunDetail) -> dict[str, str]:
    """Return what a version's tags repeat of its run; the model's own files decide."""
    summary = run.summary
    costs = {k.removeprefix("cost."): v for k, v in run.params.items() if k.startswith("cost.")}
    threshold = summary.metrics.get("threshold")
    undefined = summary.tags.get("undefined.threshold", "")
    return {
        "run": summary.name,
        "threshold": f"none: {undefined}" if threshold is None else repr(threshold),
        "costs": json.dumps(costs),
        **{name: summary.tags[name] for name in _MIRRORED if name in summary.tags},
    }
