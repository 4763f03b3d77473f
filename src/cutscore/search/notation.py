"""The notation of a search space: Hydra's own sweeps, read with Hydra's own parser."""

from __future__ import annotations

import math
import re
from decimal import ROUND_CEILING, Decimal
from typing import Any

from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    QuotedString,
    RangeSweep,
)
from hydra.errors import HydraException

from cutscore.config.overrides import parse_override
from cutscore.errors import Fault, RequestError
from cutscore.search.entry import SpaceEntry, spelled

REMEDY = (
    "Write interval(low, high), range(start, stop[, step]), choice(a, b, ...), "
    "tag(log, interval(low, high)), or off."
)
_CHOICE = re.compile(r"choice\((.*)\)", re.DOTALL)


def is_off(value: object) -> bool:
    """Return whether a value removes an entry; YAML reads a bare `off` as false."""
    return (
        value is None
        or value is False
        or (isinstance(value, str) and value.strip().lower() == "off")
    )


def parse_entry(key: str, value: object, setting: str, *, added: bool = False) -> SpaceEntry:
    """Read one entry; `setting` is what a fault calls it, `added` says that the key is new.

    Raises
    ------
    RequestError
        If the value is not in the notation, or names no or only one value.
    """
    if not isinstance(value, str):
        problem = f"{value!r} is one value, not a range of them."
        remedy = f"{REMEDY} To hold the setting at a value, give {key}=... and no entry."
        raise RequestError(Fault(setting, problem, remedy))
    found = _parsed(value.strip(), setting)
    if isinstance(found, list):
        return _categorical(key, found, setting, added)
    if isinstance(found, IntervalSweep):
        return _interval(key, found, setting, added)
    return _range(key, found, setting, added)


def _parsed(text: str, setting: str) -> list[Any] | IntervalSweep | RangeSweep:
    """Return the choices, or Hydra's interval or range, that a text stands for."""
    choice = _CHOICE.fullmatch(text)
    try:
        # Hydra's choice() does not take null, its lists do.
        override = parse_override(f"key=[{choice[1]}]" if choice else f"key={text}")
    except HydraException as error:
        reason = str(error).splitlines()[0].rstrip(".")
        problem = f'"{text}" is not in the notation of a search space ({reason}).'
        raise RequestError(Fault(setting, problem, REMEDY)) from error
    if choice:
        values: list[Any] = override.value
        return values
    sweep = override.value
    if not isinstance(sweep, (ChoiceSweep, IntervalSweep, RangeSweep)):
        raise RequestError(Fault(setting, f'"{text}" is no range of values.', REMEDY))
    is_choice = isinstance(sweep, ChoiceSweep)
    if sweep.tags - (set() if is_choice else {"log"}) or getattr(sweep, "shuffle", False):
        problem = f'"{text}": the only tag is log, for numbers, and there is nothing to shuffle.'
        raise RequestError(Fault(setting, problem, REMEDY))
    if is_choice:
        return [one.text if isinstance(one, QuotedString) else one for one in sweep.list]
    return sweep


def _categorical(key: str, values: list[Any], setting: str, added: bool) -> SpaceEntry:
    strange = [value for value in values if not isinstance(value, (str, int, float, type(None)))]
    if strange:
        problem = f"{strange[0]!r} cannot be a choice: text, numbers, true, false and null can."
        raise RequestError(Fault(setting, problem))
    if any(value in values[:place] for place, value in enumerate(values)):
        problem = "a choice is named twice (1, 1.0 and true count as the same)."
        raise RequestError(Fault(setting, problem))
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        raise RequestError(Fault(setting, "a number among the choices is not finite."))
    if len(values) < 2:
        shown = ", ".join(spelled(value) for value in values)
        raise RequestError(_single(f"choice({shown})", key, setting))
    return SpaceEntry(key, "categorical", choices=tuple(values), added=added)


def _interval(key: str, sweep: IntervalSweep, setting: str, added: bool) -> SpaceEntry:
    """Return floats between two ends, or whole numbers for `int(interval(a, b))`."""
    low, high, log = sweep.start, sweep.end, "log" in sweep.tags
    whole = isinstance(low, int) and isinstance(high, int)
    _check_ends(f"interval({low}, {high})", key, (low, high), log, setting)
    if whole:
        return SpaceEntry(key, "int", low, high, step=1, log=log, added=added)
    return SpaceEntry(key, "float", float(low), float(high), log=log, added=added)


def _range(key: str, sweep: RangeSweep, setting: str, added: bool) -> SpaceEntry:
    """Return evenly spaced numbers; the stop is not among them, as everywhere in Hydra."""
    start, stop, step, log = sweep.start, sweep.stop, sweep.step, "log" in sweep.tags
    words = f"range({start}, {stop}{'' if step == 1 else f', {step}'})"
    if not all(math.isfinite(number) for number in (start, stop, step)):
        raise RequestError(Fault(setting, f"{words}: not every number is finite."))
    if step <= 0:
        raise RequestError(Fault(setting, f"{words}: the step must be above 0."))
    whole = all(isinstance(number, int) for number in (start, stop, step))
    if log and not (whole and step == 1):
        remedy = "Use tag(log, interval(low, high)), or leave the step or the tag out."
        raise RequestError(Fault(setting, f"{words}: a log scale has no step.", remedy))
    first, width = Decimal(repr(start)), Decimal(repr(step))
    steps = ((Decimal(repr(stop)) - first) / width).to_integral_value(ROUND_CEILING) - 1
    last = first + steps * width
    _check_ends(words, key, (start, int(last) if whole else float(last)), log, setting)
    if whole:
        return SpaceEntry(key, "int", start, int(last), step=step, log=log, added=added)
    return SpaceEntry(key, "float", float(start), float(last), step=float(step), added=added)


def _check_ends(words: str, key: str, ends: tuple[float, float], log: bool, setting: str) -> None:
    """Refuse ends that are not finite, not in order, or not above 0 on a log scale."""
    low, high = ends
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RequestError(Fault(setting, f"{words}: both ends must be finite."))
    if low > high:
        problem = f"{words} holds no value: the first number must be below the second."
        raise RequestError(Fault(setting, problem))
    if low == high:
        raise RequestError(_single(words, key, setting))
    if log and low <= 0:
        problem = f"{words}: on a log scale the lower end must be above 0."
        raise RequestError(Fault(setting, problem, "Raise it, or leave tag(log, ...) out."))


def _single(words: str, key: str, setting: str) -> Fault:
    """Return the fault of an entry with nothing to choose from."""
    remedy = f"To hold the setting at a value, give {key}=... and no entry."
    return Fault(setting, f"{words} leaves nothing to choose.", remedy)
