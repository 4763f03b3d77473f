"""Addresses of files and folders of this machine, made from paths and read back in one way.

SQLAlchemy and MLflow take an address for a URL: they decode `%41`, and cut at `?` and `#`.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

_SQLITE = re.compile(r"sqlite(\+\w+)?:///(?!:memory:)(?P<path>[^?]+)\Z")
_READ_OTHERWISE = re.compile(r"[%?#;\x00-\x1f\x7f]")
"""What a plain path may not hold where an address is expected."""


def sqlite_url(path: Path) -> str:
    """Return the address of an SQLite file."""
    text = str(path)
    url = text.replace("%", "%25").replace("?", "%3F")
    # MLflow makes the folder of a `sqlite:///` address as it is spelt: a second one, where signs
    # are written as URLs write them.
    return f"sqlite:///{text}" if url == text else f"sqlite+pysqlite:///{url}"


def sqlite_path(uri: str) -> Path | None:
    """Return the file of an SQLite address, None for other addresses."""
    found = _SQLITE.match(uri)
    return Path(unquote(found["path"])) if found else None


def folder_address(folder: Path) -> str:
    """Return the address of an absolute folder: the plain path where it is read as it is."""
    return folder.as_uri() if _READ_OTHERWISE.search(str(folder)) else str(folder)


def address_folder(address: str) -> Path | None:
    """Return the folder that an address names, None where it is none of this machine."""
    if address.startswith("file:"):
        return Path(unquote(urlsplit(address).path))
    return None if "://" in address else Path(address)


def location_in(root: str | None, experiment: str) -> str | None:
    """Return where files of the experiment go: a folder of its name below the root."""
    if root is None:
        return None
    slug = re.sub(r"[^\w.-]+", "_", experiment).strip(".") or "_"
    return f"{root.rstrip('/')}/{slug}"
