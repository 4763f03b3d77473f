"""Texts of cells: one way of writing a value, and showing it in a message."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What may stand around a text unseen: blanks of all kinds and marks of no width.
UNSEEN = " \t\r\n\v\f\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
UNSEEN += "\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
_WHOLE = re.compile(r"(-?\d+)\.0+")
_INTEGER = re.compile(r"-?[1-9]\d{0,17}|0")


def canonical(value: object) -> str:
    """Return a value's text, the same for 1, 1.0, "1" and "1.0", and for true and "True"."""
    text = str(value)
    whole = _WHOLE.fullmatch(text)
    if whole:
        return whole[1]
    return text.lower() if text in ("True", "False", "TRUE", "FALSE") else text


def is_integer(text: str) -> bool:
    """Whether a text is how an integer of 64 bits is written."""
    return _INTEGER.fullmatch(text) is not None


def in_order(texts: Iterable[str]) -> list[str]:
    """Return texts sorted, as numbers if all are integers."""
    kept = list(texts)
    return sorted(kept, key=int if all(map(is_integer, kept)) else None)


def visible(text: str) -> str:
    """Return a text for a message: in quotes, with what cannot be seen written out."""
    shown = "".join(
        sign
        if sign.isprintable()
        else f"\\x{ord(sign):02x}"
        if ord(sign) < 256
        else f"\\u{ord(sign):04x}"
        for sign in text
    )
    if not text:
        return '"" (an empty text)'
    if text.isspace():
        return f'"{shown}" ({len(text)} blank{"s" if len(text) > 1 else ""})'
    return f'"{shown}"'


def plainly(text: str) -> str:
    """Return a text as it is, unless something of it could not be seen: then as `visible` does."""
    seen = text.isprintable() and text == text.strip() and text and "," not in text
    return text if seen else visible(text)
