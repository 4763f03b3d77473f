"""Columns that are almost of one kind: what is told of them, and the settings that mend them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cutscore.data.moments import Look
from cutscore.data.numerals import NOTATIONS, Notation, sign_of
from cutscore.data.settings import TableSettings
from cutscore.errors import override

MOST_WORDS = 20


@dataclass(frozen=True)
class Doubt:
    """A column that is almost of one kind.

    `problem` says what it holds, `cells` are the texts that differ, `remedy` is what to set.
    """

    setting: str
    problem: str
    cells: tuple[str, ...]
    remedy: str


def number_doubt(
    name: str, like: Sequence[str], words: Sequence[str], settings: TableSettings
) -> Doubt:
    """Doubt a column in which the texts `like` are numbers of some notation, `words` are not."""
    signs = sorted({sign_of(text) or "" for text in like})
    if len(signs) > 1:
        told = ", ".join(f'"{sign}"' if sign else "none" for sign in signs)
        odd = [text for text in like if sign_of(text)]
        return Doubt(
            "data.numeric",
            f"holds numbers with different signs ({told}):",
            tuple(words) + tuple(odd),
            "Mend the file: such numbers cannot be compared. " + _or_categories(name, settings),
        )
    changes = _changes(name, like, signs, settings)
    held = settings.notation if signs == [""] else replace(settings.notation, sign=signs[0])
    odd = [text for text in like if signs != [""] or not held.fits(text)]
    problem = "holds numbers but also text:" if words else "holds numbers that are written as"
    remedies = []
    if changes:
        remedies.append(f"Such numbers are read with {' or '.join(changes)}.")
    elif odd:
        remedies.append("Mend the file: its numbers are written in several ways.")
    if words:
        remedies.append(_missing(words, settings))
    remedies.append(_or_categories(name, settings))
    setting = "data.missing" if words else "data.numeric" if signs != [""] else "data.decimal"
    return Doubt(setting, problem, (*words, *odd), " ".join(remedies))


def _changes(
    name: str, like: Sequence[str], signs: Sequence[str], settings: TableSettings
) -> list[str]:
    """Return the settings, each way one text, under which all numbers of a column can be read."""
    sign = signs[0]
    base = [override("data.numeric", [*settings.numeric, name])] if sign else []
    if name in settings.numeric:
        base = []
    fitting = [
        each
        for each in dict.fromkeys((settings.notation, *NOTATIONS))
        if all(replace(each, sign=sign).fits(text) for text in like)
    ]
    if settings.notation in fitting:
        fitting = [settings.notation]
    ways = [" ".join([*base, *_notation(each, settings)]) for each in fitting[:2]]
    return [way for way in ways if way]


def _notation(notation: Notation, settings: TableSettings) -> Iterator[str]:
    if notation.decimal != settings.decimal:
        yield override("data.decimal", notation.decimal)
    if notation.thousands != settings.thousands:
        yield override("data.thousands", notation.thousands)


def _missing(words: Sequence[str], settings: TableSettings) -> str:
    if len(words) > MOST_WORDS:
        return "Text that means missing can be added to data.missing."
    setting = override("data.missing", [*settings.missing, *words])
    return f"If {'that means' if len(words) == 1 else 'those mean'} missing: {setting}."


def _or_categories(name: str, settings: TableSettings) -> str:
    others = [each for each in settings.numeric if each != name]
    setting = override("data.categorical", [*settings.categorical, name])
    if name in settings.numeric:
        setting += " " + override("data.numeric", others)
    return f"If the column holds categories: {setting}."


def moment_doubt(
    name: str, texts: Sequence[str], looks: Sequence[Look | None], settings: TableSettings
) -> Doubt:
    """Doubt a column that is almost one of dates: other texts, or several notations."""
    words = tuple(text for text, look in zip(texts, looks, strict=True) if look is None)
    if words:
        return Doubt(
            "data.missing",
            "holds dates but also text:",
            words,
            f"{_missing(words, settings)} {_or_categories(name, settings)}",
        )
    families: dict[object, str] = {}
    for text, look in zip(texts, looks, strict=True):
        families.setdefault(look and look.family, text)
    return Doubt(
        "data.date_format",
        "holds dates in several notations:",
        tuple(families.values()),
        "Mend the file: with data.date_format one notation can be read, not several.",
    )


def order_doubt(texts: Sequence[str], looks: Sequence[Look]) -> Doubt:
    """Doubt a column of dates of which it cannot be said which number is the day."""
    by_first = [text for text, look in zip(texts, looks, strict=True) if look.first > 12]
    by_second = [text for text, look in zip(texts, looks, strict=True) if look.second > 12]
    if by_first and by_second:
        return Doubt(
            "data.date_format",
            "holds dates with the day first and dates with the month first:",
            (by_first[0], by_second[0]),
            "Mend the file.",
        )
    ways = [override("data.date_format", _format(looks[0], order)) for order in ("%d %m", "%m %d")]
    return Doubt(
        "data.date_format",
        "holds dates of which the day or the month may come first:",
        tuple(texts[:3]),
        f"Say which: {' or '.join(ways)}.",
    )


def _format(look: Look, order: str) -> str:
    year = "%Y" if "4" in look.year else "%y"
    time = (" %I:%M %p" if look.halves else " %H:%M:%S") if look.timed else ""
    return f"{order} {year}".replace(" ", look.mark) + time + ("%z" if look.zoned else "")
