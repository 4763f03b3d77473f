"""What a person wants tried first, and what is never tried twice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cutscore.config.overrides import flattened
from cutscore.errors import Fault, listed, nearest
from cutscore.search.space import Space, SpaceEntry, Value

SETTING = "search.enqueue"


def enqueue_faults(points: Sequence[Any], space: Space, read_off: str | None) -> Iterator[Fault]:
    """Yield what is wrong with the trials that a person has named."""
    entries = {entry.key: entry for entry in space.entries}
    for place, point in enumerate(points):
        setting = f"{SETTING}[{place}]"
        if not isinstance(point, Mapping) or not point:
            yield Fault(setting, f"{point!r} is no mapping from settings of the space to values.")
            continue
        for key, value in flattened({str(key): value for key, value in point.items()}):
            if key not in entries:
                problem = f"{key} is not in the space.{nearest(key, list(entries))}"
                yield Fault(setting, problem, f"The space has {listed(list(entries), 30)}.")
            elif key == read_off:
                problem = f"{key} is not drawn: each trial tries many numbers of trees."
                yield Fault(setting, problem, "Leave it out, or set search.tree_counts=null.")
            elif not entries[key].allows(value):
                problem = f"{value!r} is outside of {entries[key].text}."
                yield Fault(setting, problem, f"Widen search.space.{key}, or name another value.")


def spread_points(space: Space, number: int, seed: int) -> list[dict[str, Value]]:
    """Return points that fill a space evenly, the same first ones however many there are.

    They are those of a Sobol sequence (directions of Joe and Kuo 2008, scrambled as by Matousek
    1998): any 2, 4, 8, ... first ones leave no half, quarter, ... of an entry's scale out.
    """
    from scipy.stats import qmc

    if not space.entries:
        return []
    sequence = qmc.Sobol(len(space.entries), rng=seed)
    shares = sequence.random_base2(math.ceil(math.log2(number)))[:number]
    keys = [entry.key for entry in space.entries]
    points = [map(SpaceEntry.at, space.entries, map(float, row)) for row in shares]
    return [dict(zip(keys, point, strict=True)) for point in points]


def twin_of(trial: Any, trials: Sequence[Any], keys: Sequence[str]) -> int | None:
    """Return the number of an earlier trial that ended with the same values, None if none did."""
    for other in trials:
        ended = other.number < trial.number and other.state.name in ("COMPLETE", "PRUNED")
        if ended and all(k in other.params and other.params[k] == trial.params[k] for k in keys):
            return int(other.number)
    return None
