"""One entry of a search space: a config key and the values it may take."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from hydra.core.override_parser.types import Quote, QuotedString

from cutscore.config.overrides import Override, parse_override

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import BaseTrial

Value = str | int | float | bool | None

_PLAIN = re.compile(r"[A-Za-z_][\w./-]*")
_RESERVED = ("null", "true", "false", "inf", "nan")


@dataclass(frozen=True)
class SpaceEntry:
    """Values for one config key: numbers from `low` to `high`, both included, or `choices`.

    `step` is None where a float may have any value in between; `log` draws on a logarithmic
    scale. `added` says that the key is one that the config does not have yet (written with `+`).
    """

    key: str
    kind: Literal["float", "int", "categorical"]
    low: float = 0
    high: float = 0
    step: float | None = None
    log: bool = False
    choices: tuple[Value, ...] = ()
    added: bool = False

    @property
    def continuous(self) -> bool:
        """Whether a float may have any value between the ends."""
        return self.kind == "float" and self.step is None

    @property
    def text(self) -> str:
        """The entry in one canonical form of the notation."""
        if self.kind == "categorical":
            return f"choice({', '.join(spelled(value) for value in self.choices)})"
        if self.step is None:
            body = f"interval({self.low!r}, {self.high!r})"
        else:
            stop = _exact(self.high) + (1 if self.kind == "int" else _exact(self.step))
            words = [spelled(self.low), str(stop)]
            words += [] if self.step == 1 else [spelled(self.step)]
            body = f"range({', '.join(words)})"
        return f"tag(log, {body})" if self.log else body

    def allows(self, value: object) -> bool:
        """Return whether a value is one of the entry's, of the same type."""
        if self.kind == "categorical":
            return any(type(value) is type(choice) and value == choice for choice in self.choices)
        kinds = int if self.kind == "int" else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds):
            return False
        if not self.low <= value <= self.high:
            return False
        return self.step is None or (_exact(value) - _exact(self.low)) % _exact(self.step) == 0

    def suggest(self, trial: BaseTrial) -> Value:
        """Ask a trial for a value."""
        if self.kind == "categorical":
            value: Value = trial.suggest_categorical(self.key, self.choices)
            return value
        if self.kind == "int":
            return trial.suggest_int(
                self.key, int(self.low), int(self.high), step=int(self.step or 1), log=self.log
            )
        drawn = trial.suggest_float(self.key, self.low, self.high, step=self.step, log=self.log)
        return drawn if self.step is None else self._at(round((drawn - self.low) / self.step))

    def at(self, share: float) -> Value:
        """Return the value with this share of the entry's scale below it, from 0 to below 1."""
        if self.size is not None and not self.log:
            place = min(int(share * self.size), self.size - 1)
            return self.choices[place] if self.kind == "categorical" else self._at(place)
        half = 0.5 if self.kind == "int" else 0.0  # whole numbers are the middles of their parts
        low, high = self.low - half, self.high + half
        value = low * (high / low) ** share if self.log else low + share * (high - low)
        value = min(max(value, self.low), self.high)
        return round(value) if self.kind == "int" else value

    def distribution(self) -> BaseDistribution:
        """Return what Optuna calls this entry."""
        from optuna.distributions import (
            CategoricalDistribution,
            FloatDistribution,
            IntDistribution,
        )

        if self.kind == "categorical":
            return CategoricalDistribution(self.choices)
        if self.kind == "int":
            return IntDistribution(
                int(self.low), int(self.high), log=self.log, step=int(self.step or 1)
            )
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    def override(self, value: Value) -> Override:
        """Return `key=value` as a person would type it, quoted where Hydra needs it."""
        return parse_override(f"{'+' if self.added else ''}{self.key}={spelled(value)}")

    @property
    def size(self) -> int | None:
        """The number of values; None where a float may have any."""
        if self.kind == "categorical":
            return len(self.choices)
        if self.step is None:
            return None
        return round((self.high - self.low) / self.step) + 1

    def grid(self) -> tuple[Value, ...] | None:
        """Return every value in order; None where a float may have any."""
        if self.kind == "categorical":
            return self.choices
        return None if self.size is None else tuple(self._at(n) for n in range(self.size))

    def ends(self) -> tuple[Value, ...]:
        """Return the values that show whether all are allowed.

        These are every choice, or both ends; for an interval also a value in between that is not
        whole, which settings that count something refuse.
        """
        if self.kind == "categorical":
            return self.choices
        if self.step is not None:
            return (self._at(0), self._at((self.size or 1) - 1))
        return (self.low, self.high, self._between())

    def _at(self, position: int) -> int | float:
        """Return a value by its number, without the rounding of repeated sums."""
        exact = _exact(self.low) + position * _exact(self.step or 1)
        return int(exact) if self.kind == "int" else float(exact)

    def _between(self) -> float:
        """Return a value that is no whole number: one at the golden section."""
        return self.low + (self.high - self.low) * (math.sqrt(5) - 1) / 2


def spelled(value: Value) -> str:
    """Return a value as Hydra's override grammar reads it back, of the same type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    quoted: str = QuotedString(value, Quote.single).with_quotes()
    return quoted


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))
