"""Overrides as values: read once by Hydra's own parser, and handed on."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override as HydraOverride
from hydra.core.override_parser.types import OverrideType, Quote, QuotedString, ValueType
from hydra.errors import HydraException

from cutscore.errors import Fault

SPACE = "search.space"
_REFERENCE = re.compile(r"(\\*)\$\{")
"""Where OmegaConf would put another setting's value, with the backslashes before it."""


@dataclass(frozen=True)
class Override:
    """One override of a request.

    Attributes
    ----------
    text : str
        The override as it was given: what Hydra composes, and what is recorded.
    parsed : hydra.core.override_parser.types.Override
        What Hydra's parser made of it.
    """

    text: str
    parsed: HydraOverride = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.text

    @property
    def key(self) -> str:
        """The group or the dotted key, without sign and package."""
        return str(self.parsed.key_or_group)

    @property
    def root(self) -> str:
        """The group that the override is about."""
        return root_of(self.key)

    @property
    def sign(self) -> str:
        """Nothing, `+` or `++` for an addition, `~` for a deletion."""
        signs = {OverrideType.ADD: "+", OverrideType.FORCE_ADD: "++", OverrideType.DEL: "~"}
        return signs.get(self.parsed.type, "")

    @property
    def value(self) -> Any:
        """The value, None for a deletion; a sweep of values is Hydra's object for it."""
        return None if self.deletes else self.parsed.value()

    @property
    def value_text(self) -> str:
        """The value as it was given, '' where there is none."""
        return "" if self.parsed.value_type is None else str(self.parsed.get_value_string())

    @property
    def deletes(self) -> bool:
        """Whether it takes a setting or a group out."""
        return bool(self.parsed.is_delete())

    @property
    def for_hydra(self) -> bool:
        """Whether it is about the launch and not about the experiment."""
        return bool(self.parsed.is_hydra_override())

    @property
    def is_sweep(self) -> bool:
        """Whether it stands for several values."""
        return bool(self.parsed.is_sweep_override())

    def in_configs(self, loader: ConfigLoader) -> Override:
        """Return the override able to look its options up, as `glob(*)` must."""
        if self.parsed.value_type != ValueType.GLOB_CHOICE_SWEEP:
            return self
        return replace(self, parsed=replace(self.parsed, config_loader=loader))

    @property
    def swept(self) -> tuple[Override, ...]:
        """The override once for each value that a grid can sweep over; itself if there is one."""
        if not (self.is_sweep and self.parsed.is_discrete_sweep()):
            return (self,)
        key = self.parsed.get_key_element()
        return tuple(
            parse_override(f"{key}={value}") for value in self.parsed.sweep_string_iterator()
        )

    def leaves(self) -> Iterator[tuple[str, Any]]:
        """Yield the dotted keys that it sets with their values, None for a deletion."""
        if isinstance(self.value, Mapping):
            yield from flattened(self.value, f"{self.key}.")
        else:
            yield self.key, self.value


@functools.lru_cache(1024)
def parse_override(text: str) -> Override:
    """Read one override; one of a search space is an addition, as any key may be its entry.

    Raises Hydra's own error where the text is none; `read_overrides` puts it into words.
    """
    parsed = _parser().parse_override(text)
    in_space = f"{parsed.key_or_group}.".startswith(f"{SPACE}.")
    if in_space and not parsed.is_delete():
        text = f"++{parsed.key_or_group}={parsed.get_value_string()}"
        parsed = replace(parsed, type=OverrideType.FORCE_ADD, input_line=text)
    return Override(text, parsed)


def parse_overrides(texts: Iterable[str]) -> tuple[Override, ...]:
    """Read overrides; raises Hydra's own error for the first that is none."""
    return tuple(parse_override(text) for text in texts)


def assignment(key: str, text: str) -> str:
    """Return the override that sets a key to this very text, whatever signs are in it."""
    escaped = _REFERENCE.sub(r"\1\1\${", text)
    return f"{key}={QuotedString(escaped, Quote.single).with_quotes()}"


def read_overrides(texts: Iterable[str]) -> tuple[list[Override], list[Fault]]:
    """Return the overrides that can be read, and what is wrong with the others."""
    overrides: list[Override] = []
    faults: list[Fault] = []
    for text in texts:
        try:
            overrides.append(parse_override(text))
        except HydraException as error:
            reason = str(error).splitlines()[0].rstrip(".")
            remedy = "Write key=value, and quote values with special characters: 'key=\"a, b\"'."
            faults.append(Fault(f'"{text}"', f"this is no override ({reason}).", remedy))
    return overrides, faults


def root_of(key: str) -> str:
    """Return the group that a group's name or a dotted key belongs to."""
    return key.replace("/", ".").partition(".")[0]


def looks_like_override(word: str) -> bool:
    """Return whether a word among others is meant as an override: names of runs have no `=`."""
    return "=" in word or word.startswith(("+", "~"))


def texts_of(overrides: Sequence[Override]) -> list[str]:
    """Return overrides as Hydra takes them and as they are recorded."""
    return [one.text for one in overrides]


def without_search(overrides: Iterable[Override]) -> tuple[Override, ...]:
    """Return the overrides that do not say how to search."""
    return tuple(one for one in overrides if one.root != "search")


def flattened(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested mappings with dotted keys, in order."""
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@functools.cache
def _parser() -> OverridesParser:
    made: OverridesParser = OverridesParser.create()
    return made


PLAIN_RUN = parse_override("search=none")
"""Turns the search off that a named experiment may bring."""
