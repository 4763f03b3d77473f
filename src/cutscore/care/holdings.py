"""The files of runs and logged models: where they are, what is in them, what is missing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cutscore.care.paths import (
    FoundFile,
    Located,
    RefusedFile,
    Unusable,
    resolve_artifact,
    take_apart,
    walk_files,
)
from cutscore.care.rules import Kind
from cutscore.errors import StoreError
from cutscore.report.record_spec import ARTIFACTS, COMPLETE_TAG, KIND_TAG, UNDEFINED_PREFIX

_BLOCK = 1 << 20
_READY = 2


@dataclass(frozen=True)
class HeldFiles:
    """The files of one run or model: sha256 by name, their bytes, and what could not be read.

    `folder` is None where there is none; `unusable` then says why its address is not followed.
    """

    folder: Path | None
    files: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    refused: tuple[RefusedFile, ...] = ()
    unusable: Unusable | None = None

    @property
    def astray(self) -> bool:
        """Whether the address leads on this machine to where it is not followed."""
        return self.unusable is not None and self.unusable.why not in ("missing", "remote")

    @property
    def remote(self) -> bool:
        """Whether the files are on another machine."""
        return self.unusable is not None and self.unusable.why == "remote"


def read_holding(owner: str, uri: str, store_folder: Path, roots: Sequence[Path]) -> HeldFiles:
    """Find the folder of a run's or model's files and hash what is in it."""
    found = locate(owner, uri, store_folder, roots)
    return HeldFiles(None, unusable=found) if isinstance(found, Unusable) else hash_folder(found)


def locate(owner: str, uri: str, store_folder: Path, roots: Sequence[Path]) -> Located | Unusable:
    """Find the folder of a run's or model's files.

    `owner` is the id; an address that does not name it could be any folder, and is not followed.
    """
    claim = take_apart(uri)
    if not isinstance(claim, Unusable) and owner not in claim.parts:
        return Unusable("outside", "its address does not name its id")
    return resolve_artifact(uri, store_folder, roots)


def hash_folder(found: Located) -> HeldFiles:
    """Hash every regular file below a folder; links and the like are only named."""
    files: dict[str, str] = {}
    refused: list[RefusedFile] = []
    size = 0
    for entry in walk_files(found.path):
        if isinstance(entry, RefusedFile):
            refused.append(entry)
            continue
        try:
            files[entry.name] = hash_file(entry)
            size += entry.size
        except OSError as error:
            refused.append(RefusedFile(entry.name, error.strerror or str(error)))
    return HeldFiles(found.path, files, size, tuple(refused))


def hash_file(entry: FoundFile) -> str:
    """Return the sha256 of a file, which is not opened if it has become a link."""
    digest = sha256()
    for block in read_blocks(entry.path):
        digest.update(block)
    return digest.hexdigest()


def copy_file(source: Path, target: Path, expected: str) -> None:
    """Copy a file and check that it is what it was when it was looked at.

    Raises
    ------
    StoreError
        If not.
    """
    digest = sha256()
    with target.open("xb") as file:
        for block in read_blocks(source):
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != expected:
        raise StoreError(f"{source} changed while it was read; nothing was merged. Try again.")


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes; a symbolic link is an OSError."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:  # noqa: PTH123 (takes the handle over)
        while block := file.read(_BLOCK):
            yield block


def missing_files(
    connection: sqlite3.Connection, kind: Kind, holdings: Mapping[str, HeldFiles]
) -> dict[str, str]:
    """Return, by run or model id, which of its files are not there.

    MLflow does not say which files a run has, so this knows those of finished models, and what a
    complete run of Cutscore must have.
    """
    needed = _needed(connection, kind)
    found: dict[str, str] = {}
    for owner, names in needed.items():
        holding = holdings[owner]
        if holding.unusable is None or holding.unusable.why == "missing":
            lacking = [name for name in names if name not in holding.files]
            if lacking:
                found[owner] = ", ".join(lacking)
    return found


def unread_files(holdings: Mapping[str, HeldFiles]) -> dict[str, str]:
    """Return, by run or model id, what of its files was not read though it may be there."""
    found: dict[str, str] = {}
    for owner, holding in holdings.items():
        words = [f"{entry.name} ({entry.reason})" for entry in holding.refused]
        if holding.unusable is not None and holding.astray:
            words.append(holding.unusable.reason)
        if words:
            found[owner] = ", ".join(words)
    return found


def _needed(connection: sqlite3.Connection, kind: Kind) -> dict[str, list[str]]:
    """Return the names of the files that runs or models must have, by id."""
    if kind == "model":
        query = "SELECT model_id FROM logged_models WHERE status = ?"
        return {str(owner): ["MLmodel"] for (owner,) in connection.execute(query, (_READY,))}
    if kind == "trace":
        return {}
    query = "SELECT run_uuid, key FROM tags WHERE run_uuid IN "
    query += "(SELECT run_uuid FROM tags WHERE key = ? INTERSECT SELECT run_uuid FROM runs)"
    tags: dict[str, set[str]] = {}
    for owner, key in connection.execute(query, (COMPLETE_TAG,)):
        tags.setdefault(str(owner), set()).add(str(key))
    return {
        owner: [name for name in ARTIFACTS if f"{UNDEFINED_PREFIX}{name}" not in keys]
        for owner, keys in tags.items()
        if KIND_TAG not in keys
    }
