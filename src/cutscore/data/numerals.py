"""Numbers as people write them: decimal and thousands marks, percent and currency signs.

One pattern of a notation serves Python, which judges the distinct texts of a column, and DuckDB,
which converts all its rows.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace

from cutscore.sql import literal

# Marks that look alike are one: blanks that do not break, and both apostrophes.
_ALIKE = {" ": " \u00a0\u202f", "'": "'\u2019"}
_BLANKS = r"[ \x{a0}\x{202f}]*"
_CURRENCY = "$\u00a2-\u00a5\u058f\u060b\u09f2\u09f3\u0e3f\u17db\u20a0-\u20c0\ufdfc"
# Like %, $, US$, EUR, kr or Rs.; not one letter alone, which may be K or M for thousands.
_SIGN = rf"(?:%|[^\W\d_]{{0,3}}[{_CURRENCY}]|[^\W\d_]{{2,3}}\.?)"
_SIGNED = re.compile(
    rf"\(?[+-]?\s*(?P<before>{_SIGN}?)\s*[+-]?(?P<number>[0-9.][0-9.,'\u2019\s]*?)"
    rf"\s*(?P<after>{_SIGN}?)\)?"
)
_KNOWN_SIGN = re.compile(
    rf".*[%{_CURRENCY}]|USD|EUR|GBP|CHF|JPY|CNY|INR|BRL|AUD|CAD|SEK|NOK|DKK|PLN|CZK|HUF|MXN|ZAR|RUB"
    r"|kr\.?|Rs\.?|z\u0142|K\u010d|Ft"
)


@dataclass(frozen=True)
class Notation:
    """How numbers are written: the decimal mark, and the thousands mark or None.

    `sign` stands before or after every number (a percent or currency sign, '' for none) and
    allows brackets around negative numbers; None allows neither.
    """

    decimal: str = "."
    thousands: str | None = None
    sign: str | None = None

    type = "DOUBLE"

    @property
    def pattern(self) -> str:
        """The regular expression of a number.

        Thousands marks must stand before groups of three digits (two or three, as in India, but
        for the last), so that a decimal mark is never taken for one.
        """
        whole = "[0-9]+"
        if self.thousands is not None:
            mark = f"[{_ALIKE.get(self.thousands, re.escape(self.thousands))}]"
            whole = f"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}|[0-9]+)"
        point = re.escape(self.decimal)
        number = f"(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
        if self.sign is None:
            return f"[+-]?(?:{number}|(?i:inf(?:inity)?))"
        if not self.sign:
            return rf"(?:[+-]?{number}|\({number}\))"
        sign = re.escape(self.sign)
        plain = f"{sign}{_BLANKS}{number}|{number}{_BLANKS}{sign}"
        signed = f"[+-]{_BLANKS}{sign}{_BLANKS}{number}|{sign}{_BLANKS}[+-]{number}"
        return rf"(?:{plain}|{signed}|[+-]{number}{_BLANKS}{sign}|\((?:{plain})\))"

    def fits(self, text: str) -> bool:
        """Whether a text is a number in this notation."""
        return _compiled(self.pattern).fullmatch(text) is not None

    def sql(self, column: str) -> str:
        """Return the SQL of a text column as DOUBLE, NULL where it is no number so written."""
        plain, direction = column, ""
        if self.sign is not None:
            blanks = literal("() \u00a0\u202f")
            plain = f"translate(replace({plain}, {literal(self.sign)}, ''), {blanks}, '')"
            direction = f"CASE WHEN starts_with({column}, '(') THEN -1 ELSE 1 END * "
        if self.thousands is not None:
            alike = _ALIKE.get(self.thousands, self.thousands)
            plain = f"translate({plain}, {literal(alike)}, '')"
        if self.decimal != ".":
            plain = f"replace({plain}, {literal(self.decimal)}, '.')"
        guard = f"regexp_full_match({column}, {literal(self.pattern)})"
        return f"CASE WHEN {guard} THEN {direction}TRY_CAST({plain} AS DOUBLE) END"


# What a stranger's numbers may be written in, the likeliest first.
NOTATIONS = (
    Notation(".", None),
    Notation(",", None),
    Notation(".", ","),
    Notation(",", "."),
    Notation(".", " "),
    Notation(",", " "),
    Notation(".", "'"),
)


def sign_of(text: str) -> str | None:
    """Return the percent or currency sign of a text like `$ 1,200.50`, '' for none.

    None stands for a text that is nothing like a number.
    """
    found = _SIGNED.fullmatch(text)
    if found is None or (found["before"] and found["after"]):
        return None
    return found["before"] or found["after"]


def known_sign(sign: str) -> bool:
    """Whether a sign is one of percent or of a common currency; letters may be parts of codes."""
    return not sign or _KNOWN_SIGN.fullmatch(sign) is not None


def looks_numeric(text: str) -> bool:
    """Whether a text is a number in any usual notation, with or without a sign."""
    sign = sign_of(text)
    if sign is None or not known_sign(sign):
        return False
    return any(replace(each, sign=sign).fits(text) for each in NOTATIONS)


@functools.lru_cache(1_024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(r"\x{a0}", "\xa0").replace(r"\x{202f}", "\u202f"))
