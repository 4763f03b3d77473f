"""Who had an alias when, and why: kept in the registry itself, only ever added to.

Each change is a tag of the version that it made champion, named by its time, so that it goes where
the version goes. The last one stands at the registered model as well: with a version MLflow deletes
its tags and its aliases, and nobody would see that there had been a champion. Each change names
those before it, so that what a merge brought from another store is not taken for its own.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from cutscore.delivery.gate import Check
from cutscore.runs.registry import LAST_CHANGE, ModelRegistry, ModelVersion

_REMEMBERED = 100
PROMOTE, ROLLBACK, UNRECORDED = "promote", "rollback", "unrecorded"


@dataclass(frozen=True)
class Reign:
    """A version's time with an alias.

    Attributes
    ----------
    version, model_id, run_id, run : which one it is
    since, until : ISO 8601 in UTC; None where it is not known, or not over
    kind : how it began: promote, rollback, or unrecorded
    reason, forced, user, checks : why, for which reason the gate was passed over, who, and what
        the gate found
    previous, lineage : the reign before, in brief, and when the latest of those before began
    note : what became of it since
    """

    version: str
    model_id: str | None = None
    run_id: str | None = None
    run: str = ""
    since: str | None = None
    until: str | None = None
    kind: str = UNRECORDED
    reason: str = ""
    forced: str = ""
    user: str = ""
    checks: Sequence[Mapping[str, Any]] = ()
    previous: Mapping[str, Any] | None = field(default=None, repr=False)
    lineage: Sequence[str] = field(default=(), repr=False)
    note: str = ""

    def same(self, other: Reign | None) -> bool:
        """Return whether another is of the same model, whatever its number is now."""
        if other is None:
            return False
        known = self.model_id and other.model_id
        return self.model_id == other.model_id if known else self.version == other.version


def reign_of(version: ModelVersion, **more: Any) -> Reign:
    """Return a reign of a version."""
    run = version.tags.get("run", "")
    return Reign(version.title, version.model_id, version.run_id, run, **more)


def history(registry: ModelRegistry, name: str, alias: str) -> list[Reign]:
    """Return who had an alias, the first first; the last one has it now if `until` is None."""
    model = registry.model(name)
    if model is None:
        return []
    versions = registry.versions(name)
    recorded = _lineage(_recorded(versions, alias), _read(model.tags.get(f"{LAST_CHANGE}{alias}")))
    reigns: list[Reign] = []
    for reign in recorded:
        before = _read(reign.previous)
        if before is not None and not (reigns and before.same(reigns[-1])):
            reigns.append(before)
        reigns.append(reign)
    number = model.aliases.get(alias)
    now = next((reign_of(v) for v in versions if v.version == number), None)
    return [_as_it_is(reign, versions) for reign in _ended(reigns, now)]


def predecessor(reigns: Sequence[Reign]) -> Reign | None:
    """Return whom a rollback makes champion: the last before the present one that is still there.

    A rollback is no step forward: after it, the next one goes further back.
    """
    stack: list[Reign] = []
    for reign in reigns:
        earlier = [at for at, each in enumerate(stack) if each.same(reign)]
        if reign.kind == ROLLBACK and earlier:
            del stack[earlier[-1] :]
        stack.append(reign)
    if stack and stack[-1].until is None:
        stack.pop()
    return next((reign for reign in reversed(stack) if not reign.note), None)


def record(
    registry: ModelRegistry,
    alias: str,
    version: ModelVersion,
    past: Sequence[Reign],
    checks: Sequence[Check],
    **why: str,
) -> Reign:
    """Write a change that has been made; `why` has kind, reason and forced, `past` the history."""
    moment = datetime.now(UTC)
    reign = reign_of(
        version,
        since=moment.isoformat(timespec="microseconds"),
        user=_user(),
        checks=[vars(check) for check in checks],
        previous=_brief(past[-1]) if past else None,
        lineage=[reign.since for reign in past if reign.since][-_REMEMBERED:],
        **why,
    )
    key = f"cutscore.{alias}.{moment:%Y%m%dT%H%M%S%fZ}"
    registry.tag(version, {key: _text(vars(reign))})
    mark(registry, version.name, alias, reign)
    return reign


def mark(registry: ModelRegistry, name: str, alias: str, last: Reign) -> None:
    """Have the registered model say what the last change was."""
    text = _text({**vars(last), "checks": (), "reason": last.reason[:500], "until": None})
    registry.tag_model(name, {f"{LAST_CHANGE}{alias}": text})


def _recorded(versions: Sequence[ModelVersion], alias: str) -> list[Reign]:
    """Return the changes that versions tell of, under the numbers that these have now."""
    start = f"cutscore.{alias}."
    found = []
    for version in versions:
        for key, text in version.tags.items():
            reign = _read(text) if key.startswith(start) else None
            if reign is not None:
                found.append(replace(reign, version=version.title))
    return found


def _lineage(recorded: list[Reign], last: Reign | None) -> list[Reign]:
    """Return the changes that led to the last one, and it, in order of time.

    The last is what the registered model says, or what came after that and was not noted there.
    """
    if last is not None and last.since not in {reign.since for reign in recorded}:
        recorded = [*recorded, last]
    recorded = sorted(recorded, key=lambda reign: str(reign.since))
    head = next((r for r in recorded if last is not None and r.since == last.since), None)
    for reign in recorded:
        if head is None or head.since in reign.lineage:
            head = reign
    if head is None:
        return []
    kept = {*head.lineage, head.since}
    return [reign for reign in recorded if reign.since in kept]


def _ended(reigns: Sequence[Reign], now: Reign | None) -> list[Reign]:
    """Return reigns with their ends, and the present one if nothing tells of it."""
    found = list(reigns)
    if now is not None and not (found and now.same(found[-1])):
        found.append(now)
    ends = [following.since or "" for following in found[1:]]
    over = [replace(reign, until=end) for reign, end in zip(found, ends, strict=False)]
    return over + [replace(last, until="" if now is None else None) for last in found[-1:]]


def _as_it_is(reign: Reign, versions: Sequence[ModelVersion]) -> Reign:
    """Return a reign with the number that its model's version has now, if it is still there."""
    for version in versions:
        if reign.same(reign_of(version)):
            return replace(reign, version=version.title)
    return replace(reign, note="deleted since")


def _brief(reign: Reign) -> dict[str, Any]:
    kept = ("version", "model_id", "run_id", "run", "since", "kind", "user")
    return {name: getattr(reign, name) for name in kept}


def _read(state: str | Mapping[str, Any] | None) -> Reign | None:
    """Return what was written, None where it is nothing of ours."""
    try:
        body = json.loads(state) if isinstance(state, str) else state
        return None if body is None else Reign(**body)
    except (TypeError, ValueError):
        return None


def _text(state: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in state.items() if value not in (None, "", ())}
    return json.dumps(plain, ensure_ascii=False)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
