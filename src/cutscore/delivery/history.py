"""Who had an alias when, and why: kept in the registry itself, only ever added to.

Each change is a tag of the version that it made champion, named by its time, so that it goes where
the version goes. The last one stands at the registered model as well: with a version MLflow deletes
its tags and its aliases, and nobody would see that there had been a champion.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from cutscore.delivery.gate import Check
from cutscore.runs.registry import LAST_CHANGE, ModelRegistry, ModelVersion

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
    recorded = _recorded(versions, alias)
    last = _read(model.tags.get(f"{LAST_CHANGE}{alias}"))
    if last is not None and last.since not in {reign.since for reign in recorded}:
        recorded.append(last)
    recorded.sort(key=lambda reign: str(reign.since))
    reigns: list[Reign] = []
    for reign in recorded:
        before = _read(reign.previous)
        if before is not None and not (reigns and before.same(reigns[-1])):
            reigns.append(replace(before, previous=None))
        reigns.append(reign)
    number = model.aliases.get(alias)
    now = next((reign_of(v) for v in versions if v.version == number), None)
    return _ended(reigns, now, {v.title for v in versions})


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
    previous: Reign | None,
    checks: Sequence[Check],
    **why: str,
) -> Reign:
    """Write a change that has been made; `why` has kind, reason and forced."""
    moment = datetime.now(UTC)
    before = None if previous is None else _brief(previous)
    reign = reign_of(
        version,
        since=moment.isoformat(timespec="microseconds"),
        user=_user(),
        checks=[vars(check) for check in checks],
        previous=before,
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


def _ended(reigns: Sequence[Reign], now: Reign | None, there: set[str]) -> list[Reign]:
    """Return reigns with their ends, and the present one if nothing tells of it."""
    found = list(reigns)
    if now is not None and not (found and now.same(found[-1])):
        found.append(now)
    ended = [replace(reign, until=following.since or "") for reign, following in pairwise(found)]
    if found:
        last = found[-1]
        gone = now is None
        ended.append(replace(last, until="" if gone else None))
    deleted = "deleted since"
    return [replace(r, note=r.note if r.version in there else deleted) for r in ended]


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
