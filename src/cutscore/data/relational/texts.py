"""A table's SQL file: named expressions under headings, with comments.

    -- Loans at other lenders.
    rows:
      paid: AMT_CREDIT_SUM - AMT_CREDIT_SUM_DEBT
    windows:
      year: DAYS_CREDIT >= -365
      last3: last 3 by DAYS_CREDIT
    aggregates:
      PAID_MEAN [all, year]: avg(paid)

A heading stands at the start of its line, names are indented below it, and lines that are indented
further go on with the expression above.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cutscore.errors import Fault, nearest

HEADINGS = ("rows", "windows", "aggregates")
_HEADING = re.compile(r"(\w+):\s*")
_ENTRY = re.compile(r"(\s+)([^\s:\[][^:\[]*?(?:\s*\[[^\]]*\])?)\s*:(?!:)\s*(.*)")


@dataclass(frozen=True)
class Sections:
    """What a table's SQL says: expression by name, in order, under each heading."""

    rows: Mapping[str, str] = field(default_factory=dict)
    windows: Mapping[str, str] = field(default_factory=dict)
    aggregates: Mapping[str, str] = field(default_factory=dict)


def read_sections(text: str, setting: str, faults: list[Fault]) -> Sections:
    """Return what the text of an SQL file says; `faults` gets what cannot be read in it."""
    found: dict[str, dict[str, str]] = {name: {} for name in HEADINGS}
    section: dict[str, str] | None = None
    name, depth = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        code = without_comment(line).rstrip()
        if not code.strip():
            continue
        heading = _HEADING.fullmatch(code)
        entry = _ENTRY.fullmatch(code)
        if heading and heading[1] in HEADINGS:
            section, name = found[heading[1]], ""
        elif section is not None and entry and (not name or len(entry[1]) <= depth):
            name, depth = entry[2], len(entry[1])
            if name in section:
                faults.append(Fault(setting, f"line {number} names {name} a second time."))
            section[name] = entry[3]
        elif name and section is not None and _indent(code) > depth:
            section[name] = f"{section[name]} {code.strip()}".strip()
        else:
            word = code.split(":")[0].strip()
            problem = f"line {number} is neither a heading nor NAME: EXPRESSION{_hint(word)}"
            remedy = "Headings are rows:, windows: and aggregates:; names are indented below them."
            faults.append(Fault(setting, problem, remedy))
    return Sections(**found)


def without_comment(line: str) -> str:
    """Return a line of SQL without what follows -- outside quotes."""
    quote = ""
    for at, sign in enumerate(line):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif line.startswith("--", at):
            return line[:at]
    return line


def _hint(word: str) -> str:
    return f" ({word!r}).{nearest(word, HEADINGS)}"


def _indent(code: str) -> int:
    return len(code) - len(code.lstrip())
