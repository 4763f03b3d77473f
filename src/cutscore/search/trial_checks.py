"""Try values of a search space on a config, as a trial would have them, without running it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cutscore.config.build import build
from cutscore.config.compose import NO_SEARCH, Composer, explain, known_keys
from cutscore.config.overrides import PLAIN_RUN, Override, without_search
from cutscore.errors import Fault, RequestError
from cutscore.search.entry import SpaceEntry, Value, spelled

Point = Sequence[tuple[SpaceEntry, Value]]


@dataclass(frozen=True)
class ComposedTrial:
    """A composed config with the overrides it came from."""

    composer: Composer
    config: DictConfig
    overrides: Sequence[Override]

    def faults(self, point: Point) -> tuple[Fault, ...]:
        """Return what is wrong with the experiment that these values make.

        Only options of groups are composed anew. Settings are put into a copy, which is what
        Hydra does last of all, and much quicker.
        """
        groups = [pair for pair in point if pair[0].key in self.config.hydra.runtime.choices]
        try:
            config = self._composed(groups) if groups else self.config
            body = _without_search(config)
            for entry, value in point:
                if (entry, value) not in groups:
                    OmegaConf.update(body, entry.key, value, force_add=entry.added)
            build(body, config.hydra.runtime.choices)
        except (HydraException, OmegaConfBaseException) as error:
            return (explain(error),)
        except RequestError as error:
            return error.faults
        return ()

    def keys_under(self, group: SpaceEntry, option: Value) -> list[str]:
        """Return the dotted keys that the config has with this option; none if it has faults."""
        try:
            return known_keys(self._composed([(group, option)]))
        except (HydraException, OmegaConfBaseException, RequestError):
            return []

    def _composed(self, groups: Point) -> DictConfig:
        words = [entry.override(value) for entry, value in groups]
        return self.composer.compose([*without_search(self.overrides), PLAIN_RUN, *words])


def value_faults(trial: ComposedTrial, entries: Sequence[SpaceEntry], setting: str) -> list[Fault]:
    """Try the ends of all entries together, and one by one where that fails."""
    ends = [entry.ends() for entry in entries]
    for number in range(max(map(len, ends), default=0)):
        point = [
            (entry, values[min(number, len(values) - 1)])
            for entry, values in zip(entries, ends, strict=True)
        ]
        faults = trial.faults(point)
        if faults:
            return _explained(trial, point, faults, setting)
    return []


def _explained(
    trial: ComposedTrial, point: Point, faults: Sequence[Fault], setting: str
) -> list[Fault]:
    """Find the entries that are at fault by themselves; if none is, the values are together."""
    own = trial.faults(())
    alone = [fault for entry, _ in point for fault in _entry_faults(trial, entry, own, setting)]
    together = [fault for fault in faults if fault not in own]
    if alone or not together:
        return alone
    words = " ".join(entry.override(value).text for entry, value in point)
    problem = f"{words} do not go together: {'; '.join(map(str, together))}"
    return [Fault(setting, problem, "Take one of them out, or make it a sweep: cutscore run -m.")]


def _entry_faults(
    trial: ComposedTrial, entry: SpaceEntry, own: Collection[Fault], setting: str
) -> Iterator[Fault]:
    """Yield what is wrong with the ends of one entry, beyond the faults that the config has."""
    refused = False
    for number, value in enumerate(entry.ends()):
        between = number == 2 and entry.continuous
        if refused and between:
            return  # an end is refused, so a value in between tells nothing new
        for fault in trial.faults([(entry, value)]):
            if fault in own:
                continue
            refused = True
            problem = f"{entry.text} allows {spelled(value)}, which is refused: {fault.problem}"
            hint = " For whole numbers write range(low, high + 1)." if between else ""
            yield Fault(f"{setting}.{entry.key}", problem, f"{fault.remedy}{hint}".strip())


def _without_search(config: DictConfig) -> DictConfig:
    """Return a copy without Hydra's node and without a search."""
    body: DictConfig = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    plain: dict[str, Any] = {"_target_": NO_SEARCH}
    OmegaConf.update(body, "search", OmegaConf.create(plain), merge=False)
    return body
