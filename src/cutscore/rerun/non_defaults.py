"""What a run was asked for: the options and settings in which it differs from the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cutscore.config.compose import Composer
from cutscore.config.layers import EXPERIMENT, find_layers
from cutscore.config.overrides import parse_overrides
from cutscore.errors import RequestError
from cutscore.rerun.recompose import leaves
from cutscore.rerun.stored import read_recorded_runs
from cutscore.runs.port import RunStore
from cutscore.runs.values import RunDetail

_ELSEWHERE = ("job", "tracking")
"""What says where a run is kept, which its record shows by being there."""


@dataclass(frozen=True)
class NonDefaults:
    """What a run was asked for, as far as it is no default.

    `choices` are options by group, `settings` single values that these options do not have of
    themselves. `unknown` are options that the config folders do not have: what was changed in
    them cannot be told.
    """

    choices: Mapping[str, str]
    settings: Mapping[str, Any]
    unknown: tuple[str, ...] = ()


def non_defaults_of(store: RunStore, detail: RunDetail) -> NonDefaults | None:
    """Compare the stored config with today's config folders; None where none is stored."""
    try:
        (original,) = read_recorded_runs(store, [detail])
        composer = Composer(find_layers())
    except RequestError:  # no config, or folders here that cannot be used
        return None
    defaults = composer.compose([]).hydra.runtime.choices
    chosen = {
        group: option
        for group, option in original.choices.items()
        if option != str(defaults.get(group))
    }
    named = {group: option for group, option in chosen.items() if group != EXPERIMENT}
    known = {group: option for group, option in named.items() if option in composer.options(group)}
    unknown = tuple(f"{group}={option}" for group, option in named.items() if group not in known)
    try:
        options = (f"{group}={option}" for group, option in known.items())
        composed = composer.compose(parse_overrides(options))
        roots = [str(key) for key in composed if str(key) not in ("hydra", *_ELSEWHERE)]
        usual = leaves(OmegaConf.to_container(OmegaConf.masked_copy(composed, roots), resolve=True))
    except (HydraException, OmegaConfBaseException):  # they do not go together any more
        return NonDefaults(
            chosen, {}, tuple(f"{group}={option}" for group, option in named.items())
        )
    skipped = {*_ELSEWHERE, *(group for group in named if group not in known)}
    settings = {
        key: value
        for key, value in leaves(original.config).items()
        if key.partition(".")[0] not in skipped
        and not key.endswith("_target_")
        and (key not in usual or usual[key] != value)
    }
    return NonDefaults(chosen, settings, unknown)
