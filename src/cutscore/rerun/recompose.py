"""From a run's stored config and a few overrides to a plan: what `conf/` says today is not asked.

Only an option that an override names (`sampling=none`) is taken from the config folders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cutscore.config.build import Plan, build
from cutscore.config.compose import NO_SEARCH, Composer, explain, unknown_setting
from cutscore.config.layers import EXPERIMENT
from cutscore.config.overrides import Override, read_overrides, texts_of
from cutscore.config.parts import CORE
from cutscore.errors import Fault, RequestError
from cutscore.report.redact import HIDDEN
from cutscore.rerun.stored import RecordedRun

Leaves = dict[str, Any]
_REFUSED = {
    "search": ("a rerun is no search.", "Start one with: cutscore run search=..."),
    EXPERIMENT: ("a named experiment is more than a change.", "Use: cutscore run experiment=..."),
    "job": ("this is filled in by Cutscore.", "Leave it out."),
    "tracking.uri": ("a new run stands beside the old one.", "Name their store with --store."),
}
_ADDED_SINCE = ("report", "tracking")
"""Groups that say nothing of the experiment: taken from the config folders where not stored."""


@dataclass(frozen=True)
class Changes:
    """Overrides of a rerun, sorted: for the launcher, options of groups, and single settings."""

    launcher: tuple[Override, ...]
    choices: tuple[Override, ...]
    settings: tuple[Override, ...]


@dataclass(frozen=True)
class Recomposed:
    """A plan made from a stored config. `changed` are leaves that overrides gave other values."""

    original: RecordedRun
    plan: Plan
    changed: tuple[str, ...]


def sort_overrides(composer: Composer, texts: Sequence[str]) -> Changes:
    """Check overrides and sort them.

    Raises
    ------
    RequestError
        With all that cannot be overridden in a rerun.
    """
    parsed, faults = read_overrides(texts)
    faults += [fault for one in parsed for fault in _refused(one)]
    parsed = [one for one in parsed if not _refused(one)]
    launcher = tuple(one for one in parsed if one.for_hydra)
    changes = [one for one in parsed if not one.for_hydra]
    choices = tuple(one for one in changes if composer.options(one.key) and not one.deletes)
    faults += composer.check(texts_of([*launcher, *choices]))[1]
    if faults:
        raise RequestError(faults)
    return Changes(launcher, choices, tuple(one for one in changes if one not in choices))


def recompose(
    composer: Composer, original: RecordedRun, changes: Changes, tracking: Mapping[str, Any]
) -> Recomposed:
    """Build the plan of a stored config with changes; `tracking` says where its run is kept.

    Raises
    ------
    RequestError
        If it cannot be built any more, or lacks a password.
    """
    body = _stored(composer, original)
    before = leaves(OmegaConf.to_container(body, resolve=True))
    choices = {**original.choices, **_choose(composer, body, changes.choices)}
    _change(body, changes.settings)
    for key, value in tracking.items():
        OmegaConf.update(body, f"tracking.{key}", value, force_add=True)
    try:
        plan = build(body, choices, [*original.overrides, *changes.choices, *changes.settings])
    except RequestError as error:
        where = f"(In the stored config of {original.name}.)"
        faults = [Fault(f.setting, f.problem, f"{f.remedy} {where}".strip()) for f in error.faults]
        raise RequestError(faults) from error
    after = leaves(plan.config)
    hidden = [key for key, value in after.items() if isinstance(value, str) and _hides(value)]
    if hidden:
        problem = f"the config of {original.name} is stored without the password in it."
        raise RequestError([Fault(key, problem, f"Give it anew: {key}=...") for key in hidden])
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return Recomposed(original, plan, tuple(key for key in changed if _matters(key)))


def leaves(node: object, prefix: str = "") -> Leaves:
    """Return the leaves of a config by dotted key."""
    if isinstance(node, Mapping) and node:
        found: Leaves = {}
        for key, value in node.items():
            found |= leaves(value, f"{prefix}.{key}" if prefix else str(key))
        return found
    return {prefix: node}


def _refused(one: Override) -> list[Fault]:
    """Return why a rerun does not take an override."""
    key = one.key
    for name, (problem, remedy) in _REFUSED.items():
        if key == name or key.startswith(f"{name}."):
            return [Fault(key, problem, remedy)]
    if one.is_sweep:
        return [Fault(key, "a rerun takes one value.", "For several, use: cutscore run -m")]
    return []


def _stored(composer: Composer, original: RecordedRun) -> DictConfig:
    """Return the stored config, with what configs did not have when it was stored."""
    config: dict[str, Any] = {**original.config, "search": {"_target_": NO_SEARCH}}
    config.pop("job", None)
    lacking = [group for group in _ADDED_SINCE if group not in config]
    if lacking:
        today = composer.compose([])
        config |= {group: OmegaConf.to_container(today[group], resolve=True) for group in lacking}
    config.setdefault("threads", None)
    missing = [group for group in (*CORE, "seed") if group not in config]
    if missing:
        problem = f"the stored config of {original.name} does not have it."
        raise RequestError([Fault(group, problem) for group in missing])
    body = OmegaConf.create(config)
    OmegaConf.set_struct(body, True)
    return body


def _choose(composer: Composer, body: DictConfig, choices: Sequence[Override]) -> dict[str, str]:
    """Replace groups by today's options; what these take from other groups is the stored one."""
    if not choices:
        return {}
    composed = composer.compose(choices)
    names = [one.key for one in choices]
    for name in names:
        node = OmegaConf.create(OmegaConf.to_container(composed[name], resolve=False))
        OmegaConf.set_struct(body, False)
        body[name] = node
        OmegaConf.set_struct(body, True)
    return {name: str(composed.hydra.runtime.choices[name]) for name in names}


def _change(body: DictConfig, settings: Sequence[Override]) -> None:
    """Put single settings into a config.

    Raises
    ------
    RequestError
        With every setting that it does not have.
    """
    faults = []
    for one in settings:
        try:
            ConfigLoaderImpl._apply_overrides_to_config([one.parsed], body)
        except (HydraException, OmegaConfBaseException) as error:
            unknown = str(error).startswith("Could not override")
            faults.append(unknown_setting(one.key, body) if unknown else explain(error))
    if faults:
        raise RequestError(faults)


def _hides(text: str) -> bool:
    """Return whether a password was taken out of a text."""
    return f":{HIDDEN}@" in text or f"={HIDDEN}" in text


def _matters(key: str) -> bool:
    """Return whether a setting says something of the experiment, not of where or how it runs."""
    return key.partition(".")[0] in (*CORE, "seed") and key != "data.path"
