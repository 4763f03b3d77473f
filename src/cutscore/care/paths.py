"""Where the files of a run or model really are, and which of them may be touched.

An address in a store's database is only a claim: the store may have been moved, written on
another system, or tampered with. Only what lies below the store's own folders is ever used, and
symbolic links below them are never followed.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

Why = Literal["missing", "outside", "dots", "link", "remote"]
USUAL_FOLDERS = ("artifacts", "mlruns", "mlartifacts")
MIN_TAIL = 2
_WINDOWS = re.compile(r"^(/?[A-Za-z]:[\\/]|\\\\)")


@dataclass(frozen=True)
class Located:
    """A folder inside the store; `moved` when it is not where the address says."""

    path: Path
    moved: bool = False


@dataclass(frozen=True)
class Unusable:
    """Why an address is not followed.

    `why`: nothing there (`missing`), elsewhere on this machine (`outside`), there by climbing with
    `..` (`dots`), through a symbolic link (`link`), on another machine (`remote`).
    """

    why: Why
    reason: str


@dataclass(frozen=True)
class Claim:
    """An address taken apart: its parts, whether it begins at the root of this machine."""

    parts: tuple[str, ...]
    absolute: bool
    here: bool
    """False for paths of another system or a server, which only their tail can locate."""
    climbs: bool = False
    """Whether it had `..` in it; each has taken away the part before it."""
    above: int = 0
    """How many folders above the store's a relative one begins."""


@dataclass(frozen=True)
class FoundFile:
    """A regular file below a folder; `name` is relative with `/`, size in bytes."""

    name: str
    path: Path
    size: int
    changed: int
    """Time of last change in nanoseconds."""


@dataclass(frozen=True)
class RefusedFile:
    """An entry that is never read: a link, a device, a folder that cannot be listed."""

    name: str
    reason: str


def artifact_roots(store_folder: Path, extra: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Return the folders whose files belong to a store: its own, and those the user names."""
    both = [
        way for folder in (store_folder, *extra) for way in (folder.absolute(), folder.resolve())
    ]
    return tuple(dict.fromkeys(both))


@lru_cache
def take_apart(uri: str) -> Claim | Unusable:
    """Take an artifact address apart, without looking at any file.

    Understands file:/// addresses, plain paths absolute and relative, paths of Windows, and
    addresses that a server stands for (mlflow-artifacts:/).
    """
    if not uri:
        return Unusable("missing", "it has no address")
    if _WINDOWS.match(uri):
        return _claim(re.split(r"[\\/]+", uri)[1:], absolute=True, here=False)
    address = urlsplit(uri)
    if address.scheme == "file":
        text = unquote(address.path)
        if _WINDOWS.match(text) or address.netloc not in ("", "localhost"):
            parts = [part for part in re.split(r"[\\/]+", text) if part]
            return _claim([part for part in parts if not part.endswith(":")], True, False)
        return _claim(text.split("/"), absolute=True, here=True)
    if address.scheme == "mlflow-artifacts":
        return _claim(unquote(address.path).split("/"), absolute=False, here=False)
    if address.scheme:
        return Unusable("remote", f"it is kept at {address.scheme}://")
    backslashes = "\\" in uri and "/" not in uri
    parts = uri.split("\\") if backslashes else uri.split("/")
    return _claim(parts, absolute=uri.startswith("/"), here=not backslashes)


def claimed_folder(address: str) -> Path | None:
    """Return the folder of this machine that an address names, None if it names none."""
    claim = take_apart(address)
    if isinstance(claim, Unusable) or not (claim.here and claim.absolute) or claim.climbs:
        return None
    return Path("/", *claim.parts)


def resolve_artifact(
    uri: str, store_folder: Path, roots: Sequence[Path] | None = None
) -> Located | Unusable:
    """Return the folder that an artifact address means, if it is inside the store.

    `store_folder` is the folder of the database, `roots` the folders whose files belong to the
    store (the store's folder if not given). Where nothing is at the address itself, the tail of
    the address is looked up below the roots: so a store that was moved, or written on another
    system, is still read. Wherever an address climbs, only where it ends counts.
    """
    claim = take_apart(uri)
    if isinstance(claim, Unusable):
        return claim
    own = tuple(roots) if roots is not None else artifact_roots(store_folder)
    outside = False
    if claim.here:
        steps = [store_folder, *store_folder.parents][: claim.above + 1]
        start = Path("/") if claim.absolute else steps[-1]
        path = start.joinpath(*claim.parts)
        root = _root_of(path, own)
        if root is not None and os.path.lexists(path):
            return check_links(path, root) or Located(path)
        outside = root is None and os.path.lexists(path)
    for root in own:
        found = _by_tail(claim.parts, root)
        if found is not None:
            return check_links(found, root) or Located(found, moved=True)
    if outside and claim.climbs:
        return Unusable("dots", "its address climbs with '..' out of the store's folder")
    if outside:
        return Unusable("outside", "it lies outside the store's folder")
    return Unusable("missing", "nothing is there")


def check_links(path: Path, root: Path) -> Unusable | None:
    """Return the reason if the way from `root` down to `path` goes through a link."""
    step = path
    while step != root:
        if step.is_symlink():
            return Unusable("link", f"{step.name} is a symbolic link")
        if step == step.parent:
            return Unusable("outside", "it lies outside the store's folder")
        step = step.parent
    return None


def walk_files(folder: Path, prefix: str = "") -> Iterator[FoundFile | RefusedFile]:
    """Yield every regular file below a folder in the order of names, and what was not read."""
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield RefusedFile(prefix.rstrip("/") or ".", error.strerror or str(error))
        return
    for entry in ordered:
        name = f"{prefix}{entry.name}"
        found = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            yield from walk_files(Path(entry.path), f"{name}/")
        elif stat.S_ISREG(found.st_mode):
            yield FoundFile(name, Path(entry.path), found.st_size, found.st_mtime_ns)
        else:
            is_link = stat.S_ISLNK(found.st_mode)
            yield RefusedFile(name, "a symbolic link" if is_link else "no regular file")


def _claim(parts: Sequence[str], absolute: bool, here: bool) -> Claim | Unusable:
    """Return a claim without empty parts and dots."""
    kept: list[str] = []
    above = 0
    for part in parts:
        if part == "..":
            above += not kept and not absolute
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    if any("\x00" in part for part in kept):
        return Unusable("missing", "its address holds a zero byte")
    return Claim(tuple(kept), absolute, here, ".." in parts, above)


def _root_of(path: Path, roots: Sequence[Path]) -> Path | None:
    """Return the root that a path lies below."""
    text = str(path)
    return next((r for r in roots if r != path and text.startswith(f"{str(r).rstrip('/')}/")), None)


def _by_tail(parts: tuple[str, ...], root: Path) -> Path | None:
    """Return where the tail of an address is below a root, the longest that is there."""
    bases = [os.path.join(root, folder, "") for folder in ("", *USUAL_FOLDERS)]  # noqa: PTH118
    for length in range(len(parts), MIN_TAIL - 1, -1):
        tail = "/".join(parts[-length:])
        for base in bases:
            if os.path.lexists(base + tail):
                return Path(base + tail)
    return None
