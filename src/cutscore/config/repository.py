"""The files that Hydra composes, each read once."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import NamedTuple

from hydra._internal.config_repository import ConfigRepository
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.config_source import ConfigResult, ConfigSource


class _State(NamedTuple):
    """What tells whether a file is still the one that was read."""

    modified: int
    changed: int
    size: int
    inode: int


_READ: dict[tuple[str, str, str], tuple[_State | None, ConfigResult]] = {}


class KeptFiles(FileConfigSource):  # type: ignore[misc]
    """A folder of options. A file is read and parsed anew only when it has changed."""

    def load_config(self, config_path: str) -> ConfigResult:
        """Return a copy of what the file holds, since composing changes it."""
        path = Path(self.path, self._normalize_file_name(config_path))
        key = self.provider, self.path, config_path
        state = _state(path)
        if key not in _READ or _READ[key][0] != state:
            _READ[key] = state, super().load_config(config_path)
        return copy.deepcopy(_READ[key][1])


class Repository(ConfigRepository):  # type: ignore[misc]
    """Hydra copies its repository for each config, and every registered schema with it.

    All that it changes in the copy is the list of sources, which it replaces.
    """

    sources: list[ConfigSource]

    def initialize_sources(self, config_search_path: ConfigSearchPath) -> None:
        """Find where the folders of a search path are read from."""
        super().initialize_sources(config_search_path)
        self.sources = [
            KeptFiles(source.provider, source.full_path())
            if source.scheme() == FileConfigSource.scheme()
            else source
            for source in self.sources
        ]

    def __deepcopy__(self, memo: object) -> Repository:
        return copy.copy(self)


def _state(path: Path) -> _State | None:
    """Return the state of a file, None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return _State(found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
