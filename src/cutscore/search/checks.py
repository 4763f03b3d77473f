"""Checking a search before anything runs: every key, every choice, both ends of every range."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cutscore.config.compose import NO_SEARCH, Composer, known_keys, unknown_setting
from cutscore.config.overrides import SPACE, Override, root_of, without_search
from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.metrics.catalogue import canonical
from cutscore.search.entry import SpaceEntry
from cutscore.search.space import Space, read_space
from cutscore.search.trial_checks import ComposedTrial, value_faults

MOST_POINTS = 100_000
"""The largest grid that is laid out."""

_OTHER_TASK = "it would change what the metric measures, and trials could not be compared"
_NO_EFFECT = "it changes no result"
_REFUSED = {
    "data": _OTHER_TASK,
    "validation": _OTHER_TASK,
    "cost": _OTHER_TASK,
    "seed": "the best seed is the luckiest, not the best model",
    "threads": _NO_EFFECT,
    "report": _NO_EFFECT,
    "tracking": _NO_EFFECT,
    "search": "a search cannot vary itself",
    "experiment": "name the groups and settings that it stands for",
    "hydra": "it belongs to the launch, not to the experiment",
    "job": "it belongs to the launch, not to the experiment",
}
_FBETA = ("fbeta", "crossfit_fbeta")


def space_faults(
    composer: Composer, config: DictConfig, overrides: Sequence[Override], *, whole: bool = True
) -> list[Fault]:
    """Return all that is wrong with the search space of a composed config; none if it has none.

    Every choice and both ends of every range are composed and built, so that each setting's own
    checks speak. The config itself need not build: its own faults are not told again. Unless the
    config is `whole`, overrides have been left out, and an empty space means nothing.
    """
    search = _search_node(config)
    if search is None:
        return []
    space, faults = read_space(search.get("space") or {}, overrides)
    if whole and not space.entries and not faults:
        faults.append(_empty(composer))
    keys = known_keys(config)
    faults += [_renamed(unknown_setting(key, config)) for key in space.removed if key not in keys]
    if search.get("sampler") == "grid":
        faults += grid_faults(space)
    set_already = dict(leaf for one in without_search(overrides) for leaf in one.leaves())
    metrics = _metric_names(search.get("metric"))
    sound = []
    trial = ComposedTrial(composer, config, overrides)
    for entry in space.entries:
        found = [
            *_refusals(entry, metrics),
            *_conflicts(entry, set_already),
            *_unknown(entry, trial, keys, space.entries),
        ]
        faults += found
        if not found:
            sound.append(entry)
    return [*faults, *value_faults(trial, sound, SPACE)]


def _search_node(config: DictConfig) -> dict[str, Any] | None:
    """Return the settings of the search as plain values, None where there is no search."""
    node = config.get("search")
    if not isinstance(node, DictConfig) or node.get("_target_") == NO_SEARCH:
        return None
    try:
        plain = OmegaConf.to_container(node, resolve=True)
    except OmegaConfBaseException:
        return None  # building the config tells why
    if not isinstance(plain, dict) or not isinstance(plain.get("space") or {}, dict):
        return None
    return {str(key): value for key, value in plain.items()}


def _metric_names(given: object) -> tuple[str, ...]:
    names = given if isinstance(given, list) else [given]
    return tuple(canonical(str(name)) for name in names)


def _empty(composer: Composer) -> Fault:
    options = [name for name in composer.options("search") if name not in ("none", "custom")]
    example = "'search.space={model.params.num_leaves:\"range(20, 151)\"}'"
    remedy = f"Add entries as in {example}, or choose a space: search={'|'.join(options)}."
    return Fault(SPACE, "it is empty, so there is nothing to search.", remedy)


def grid_faults(space: Space) -> list[Fault]:
    """Check that the space has a grid, and one that can be laid out."""
    size = space.size
    if size is None:
        try:
            space.grid()
        except RequestError as error:
            return list(error.faults)
    if size is not None and size > MOST_POINTS:
        problem = f"the grid of this space has {size:,} points, more than {MOST_POINTS:,}."
        return [Fault("search.sampler", problem, "Use another sampler, or fewer values.")]
    return []


def _refusals(entry: SpaceEntry, metrics: Collection[str]) -> Iterator[Fault]:
    """Yield why a key may not be searched at all."""
    root = root_of(entry.key)
    setting = f"{SPACE}.{entry.key}"
    if root in _REFUSED:
        problem = f"{root} cannot be searched: {_REFUSED[root]}."
        yield Fault(setting, problem, "Sweep over it instead: cutscore run -m.")
    fbeta = [name for name in metrics if name in _FBETA]
    if fbeta and entry.key in ("threshold", "threshold.beta"):
        problem = f"beta is part of what {fbeta[0]} measures, and trials could not be compared."
        remedy = "Search over threshold.objective, or optimise another search.metric."
        yield Fault(setting, problem, remedy)
    if "threshold_value" in metrics and root == "threshold":
        problem = "threshold_value is measured in the objective that is searched here."
        yield Fault(setting, problem, "Optimise another search.metric.")


def _conflicts(entry: SpaceEntry, set_already: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield that a key is both held at a value and searched."""
    if entry.key in set_already:
        problem = f"the request also sets {entry.key}={set_already[entry.key]}."
        remedy = f"Leave that out, or hold it and write 'search.space={{{entry.key}:off}}'."
        yield Fault(f"{SPACE}.{entry.key}", problem, remedy)


