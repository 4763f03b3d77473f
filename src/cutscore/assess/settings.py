"""Cost and threshold strategies from overrides, as `cutscore run` would make them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cutscore.config.compose import Composer, explain
from cutscore.config.layers import find_layers
from cutscore.config.overrides import read_overrides
from cutscore.config.parts import build_part
from cutscore.cost import Cost
from cutscore.errors import Fault, RequestError, nearest
from cutscore.threshold import ThresholdRule

GROUPS = ("cost", "threshold")


@dataclass(frozen=True)
class Strategies:
    """What the overrides choose; `names` are the options' names by group."""

    cost: Cost
    threshold: ThresholdRule
    seed: int
    names: dict[str, str]


def strategies(overrides: Sequence[str], config_dir: str | None = None) -> Strategies:
    """Compose the cost and threshold groups; raise `RequestError` with every fault."""
    known = (*GROUPS, "seed")
    foreign = [one for one in read_overrides(overrides)[0] if one.root not in known]
    if foreign:
        problem = "only cost, threshold and seed can be set here; columns are options: --weight."
        raise RequestError([Fault(f'"{o}"', problem + nearest(o.root, known)) for o in foreign])
    composer = Composer(find_layers(config_dir))
    checked, faults = composer.check(overrides)
    if faults:
        raise RequestError(faults)
    try:
        config = composer.compose(checked)
        parts = {name: OmegaConf.to_container(config[name], resolve=True) for name in GROUPS}
    except (HydraException, OmegaConfBaseException) as error:
        raise RequestError(explain(error)) from error
    made: dict[str, Any] = {}
    for name in GROUPS:
        try:
            made[name] = build_part(name, parts[name])
        except RequestError as error:
            faults += error.faults
    seed: Any = config.seed
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        faults.append(Fault("seed", f"{seed!r} is not allowed: a whole number from 0."))
    if faults:
        raise RequestError(faults)
    choices = config.hydra.runtime.choices
    names = {name: str(choices.get(name, "custom")) for name in GROUPS}
    return Strategies(made["cost"], made["threshold"], seed, names)


def columns_of(cost: Cost, columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of a table that a cost is made of."""
    return tuple(name for name in columns if name in cost.columns)
