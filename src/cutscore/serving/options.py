"""What a caller may ask of one request, in its address or beside its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from cutscore.errors import Fault, RequestError, nearest

_WORDS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Options:
    """Options of a request; see `Scorer.decide`."""

    strict: bool = False
    ignore_unknown: bool = False
    expected_cost: bool = False


OPTIONS = tuple(field.name for field in fields(Options))


def options_of(query: Iterable[tuple[str, str]], given: Mapping[str, Any]) -> Options:
    """Return the options of the address's `query` and those `given` in the body.

    Raises
    ------
    RequestError
        For every one that is unknown, given twice, or not of its kind.
    """
    faults: list[Fault] = []
    found: dict[str, bool] = {}
    for name, value in [*query, *given.items()]:
        read = _WORDS.get(value.lower()) if isinstance(value, str) else value
        if name not in OPTIONS:
            problem = f"there is no such option.{nearest(name, OPTIONS)}"
            faults.append(Fault(name, problem, f"Known are {', '.join(OPTIONS)}."))
        elif not isinstance(read, bool):
            faults.append(Fault(name, "true or false is needed."))
        elif found.setdefault(name, read) != read:
            faults.append(Fault(name, "it is given twice, and differently."))
    if faults:
        raise RequestError(faults)
    return Options(**found)
