"""Composing configs with Hydra, and explaining every fault of a request at once."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from shlex import quote

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Sweep
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cutscore.config.layers import EXPERIMENT, GROUPS, Layers
from cutscore.config.overrides import (
    SPACE,
    Override,
    parse_overrides,
    read_overrides,
    root_of,
    texts_of,
)
from cutscore.config.repository import Repository
from cutscore.config.sql_files import use_layers
from cutscore.errors import Fault, listed, nearest

PRIMARY = "config"
NO_SEARCH = "cutscore.config.search_settings.NoSearch"
_EXTRAS = {"submitit_local": "submitit", "submitit_slurm": "submitit"}
"""Launchers that are there once an extra is installed."""


class Composer:
    """Composes configs from the layers, as `cutscore run` and `cutscore rerun` see them."""

    def __init__(self, layers: Layers, primary: str = PRIMARY) -> None:
        self.primary = primary
        use_layers(layers.folders)
        path: ConfigSearchPathImpl = create_config_search_path(None)
        anchor = SearchPathQuery(provider="schema")
        for rank, folder in enumerate(layers.folders):
            provider = "main" if folder == layers.packaged else f"layer-{rank}"
            path.prepend(provider, f"file://{folder}", anchor)
        GlobalHydra.instance().clear()
        self.hydra = Hydra.create_main_hydra2("cutscore", path)
        # hydra-ray-launcher, where it is installed, would hold our option against its own schema.
        ConfigStore.instance().repo["hydra"]["launcher"].pop("ray.yaml", None)
        self.hydra.config_loader.repository = Repository(path)
        self._options: dict[str, list[str]] = {}  # Hydra takes milliseconds to list them
        self._last: tuple[list[str], DictConfig] | None = None  # and a tenth of a second to compose

    def compose(self, overrides: Sequence[Override]) -> DictConfig:
        """Compose one config, with its `hydra` node.

        Raises Hydra's own errors; `check` and `explain` put them into words.
        """
        return copy.deepcopy(self._composed(overrides))

    def _composed(self, overrides: Sequence[Override]) -> DictConfig:
        """Return the config itself, to be looked at only."""
        words = texts_of(overrides)
        if self._last is None or self._last[0] != words:
            composed: DictConfig = self.hydra.compose_config(
                config_name=self.primary,
                overrides=words,
                run_mode=RunMode.RUN,
                with_log_configuration=False,
            )
            self._last = words, composed
        return self._last[1]

    def compose_launcher(self, overrides: Sequence[Override]) -> DictConfig:
        """Compose the config that a sweep is launched with: that of its first cell.

        Hydra itself leaves swept choices out here, and then refuses settings that only the chosen
        options have.
        """
        return self.compose(_first_cell(overrides))

    def expand(
        self, launcher_config: DictConfig, overrides: Sequence[Override]
    ) -> list[tuple[Override, ...]]:
        """Return the overrides of every cell of a sweep, in order.

        The grid is what Hydra's basic sweeper makes of `hydra.sweeper.params` and the command
        line; for a key in both, the command line wins.
        """
        params = launcher_config.hydra.sweeper.params or {}
        given = [*parse_overrides(f"{key}={value}" for key, value in params.items()), *overrides]
        loader = self.hydra.config_loader
        tasks = [one.in_configs(loader).parsed for one in given if not one.for_hydra]
        batches = BasicSweeper.split_arguments(tasks, None)
        return [parse_overrides(cell) for batch in batches for cell in batch]

    def options(self, group: str) -> list[str]:
        """Return the options of a config group; empty when there is no such group."""
        if group not in self._options:
            loader = self.hydra.config_loader
            found = loader.get_group_options(group, results_filter=ObjectType.CONFIG)
            self._options[group] = sorted(name for name in found if not name.startswith("_"))
        return self._options[group]

    def check(self, texts: Sequence[str]) -> tuple[list[Override], list[Fault]]:
        """Return the overrides that compose, and what is wrong with the others.

        Group choices are checked first. Unless all the other overrides compose together, each is
        tried alone on top of the valid choices, so that one fault does not hide the next.
        """
        overrides, faults = read_overrides(texts)
        overrides = [one.in_configs(self.hydra.config_loader) for one in overrides]
        choices: list[Override] = []
        settings: list[Override] = []
        for override in overrides:
            is_choice = not override.deletes and bool(self.options(override.key))
            wrong = _space_faults(override) or _empty_faults(override)
            wrong = wrong or (self._choice_faults(override) if is_choice else [])
            faults += wrong
            if not wrong:
                (choices if is_choice else settings).append(override)
        if not faults and self._composes(overrides):
            return overrides, []
        try:
            base = self._composed(_first_cell(choices))
        except (HydraException, OmegaConfBaseException) as error:
            return [], [*faults, explain(error)]
        good = list(choices)
        for override in settings:
            try:
                self._try(override, choices, base)
            except (HydraException, OmegaConfBaseException) as error:
                faults += _setting_faults(override, error, base)
            else:
                good.append(override)
        return good, faults

    def _composes(self, overrides: Sequence[Override]) -> bool:
        """Return whether all compose together: the usual case, and cheap."""
        try:
            self._composed(_first_cell(overrides))
        except (HydraException, OmegaConfBaseException):
            return False
        return True

    def _try(self, override: Override, choices: Sequence[Override], base: DictConfig) -> None:
        """Raise what Hydra raises for one setting on top of the choices that `base` is made of."""
        if override.deletes and self.options(override.key):
            self.compose(_first_cell([*choices, override]))
        else:  # no need to compose all anew, which takes twenty times as long
            first = override.swept[0].parsed
            ConfigLoaderImpl._apply_overrides_to_config([first], copy.deepcopy(base))

    def _choice_faults(self, override: Override) -> list[Fault]:
        """Return what is wrong with the choices of a group."""
        group = override.key
        known = self.options(group)
        faults = []
        if override.sign and (group in (*GROUPS, EXPERIMENT) or group.startswith("hydra/")):
            problem = f"{override.sign} adds a group, and this one is there already."
            remedy = f"Leave the {override.sign} out: {group}={override.value_text}."
            faults.append(Fault(group, problem, remedy))
        if isinstance(override.value, Mapping):
            problem = "a group takes the name of an option, and this is a mapping."
            keys = " ".join(f"{group}.{key}=..." for key in override.value)
            return [*faults, Fault(group, problem, f"Change its settings one by one: {keys}.")]
        for choice in [one.value for one in override.swept]:
            for name in choice if isinstance(choice, list) else [choice]:
                if name not in (None, "null") and str(name) not in known:
                    problem = f'there is no option "{name}".{nearest(str(name), known)}'
                    extra = _EXTRAS.get(str(name)) if group == "hydra/launcher" else None
                    remedy = f"Run: pip install 'cutscore[{extra}]'. " if extra else ""
                    faults.append(Fault(group, problem, f"{remedy}Options: {listed(known, 30)}."))
        return faults


def explain(error: Exception) -> Fault:
    """Turn an error of Hydra or OmegaConf into a fault, keeping what it says of the place."""
    unknown = re.match(r"Could not override '([^']+)'", str(error))
    if unknown:
        return Fault(unknown[1], "there is no such setting in this experiment.")
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    key = getattr(cause, "full_key", None) or "config"
    words = [line.strip() for line in str(error).splitlines() if line.strip()]
    if cause is not error:
        words += [line.strip() for line in str(cause).splitlines()[:1]]
    text = " ".join(word for word in words if not word.startswith(("full_key:", "object_type=")))
    return Fault(str(key), text.rstrip(".") + ".")


def _first_cell(overrides: Sequence[Override]) -> list[Override]:
    """Return the overrides as the first cell of their sweep has them."""
    return [one.swept[0] for one in overrides]


def _space_faults(override: Override) -> list[Fault]:
    """Return why an override says something else of a search space than was meant."""
    key = override.key
    if not f"{key}.".startswith(f"{SPACE}."):
        return []
    if override.deletes:
        entry = key.removeprefix(SPACE).removeprefix(".") or "KEY"
        remedy = f"Turn it off: '{SPACE}={{{entry}:off}}'."
        return [Fault(key, "entries of a search space cannot be deleted.", remedy)]
    if override.is_sweep:
        problem = "without quotes this is a sweep of its own, not an entry of the search space."
        remedy = f"Write '{override.sign}{key}=\"{override.value_text}\"'."
        return [Fault(key, problem, remedy)]
    if _holds_sweep(override.value):
        remedy = f"Quote each entry's value: '{SPACE}={{KEY:\"interval(a, b)\"}}'."
        return [Fault(key, "the entries are not quoted.", remedy)]
    return []


def _holds_sweep(value: object) -> bool:
    """Return whether a sweep stands somewhere in nested mappings."""
    if isinstance(value, dict):
        return any(_holds_sweep(inner) for inner in value.values())
    return isinstance(value, Sweep)


def _empty_faults(override: Override) -> list[Fault]:
    """Return the fault of a sweep over nothing, such as a pattern that no option is named by."""
    if override.swept:
        return []
    problem = f"{override.value_text} stands for no value at all."
    return [Fault(override.key, problem, "Name the values one by one: a,b,c.")]


def _setting_faults(override: Override, error: Exception, base: DictConfig) -> list[Fault]:
    """Explain why one override of a value does not compose."""
    key, parsed = override.key, override.parsed
    text = str(error) + str(error.__cause__ or "")
    if override.is_sweep and not parsed.is_discrete_sweep():
        kind = parsed.value_type.name.lower().replace("_sweep", "") if parsed.value_type else ""
        problem = f"a grid cannot sweep over {kind}(...)."
        return [Fault(key, problem, "Use choice(...) or range(...).")]
    if "Could not append" in text:
        problem = f"{override.sign} adds a setting, and this one is there already."
        remedy = f"Leave the {override.sign} out: {key}={override.value_text}."
        return [Fault(key, problem, remedy)]
    unknown = "not in struct" in text or "Could not override" in text or "Could not find" in text
    if not unknown:
        return [explain(error)]
    if isinstance(override.value, Mapping) and OmegaConf.select(base, key) is not None:
        return list(_entry_faults(override, base))
    return [unknown_setting(key, base)]


def _entry_faults(override: Override, base: DictConfig) -> Iterator[Fault]:
    """Yield the entries of a mapping that the setting's own mapping does not have."""
    known = known_keys(base)
    given = f"{override.key}={override.value_text}"
    adds, replaces = quote(f"+{given}"), f"'~{override.key}' {quote(f'+{given}')}"
    for entry, _ in override.leaves():
        if entry not in known:
            fault = unknown_setting(entry, base)
            remedy = f"A mapping changes entries that are there. To add this one: {adds}; to have "
            yield replace(fault, remedy=f"{remedy}no others than these: {replaces}.")


