"""Entries of MLflow's old file store on their way into a database: rows, or what was lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutscore.care.holdings import read_blocks
from cutscore.care.paths import RefusedFile, walk_files

META = "meta.yaml"


@dataclass(frozen=True)
class Row:
    """One row of a table, and the file that says so."""

    table: str
    values: Mapping[str, object]
    file: Path


@dataclass(frozen=True)
class Lost:
    """What could not be read as it stands: the file, and why."""

    file: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


Entry = Row | Lost


def or_lost(what: str, file: Path, entries: Iterator[Entry]) -> Iterator[Entry]:
    """Yield the entries of one run, say, or that it is lost, with the reason in its file."""
    try:
        yield from entries
    except (OSError, ValueError, TypeError, AttributeError, OverflowError) as error:
        yield Lost(file, f"the {what} is lost: {reason_of(error)}")


def reason_of(error: Exception) -> str:
    """Return in a few words why a file could not be read."""
    if isinstance(error, FileNotFoundError):
        return "its description is not there"
    return str(getattr(error, "strerror", None) or error)


def described(file: Path) -> dict[str, Any]:
    """Read a description in YAML.

    Raises
    ------
    ValueError
        If it is empty, or none.
    OSError
        If the file cannot be read.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(text_of(file), Loader=loader)
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML ({str(error).splitlines()[0]})") from error
    if found is None:
        raise ValueError("it is empty")
    if not isinstance(found, dict):
        raise ValueError("it describes nothing")
    return found


def text_of(file: Path) -> str:
    """Read a file as it is, line ends too.

    Raises
    ------
    ValueError
        If it is no text.
    OSError
        If it cannot be read; a symbolic link is not followed.
    """
    try:
        return b"".join(read_blocks(file)).decode("utf-8")
    except UnicodeError as error:
        raise ValueError("it is no text in UTF-8") from error


def number(meta: Mapping[str, Any], key: str, missing: int | None = None) -> int | None:
    """Return a whole number of a description.

    Raises
    ------
    ValueError
        If it is something else.
    """
    value = meta.get(key, missing)
    if value is None:
        return missing
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{key} is no whole number: {value!r}")
    return value


def word(meta: Mapping[str, Any], key: str) -> str | None:
    """Return a text of a description; MLflow's older versions wrote some without quotes."""
    value = meta.get(key)
    return None if value is None else str(value)


def folders(folder: Path) -> list[Path]:
    """Return the folders in a folder by name, links to folders aside."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())


def texts(folder: Path) -> Iterator[tuple[str, str, Path] | Lost]:
    """Yield name, text and path of all files below a folder; a name may have slashes in it."""
    if not folder.is_dir():
        return
    for entry in walk_files(folder):
        if isinstance(entry, RefusedFile):
            yield Lost(folder / entry.name, f"{entry.reason}; not read")
            continue
        try:
            yield entry.name, text_of(entry.path), entry.path
        except (OSError, ValueError) as error:
            yield Lost(entry.path, reason_of(error))


def pairs(
    table: str, folder: Path, key: str, value: str, shared: Mapping[str, object]
) -> Iterator[Entry]:
    """Yield a row for each file below a folder: its name is the key, what is in it the value."""
    for entry in texts(folder):
        if isinstance(entry, Lost):
            yield entry
        else:
            name, text, file = entry
            yield Row(table, {key: name, value: text, **shared}, file)
