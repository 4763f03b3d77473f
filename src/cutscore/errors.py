"""What can be wrong, as exceptions that carry everything a message needs.

A `Fault` is one thing wrong with a request: which setting, what was given, what is allowed and
how to mend it. A `RequestError` carries all the faults that were found together, so that a user
mends them in one go.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

_PLAIN = re.compile(r"[A-Za-z_][\w.-]*|0|[1-9][0-9]*", re.ASCII)
_WORDS = ("null", "nan", "true", "false", "inf")
"""What the command line takes for something else than a text."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request.

    `setting` is the dotted key or the command-line argument, `problem` says what was given and
    what is allowed, `remedy` how to mend it (may be empty). `rows` are
    the rows at fault, counted from 0, where rows are.
    """

    setting: str
    problem: str
    remedy: str = ""
    rows: tuple[int, ...] = ()

    def __str__(self) -> str:
        """Return the fault as one line."""
        tail = f" {self.remedy}" if self.remedy else ""
        return f"{self.setting}: {self.problem}{tail}"


class CutscoreError(Exception):
    """Base of every error that Cutscore raises on purpose."""


class RequestError(CutscoreError):
    """The request itself is wrong: nothing has been written, exit code 2."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (
            (faults,) if isinstance(faults, Fault) else tuple(dict.fromkeys(faults))
        )
        super().__init__("\n".join(str(fault) for fault in self.faults))


class RunPruned(CutscoreError):  # noqa: N818  # Optuna says TrialPruned
    """A run is ended early on purpose: it will not be among the best. The text says why."""


class ClusterError(CutscoreError):
    """Nobody is left on a cluster who could do the work."""


class StoreError(CutscoreError):
    """A store cannot be opened, read or written."""


@contextmanager
def blaming(setting: str, instead_of: str) -> Iterator[None]:
    """Let faults name what a value came from: a word of the command, an environment variable.

    Raises
    ------
    RequestError
        What was raised within, with `setting` for the setting `instead_of`.
    """
    try:
        yield
    except RequestError as error:
        if setting == instead_of:
            raise
        faults = error.faults
        told = [replace(f, setting=setting) if f.setting == instead_of else f for f in faults]
        raise RequestError(told) from error


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `' Did you mean "x"?'` for the known word nearest to `word`, or ''."""
    candidates = {name.lower(): name for name in known}
    match = difflib.get_close_matches(word.lower(), candidates, n=1, cutoff=0.5)
    return f' Did you mean "{candidates[match[0]]}"?' if match else ""


def listed(words: Sequence[str], limit: int = 12) -> str:
    """Join words for a message, cut after `limit` with the number left out."""
    shown = ", ".join(words[:limit])
    return shown if len(words) <= limit else f"{shown} and {len(words) - limit} more"


def override(key: str, value: object) -> str:
    """Return a setting as one word of a shell, for a message that says what to type."""
    return shlex.quote(f"{key}={_spelt(value)}")


def _spelt(value: object) -> str:
    """Return a value as the command line reads it, each text in quotes unless it is a name."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_spelt, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(key)}: {_spelt(each)}' for key, each in value.items())}}}"
    if value is None:
        return "null"
    text = str(value)
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain or not isinstance(value, str) else f'"{_escaped(text)}"'


def _key(text: str) -> str:
    """Return the key of a mapping, which Hydra reads without quotes."""
    return re.sub(r"[\\()\[\]{}:=, \t]", r"\\\g<0>", text)


def _escaped(text: str) -> str:
    """Return a text between quotes as Hydra and then OmegaConf read it back."""
    no_reference = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)
    return re.sub(r'(\\*)("|\Z)', lambda m: m[1] * 2 + m[2].replace('"', '\\"'), no_reference)