def no_search(key: str) -> Fault:
    """Return the fault of a setting of a search where there is none."""
    remedy = "Choose one, such as search=lightgbm; search=custom starts from an empty space."
    return Fault(key, "there is no search in this request.", remedy)


def unknown_setting(key: str, base: DictConfig) -> Fault:
    """Return the fault of a key that a config does not have, naming what is near it."""
    if key.startswith("search.") and OmegaConf.select(base, "search._target_") == NO_SEARCH:
        return no_search(key)
    keys = [*known_keys(base), EXPERIMENT]  # a group that nothing of a config is named after
    near = [name for name in keys if root_of(name) == root_of(key)]
    problem = f"there is no such setting.{nearest(key, near) or nearest(key, keys)}"
    parent = key.rpartition(".")[0]
    siblings = [name for name in keys if name.rpartition(".")[0] == parent]
    takes_more = isinstance(OmegaConf.select(base, parent), DictConfig) and "." in parent
    if not siblings and not takes_more:
        return Fault(key, problem, "See `cutscore run --cfg job` for all settings.")
    there = listed([name.rpartition(".")[2] for name in siblings]) or "none yet"
    more = f" To add one, write +{key}=..." if takes_more else ""
    return Fault(key, problem, f"Settings there: {there}.{more}")


def known_keys(node: DictConfig, prefix: str = "") -> list[str]:
    """Return every dotted key of a config, without Hydra's own and our internal ones."""
    found = []
    for key in map(str, node):
        if not prefix and key in ("hydra", "job"):
            continue
        name = prefix + key
        found.append(name)
        if name == SPACE:
            continue  # its keys are other settings' keys
        child = node._get_node(key)
        if isinstance(child, DictConfig) and not child._is_none() and not child._is_missing():
            found += known_keys(child, f"{name}.")
    return found
