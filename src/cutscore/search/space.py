"""A search space: its entries, read from a config and the words of the command line."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cutscore.config.overrides import SPACE, Override, flattened
from cutscore.errors import Fault, RequestError
from cutscore.search.entry import SpaceEntry, Value
from cutscore.search.notation import is_off, parse_entry

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

    from cutscore.config.build import Plan

__all__ = ["Space", "SpaceEntry", "Value", "parse_space", "read_space", "space_of"]

NEW = "+"
"""What stands before a key that the config does not have yet."""


@dataclass(frozen=True)
class Space:
    """What a search varies; `removed` are the settings whose entries were turned off."""

    entries: tuple[SpaceEntry, ...]
    removed: tuple[str, ...] = ()

    def suggest(self, trial: BaseTrial) -> dict[str, Value]:
        """Ask a trial for a value of every entry, by key."""
        return {entry.key: entry.suggest(trial) for entry in self.entries}

    def without(self, key: str) -> Space:
        """Return the space without one entry."""
        return Space(tuple(entry for entry in self.entries if entry.key != key), self.removed)

    def overrides(self, values: Mapping[str, Value]) -> list[Override]:
        """Return the overrides that set these values."""
        return [entry.override(values[entry.key]) for entry in self.entries]

    def described(self) -> dict[str, str]:
        """Return each entry in canonical notation, by key in alphabetical order."""
        return {entry.key: entry.text for entry in sorted(self.entries, key=lambda one: one.key)}

    @property
    def size(self) -> int | None:
        """The number of points of the grid; None where an entry is continuous."""
        sizes = [entry.size for entry in self.entries]
        return None if None in sizes else math.prod(size or 0 for size in sizes)

    def grid(self) -> list[dict[str, Value]]:
        """Return every point, the last entry varying fastest.

        Raises
        ------
        RequestError
            If entries are continuous, naming each.
        """
        faults = [_continuous(entry) for entry in self.entries if entry.continuous]
        if faults:
            raise RequestError(faults)
        keys = [entry.key for entry in self.entries]
        points = itertools.product(*(entry.grid() or () for entry in self.entries))
        return [dict(zip(keys, point, strict=True)) for point in points]


def parse_space(raw: Mapping[str, Any], overrides: Sequence[Override] = ()) -> Space:
    """Read a space from the composed `search.space` and the overrides it was composed with.

    Raises
    ------
    RequestError
        With a fault for each entry that cannot be read.
    """
    space, faults = read_space(raw, overrides)
    if faults:
        raise RequestError(faults)
    return space


def space_of(plan: Plan) -> Space:
    """Return the space of a plan; see `parse_space`."""
    return parse_space(plan.search_settings.space, plan.overrides)


def read_space(raw: Mapping[str, Any], overrides: Sequence[Override]) -> tuple[Space, list[Fault]]:
    """Read the entries that can be read, and say what is wrong with the others.

    Nested mappings are flattened to dotted keys. For a key given twice the later entry wins, and
    one from the overrides wins over all: composing keeps the place of the first.
    """
    given: dict[str, tuple[str, Any]] = {}
    prefix = f"{SPACE}."
    typed = [leaf for one in overrides for leaf in one.leaves() if leaf[0].startswith(prefix)]
    for key, value in [*flattened(raw), *((k.removeprefix(prefix), v) for k, v in typed)]:
        given[key.removeprefix(NEW)] = (key, value)
    entries: list[SpaceEntry] = []
    faults: list[Fault] = []
    for plain, (key, value) in given.items():
        if is_off(value):
            continue
        try:
            entries.append(parse_entry(plain, value, f"{SPACE}.{key}", added=key != plain))
        except RequestError as error:
            faults += error.faults
    removed = tuple(
        plain for plain, (_, value) in given.items() if is_off(value) and f"{NEW}{plain}" not in raw
    )
    return Space(tuple(entries), removed), faults


def _continuous(entry: SpaceEntry) -> Fault:
    problem = f"a grid has no end of values in {entry.text}."
    remedy = "Write range(start, stop, step) or choice(...), or choose another search.sampler."
    return Fault(f"{SPACE}.{entry.key}", problem, remedy)
