"""Texts of cells: one way of writing a value, and telling numbers from words."""

from __future__ import annotations

import re
from collections.abc import Collection

_WHOLE = re.compile(r"(-?\d+)\.0+")
_NUMBER = re.compile(r"[+-]?((\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|inf(inity)?)", re.IGNORECASE)
_INTEGER = re.compile(r"-?[1-9]\d{0,17}|0")


def canonical(value: object) -> str:
    """Return a value's text, the same for 1, 1.0, "1" and "1.0", and for true and "True"."""
    text = str(value)
    whole = _WHOLE.fullmatch(text)
    if whole:
        return whole[1]
    return text.lower() if text in ("True", "False", "TRUE", "FALSE") else text


def is_number(text: str) -> bool:
    """Whether a text is a decimal number, or an infinite one."""
    return _NUMBER.fullmatch(text.strip()) is not None


def as_numbers(texts: Collection[str]) -> list[float] | None:
    """Return the numbers that texts are, true and false being 1 and 0; None if one is a word."""
    plain = [text.strip().lower() for text in texts]
    if set(plain) <= {"true", "false"}:
        return [float(text == "true") for text in plain]
    return [float(text) for text in plain] if all(map(is_number, plain)) else None


def is_integer(text: str) -> bool:
    """Whether a text is how an integer of 64 bits is written."""
    return _INTEGER.fullmatch(text) is not None
