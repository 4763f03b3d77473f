"""The target: two classes, as 0 and 1."""

from __future__ import annotations

import numpy as np

from cutscore.data.plan import ReadPlan
from cutscore.data.settings import PositiveValue, TableSettings
from cutscore.data.streaming import Stream
from cutscore.data.texts import canonical, plainly
from cutscore.errors import Fault, listed, nearest, override
from cutscore.records import Target
from cutscore.sql import identifier

_BOOLEANS = ({"0", "1"}, {"false", "true"})
# YAML takes these words for true and false where they stand without quotes.
_YAML_WORDS = {"true": ("yes", "on", "y"), "false": ("no", "off", "n")}


def classes(plan: ReadPlan, made: Stream, settings: TableSettings, faults: list[Fault]) -> Target:
    """Return 1 for the values of `data.positive` and 0 for all others; add faults to `faults`."""
    at = next(at for at, read in enumerate(plan.reads) if read.role == "target")
    name, codes = settings.target, made.columns[at]
    values = [canonical(text) for text in made.encoders[at].codes]
    if made.nulls[at]:
        kept = override("data.where", settings.keeping(f"{identifier(name)} IS NOT NULL").where)
        faults.append(
            Fault(
                "data.target",
                f'"{name}" is missing in {made.nulls[at]:,} of {len(codes):,} rows.',
                f"Leave those rows out with {kept}.",
            )
        )
    present = sorted({values[code] for code in np.unique(codes[codes >= 0]).tolist()})
    positive = _positive(name, present, settings, faults)
    if len(present) == 1:
        faults.append(
            Fault(
                "data.target",
                f'"{name}" has one class only: every row is {present[0]}.',
                "Two classes are needed.",
            )
        )
    flags = np.array([value in positive for value in values] + [False], dtype=np.int8)
    target: Target = flags[codes]
    return target


def _positive(
    name: str, present: list[str], settings: TableSettings, faults: list[Fault]
) -> set[str]:
    """Return the texts that mean 1."""
    given = settings.positives
    if given is None:
        if set(present) in _BOOLEANS:
            return {"1", "true"}
        if len(present) > 1:
            number = f"{len(present):,} different values" if len(present) != 2 else "the values"
            shown = [plainly(value) for value in present]
            faults.append(
                Fault(
                    "data.target",
                    f'"{name}" must have two classes, 0 and 1; it has {number} {listed(shown)}.',
                    f"Say which mean 1: {override('data.positive', present[-1])} or a list; all "
                    "others mean 0. Leave rows out with data.where.",
                )
            )
        return set()
    wanted = {_as_present(value, present) for value in given}
    unknown = sorted(wanted - set(present))
    faults += [
        Fault(
            "data.positive",
            f'"{value}" is not among the values of "{name}".{nearest(value, present)}',
            f"Its values: {listed([plainly(each) for each in present])}.",
        )
        for value in unknown
    ]
    if not unknown and wanted == set(present) and len(present) > 1:
        faults.append(
            Fault("data.positive", f'it lists every value of "{name}": {listed(present)}.')
        )
    return wanted


def _as_present(given: PositiveValue, present: list[str]) -> str:
    """Return the value that was meant, where a word was read as true, false or a number."""
    value = canonical(given)
    if value in present:
        return value
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        words = [word for word in present if _number(word) == given]
    else:
        words = [word for word in present if word.lower() in _YAML_WORDS.get(value, ())]
    return words[0] if len(words) == 1 else value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
