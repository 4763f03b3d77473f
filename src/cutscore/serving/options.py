"""What a caller may ask of one request, in its address or beside its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from cutscore.errors import Fault, RequestError, nearest
from cutscore.scoring.reasons import ReasonsFor

MOST_REASONS = 1000
_WORDS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Options:
    """Options of a request; see `Scorer.decide`."""

    strict: bool = False
    ignore_unknown: bool = False
    expected_cost: bool = False
    reasons: int = 0
    reasons_for: ReasonsFor = "flagged"


OPTIONS = tuple(field.name for field in fields(Options))
EXPLAINING = ("strict", "ignore_unknown")
"""Options of `POST /explain`."""


def options_of(
    query: Iterable[tuple[str, str]], given: Mapping[str, Any], known: tuple[str, ...] = OPTIONS
) -> Options:
    """Return the options of the address's `query` and those `given` in the body.

    Raises
    ------
    RequestError
        For every one that is unknown, given twice, or not of its kind.
    """
    faults: list[Fault] = []
    found: dict[str, Any] = {}
    for name, value in [*query, *given.items()]:
        if name not in known:
            problem = f"there is no such option.{nearest(name[:80], known)}"
            faults.append(Fault(name, problem, f"Known are {', '.join(known)}."))
            continue
        read = _read(name, value)
        if read is None:
            faults.append(Fault(name, f"{_needed(name)} is needed."))
        elif found.setdefault(name, read) != read:
            faults.append(Fault(name, "it is given twice, and differently."))
    if faults:
        raise RequestError(faults)
    return Options(**found)


def _read(name: str, value: Any) -> bool | int | str | None:
    """Return an option's value, None if it is not of its kind."""
    if name == "reasons_for":
        return value if value in ("flagged", "all") else None
    if name == "reasons":
        number = int(value) if isinstance(value, str) and _is_number(value) else value
        whole = isinstance(number, int) and not isinstance(number, bool)
        return number if whole and 0 <= number <= MOST_REASONS else None
    read = _WORDS.get(value.lower()) if isinstance(value, str) else value
    return read if isinstance(read, bool) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6


def _needed(name: str) -> str:
    if name == "reasons_for":
        return '"flagged" or "all"'
    return f"a number from 0 to {MOST_REASONS:,}" if name == "reasons" else "true or false"
