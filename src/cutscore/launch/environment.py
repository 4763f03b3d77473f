"""What differs between the environments that two runs were made in."""

from __future__ import annotations

from collections.abc import Sequence

_PYTHON = "# python "
_PLATFORM = "# platform "


def parse_environment(text: str) -> dict[str, str]:
    """Return names and versions of an environment.txt: `python`, `platform`, distributions."""
    found = {}
    for line in text.splitlines():
        for mark in (_PYTHON, _PLATFORM):
            if line.startswith(mark):
                found[mark.strip("# ")] = line.removeprefix(mark)
        name, separator, version = line.partition("==")
        if separator and not line.startswith("#"):
            found[name.strip().lower()] = version.strip()
    return found


def environment_differences(first: str, second: str) -> list[str]:
    """Return what is not the same in two environment.txt, as `name: version -> version`."""
    a, b = parse_environment(first), parse_environment(second)
    return [
        f"{name}: {a.get(name, 'not there')} -> {b.get(name, 'not there')}"
        for name in sorted({*a, *b})
        if a.get(name) != b.get(name)
    ]


def shortened(differences: Sequence[str], shown: int = 6) -> str:
    """Return differences in one line, the first few named and the others counted."""
    more = len(differences) - shown
    text = "; ".join(differences[:shown])
    return f"{text}; and {more} more" if more > 0 else text
