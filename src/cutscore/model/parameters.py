"""Checks on the parameters of a boosting library, made without importing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite
from typing import Any

from cutscore.errors import nearest


@dataclass(frozen=True)
class Range:
    """The values a number may have, from `low` to `high`; `open_low` excludes `low`."""

    low: float = -inf
    high: float = inf
    open_low: bool = False
    whole: bool = False

    def fault(self, name: str, value: object) -> str | None:
        """Return a sentence saying what is wrong with a value, or None."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and isinstance(value, int | float) and self._allows(value):
            return None
        return f"params.{name} must be {self}, got {value!r}"

    def _allows(self, value: float) -> bool:
        if not isfinite(value) or (self.whole and value != int(value)):
            return False
        return (self.low < value if self.open_low else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        """Return the range in words."""
        kind = "a whole number" if self.whole else "a number"
        limits = []
        if self.low > -inf:
            limits.append(f"{'above' if self.open_low else 'at least'} {self.low:g}")
        if self.high < inf:
            limits.append(f"at most {self.high:g}")
        return f"{kind} {' and '.join(limits)}".strip()


@dataclass(frozen=True)
class Vocabulary:
    """The parameters a library knows.

    `names` gives the other spellings of each main name, `refused` main names that are set elsewhere
    or make no sense here with the reason, `ranges` the values allowed.
    """

    library: str
    names: Mapping[str, tuple[str, ...]]
    refused: Mapping[str, str]
    ranges: Mapping[str, Range]

    @cached_property
    def canonical(self) -> Mapping[str, str]:
        """The main name of every accepted spelling."""
        return {name: main for main, names in self.names.items() for name in (main, *names)}

    def value(self, params: Mapping[str, Any], main: str, default: Any) -> Any:
        """Return the value given for a main name, under whatever spelling, or the default."""
        given = (value for name, value in params.items() if self.canonical.get(name) == main)
        return next(given, default)


def check_parameters(params: Mapping[str, Any], vocabulary: Vocabulary) -> None:
    """Check names and values.

    Raises
    ------
    ValueError
        For an unknown name (with the nearest), a refused one (with the reason), two spellings of
        one parameter, or a value out of range. All of these found are in the one message.
    """
    faults: list[str] = []
    seen: dict[str, str] = {}
    offered = [n for n, main in vocabulary.canonical.items() if main not in vocabulary.refused]
    for name, value in params.items():
        main = vocabulary.canonical.get(name)
        if main is None:
            faults.append(
                f"params.{name} is not a parameter of {vocabulary.library}.{nearest(name, offered)}"
            )
        elif main in vocabulary.refused:
            faults.append(f"params.{name} cannot be set: {vocabulary.refused[main]}")
        elif main in seen:
            faults.append(f"params.{name} and params.{seen[main]} set the same parameter: keep one")
        elif main in vocabulary.ranges:
            fault = vocabulary.ranges[main].fault(name, value)
            faults += [fault] if fault else []
        if main is not None:
            seen.setdefault(main, name)
    if faults:
        raise ValueError("; ".join(faults))
