"""What the fixtures `load` and `faults` of the tests of data are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser

from cutscore.errors import Fault
from cutscore.records import Dataset

Load = Callable[..., Dataset]
Faults = Callable[..., tuple[Fault, ...]]


def advised(remedy: str) -> list[dict[str, Any]]:
    """Return the settings that a remedy advises, one mapping for each of its ways."""
    ways = []
    for part in re.split(r" or |\. ", remedy):
        words = [word.rstrip(".:,") for word in shlex.split(part) if word.startswith("data.")]
        if words:
            parsed = OverridesParser.create().parse_overrides(words)
            ways.append({each.key_or_group.removeprefix("data."): each.value() for each in parsed})
    return [{key: _plain(value) for key, value in way.items()} for way in ways]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [str(each) for each in value]
    return value if value is None or isinstance(value, int) else str(value)