def _unknown(
    entry: SpaceEntry, trial: ComposedTrial, keys: Sequence[str], entries: Sequence[SpaceEntry]
) -> Iterator[Fault]:
    """Yield that a key or an option of a group does not exist, or not in every trial."""
    composer, config = trial.composer, trial.config
    is_group = entry.key in config.hydra.runtime.choices
    options = composer.options(entry.key) if is_group else []
    setting = f"{SPACE}.{entry.key}"
    if options and entry.kind != "categorical":
        problem = f"{entry.key} is a config group, and {entry.text} names no options of it."
        yield Fault(setting, problem, f"Write choice(...) of: {listed(options, 30)}.")
    elif options:
        for choice in entry.choices:
            if str(choice) not in options:
                problem = f'there is no option "{choice}".{nearest(str(choice), options)}'
                yield Fault(setting, problem, f"Options: {listed(options, 30)}.")
    elif entry.key not in keys and not entry.added and (one := _only_under(entry, trial, entries)):
        group, option = one
        problem = f"only {group}={option} has this setting, and every trial must have all of them."
        choices = next(each.choices for each in entries if each.key == group)
        sweep = f"cutscore run -m {group}={','.join(map(str, choices))}"
        remedy = f"Search {group}={option} by itself, or sweep {group}, a search in each: {sweep}."
        yield Fault(setting, problem, remedy)
    elif entry.key not in keys and not entry.added:
        fault = _renamed(unknown_setting(entry.key, config))
        yield _with_model(fault, entry.key, composer, config)
    elif entry.key in keys and entry.added:
        problem = "the config has this setting, so nothing is to be added."
        yield Fault(f"{SPACE}.+{entry.key}", problem, "Leave the + out.")


def _only_under(
    entry: SpaceEntry, trial: ComposedTrial, entries: Sequence[SpaceEntry]
) -> tuple[str, str] | None:
    """Return the searched group and its first option under which alone the key exists."""
    group = entry.key.partition(".")[0]
    searched = next((each for each in entries if each.key == group and each.choices), None)
    if searched is None:
        return None
    options = trial.composer.options(group)
    for choice in searched.choices:
        if str(choice) in options and entry.key in trial.keys_under(searched, choice):
            return group, str(choice)
    return None


def _with_model(fault: Fault, key: str, composer: Composer, config: DictConfig) -> Fault:
    """Say so where the space is one for another model than the chosen one."""
    choices = config.hydra.runtime.choices
    model, search = str(choices.get("model")), str(choices.get("search"))
    if not key.startswith("model.") or search == model or search not in composer.options("model"):
        return fault
    remedy = f"search={search} is a space for model={search}, and the model is {model}"
    if model in composer.options("search"):
        remedy += f": choose search={model}"
    return Fault(fault.setting, fault.problem, f"{remedy}.")


def _renamed(fault: Fault) -> Fault:
    """Tell a fault of a setting as one of its entry in the space."""
    remedy = fault.remedy.replace(f"+{fault.setting}=...", f"+{fault.setting}: ...")
    return Fault(f"{SPACE}.{fault.setting}", fault.problem, remedy)
