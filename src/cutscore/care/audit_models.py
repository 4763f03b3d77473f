"""Logged models and the registry: whether what they name is there."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cutscore.care.audit_runs import address_faults
from cutscore.care.contents import Contents, StoredModel, StoredVersion
from cutscore.care.files import Listing, StoreFiles
from cutscore.care.findings import Finding

_MODEL_FILE = "MLmodel"


def model_findings(contents: Contents, files: StoreFiles) -> Iterator[Finding]:
    """Yield what is wrong with logged models that are neither deleted nor half written."""
    for model in contents.models.values():
        if model.deleted or not model.ready:
            continue
        listing = files.of_model(model)
        name = f"{model.name} of run {model.run_id}" if model.run_id else model.name
        if _is_gone(listing):
            problem = f"no {_MODEL_FILE} at {model.location}"
            yield Finding("model without files", model.model_id, name, problem)
        for kind, problem, details in address_faults(model.location, listing, needed=False):
            yield Finding(kind, model.model_id, name, problem, details)


def version_findings(contents: Contents, files: StoreFiles) -> Iterator[Finding]:
    """Yield versions of the registry whose model is gone, and aliases that name no version."""
    for version in contents.versions:
        reason = _why_gone(version, contents, files)
        if reason:
            aliases = "".join(f" @{alias}" for alias in version.aliases)
            name = f"{version.title}{aliases}"
            yield Finding("version without model", version.title, name, reason)
            continue
        lost = _why_unjudged(version, contents)
        if lost:
            yield Finding("version without run", version.title, version.title, lost)
    for alias in contents.dangling_aliases:
        yield Finding("dangling alias", alias, alias, "it names a version that is not there")


def alias_findings(contents: Contents) -> Iterator[Finding]:
    """Yield aliases that were taken from the version that `cutscore promote` gave them to.

    With a version MLflow deletes its aliases and says nothing.
    """
    for title, text in contents.promoted.items():
        name, _, alias = title.rpartition("@")
        try:
            told = json.loads(text)
            given, model_id = str(told["version"]), told.get("model_id")
        except (ValueError, KeyError, TypeError, AttributeError):
            yield Finding("strayed alias", title, title, "what was noted of it cannot be read")
            continue
        own = [v for v in contents.versions if v.name == name and alias in v.aliases]
        if not own:
            problem = f"it was given to {given}, and names no version any more"
            yield Finding("strayed alias", title, title, problem)
        elif (own[0].model_id != model_id) if model_id else (own[0].title != given):
            problem = f"it was given to {given}, but names {own[0].title}"
            yield Finding("strayed alias", title, title, problem)


def _why_unjudged(version: StoredVersion, contents: Contents) -> str:
    """Return what became of a version's run, '' if it is there or was none."""
    run = contents.runs.get(version.run_id) if version.run_id else None
    if version.run_id is None or (run is not None and not run.deleted):
        return ""
    return f"its run {version.run_id} {'is not in the store' if run is None else 'was deleted'}"


def _why_gone(version: StoredVersion, contents: Contents, files: StoreFiles) -> str:
    """Return why a version cannot be loaded, '' if it can or nothing can be said."""
    if version.model_id is not None:
        model = contents.models.get(version.model_id)
        if model is None or model.deleted:
            state = "is not in the store" if model is None else "was deleted"
            return f"its logged model {version.model_id} {state}"
        return _files_gone(model, files)
    if unjudged := _why_unjudged(version, contents):
        return unjudged
    address = _address(version, contents)
    listing = files.of_address(address)
    return f"no {_MODEL_FILE} at {address}" if _is_gone(listing) else ""


def _files_gone(model: StoredModel, files: StoreFiles) -> str:
    gone = _is_gone(files.of_model(model))
    return f"its logged model {model.model_id} has no files" if gone else ""


def _is_gone(listing: Listing) -> bool:
    return not listing.unseen and _MODEL_FILE not in listing.filled


def _address(version: StoredVersion, contents: Contents) -> str:
    """Return where a version's files are said to be."""
    address = version.storage or version.source
    if address.startswith("runs:/"):
        run_id, _, path = address.removeprefix("runs:/").partition("/")
        run = contents.runs.get(run_id)
        return f"{run.artifact_uri}/{path}" if run else address
    return address
